//! Samples asked twice: all cheaply, some of them also in the reference precision, and a fit that is unbiased for the reference.
//!
//! The ridge coefficients are linear in the answers. So with b the coefficients of the cheap answers, `d_i` the difference between the reference's
//! and the cheap answer to sample i, and S the samples that were asked twice,
//! `b + G^-1 sum over S of w_i (x_i - xbar) d_i / pi_i`, with G and xbar from all masks, has for given masks the expected value of the coefficients
//! of the reference's answers: each term is divided by its chance `pi_i` of being asked twice (Horvitz and Thompson 1952, eq. 1).

use nalgebra::DVector;

use crate::ridge::{Coefficients, Regression};

/// What a cheap answer costs by the side of one in the reference precision: bfloat16 beside f32.
const CHEAP: f64 = 0.5;

/// Samples that were also answered in the reference precision.
#[derive(Debug, Clone, Copy)]
pub struct Correction<'a> {
    /// The samples, none twice. First come those that were certain to be asked, then an equal random choice from all others.
    pub samples: &'a [usize],
    /// The reference's answer to each.
    pub probabilities: &'a [f32],
    /// How many were certain to be asked.
    pub certain: usize,
}

/// What a correction does to a fit.
pub(crate) struct Shift {
    /// To be added to the coefficients, one for each active superpixel.
    pub(crate) coefficients: DVector<f64>,
    /// To be added to the weighted mean of the answers.
    pub(crate) answer_mean: f64,
    /// Variance that the random choice adds to each coefficient; none where one choice does not tell it.
    pub(crate) variances: Option<DVector<f64>>,
}

impl Correction<'_> {
    /// Samples beyond the certain ones, of `samples` in all.
    fn others(&self, samples: usize) -> usize {
        samples - self.certain
    }

    /// `G^-1 w_i (x_i - xbar) d_i` of each sample that was asked twice.
    fn influences(&self, regression: &Regression, model: &Coefficients) -> Vec<DVector<f64>> {
        let each = self.samples.iter().zip(self.probabilities);
        each.map(|(&sample, &reference)| regression.influence(model, sample, reference.into()))
            .collect()
    }

    pub(crate) fn shift(&self, regression: &Regression, model: &Coefficients) -> Shift {
        let influences = self.influences(regression, model);
        let (certain, drawn) = influences.split_at(self.certain);
        let others = self.others(regression.samples());
        let scale = others as f64 / drawn.len().max(1) as f64;
        let nothing = || DVector::zeros(model.active.len());
        let sum = |terms: &[DVector<f64>]| terms.iter().fold(nothing(), |sum, term| sum + term);
        let each = self.samples.iter().zip(self.probabilities).enumerate();
        let differences = each.map(|(place, (&sample, &reference))| {
            let scale = if place < self.certain { 1.0 } else { scale };
            scale * regression.weighted_difference(sample, reference.into())
        });
        Shift {
            coefficients: sum(certain) + sum(drawn) * scale,
            answer_mean: differences.sum::<f64>() / regression.total_weight(),
            variances: if drawn.len() == others {
                Some(nothing())
            } else {
                variance(drawn).map(|variance| variance * added(others, drawn.len()))
            },
        }
    }

    /// How many samples more to ask in the reference precision, as a multiple of `step` where there are enough, so that cost times variance is least.
    /// This correction is the pilot: its samples beyond sample 0 were chosen at random.
    ///
    /// The variance of the corrected fit is that of the fit plus that of the choice, both summed over the coefficients. As the pilot
    /// counts as certain afterwards, the fit is unbiased whatever is decided here.
    pub(crate) fn more(
        &self,
        regression: &Regression,
        model: &Coefficients,
        fit_variance: f64,
        step: usize,
    ) -> usize {
        let samples = regression.samples();
        let others = self.others(samples);
        // Sample 0 is asked for its weight; the others are a random choice.
        let influences = self.influences(regression, model);
        let pilot = variance(influences.get(1..).unwrap_or_default());
        let spread = pilot.map_or(0.0, |variance| variance.sum());
        let objective = |more: usize| {
            let cost = samples as f64 * CHEAP + (self.certain + more) as f64;
            cost * (fit_variance + spread * added(others, more))
        };
        let sizes = (1..=others.div_ceil(step)).map(|steps| (steps * step).min(others));
        sizes
            .min_by(|&a, &b| objective(a).total_cmp(&objective(b)))
            .unwrap_or(0)
    }
}

