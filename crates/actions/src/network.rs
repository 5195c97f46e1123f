//! What a network's answers depend on.

use parts::File;
use serde::Serialize;

/// A network and how its inputs are normalised.
#[derive(Clone, Debug, Serialize)]
pub struct Network {
    /// The file with its weights, or with the program.
    pub weights: File,
    /// Name of the architecture, such as `alexnet`.
    pub architecture: &'static str,
    /// Multiple of the published numbers of channels.
    pub width: f64,
    /// Subtracted from red, green and blue, of values from 0 to 1.
    pub mean: [f64; 3],
    /// Red, green and blue are divided by these after that.
    pub std: [f64; 3],
    /// Version of libtorch.
    pub libtorch: &'static str,
    /// In which numbers the network computes.
    pub precision: &'static str,
}
