//! Names in rows.

use serde::Serialize;

/// Of what is about an image.
#[derive(Clone, Debug, Serialize)]
pub struct Image {
    /// Name of the image.
    pub image: String,
}

/// Of what is about an image and a partition.
#[derive(Clone, Debug, Serialize)]
pub struct Partitioned {
    /// Name of the image.
    pub image: String,
    /// Name of the partition in pipeline.toml.
    pub partition: String,
}

/// Of what is about an image in a network.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// Name of the image.
    pub image: String,
    /// Name of the network in pipeline.toml.
    pub network: String,
}

/// Of a map, which needs no partition.
#[derive(Clone, Debug, Serialize)]
pub struct Mapped {
    /// Name of the image.
    pub image: String,
    /// Name of the network in pipeline.toml.
    pub network: String,
    /// Name of the method in pipeline.toml.
    pub method: String,
    /// Number of the run, from 0.
    pub run: u32,
}

/// Of answers to masks.
#[derive(Clone, Debug, Serialize)]
pub struct Answered {
    /// Name of the image.
    pub image: String,
    /// Name of the network in pipeline.toml.
    pub network: String,
    /// Name of the partition in pipeline.toml; none of masks that belong to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Name of the method in pipeline.toml.
    pub method: String,
    /// Number of the run, from 0.
    pub run: u32,
}

/// Of an explanation.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
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
    /// How far down from the output the network's layers are random, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub depth: Option<u32>,
    /// What removed pixels become while the method searches, by its name, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replacement: Option<&'static str>,
}
