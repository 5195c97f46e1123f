//! What controls look at.

use parts::{Labels, Pixels, Read, Told};
use serde::Serialize;

use crate::scene::Scene;

/// A control, and what it looks at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// An order that the seed decides.
    Random {
        /// How many superpixels there are.
        superpixels: Told<usize>,
    },
    /// The edges of the image.
    Edges {
        /// The crop.
        pixels: Read<Pixels>,
        /// Its superpixels.
        labels: Read<Labels>,
    },
    /// At each step the superpixel whose removal lowers the probability most.
    Greedy {
        /// What is searched.
        scene: Scene,
    },
    /// The order of least area.
    Oracle {
        /// What is searched.
        scene: Scene,
    },
}
