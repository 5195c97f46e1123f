//! What a method that asks about masks takes.

use sampling::Sampler;
use serde::Serialize;

use crate::hides::Hides;
use crate::samples::{Precision, Samples};

/// Which masks a method asks about, how, and how it fits weights to the answers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Asking {
    /// How many masks.
    pub samples: Samples,
    /// How they are drawn.
    pub sampler: Sampler,
    /// In which numbers the network answers; as all else in the study where it is not set.
    pub precision: Option<Precision>,
    /// What they hide.
    pub hides: Hides,
    /// How answers become weights.
    pub fitting: Fitting,
}

/// How answers become weights, as far as that can be set.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fitting {
    /// As the method has it.
    Fixed,
    /// As the coefficients of a surrogate.
    Surrogate(surrogate::Settings),
    /// As means over the masks that show a pixel, and not over all masks.
    Debiased,
}
