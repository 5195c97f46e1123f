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
    /// Whether the penalty grows with the sum of the masks' weights, so that more samples do not shrink less: `alpha` is then the penalty at the sum
    /// that is expected of 1000 fair coins' masks. The lime package's does not grow.
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
        "expected the samples re-evaluated in fp32 to be different ones below {samples}, each with an answer. Some must be from the odd and some \
         from the even samples, unless all of these were certain. The correction belongs to other masks, or is damaged"
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

/// Fits the surrogate to cheap answers, corrected by the reference's answers to some of the samples: for given masks the expected weights are those
/// of the reference's answers to all. The standard errors contain what the correction adds, and are none where it is from a single choice of a
/// stratum. `r2` describes the cheap answers.
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
mod tests;
