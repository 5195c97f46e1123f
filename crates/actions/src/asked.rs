//! Masks that a network evaluates.

use methods::{Hides, Precision, Samples};
use parts::{Labels, Pixels, Read, Told};
use sampling::Sampler;
use serde::Serialize;
use statistics::{Measured, Reading};

use crate::network::Network;

/// The masks of an explanation, and the network that evaluates them.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// The crop.
    pub pixels: Read<Pixels>,
    /// Its superpixels, where masks hide these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<Read<Labels>>,
    /// The explained class.
    pub target_class: Told<u32>,
    /// The network.
    pub network: Network,
    /// How logits become probabilities.
    pub reading: Reading,
    /// What is measured of the explained class.
    pub measured: Measured,
    /// Of the whole study.
    pub seed: u64,
    /// Digest of the image's file, which random numbers come from.
    pub image_digest: String,
    /// How many masks are drawn.
    pub samples: Samples,
    /// How they are drawn.
    pub sampler: Sampler,
    /// What masks hide.
    pub hides: Hides,
    /// In which numbers the network answers.
    pub precision: Precision,
}

impl Asked {
    /// Whether a fit decides how many masks are evaluated.
    pub fn decided_by_fits(&self) -> bool {
        self.samples.is_open() || self.precision == Precision::Mixed
    }
}
