//! What a method that asks about masks takes.

use removal::Backdrop;
use sampling::Sampler;

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
    /// What a removed superpixel shows.
    pub replacement: Backdrop,
    /// How a surrogate is fitted to the answers, of a method that fits one.
    pub surrogate: Option<surrogate::Settings>,
}
