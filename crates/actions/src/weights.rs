//! Inputs of `weights`.

use parts::{Answers, Labels, Read};
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
    /// The superpixels, where masks belong to no partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Read<Labels>>,
    /// How the surrogate is fitted.
    pub fit: Fit,
}

/// How a surrogate is fitted to answers.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Fit {
    /// What fits it.
    pub method: &'static methods::Weights,
    /// How, as far as that can be set: a surrogate's kernel, penalty and selection.
    pub fitting: methods::Fitting,
    /// How the masks were drawn, which tells the samples that were drawn together.
    pub sampler: Sampler,
}