/// Variance of M times the mean of m terms chosen from M without replacement, by that of one term (Cochran 1977, eq. 2.8).
fn added(others: usize, drawn: usize) -> f64 {
    let (others, drawn) = (others as f64, drawn as f64);
    others * others * (1.0 - drawn / others) / drawn
}

/// Variance of each coordinate, ddof 1.
fn variance(terms: &[DVector<f64>]) -> Option<DVector<f64>> {
    let count = terms.len() as f64;
    let mean = terms
        .iter()
        .skip(1)
        .fold(terms.first()?.clone(), |sum, term| sum + term)
        / count;
    let square = |term: &DVector<f64>| (term - &mean).map(|value| value * value);
    let squares = terms.iter().map(square).reduce(|sum, term| sum + term)?;
    (terms.len() > 1).then(|| squares / (count - 1.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sampling::{Masks, Sampler, Seed};

    use super::*;
    use crate::{Explanation, Features, Settings, correction_size, fit, fit_corrected};

    const SAMPLES: usize = 8;
    const CERTAIN: usize = 2;
    const DRAWN: usize = 3;
    const SUPERPIXELS: usize = 3;

    /// Every choice of [`DRAWN`] of the samples after the certain ones.
    fn choices() -> Vec<Vec<usize>> {
        let sets = (0_u32..1 << SAMPLES)
            .filter(|set| set & ((1 << CERTAIN) - 1) == 0 && set.count_ones() as usize == DRAWN);
        sets.map(|set| {
            let drawn = (0..SAMPLES).filter(|sample| set >> sample & 1 == 1);
            (0..CERTAIN).chain(drawn).collect()
        })
        .collect()
    }

    fn corrected(
        masks: &Masks,
        cheap: &[f32],
        reference: &[f32],
        samples: &[usize],
        settings: &Settings,
    ) -> Explanation {
        let probabilities: Vec<f32> = samples.iter().map(|&sample| reference[sample]).collect();
        let correction = Correction {
            samples,
            probabilities: &probabilities,
            certain: CERTAIN,
        };
        let clusters: Vec<usize> = (0..masks.samples()).collect();
        fit_corrected(masks, cheap, &correction, &clusters, settings).unwrap()
    }

    fn probabilities() -> impl Strategy<Value = Vec<f32>> {
        prop::collection::vec(0.0_f32..1.0, SAMPLES)
    }

    proptest! {
        #[test]
        fn the_mean_over_all_choices_is_the_fit_to_the_reference(
            cheap in probabilities(), reference in probabilities(), seed in any::<u64>(), growing in any::<bool>(),
        ) {
            let settings = Settings { growing, ..Settings::default() };
            let masks = Sampler::Coin.masks(Seed::derive(seed, &[]), SAMPLES, SUPERPIXELS);
            let expected = fit(&masks, &reference, &settings).unwrap();
            let found: Vec<Explanation> = choices()
                .iter()
                .map(|samples| corrected(&masks, &cheap, &reference, samples, &settings))
                .collect();
            let mean = |value: &dyn Fn(&Explanation) -> f64| found.iter().map(value).sum::<f64>() / found.len() as f64;
            for superpixel in 0..SUPERPIXELS {
                let weight = mean(&|explanation| explanation.weights[superpixel]);
                prop_assert!((weight - expected.weights[superpixel]).abs() < 1e-12);
            }
            prop_assert!((mean(&|explanation| explanation.intercept) - expected.intercept).abs() < 1e-12);
            prop_assert!((mean(&|explanation| explanation.local_prediction) - expected.local_prediction).abs() < 1e-12);
        }

        #[test]
        fn the_variance_of_the_choice_is_told_without_bias(cheap in probabilities(), reference in probabilities(), seed in any::<u64>()) {
            let settings = Settings::default();
            let masks = Sampler::Coin.masks(Seed::derive(seed, &[]), SAMPLES, SUPERPIXELS);
            let answers: Vec<f64> = cheap.iter().map(|&answer| answer.into()).collect();
            let regression = Regression::new(&masks, &answers, settings.distance.weights(&masks, None));
            let model = regression.ridge((0..SUPERPIXELS).collect(), settings.alpha);
            let shifts: Vec<Shift> = choices()
                .iter()
                .map(|samples| {
                    let probabilities: Vec<f32> = samples.iter().map(|&sample| reference[sample]).collect();
                    Correction { samples, probabilities: &probabilities, certain: CERTAIN }.shift(&regression, &model)
                })
                .collect();
            let count = shifts.len() as f64;
            let mean = shifts.iter().map(|shift| &shift.coefficients).sum::<DVector<f64>>() / count;
            let square = |shift: &Shift| (&shift.coefficients - &mean).map(|value| value * value);
            let actual = shifts.iter().map(square).sum::<DVector<f64>>() / count;
            let told = shifts.iter().filter_map(|shift| shift.variances.clone()).sum::<DVector<f64>>() / count;
            prop_assert!((actual - told).amax() < 1e-12);
        }

        #[test]
        fn asking_all_again_is_the_fit_to_the_reference(cheap in probabilities(), reference in probabilities(), best in any::<bool>()) {
            // A selection looks at the cheap answers only, so it is of all superpixels here.
            let features = if best { Features::HighestWeights(SUPERPIXELS) } else { Features::All };
            let settings = Settings { features, ..Settings::default() };
            let masks = Sampler::Coin.masks(Seed::derive(1, &[]), SAMPLES, SUPERPIXELS);
            let all: Vec<usize> = (0..SAMPLES).collect();
            let found = corrected(&masks, &cheap, &reference, &all, &settings);
            let expected = fit(&masks, &reference, &settings).unwrap();
            for (found, expected) in found.weights.iter().zip(&expected.weights) {
                prop_assert!((found - expected).abs() < 1e-12);
            }
        }
    }

    /// A pilot of 33 of 1001 samples, whose cheap answers are wrong by `error` times noise.
    fn size(error: f32) -> usize {
        let masks = Sampler::Coin.masks(Seed::derive(3, &[]), 1001, 10);
        let noise = |sample: usize| (sample as f32 * 12.9898).sin();
        let reference: Vec<f32> = (0..1001)
            .map(|sample| {
                0.5 + 0.3
                    * (sample as f32 * 78.233).sin()
                    * f32::from(masks.kept_count(sample) as u8)
                    / 10.0
            })
            .collect();
        let cheap: Vec<f32> = (0..1001)
            .map(|sample| reference[sample] + error * noise(sample))
            .collect();
        let samples: Vec<usize> = (0..33).collect();
        let pilot = Correction {
            samples: &samples,
            probabilities: &reference[..33],
            certain: 33,
        };
        let clusters: Vec<usize> = (0..1001).collect();
        correction_size(&masks, &cheap, &pilot, &clusters, &Settings::default(), 16).unwrap()
    }

    #[test]
    fn the_worse_the_cheap_answers_the_more_are_asked_again() {
        let sizes = [0.0, 0.003, 0.03, 0.3].map(size);
        assert_eq!(sizes[0], 16, "one step, so that the fit is unbiased");
        assert!(sizes.is_sorted() && sizes[3] > sizes[1], "{sizes:?}");
        assert!(sizes[3] <= 968);
    }

    #[test]
    fn samples_that_are_no_choice_are_refused() {
        let masks = Sampler::Coin.masks(Seed::derive(1, &[]), SAMPLES, SUPERPIXELS);
        let refused = |samples: &[usize], certain| {
            let probabilities = vec![0.5; samples.len()];
            let correction = Correction {
                samples,
                probabilities: &probabilities,
                certain,
            };
            let clusters: Vec<usize> = (0..SAMPLES).collect();
            let found = fit_corrected(
                &masks,
                &[0.5; SAMPLES],
                &correction,
                &clusters,
                &Settings::default(),
            );
            found.is_err()
        };
        assert!(refused(&[0, 1, 1], 1), "twice the same");
        assert!(refused(&[0, 1, 8], 1), "out of range");
        assert!(refused(&[0, 1, 2], 3), "none was drawn");
        assert!(refused(&[0, 1, 2], 4), "more certain ones than there are");
        assert!(!refused(&[0, 1, 2], 2));
    }
}
