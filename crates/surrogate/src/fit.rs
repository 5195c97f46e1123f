//! The fit as a whole: settings, errors and the explanation.

use serde::Serialize;
use std::collections::BTreeSet;

use sampling::{Masks, STRATA};
use thiserror::Error;

use crate::Distance;
use crate::correction::{Correction, Shift};
use crate::ridge::{Coefficients, Regression, add};
use crate::selection::{forward_selection, highest_weights};

/// Samples at which a growing penalty is the one that is set: the lime package's default.
const USUAL_SAMPLES: f64 = 1000.0;
/// Fewer clusters than this give no standard error: the sandwich is far too small then.
const FEWEST_CLUSTERS: usize = 20;

/// Which superpixels get a weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Features {
    /// All of them.
    #[default]
    All,
    /// So many (at least 1) of the largest absolute weight in a fit with alpha 0.01.
    HighestWeights(usize),
    /// So many (at least 1), added one by one, each the best for R^2 at alpha 0.
    ForwardSelection(usize),
}

/// What the fit depends on, besides masks and probabilities. The default is the lime package's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Settings {
    /// Distance from the untouched image, with its kernel.
    pub distance: Distance,
    /// Width of the kernel, above 0; None is the distance's own. Smaller means a more local explanation from fewer effective samples.
    pub kernel_width: Option<f64>,
    /// Ridge penalty of the weights, at least 0; the intercept has none. Higher means smaller weights.
    pub alpha: f64,
    /// Whether the penalty grows with the sum of the masks' weights, so that more samples do not shrink less: `alpha` is then the penalty at the sum that
    /// is expected of 1000 fair coins' masks. The lime package's does not grow.
    pub growing: bool,
    /// Which superpixels get a weight.
    pub features: Features,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            distance: Distance::Cosine,
            kernel_width: None,
            alpha: 1.0,
            growing: false,
            features: Features::All,
        }
    }
}

/// A surrogate fitted to one image in one network.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// Signed weight of each superpixel, in probability: its relevance. 0 for one that was not selected.
    pub weights: Vec<f64>,
    /// Standard error of each weight, at least 0. None for a superpixel that was not selected or that no two masks
    /// disagree about, and for all of them below 20 clusters.
    pub standard_errors: Vec<Option<f64>>,
    /// The surrogate's answer to the image with every superpixel removed.
    pub intercept: f64,
    /// Weighted R^2 over all samples, at most 1; 1 where all probabilities are equal.
    pub r2: f64,
    /// The surrogate's answer to the untouched image: the intercept plus all weights.
    pub local_prediction: f64,
}

/// Input that cannot be fitted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SurrogateError {
    /// There is no mask, or a mask of no superpixels.
    #[error(
        "expected at least 1 sample over at least 1 superpixel, found {samples} over {superpixels}: draw masks first"
    )]
    Empty {
        /// Masks found.
        samples: usize,
        /// Superpixels found.
        superpixels: usize,
    },
    /// A list has not one value for each mask.
    #[error(
        "expected one {quantity} for each of {samples} masks, found {found}: pass the values of these masks"
    )]
    Length {
        /// What the list holds.
        quantity: &'static str,
        /// Number of masks.
        samples: usize,
        /// Values found.
        found: usize,
    },
    /// A probability is NaN or infinite.
    #[error(
        "expected a finite probability for sample {sample}, found {found}: the network's answer is broken"
    )]
    Probability {
        /// Sample with that probability.
        sample: usize,
        /// Value found.
        found: f64,
    },
    /// A setting is out of range.
    #[error("expected {setting} {range}, found {found}")]
    Setting {
        /// Name of the setting.
        setting: &'static str,
        /// Values that it may have.
        range: &'static str,
        /// Value found.
        found: f64,
    },
    /// The samples asked twice are no choice from all.
    #[error(
        "expected the samples asked twice to be different ones below {samples}, each with an answer, and some drawn from the odd ones and from the even unless all of these were certain: \
         the correction is of other masks, or damaged"
    )]
    Correction {
        /// Number of masks.
        samples: usize,
    },
    /// No mask has any weight.
    #[error(
        "no mask has a weight above 0 at a kernel width of {width}: expected row 0 to keep everything; widen the kernel"
    )]
    NoWeight {
        /// Width of the kernel.
        width: f64,
    },
}

