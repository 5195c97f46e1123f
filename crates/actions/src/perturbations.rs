//! Inputs of `perturbations`.

use methods::{Precision, Samples};
use parts::{Labels, Pixels, Read, Told};
use removal::Backdrop;
use sampling::Sampler;
use serde::Serialize;

use crate::names::Explained;
use crate::network::Network;
use crate::weights::Fit;

/// Masks and what a network answers to them.
#[derive(Debug, Serialize)]
pub struct Perturbations {
    /// Names in the row.
    pub names: Explained,
    /// What is evaluated.
    #[serde(flatten)]
    pub asked: Asked,
}

/// The masks of an explanation, and the network that evaluates them.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// The crop.
    pub pixels: Read<Pixels>,
    /// Its superpixels.
    pub labels: Read<Labels>,
    /// The explained class.
    pub target_class: Told<u32>,
    /// The network.
    pub network: Network,
    /// Probabilities are the softmax of the logits divided by this.
    pub temperature: f64,
    /// Of the whole study.
    pub seed: u64,
    /// Digest of the image's file, which random numbers come from.
    pub image_digest: String,
    /// How many masks are drawn.
    pub samples: Samples,
    /// How they are drawn.
    pub sampler: Sampler,
    /// What a removed superpixel shows.
    pub replacement: Backdrop,
    /// In which numbers the network answers.
    pub precision: Precision,
    /// The fit that decides how many masks are evaluated, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
}
