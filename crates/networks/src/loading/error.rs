//! What can go wrong between a file and a network.

use std::path::PathBuf;

use super::findings::{Difference, Takes};
use super::fit::Fit;
use crate::error::NetworkError;

/// Why a file gives no network; every message says what was expected, what was found and how to fix it.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The network cannot be built or tried.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The weight file is of no known format, or it is damaged, or holds more than tensors.
    #[error("{path}: {refusal}")]
    Unreadable {
        /// The weight file.
        path: PathBuf,
        /// What is wrong, and how to fix it.
        refusal: checkpoint::Refusal,
    },
    /// The weight file is not of this architecture and width.
    #[error("{path}: {}", match .better {
        Some(other) => format!(
            "these are the weights of {0} at width {1}, but {2} at width {3} was requested: set architecture = \"{0}\" and width = {1}",
            other.architecture.name(), other.width, .fit.architecture.name(), .fit.width
        ),
        None => .fit.to_string(),
    })]
    Unfit {
        /// The weight file.
        path: PathBuf,
        /// How it fits what was asked for.
        fit: Box<Fit>,
        /// What it fits exactly, if anything.
        better: Option<Box<Fit>>,
    },
    /// A weight file has an output layer without rows.
    #[error(
        "{path}: tensor `{tensor}` has no rows; expected one for each class: save the network again"
    )]
    NoRows {
        /// The weight file.
        path: PathBuf,
        /// The weight of the output layer.
        tensor: String,
    },
    /// A file of `torch.export` cannot be used.
    #[error("{path}: {refusal}")]
    Exported {
        /// The file.
        path: PathBuf,
        /// What is wrong, and how to fix it.
        refusal: graph::pt2::Refusal,
    },
    /// An ONNX file cannot be used.
    #[error("{path}: {refusal}")]
    Onnx {
        /// The file.
        path: PathBuf,
        /// What is wrong, and how to fix it.
        refusal: graph::onnx::Refusal,
    },
    /// A network of `torch.export` or ONNX gives something else than logits.
    #[error("{path}: the network gives {found}; expected {expected}")]
    Gives {
        /// The file.
        path: PathBuf,
        /// What, in words.
        found: String,
        /// What is needed, and how to get it.
        expected: String,
    },
    /// The file is no program that libtorch can load.
    #[error("{path}: not a TorchScript program, as torch.jit.save writes it: {reason}")]
    NoProgram {
        /// The file.
        path: PathBuf,
        /// What it is, or libtorch's message, and what to do.
        reason: String,
    },
    /// A TorchScript program gives logits that are no numbers.
    #[error(
        "{path}: the program gives logits that are not finite for an input of values from -2 to 2: its weights are damaged, or were exported \
         before the training was done"
    )]
    ProgramNotFinite {
        /// The program.
        path: PathBuf,
    },
    /// A network takes other inputs than those of a study.
    #[error("{path}: the network does not take inputs of shape {input:?}: {takes}")]
    Takes {
        /// The program.
        path: PathBuf,
        /// Shape of what it was given.
        input: Vec<i64>,
        /// What it takes.
        takes: Takes,
    },
    /// Two ways to the same logits differ.
    #[error(
        "{path}: {what}, by {difference:.1e} of the largest logit; only rounding errors are allowed: export the network in evaluation mode \
         (model.eval()), with `forward` being `features` and then `head`"
    )]
    Unsteady {
        /// The program.
        path: PathBuf,
        /// Which two.
        what: Difference,
        /// Largest difference of a logit, as a share of the largest logit.
        difference: f64,
    },
    /// A tensor is of a type that holds no weights.
    #[error(
        "{path}: tensor `{tensor}` is of type {found}; expected F32, F16 or BF16: save {{name: value.float()}} of the state dict"
    )]
    Kind {
        /// The weight file.
        path: PathBuf,
        /// The parameter's name.
        tensor: String,
        /// The type in the file.
        found: String,
    },
    /// A weight is infinite or not a number.
    #[error(
        "{path}: tensor `{tensor}` holds a value that is not finite: the training diverged or the file is damaged"
    )]
    NotFinite {
        /// The weight file.
        path: PathBuf,
        /// The parameter's name.
        tensor: String,
    },
}

impl LoadError {
    /// libtorch's message, if a device has no memory left.
    pub(crate) fn memory(&self) -> Option<String> {
        match self {
            Self::Network(error) => error.memory(),
            _ => None,
        }
    }
}
