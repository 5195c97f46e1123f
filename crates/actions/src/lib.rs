//! The inputs of every kind of action: all that its rows may depend on, besides its code.
//!
//! An action is a function of its inputs and of the rows that they name. Its key is the digest of the inputs, of its code and of the shape of its
//! tables, so a value that decides rows and is not in the key cannot be written down. `study::plan` makes the inputs, the crates of the stages
//! hold the functions.

mod agreement;
mod asked;
mod comparisons;
mod control;
mod crops;
mod curves;
mod deletions;
mod logits;
mod names;
mod network;
mod perturbations;
mod relevances;
mod saliency;
mod sanity;
mod scene;
mod scores;
mod segments;
mod targets;
mod weights;

pub use agreement::Agreement;
pub use asked::Asked;
pub use comparisons::{Compared, Comparisons};
pub use control::Control;
pub use crops::Crops;
pub use curves::{Curves, Judged};
pub use deletions::{Deletions, Removed};
pub use logits::Logits;
pub use names::{Answered, Explained, Image, Mapped, Partitioned, Seen};
pub use network::{Architecture, Executor, Network};
pub use perturbations::Perturbations;
pub use relevances::{Maker, Random, Relevances};
pub use saliency::{Cam, Draws, Saliency};
pub use sanity::{Cascade, Sanity};
pub use scene::{Noise, Scene};
pub use scores::{Scores, TooFine};
pub use segments::{Cut, Geometry, Given, Segments};
pub use targets::{ClassNames, Rule, Targets};
pub use weights::{Fit, Weights};
