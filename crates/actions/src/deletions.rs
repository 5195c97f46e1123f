//! Inputs of `deletions`.

use serde::Serialize;

use crate::scene::Scene;

/// What is left of a class without each superpixel alone.
#[derive(Debug, Serialize)]
pub struct Deletions {
    /// Names in the rows.
    pub names: Removed,
    /// What the superpixels are removed from.
    #[serde(flatten)]
    pub scene: Scene,
}

/// Of what is removed whatever explains it.
#[derive(Clone, Debug, Serialize)]
pub struct Removed {
    /// Name of the image.
    pub image: String,
    /// Name of the network in pipeline.toml.
    pub network: String,
    /// Name of the partition in pipeline.toml.
    pub partition: String,
    /// Name of their replacement.
    pub replacement: &'static str,
}