/// Fits the surrogate; each sample is a cluster of its own.
///
/// `probabilities` has the target's probability for each mask, in f32 or f64; any finite scale is fitted. At alpha 0
/// a singular problem (fewer samples than superpixels, or superpixels that always go together) has the solution of least norm.
pub fn fit<P: Copy + Into<f64>>(
    masks: &Masks,
    probabilities: &[P],
    settings: &Settings,
) -> Result<Explanation, SurrogateError> {
    let samples: Vec<usize> = (0..masks.samples()).collect();
    fit_clustered(masks, probabilities, &samples, settings)
}

/// Fits the surrogate to samples that were not drawn one by one: `clusters` has, for each mask, any number that it
/// shares with the masks drawn together with it (its pair, its block). Only the standard errors depend on it.
pub fn fit_clustered<P: Copy + Into<f64>>(
    masks: &Masks,
    probabilities: &[P],
    clusters: &[usize],
    settings: &Settings,
) -> Result<Explanation, SurrogateError> {
    check_length("cluster", masks, clusters.len())?;
    let (regression, model) = solve(masks, probabilities, settings)?;
    Ok(explain(&regression, &model, clusters, None))
}

/// Fits the surrogate to cheap answers, corrected by the reference's answers to some of the samples: for given masks the expected weights are those of
/// the reference's answers to all. The standard errors contain what the correction adds, and are none where it is from a single choice of a stratum.
/// `r2` describes the cheap answers.
pub fn fit_corrected<P: Copy + Into<f64>>(
    masks: &Masks,
    probabilities: &[P],
    correction: &Correction<'_>,
    clusters: &[usize],
    settings: &Settings,
) -> Result<Explanation, SurrogateError> {
    check_length("cluster", masks, clusters.len())?;
    let (regression, mut model) = solve(masks, probabilities, settings)?;
    let residuals = regression.residuals(&model);
    let shift = correct(&regression, &mut model, correction)?;
    Ok(explain(
        &regression,
        &model,
        clusters,
        Some((&residuals, &shift)),
    ))
}

/// The weights of [`fit_corrected`], or of [`fit`] without a correction, in less time: no standard errors are computed.
pub fn weights<P: Copy + Into<f64>>(
    masks: &Masks,
    probabilities: &[P],
    correction: Option<&Correction<'_>>,
    settings: &Settings,
) -> Result<Vec<f64>, SurrogateError> {
    let (regression, mut model) = solve(masks, probabilities, settings)?;
    if let Some(correction) = correction {
        correct(&regression, &mut model, correction)?;
    }
    Ok(of_all_superpixels(&regression, &model))
}

/// How many samples more of each stratum to ask in the reference precision after a pilot, whose sample 0 is the untouched image and whose others were
/// drawn at random: as many as make cost times variance least, in steps of `step`, with a cheap answer at half the cost of a reference's.
pub fn correction_size<P: Copy + Into<f64>>(
    masks: &Masks,
    probabilities: &[P],
    pilot: &Correction<'_>,
    clusters: &[usize],
    settings: &Settings,
    step: usize,
) -> Result<[usize; STRATA], SurrogateError> {
    check_length("cluster", masks, clusters.len())?;
    let (regression, model) = solve(masks, probabilities, settings)?;
    check_correction(pilot, masks.samples())?;
    let residuals = regression.residuals(&model);
    // Of single samples, because blocks may be too few to tell a variance, and a size needs no exact one.
    let samples: Vec<usize> = (0..masks.samples()).collect();
    let variances = model.sandwich(&residuals, samples.chunks(1));
    let variance = variances.iter().sum();
    Ok(pilot.more(&regression, &model, variance, step.max(1)))
}

/// The regression and its solution, without a correction.
fn solve<P: Copy + Into<f64>>(
    masks: &Masks,
    probabilities: &[P],
    settings: &Settings,
) -> Result<(Regression, Coefficients), SurrogateError> {
    check_settings(settings)?;
    check_length("probability", masks, probabilities.len())?;
    let probabilities: Vec<f64> = probabilities
        .iter()
        .map(|&probability| probability.into())
        .collect();
    check_finite(&probabilities, |sample| sample)?;
    let regression = Regression::new(masks, &probabilities, kernel_weights(masks, settings)?);
    let model = regression.ridge(
        select(&regression, settings.features),
        alpha(&regression, masks, settings),
    );
    Ok((regression, model))
}

