//! What can go wrong between a weight file and a probability.

use std::path::PathBuf;

/// An error of this crate; every message says what was expected, what was found and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The weight file is not a safetensors file, or it is damaged.
    #[error(
        "{path}: not a readable safetensors file ({reason}); expected the format that `safetensors` writes: fetch or export the file again"
    )]
    Unreadable {
        /// The weight file.
        path: PathBuf,
        /// What the reader says.
        reason: String,
    },
    /// A tensor of the architecture is not in the file.
    #[error(
        "{path}: tensor `{tensor}` is missing; {architecture} needs it with shape {expected:?}: check `architecture` and the file"
    )]
    MissingTensor {
        /// The weight file.
        path: PathBuf,
        /// The parameter's name, as torchvision writes it.
        tensor: String,
        /// The architecture that asked.
        architecture: &'static str,
        /// The shape that it needs.
        expected: Vec<i64>,
    },
    /// The file holds tensors that the architecture does not have.
    #[error(
        "{path}: holds {count} tensors that {architecture} does not have, `{tensor}` among them: these are the weights of another architecture"
    )]
    ForeignTensor {
        /// The weight file.
        path: PathBuf,
        /// The first such tensor, in alphabetical order.
        tensor: String,
        /// How many there are.
        count: usize,
        /// The architecture that was asked for.
        architecture: &'static str,
    },
    /// A tensor has another shape than the architecture gives it.
    #[error(
        "{path}: tensor `{tensor}` has shape {found:?}; {architecture} at width {width} needs {expected:?}: check `architecture` and `width`"
    )]
    Shape {
        /// The weight file.
        path: PathBuf,
        /// The parameter's name.
        tensor: String,
        /// The architecture that asked.
        architecture: &'static str,
        /// Its width, 1 being the published one.
        width: f64,
        /// The shape that it needs.
        expected: Vec<i64>,
        /// The shape in the file.
        found: Vec<i64>,
    },
    /// A tensor is of a type that holds no weights.
    #[error("{path}: tensor `{tensor}` is of type {found}; expected F32, F16 or BF16")]
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
    /// The width leaves a layer without channels.
    #[error("width {width} is outside (0, 4]; 1 is the published network, 0.25 the shipped ones")]
    Width {
        /// The width that was asked for.
        width: f64,
    },
    /// The question does not fit the network or itself.
    #[error("{what}: expected {expected}, found {found}")]
    Question {
        /// Which part of the question.
        what: &'static str,
        /// What it should have been.
        expected: String,
        /// What it was.
        found: String,
    },
    /// The network gave a logit that is infinite or not a number.
    #[error(
        "the network gave a logit that is not finite for input {input} of {inputs}: its weights or its normalisation are wrong"
    )]
    LogitNotFinite {
        /// Which of the inputs, from 0.
        input: usize,
        /// How many there were.
        inputs: usize,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
    /// libtorch refused an operation.
    #[error("libtorch, {operation}: {source}")]
    Libtorch {
        /// What was being done.
        operation: &'static str,
        /// libtorch's own words.
        source: tch::TchError,
    },
}

/// Names the operation in which libtorch failed.
pub(crate) trait Operation<T> {
    fn during(self, operation: &'static str) -> Result<T, NetworkError>;
}

impl<T> Operation<T> for Result<T, tch::TchError> {
    fn during(self, operation: &'static str) -> Result<T, NetworkError> {
        self.map_err(|source| NetworkError::Libtorch { operation, source })
    }
}
