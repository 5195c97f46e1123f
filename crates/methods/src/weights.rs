//! Methods that need queries, and give weights.

use sampling::{Masks, Sampler};
use surrogate::{Correction, Explanation, Settings, SurrogateError};

use crate::asking::Asking;
use crate::plugin::Plugin;

/// Masks with what a network answered.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// Row 0 is the untouched image.
    pub masks: &'a Masks,
    /// The class's probability under each mask.
    pub probabilities: &'a [f32],
    /// What a network of higher precision answered to some of the masks.
    pub correction: Option<&'a Correction<'a>>,
    /// How the masks were drawn.
    pub sampler: Sampler,
}

/// Asks a network about masks, and estimates the weight of each superpixel from its answers.
pub type Weights = Plugin<Estimate, Asking>;

/// Estimates weights from answers.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    /// The weights with all that is known of them.
    pub explanation: fn(&Answered<'_>, &Settings) -> Result<Explanation, SurrogateError>,
    /// The same weights alone, which takes less time.
    pub weights: fn(&Answered<'_>, &Settings) -> Result<Vec<f64>, SurrogateError>,
}