/// Adds what a correction does to the coefficients.
fn correct(
    regression: &Regression,
    model: &mut Coefficients,
    correction: &Correction<'_>,
) -> Result<Shift, SurrogateError> {
    let samples = regression.samples();
    check_correction(correction, samples)?;
    check(
        correction.covers(samples),
        SurrogateError::Correction { samples },
    )?;
    let shift = correction.shift(regression, model);
    add(&mut model.values, 1.0, &shift.coefficients);
    Ok(shift)
}

/// The penalty of a fit.
fn alpha(regression: &Regression, masks: &Masks, settings: &Settings) -> f64 {
    if !settings.growing {
        return settings.alpha;
    }
    let expected = settings
        .distance
        .expected_weight(masks.superpixels(), settings.kernel_width);
    let usual = 1.0 + (USUAL_SAMPLES - 1.0) * expected;
    settings.alpha * regression.total_weight() / usual
}

fn kernel_weights(masks: &Masks, settings: &Settings) -> Result<Vec<f64>, SurrogateError> {
    let [samples, superpixels] = [masks.samples(), masks.superpixels()];
    if samples == 0 || superpixels == 0 {
        return Err(SurrogateError::Empty {
            samples,
            superpixels,
        });
    }
    let width = settings
        .kernel_width
        .unwrap_or_else(|| settings.distance.default_width(superpixels));
    let weights = settings.distance.weights(masks, Some(width));
    if weights.iter().any(|&weight| weight > 0.0) {
        Ok(weights)
    } else {
        Err(SurrogateError::NoWeight { width })
    }
}

fn select(regression: &Regression, features: Features) -> Vec<usize> {
    match features {
        Features::All => (0..regression.moment.len()).collect(),
        Features::HighestWeights(count) => highest_weights(regression, count),
        Features::ForwardSelection(count) => forward_selection(regression, count),
    }
}

/// Puts the explanation together; `corrected` has the residuals of the uncorrected model, and the shift that is already in `model`.
fn explain(
    regression: &Regression,
    model: &Coefficients,
    clusters: &[usize],
    corrected: Option<(&[f64], &Shift)>,
) -> Explanation {
    let residuals = corrected.map_or_else(
        || regression.residuals(model),
        |(residuals, _)| residuals.to_vec(),
    );
    let shift = corrected.map(|(_, shift)| shift);
    let weights = of_all_superpixels(regression, model);
    let answer_mean = regression.answer_mean + shift.map_or(0.0, |shift| shift.answer_mean);
    let intercept = regression.intercept(model, answer_mean);
    Explanation {
        standard_errors: standard_errors(regression, model, &residuals, clusters, shift),
        intercept,
        r2: regression.r2(&residuals),
        local_prediction: intercept + weights.iter().sum::<f64>(),
        weights,
    }
}

/// The weight of each superpixel, 0 for one that was not selected.
fn of_all_superpixels(regression: &Regression, model: &Coefficients) -> Vec<f64> {
    let mut weights = vec![0.0; regression.moment.len()];
    model
        .active
        .iter()
        .zip(&model.values)
        .for_each(|(&superpixel, &value)| weights[superpixel] = value);
    weights
}

fn standard_errors(
    regression: &Regression,
    model: &Coefficients,
    residuals: &[f64],
    clusters: &[usize],
    shift: Option<&Shift>,
) -> Vec<Option<f64>> {
    let mut errors = vec![None; regression.moment.len()];
    let mut samples: Vec<usize> = (0..clusters.len()).collect();
    samples.sort_by_key(|&sample| clusters[sample]);
    let groups = || samples.chunk_by(|&a, &b| clusters[a] == clusters[b]);
    let added = shift.map(|shift| shift.variances.as_deref());
    if groups().count() >= FEWEST_CLUSTERS && added != Some(None) {
        let mut variances = model.sandwich(residuals, groups());
        if let Some(added) = added.flatten() {
            add(&mut variances, 1.0, added);
        }
        for (&superpixel, variance) in model.active.iter().zip(&variances) {
            errors[superpixel] = regression.varies(superpixel).then(|| variance.sqrt());
        }
    }
    errors
}

