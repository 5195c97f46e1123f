//! The action `weights`: the surrogate's coefficients, from masks and answers.

use sampling::Masks;
use surrogate::{Explanation, Settings, SurrogateError};

/// Fits the surrogate.
pub fn weights(
    masks: &Masks,
    probabilities: &[f32],
    settings: &Settings,
) -> Result<Explanation, SurrogateError> {
    surrogate::fit(masks, probabilities, settings)
}
