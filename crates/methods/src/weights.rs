//! Methods that need queries, and give weights.

use parts::Superpixels;
use sampling::{Drawn, Sampler};
use surrogate::{Correction, Explanation, SurrogateError};

use crate::asking::{Asking, Fitting};
use crate::plugin::Plugin;

/// Masks with what a network answered.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The masks; row 0 is the untouched image.
    pub drawn: &'a Drawn,
    /// The class's probability under each mask.
    pub probabilities: &'a [f32],
    /// What a network of higher precision answered to some of the masks.
    pub correction: Option<&'a Correction<'a>>,
    /// How the masks were drawn.
    pub sampler: Sampler,
    /// How they become weights.
    pub fitting: Fitting,
    /// The superpixels, of a method whose masks belong to no partition.
    pub partition: Option<Partition<'a>>,
}

/// The superpixels of an image.
#[derive(Clone, Copy, Debug)]
pub struct Partition<'a> {
    /// The superpixel of every pixel, row-major, from 0 to `count` - 1.
    pub labels: &'a [u16],
    /// Height and width.
    pub size: [usize; 2],
    /// How many superpixels there are.
    pub count: usize,
}

/// Evaluates a network on masks, and estimates the weight of each superpixel from its answers.
pub type Weights = Plugin<Estimate, Asking>;

/// Estimates weights from answers.
#[derive(Clone, Copy, Debug)]
pub struct Estimate {
    /// The weights with all that is known of them.
    pub explanation: fn(&Answered<'_>) -> Result<Weighted, SurrogateError>,
    /// The same weights alone, which takes less time.
    pub weights: fn(&Answered<'_>) -> Result<Vec<f64>, SurrogateError>,
}

/// Weights, and what is known of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighted {
    /// Signed weight of each superpixel.
    pub weights: Vec<f64>,
    /// Standard error of each weight, at least 0; none where it is not known.
    pub standard_errors: Vec<Option<f64>>,
    /// What the fit gives for the image without any superpixel; none of a method that fits nothing, as are the others.
    pub intercept: Option<f64>,
    /// Weighted coefficient of determination, at most 1.
    pub r2: Option<f64>,
    /// What the fit gives for the untouched image.
    pub local_prediction: Option<f64>,
}

impl<'a> From<&'a Superpixels> for Partition<'a> {
    fn from(superpixels: &'a Superpixels) -> Self {
        Self {
            labels: &superpixels.labels,
            size: superpixels.size,
            count: superpixels.count,
        }
    }
}

impl From<Explanation> for Weighted {
    fn from(explanation: Explanation) -> Self {
        Self {
            weights: explanation.weights,
            standard_errors: explanation.standard_errors,
            intercept: Some(explanation.intercept),
            r2: Some(explanation.r2),
            local_prediction: Some(explanation.local_prediction),
        }
    }
}