fn check_settings(settings: &Settings) -> Result<(), SurrogateError> {
    let positive_width = settings
        .kernel_width
        .is_none_or(|width| width.is_finite() && width > 0.0);
    let found = settings.kernel_width.unwrap_or_default();
    check(
        positive_width,
        SurrogateError::Setting {
            setting: "kernel_width",
            range: "above 0",
            found,
        },
    )?;
    let alpha = SurrogateError::Setting {
        setting: "alpha",
        range: "of at least 0",
        found: settings.alpha,
    };
    check(settings.alpha.is_finite() && settings.alpha >= 0.0, alpha)?;
    let none = matches!(
        settings.features,
        Features::HighestWeights(0) | Features::ForwardSelection(0)
    );
    let features = SurrogateError::Setting {
        setting: "the number of features",
        range: "of at least 1",
        found: 0.0,
    };
    check(!none, features)
}

fn check_finite(
    probabilities: &[f64],
    sample_of: impl Fn(usize) -> usize,
) -> Result<(), SurrogateError> {
    let broken = probabilities
        .iter()
        .position(|probability| !probability.is_finite());
    broken.map_or(Ok(()), |place| {
        Err(SurrogateError::Probability {
            sample: sample_of(place),
            found: probabilities[place],
        })
    })
}

fn check_correction(correction: &Correction<'_>, samples: usize) -> Result<(), SurrogateError> {
    let chosen = correction.samples;
    let distinct: BTreeSet<usize> = chosen.iter().copied().collect();
    let fits = distinct.len() == chosen.len()
        && distinct.last().is_none_or(|&last| last < samples)
        && correction.probabilities.len() == chosen.len()
        && correction.certain <= chosen.len();
    check(fits, SurrogateError::Correction { samples })?;
    let probabilities: Vec<f64> = correction
        .probabilities
        .iter()
        .map(|&value| value.into())
        .collect();
    check_finite(&probabilities, |place| chosen[place])
}

fn check_length(quantity: &'static str, masks: &Masks, found: usize) -> Result<(), SurrogateError> {
    let samples = masks.samples();
    check(
        found == samples,
        SurrogateError::Length {
            quantity,
            samples,
            found,
        },
    )
}

