//! Inputs of `curves`.

use parts::{Read, RemovalOrder};
use removal::Order;
use serde::Serialize;

use crate::scene::Scene;

/// What is left of a class's probability as superpixels go.
#[derive(Debug, Serialize)]
pub struct Curves {
    /// Names in the rows.
    pub names: Judged,
    /// What the superpixels are removed from.
    #[serde(flatten)]
    pub scene: Scene,
    /// The superpixels, the most relevant first.
    pub order: Read<RemovalOrder>,
}

/// Of a removal curve.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// Name of the image.
    pub image: String,
    /// Name of the network in pipeline.toml.
    pub network: String,
    /// Name of the partition in pipeline.toml.
    pub partition: String,
    /// Name of the method in pipeline.toml.
    pub method: String,
    /// Number of the run, from 0.
    pub run: u32,
    /// Which superpixels go first.
    pub order: Order,
    /// Name of their replacement.
    pub replacement: &'static str,
}
