//! Trains the shipped networks on drawn scenes.
//!
//! [`pool`] draws the scenes, [`augmentation`] makes batches of them, [`variables`] lets a network's parameters be
//! trained, [`fit`] is the loop, and [`held_out`] measures what came out, as the pipeline would see it.

pub mod augmentation;
pub mod fit;
pub mod held_out;
pub mod pool;
pub mod variables;

use std::path::PathBuf;

/// What can go wrong in training.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A file could not be read or written.
    #[error("{path}: {source}: check the folder's permissions and the free space")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A network failed.
    #[error(transparent)]
    Network(#[from] networks::NetworkError),
    /// libtorch refused an operation of the optimiser.
    #[error("libtorch: {0}")]
    Libtorch(#[from] tch::TchError),
    /// The loss is not a number any more.
    #[error("the loss is not finite at step {step}: start again with a lower --learning-rate")]
    Diverged {
        /// The optimiser's step.
        step: usize,
    },
}

/// Names the file of an input or output error.
pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> TrainError {
    let path = path.into();
    |source| TrainError::File { path, source }
}