fn check(holds: bool, error: SurrogateError) -> Result<(), SurrogateError> {
    if holds { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sampling::{Seed, samplers};

    const DISTANCES: [Distance; 2] = Distance::ALL;

    fn masks(samples: usize, superpixels: usize) -> Masks {
        samplers::COIN.masks(Seed::derive(5, &[b"surrogate"]), samples, superpixels)
    }

    /// The sum of the weights of kept superpixels, plus an intercept.
    fn linear(masks: &Masks, intercept: f64, weights: &[f64]) -> Vec<f64> {
        let answer = |sample| {
            let kept = weights
                .iter()
                .enumerate()
                .filter(|(superpixel, _)| masks.kept(sample, *superpixel));
            intercept + kept.map(|(_, weight)| weight).sum::<f64>()
        };
        (0..masks.samples()).map(answer).collect()
    }

    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        assert_eq!(found.len(), expected.len());
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert!(
                (found - expected).abs() <= tolerance,
                "{index}: {found} for {expected}"
            );
        }
    }

    fn settings() -> impl Strategy<Value = Settings> {
        let features = prop_oneof![
            Just(Features::All),
            (1usize..12).prop_map(Features::HighestWeights),
            (1usize..12).prop_map(Features::ForwardSelection),
        ];
        let width = prop_oneof![Just(None), (0.3..3.0).prop_map(Some)];
        let alpha = prop_oneof![Just(0.0), 0.0..3.0];
        (prop::sample::select(&DISTANCES), width, alpha, features).prop_map(
            |(distance, kernel_width, alpha, features)| Settings {
                growing: false,
                distance,
                kernel_width,
                alpha,
                features,
            },
        )
    }

    proptest! {
        #[test]
        fn planted_linear_function_is_recovered_at_alpha_0(
            weights in prop::collection::vec(-1.0..1.0, 1..20), intercept in -1.0..1.0, l2 in any::<bool>(),
        ) {
            let masks = masks(150, weights.len());
            let settings = Settings { distance: DISTANCES[usize::from(l2)], alpha: 0.0, ..Settings::default() };
            let found = fit(&masks, &linear(&masks, intercept, &weights), &settings).unwrap();
            assert_close(&found.weights, &weights, 1e-10);
            assert_close(&[found.intercept, found.r2], &[intercept, 1.0], 1e-10);
            assert_close(&[found.local_prediction], &[intercept + weights.iter().sum::<f64>()], 1e-10);
            prop_assert!(found.standard_errors.iter().all(|error| error.unwrap() < 1e-9));
        }

        #[test]
        fn superpixels_that_go_together_share_their_weight(
            answers in prop::collection::vec(0.0..1.0_f64, 60), settings in settings(),
        ) {
            let settings = Settings { features: Features::All, ..settings };
            let single = masks(60, 6);
            let row = |sample| (0..7).map(|superpixel| single.kept(sample, superpixel % 6)).collect::<Vec<_>>();
            let doubled = Masks::from_rows(7, (0..60).map(row)).unwrap();
            let found = fit(&doubled, &answers, &settings).unwrap();
            assert_close(&found.weights[..1], &found.weights[6..], 1e-9);
            let errors = [found.standard_errors[0].unwrap(), found.standard_errors[6].unwrap()];
            assert_close(&errors[..1], &errors[1..], 1e-9);
        }

        #[test]
        fn weights_follow_their_superpixels(
            answers in prop::collection::vec(0.0..1.0_f64, 60), settings in settings(),
            order in Just((0..9).collect::<Vec<usize>>()).prop_shuffle(),
        ) {
            let straight = masks(60, 9);
            let row = |sample| order.iter().map(|&superpixel| straight.kept(sample, superpixel)).collect::<Vec<_>>();
            let shuffled = Masks::from_rows(9, (0..60).map(row)).unwrap();
            let expected = fit(&straight, &answers, &settings).unwrap();
            let found = fit(&shuffled, &answers, &settings).unwrap();
            let expected: Vec<f64> = order.iter().map(|&superpixel| expected.weights[superpixel]).collect();
            assert_close(&found.weights, &expected, 1e-9);
        }

        #[test]
        fn scaling_and_shifting_probabilities_scales_the_weights(
            answers in prop::collection::vec(0.0..1.0_f64, 60), settings in settings(),
            scale in 0.1..9.0, shift in -2.0..2.0,
        ) {
            let masks = masks(60, 9);
            let plain = fit(&masks, &answers, &settings).unwrap();
            let moved: Vec<f64> = answers.iter().map(|answer| scale * answer + shift).collect();
            let moved = fit(&masks, &moved, &settings).unwrap();
            let expected: Vec<f64> = plain.weights.iter().map(|weight| scale * weight).collect();
            assert_close(&moved.weights, &expected, 1e-9);
            assert_close(&[moved.intercept, moved.r2], &[scale * plain.intercept + shift, plain.r2], 1e-9);
            for (moved, plain) in moved.standard_errors.iter().zip(&plain.standard_errors) {
                assert_close(&[moved.unwrap_or(-1.0)], &[plain.map_or(-1.0, |error| scale * error)], 1e-9);
            }
        }

        #[test]
        fn sparse_explanations_have_as_many_weights_as_asked(
            answers in prop::collection::vec(0.0..1.0_f64, 60), count in 1usize..15, forward in any::<bool>(),
        ) {
            let features = if forward { Features::ForwardSelection(count) } else { Features::HighestWeights(count) };
            let found = fit(&masks(60, 9), &answers, &Settings { features, ..Settings::default() }).unwrap();
            prop_assert_eq!(found.standard_errors.iter().flatten().count(), count.min(9));
            for (weight, error) in found.weights.iter().zip(&found.standard_errors) {
                prop_assert_eq!(error.is_some(), weight.abs() > 0.0);
            }
        }
    }

    #[test]
    fn equal_probabilities_give_no_weight_and_no_error() {
        let found = fit(&masks(30, 4), &[0.3_f32; 30], &Settings::default()).unwrap();
        assert_eq!(found.weights, [0.0; 4]);
        assert_eq!(found.standard_errors, [Some(0.0); 4]);
        assert_close(
            &[found.intercept, found.local_prediction, found.r2],
            &[f64::from(0.3_f32); 2]
                .into_iter()
                .chain([1.0])
                .collect::<Vec<_>>(),
            0.0,
        );
    }

    #[test]
    fn one_sample_or_one_superpixel_is_enough() {
        for alpha in [0.0, 1.0] {
            let settings = Settings {
                alpha,
                ..Settings::default()
            };
            let one_sample = fit(&masks(1, 5), &[0.7], &settings).unwrap();
            assert_eq!(
                (one_sample.weights, one_sample.intercept),
                (vec![0.0; 5], 0.7)
            );
            let masks = Masks::from_rows(1, [[true], [false], [false]]).unwrap();
            let one_superpixel = fit(&masks, &[0.9, 0.1, 0.1], &settings).unwrap();
            assert!(one_superpixel.weights[0] > 0.0);
        }
    }

    #[test]
    fn fewer_samples_than_superpixels_give_the_least_norm_at_alpha_0() {
        let settings = Settings {
            alpha: 0.0,
            ..Settings::default()
        };
        let masks = Masks::from_rows(3, [[true, true, true], [false, false, true]]).unwrap();
        let found = fit(&masks, &[0.8, 0.2], &settings).unwrap();
        assert_close(&found.weights, &[0.3, 0.3, 0.0], 1e-12);
    }

    #[test]
    fn superpixel_that_never_varies_has_no_standard_error() {
        let rows = (0..30).map(|sample| [true, sample % 3 == 0]);
        let answers: Vec<f64> = (0..30).map(|sample| f64::from(sample % 7) / 7.0).collect();
        let found = fit(
            &Masks::from_rows(2, rows).unwrap(),
            &answers,
            &Settings::default(),
        )
        .unwrap();
        assert!(found.standard_errors[0].is_none() && found.standard_errors[1].is_some());
    }

    #[test]
    fn fewer_than_20_clusters_give_no_standard_error() {
        let answers: Vec<f64> = (0..40).map(|sample| f64::from(sample % 7) / 7.0).collect();
        let known = |clusters: usize| {
            let clusters: Vec<usize> = (0..40).map(|sample| sample % clusters).collect();
            let found =
                fit_clustered(&masks(40, 4), &answers, &clusters, &Settings::default()).unwrap();
            found.standard_errors.iter().flatten().count()
        };
        assert_eq!([known(19), known(20), known(40)], [0, 4, 4]);
    }

    /// Twice the same samples are no new knowledge when each pair is one cluster: twice the score, half the inverse.
    #[test]
    fn repeated_samples_in_one_cluster_leave_the_standard_error() {
        let once = masks(40, 4);
        let answers: Vec<f64> = (0..40).map(|sample| f64::from(sample % 7) / 7.0).collect();
        let twice = Masks::from_bytes(80, 4, once.bytes().repeat(2)).unwrap();
        let clusters: Vec<usize> = (0..80).map(|sample| sample % 40).collect();
        let settings = Settings {
            alpha: 0.0,
            ..Settings::default()
        };
        let expected = fit(&once, &answers, &settings).unwrap();
        let found = fit_clustered(&twice, &answers.repeat(2), &clusters, &settings).unwrap();
        let plain = |errors: Vec<Option<f64>>| errors.into_iter().flatten().collect::<Vec<_>>();
        assert_close(
            &plain(found.standard_errors),
            &plain(expected.standard_errors),
            1e-12,
        );
    }

    #[test]
    fn bad_input_is_an_error() {
        let masks = masks(30, 4);
        let with = |settings: Settings| fit(&masks, &[0.5; 30], &settings);
        let plain = Settings::default();
        for (setting, settings) in [
            (
                "alpha",
                Settings {
                    alpha: -1.0,
                    ..plain
                },
            ),
            (
                "alpha",
                Settings {
                    alpha: f64::NAN,
                    ..plain
                },
            ),
            (
                "kernel_width",
                Settings {
                    kernel_width: Some(0.0),
                    ..plain
                },
            ),
            (
                "the number of features",
                Settings {
                    features: Features::HighestWeights(0),
                    ..plain
                },
            ),
        ] {
            assert!(
                matches!(with(settings), Err(SurrogateError::Setting { setting: found, .. }) if found == setting)
            );
        }
        let length = SurrogateError::Length {
            quantity: "probability",
            samples: 30,
            found: 29,
        };
        assert_eq!(fit(&masks, &[0.5; 29], &plain), Err(length));
        let mut broken = [0.5; 30];
        broken[7] = f64::INFINITY;
        assert_eq!(
            fit(&masks, &broken, &plain),
            Err(SurrogateError::Probability {
                sample: 7,
                found: f64::INFINITY
            })
        );
        let empty = SurrogateError::Empty {
            samples: 0,
            superpixels: 4,
        };
        assert_eq!(fit::<f64>(&Masks::empty(4), &[], &plain), Err(empty));
        let nothing_kept = Masks::from_rows(2, [[false, false]]).unwrap();
        let narrow = Settings {
            kernel_width: Some(1e-3),
            ..plain
        };
        assert_eq!(
            fit(&nothing_kept, &[0.5], &narrow),
            Err(SurrogateError::NoWeight { width: 1e-3 })
        );
    }
}
