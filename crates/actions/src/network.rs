//! What a network's answers depend on.

use parts::File;
use serde::Serialize;

/// A network and how its inputs are normalised.
#[derive(Clone, Debug, Serialize)]
pub struct Network {
    /// The file with its weights, or with the program.
    pub weights: File,
    /// Raised when a weight file is read as other numbers than before.
    pub reading: u32,
    /// The architecture.
    pub architecture: Architecture,
    /// Which of its values are the logits, where it gives several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output: Option<String>,
    /// What computes it, where that is not the architecture's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executor: Option<Executor>,
    /// Multiple of the published numbers of channels.
    pub width: f64,
    /// Subtracted from red, green and blue, which are values from 0 to 1.
    pub mean: [f64; 3],
    /// Red, green and blue are divided by these after that.
    pub std: [f64; 3],
    /// Version of libtorch.
    pub libtorch: &'static str,
    /// In which numbers the network computes.
    pub precision: &'static str,
}

/// What computes a network, as a plug-in.
#[derive(Clone, Debug, Serialize)]
pub struct Executor {
    /// Its name.
    #[serde(rename = "plugin")]
    pub name: &'static str,
    /// The module of `networks` that holds it.
    pub module: &'static str,
}

/// An architecture, as a plug-in whose code is that of its family.
#[derive(Clone, Debug, Serialize)]
pub struct Architecture {
    /// Its name, such as `alexnet`.
    #[serde(rename = "plugin")]
    pub name: &'static str,
    /// The module that makes its graph, or that runs it where it is a program.
    pub module: &'static str,
    /// Family and size; none of a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Inputs in a batch, on which the last bits of a logit depend; none of a program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<usize>,
}
