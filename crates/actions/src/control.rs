//! What controls look at.

use parts::{Labels, Pixels, Read, Told};
use serde::Serialize;
use statistics::Measured;

use crate::scene::Scene;

/// A control, and what it looks at.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Control {
    /// An order that the seed decides.
    Drawn {
        /// What draws it.
        method: &'static methods::Drawn,
        /// How many superpixels there are.
        superpixels: Told<usize>,
    },
    /// An order by the image.
    Seen {
        /// What looks at it.
        method: &'static methods::Seen,
        /// The crop.
        pixels: Read<Pixels>,
        /// Its superpixels.
        labels: Read<Labels>,
    },
    /// An order by the network's answers.
    Searched {
        /// What evaluates it.
        method: &'static methods::Searched,
        /// What is searched.
        scene: Box<Scene>,
        /// The quantity of the explained class that the search minimises.
        measured: Measured,
    },
}
