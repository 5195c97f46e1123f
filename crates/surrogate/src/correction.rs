//! Samples asked twice: all cheaply, some of them also in the reference precision, and a fit that is unbiased for the reference.
//!
//! The ridge coefficients are linear in the answers. So with b the coefficients of the cheap answers, `d_i` the difference between the reference's
//! and the cheap answer to sample i, and S the samples that were asked twice,
//! `b + G^-1 sum over S of w_i (x_i - xbar) d_i / pi_i`, with G and xbar from all masks, has for given masks the expected value of the coefficients
//! of the reference's answers: each term is divided by its chance `pi_i` of being asked twice (Horvitz and Thompson 1952, eq. 1).
//!
//! How many are asked twice follows from how far the first of them, the pilot, differ. A sample's chance must not depend on its own difference, so there
//! are two strata, and how many are drawn from one is decided by the pilot of the other. Then every drawn sample counts, the pilot's too.

use std::array;

use faer::Mat;
use sampling::{STRATA, stratum};

use crate::ridge::{Coefficients, Regression, add};

/// What a cheap answer costs by the side of one in the reference precision: bfloat16 beside f32.
const CHEAP: f64 = 0.5;

/// Samples that were also answered in the reference precision.
#[derive(Debug, Clone, Copy)]
pub struct Correction<'a> {
    /// The samples, none twice. First come those that were certain to be asked, then an equal random choice from the others of each
    /// stratum ([`sampling::stratum`]), in any order.
    pub samples: &'a [usize],
    /// The reference's answer to each.
    pub probabilities: &'a [f32],
    /// How many were certain to be asked.
    pub certain: usize,
}

/// What a correction does to a fit.
pub(crate) struct Shift {
    /// To be added to the coefficients, one for each active superpixel.
    pub(crate) coefficients: Vec<f64>,
    /// To be added to the weighted mean of the answers.
    pub(crate) answer_mean: f64,
    /// Variance that the random choice adds to each coefficient; none where one choice does not tell it.
    pub(crate) variances: Option<Vec<f64>>,
}

/// The part of a correction that is of one stratum.
struct Drawn {
    /// Samples of the stratum that were not certain.
    others: usize,
    /// Where in the correction's list those are that were drawn from them.
    places: Vec<usize>,
}

impl Correction<'_> {
    /// Whether it can stand for the reference's answers to all of `samples` samples: something was drawn wherever not all were certain.
    pub fn covers(&self, samples: usize) -> bool {
        let strata = self.strata(samples);
        strata
            .iter()
            .all(|Drawn { others, places }| *others == 0 || !places.is_empty())
    }

    fn strata(&self, samples: usize) -> [Drawn; STRATA] {
        array::from_fn(|of| {
            let here = |sample: &usize| stratum(*sample) == of;
            let first = self.certain.min(self.samples.len());
            let certain = self.samples[..first].iter().copied().filter(here);
            let drawn = (first..self.samples.len()).filter(|&place| here(&self.samples[place]));
            Drawn {
                // A damaged list may name more than there are; the fit refuses it.
                others: (0..samples)
                    .filter(here)
                    .count()
                    .saturating_sub(certain.count()),
                places: drawn.collect(),
            }
        })
    }

    /// `G^-1 w_i (x_i - xbar) d_i` of each sample that was asked twice, [active superpixels, samples asked twice].
    fn influences(&self, regression: &Regression, model: &Coefficients) -> Mat<f64> {
        regression.influences(model, self.samples, self.probabilities)
    }

    pub(crate) fn shift(&self, regression: &Regression, model: &Coefficients) -> Shift {
        let influences = self.influences(regression, model);
        let mut coefficients = vec![0.0; model.active.len()];
        let mut scales = vec![1.0; influences.ncols()];
        let mut variances = Some(vec![0.0; model.active.len()]);
        for Drawn { others, places } in self.strata(regression.samples()) {
            for &place in &places {
                scales[place] = others as f64 / places.len() as f64;
            }
            if places.len() < others {
                let told = variance(&influences, &places);
                variances = variances.zip(told).map(|(mut sum, told)| {
                    add(&mut sum, added(others, places.len()), &told);
                    sum
                });
            }
        }
        for (place, &scale) in scales.iter().enumerate() {
            add(&mut coefficients, scale, influences.col_as_slice(place));
        }
        let each = self.samples.iter().zip(self.probabilities).zip(&scales);
        let differences = each.map(|((&sample, &reference), scale)| {
            scale * regression.weighted_difference(sample, reference.into())
        });
        Shift {
            coefficients,
            answer_mean: differences.sum::<f64>() / regression.total_weight(),
            variances,
        }
    }

    /// How many samples more of each stratum to ask in the reference precision, as multiples of `step` where there are enough, so that cost times variance
    /// is least. What was asked so far is the pilot.
    ///
    /// The variance of the corrected fit is that of the fit plus that of the choice, both summed over the coefficients. One stratum's number is
    /// decided by the other's pilot, as if both were alike: so for given masks the fit is unbiased whatever is decided, and the variance of each
    /// stratum's sum is told without bias. That of both leaves out that the two sums go together a little where differences are skewed, which
    /// can only add where both strata are alike; `surrogate::laws` holds how little.
    pub(crate) fn more(
        &self,
        regression: &Regression,
        model: &Coefficients,
        fit_variance: f64,
        step: usize,
    ) -> [usize; STRATA] {
        let influences = self.influences(regression, model);
        let spread: [f64; STRATA] = array::from_fn(|of| {
            // Sample 0 is asked for its weight; the others are a random choice.
            let pilot = (0..self.samples.len())
                .filter(|&place| self.samples[place] != 0 && stratum(self.samples[place]) == of);
            variance(&influences, &pilot.collect::<Vec<_>>())
                .map_or(0.0, |variance| variance.iter().sum())
        });
        let strata = self.strata(regression.samples());
        array::from_fn(|of| {
            let spread = spread[(of + 1) % STRATA];
            let others = strata[of].others;
            let drawn = strata[of].places.len();
            let objective = |more: usize| {
                let asked = self.samples.len() + STRATA * more;
                let cost = regression.samples() as f64 * CHEAP + asked as f64;
                cost * (fit_variance + STRATA as f64 * spread * added(others, drawn + more))
            };
            let left = others - drawn;
            let sizes = (0..=left.div_ceil(step)).map(|steps| (steps * step).min(left));
            // None would leave the stratum out.
            sizes
                .filter(|more| drawn + more > 0)
                .min_by(|&a, &b| objective(a).total_cmp(&objective(b)))
                .unwrap_or(0)
        })
    }
}

