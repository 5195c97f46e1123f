//! Inputs of `weights`.

use parts::{Answers, Read};
use sampling::Sampler;
use serde::Serialize;

use crate::names::Explained;

/// The surrogate's coefficients.
#[derive(Debug, Serialize)]
pub struct Weights {
    /// Names in the rows.
    pub names: Explained,
    /// The masks with their answers.
    pub answers: Read<Answers>,
    /// How the surrogate is fitted.
    pub fit: Fit,
}

/// How a surrogate is fitted to answers.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Fit {
    /// What fits it.
    pub method: &'static methods::Weights,
    /// Kernel, penalty and selection, of a method that fits a surrogate.
    #[serde(flatten)]
    pub surrogate: Option<surrogate::Settings>,
    /// How the masks were drawn, which tells the samples that were drawn together.
    pub sampler: Sampler,
}
