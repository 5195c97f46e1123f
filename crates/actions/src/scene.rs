//! A crop from which superpixels are removed.

use parts::{Labels, Pixels, Read, Told};
use removal::Replacement;
use serde::Serialize;
use statistics::Reading;

use crate::network::Network;

/// A crop from which superpixels are removed, and the network that is evaluated then.
#[derive(Debug, Serialize)]
pub struct Scene {
    /// The crop.
    pub pixels: Read<Pixels>,
    /// Its superpixels.
    pub labels: Read<Labels>,
    /// The class that is watched.
    pub target_class: Told<u32>,
    /// The network.
    pub network: Network,
    /// How logits become probabilities.
    pub reading: Reading,
    /// The replacement of removed superpixels.
    pub replacement: Replacement,
    /// The noise of a replacement that has any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
}

/// The noise of `noisy_linear`.
#[derive(Clone, Debug, Serialize)]
pub struct Noise {
    /// Standard deviation, of values from 0 to 1.
    pub deviation: f64,
    /// Of the whole study.
    pub seed: u64,
    /// Digest of the image's file.
    pub image_digest: String,
    /// Name of the partition.
    pub partition: String,
}