/// Variance of M times the mean of m terms chosen from M without replacement, by that of one term (Cochran 1977, eq. 2.8).
fn added(others: usize, drawn: usize) -> f64 {
    let (others, drawn) = (others as f64, drawn as f64);
    others * others * (1.0 - drawn / others) / drawn
}

/// Variance of each row over some of the columns, ddof 1; none for fewer than two columns.
fn variance(terms: &Mat<f64>, columns: &[usize]) -> Option<Vec<f64>> {
    let count = columns.len() as f64;
    let of_row = |row| {
        let values = || columns.iter().map(|&column| terms[(row, column)]);
        let mean = values().sum::<f64>() / count;
        values().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)
    };
    (columns.len() > 1).then(|| (0..terms.nrows()).map(of_row).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use sampling::{Masks, Seed, samplers};

    use super::*;
    use crate::{Explanation, Features, Settings, correction_size, fit, fit_corrected};

    const SAMPLES: usize = 8;
    const CERTAIN: usize = 2;
    /// Of each stratum.
    const DRAWN: usize = 2;
    const SUPERPIXELS: usize = 3;

    /// Every choice of [`DRAWN`] of the samples of each stratum after the certain ones.
    fn choices() -> Vec<Vec<usize>> {
        let all = (0_u32..1 << (SAMPLES - CERTAIN)).map(|set| {
            let drawn = (CERTAIN..SAMPLES).filter(|sample| set >> (sample - CERTAIN) & 1 == 1);
            drawn.collect::<Vec<usize>>()
        });
        let even = |drawn: &[usize]| drawn.iter().filter(|&&sample| stratum(sample) == 0).count();
        let equal = all.filter(|drawn| even(drawn) == DRAWN && drawn.len() == STRATA * DRAWN);
        equal
            .map(|drawn| (0..CERTAIN).chain(drawn).collect())
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
            let masks = samplers::COIN.masks(Seed::derive(seed, &[]), SAMPLES, SUPERPIXELS);
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
            let masks = samplers::COIN.masks(Seed::derive(seed, &[]), SAMPLES, SUPERPIXELS);
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
            let mean = |value: &dyn Fn(&Shift) -> f64| shifts.iter().map(value).sum::<f64>() / shifts.len() as f64;
            for superpixel in 0..SUPERPIXELS {
                let long_run = mean(&|shift| shift.coefficients[superpixel]);
                let actual = mean(&|shift| (shift.coefficients[superpixel] - long_run).powi(2));
                let told = mean(&|shift| shift.variances.as_ref().unwrap()[superpixel]);
                prop_assert!((actual - told).abs() < 1e-12);
            }
        }

        #[test]
        fn asking_all_again_is_the_fit_to_the_reference(cheap in probabilities(), reference in probabilities(), best in any::<bool>()) {
            // A selection looks at the cheap answers only, so it is of all superpixels here.
            let features = if best { Features::HighestWeights(SUPERPIXELS) } else { Features::All };
            let settings = Settings { features, ..Settings::default() };
            let masks = samplers::COIN.masks(Seed::derive(1, &[]), SAMPLES, SUPERPIXELS);
            let all: Vec<usize> = (0..SAMPLES).collect();
            let found = corrected(&masks, &cheap, &reference, &all, &settings);
            let expected = fit(&masks, &reference, &settings).unwrap();
            for (found, expected) in found.weights.iter().zip(&expected.weights) {
                prop_assert!((found - expected).abs() < 1e-12);
            }
        }
    }

    /// Numbers below 4 in every order.
    fn orders() -> Vec<[usize; 4]> {
        let all = (0..256).map(|digits| [0, 2, 4, 6].map(|shift| digits >> shift & 3));
        all.filter(|order| (0..4).all(|number| order.contains(&number)))
            .collect()
    }

    /// Sizes follow from pilots of two of each stratum, whose answers the fit uses too.
    #[test]
    fn the_fit_is_unbiased_though_the_answers_decide_how_many_are_asked() {
        let settings = Settings {
            alpha: 0.1,
            ..Settings::default()
        };
        let masks = samplers::COIN.masks(Seed::derive(5, &[]), 9, SUPERPIXELS);
        let clusters: Vec<usize> = (0..9).collect();
        let cheap = [0.9, 0.2, 0.7, 0.4, 0.5, 0.3, 0.8, 0.6, 0.1_f32];
        // Large differences are rare in both strata, so that a pilot's mean and its spread go together.
        let reference = [0.9, 0.21, 0.71, 0.4, 0.5, 0.31, 0.82, 0.9, 0.6_f32];
        let again = |samples: &[usize]| {
            samples
                .iter()
                .map(|&sample| reference[sample])
                .collect::<Vec<_>>()
        };
        let (mut found, mut sizes) = (vec![], BTreeSet::new());
        for even in orders()
            .iter()
            .map(|order| order.map(|place| 2 * place + 2))
        {
            for odd in orders()
                .iter()
                .map(|order| order.map(|place| 2 * place + 1))
            {
                let mut samples = [&[0], &even[..2], &odd[..2]].concat();
                let pilot = Correction {
                    samples: &samples,
                    probabilities: &again(&samples),
                    certain: 1,
                };
                let [more_even, more_odd] =
                    correction_size(&masks, &cheap, &pilot, &clusters, &settings, 1).unwrap();
                sizes.insert([more_even, more_odd]);
                samples.extend(even[2..][..more_even].iter().chain(&odd[2..][..more_odd]));
                let all = Correction {
                    samples: &samples,
                    probabilities: &again(&samples),
                    certain: 1,
                };
                found.push(fit_corrected(&masks, &cheap, &all, &clusters, &settings).unwrap());
            }
        }
        assert!(sizes.len() > 3, "{sizes:?}");
        let expected = fit(&masks, &reference, &settings).unwrap();
        for superpixel in 0..SUPERPIXELS {
            let weights = found
                .iter()
                .map(|explanation| explanation.weights[superpixel]);
            let mean = weights.sum::<f64>() / found.len() as f64;
            assert!(
                (mean - expected.weights[superpixel]).abs() < 1e-12,
                "{mean}"
            );
        }
    }

    /// As in a later round of an open number of samples.
    #[test]
    fn where_all_that_was_asked_is_certain_some_more_are_drawn_from_each_stratum() {
        let masks = samplers::COIN.masks(Seed::derive(4, &[]), 40, SUPERPIXELS);
        let clusters: Vec<usize> = (0..40).collect();
        let samples: Vec<usize> = (0..20).collect();
        let all = Correction {
            samples: &samples,
            probabilities: &[0.5; 20],
            certain: 20,
        };
        assert!(!all.covers(40) && all.covers(20));
        let more = |step| {
            correction_size(
                &masks,
                &[0.5; 40],
                &all,
                &clusters,
                &Settings::default(),
                step,
            )
        };
        assert_eq!(more(4), Ok([4, 4]));
        assert_eq!(more(16), Ok([10, 10]), "no more than there are");
    }

    /// A pilot of 33 of 1001 samples, whose cheap answers are wrong by `error` times noise.
    fn size(error: f32) -> [usize; STRATA] {
        let masks = samplers::COIN.masks(Seed::derive(3, &[]), 1001, 10);
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
            certain: 1,
        };
        let clusters: Vec<usize> = (0..1001).collect();
        correction_size(&masks, &cheap, &pilot, &clusters, &Settings::default(), 16).unwrap()
    }

    #[test]
    fn the_worse_the_cheap_answers_the_more_are_asked_again() {
        let sizes = [0.0, 0.003, 0.03, 0.3].map(size);
        assert_eq!(sizes[0], [0, 0], "the pilot is a random choice itself");
        for of in 0..STRATA {
            let sizes = sizes.map(|size| size[of]);
            assert!(sizes.is_sorted() && sizes[3] > sizes[1], "{sizes:?}");
            assert!(sizes[3] <= 484);
        }
    }

    #[test]
    fn samples_that_are_no_choice_are_refused() {
        let masks = samplers::COIN.masks(Seed::derive(1, &[]), SAMPLES, SUPERPIXELS);
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
        assert!(refused(&[0, 1, 2], 2), "none was drawn from the odd ones");
        assert!(refused(&[0, 1, 2], 4), "more certain ones than there are");
        assert!(!refused(&[0, 1, 2], 1));
    }
}
