//! Inputs of `saliency`.

use parts::{Pixels, Read, Told};
use serde::Serialize;

use crate::names::Mapped;
use crate::network::Network;

/// A map of relevance at a layer's own size.
#[derive(Debug, Serialize)]
pub struct Saliency {
    /// Names in the row.
    pub names: Mapped,
    /// What the map is made from.
    #[serde(flatten)]
    pub cam: Cam,
}

/// What a map is made from.
#[derive(Debug, Serialize)]
pub struct Cam {
    /// What makes it.
    pub method: &'static methods::Map,
    /// How.
    pub mapping: methods::Mapping,
    /// Where its random numbers come from, of a method that draws any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draws: Option<Draws>,
    /// The crop.
    pub pixels: Read<Pixels>,
    /// The explained class.
    pub target_class: Told<u32>,
    /// The network.
    pub network: Network,
    /// The layer whose activations are read; of a program, its method that gives them. None where the network's own structure tells, and for a method
    /// that reads no layer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
    /// A program's method that takes the activations to the logits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head: Option<String>,
}

/// Where the random numbers of a map come from.
#[derive(Clone, Debug, Serialize)]
pub struct Draws {
    /// Of the whole study.
    pub seed: u64,
    /// Digest of the image's file.
    pub image_digest: String,
    /// Name of the method.
    pub method: String,
    /// Number of the run, from 0.
    pub run: u32,
}
