//! Weights as the coefficients of a surrogate.

use surrogate::{SurrogateError, fit_clustered, fit_corrected};

use crate::asking::Fitting;
use crate::weights::{Answered, Weighted};

/// Fits the surrogate to answers, corrected by a reference's where there is one.
pub fn explanation(answered: &Answered<'_>) -> Result<Weighted, SurrogateError> {
    let &Answered {
        drawn,
        probabilities,
        correction,
        sampler,
        ..
    } = answered;
    let (masks, settings) = (&drawn.masks, &settings(answered));
    let clusters = sampler.clusters(masks.samples(), masks.superpixels());
    let explanation = match correction {
        None => fit_clustered(masks, probabilities, &clusters, settings),
        Some(correction) => fit_corrected(masks, probabilities, correction, &clusters, settings),
    };
    Ok(explanation?.into())
}

/// The weights of [`explanation`] alone.
pub fn weights(answered: &Answered<'_>) -> Result<Vec<f64>, SurrogateError> {
    let &Answered {
        drawn,
        probabilities,
        correction,
        ..
    } = answered;
    surrogate::weights(&drawn.masks, probabilities, correction, &settings(answered))
}

fn settings(answered: &Answered<'_>) -> surrogate::Settings {
    match answered.fitting {
        Fitting::Surrogate(settings) => settings,
        Fitting::Fixed | Fitting::Debiased => surrogate::Settings::default(),
    }
}
