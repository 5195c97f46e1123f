//! The action `weights`: the surrogate's coefficients, from masks and answers.

use sampling::{Masks, Sampler};
use surrogate::{Correction, Explanation, Settings, SurrogateError, fit_clustered, fit_corrected};

/// Fits the surrogate to answers, corrected by a reference's where there is one.
pub fn weights(
    masks: &Masks,
    probabilities: &[f32],
    correction: Option<&Correction<'_>>,
    sampler: Sampler,
    settings: &Settings,
) -> Result<Explanation, SurrogateError> {
    let clusters = sampler.clusters(masks.samples(), masks.superpixels());
    match correction {
        None => fit_clustered(masks, probabilities, &clusters, settings),
        Some(correction) => fit_corrected(masks, probabilities, correction, &clusters, settings),
    }
}
