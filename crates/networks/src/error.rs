//! What can go wrong between a picture and a probability.

use std::path::PathBuf;

use crate::device::Device;

/// An error of this crate; every message says what was expected, what was found and how to fix it.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// A method of a TorchScript program is missing.
    #[error(
        "{path}: the program has no method `{method}`; Grad-CAM needs `{features}` (an input to the layer's activations) and `{head}` (activations \
         to logits): export it with both, name its own methods as `features` and `head`, or leave Grad-CAM out"
    )]
    NoMethod {
        /// The program.
        path: PathBuf,
        /// The method.
        method: String,
        /// The name of the first of both methods in the study.
        features: String,
        /// That of the second.
        head: String,
    },
    /// A TorchScript program requests a CUDA device on a machine without one.
    #[error(
        "{path}: the program requests a CUDA device by itself, but this machine has no CUDA device ({reason}): export it again from the CPU, so \
         that it runs where its input is"
    )]
    WantsCuda {
        /// The program.
        path: PathBuf,
        /// libtorch's message.
        reason: String,
    },
    /// A method of a TorchScript program gives no tensor.
    #[error(
        "{path}: the method `{method}` gives {found}, where one tensor is expected: export a module that gives the logits alone"
    )]
    NoTensor {
        /// The program.
        path: PathBuf,
        /// The method.
        method: String,
        /// What it gives, in words.
        found: String,
    },
    /// A method of a TorchScript program failed.
    #[error("{path}: the method `{method}` fails on an input of shape {input:?}: {reason}")]
    Method {
        /// The program.
        path: PathBuf,
        /// The method.
        method: String,
        /// Shape of what it was given.
        input: Vec<i64>,
        /// libtorch's message.
        reason: String,
    },
    /// A method of a TorchScript program gives something of another shape than is needed.
    #[error("{path}: the method `{method}` gives {found}; expected {expected}")]
    Output {
        /// The program.
        path: PathBuf,
        /// The method.
        method: String,
        /// The shape that is needed, in words.
        expected: String,
        /// The shape that it gives, and the type where that is not f32.
        found: String,
    },
    /// Logits have no gradient with respect to the activations that they are made of.
    #[error(
        "{head} gives logits without a gradient, as after torch.no_grad, detach, a rounding or a conversion to integers; Grad-CAM needs one: \
         export it without these, or leave Grad-CAM out"
    )]
    NoGradient {
        /// What makes logits of activations, for a message.
        head: String,
    },
    /// The network has no such layer.
    #[error(
        "the network has no layer `{layer}`; the nearest are {}: `pipeline layers` lists all of them",
        nearest.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    )]
    NoLayer {
        /// The name that was asked for.
        layer: String,
        /// The names most like it.
        nearest: Vec<String>,
    },
    /// No value of a network holds positions of a picture.
    #[error(
        "the network has no layer that a CAM can read, with maps or a token for each patch: leave out the methods that read a layer"
    )]
    NoUsualLayer,
    /// A network has no attention from every token to every other.
    #[error(
        "the network has no attention from every token to every other: {found}; limit the method to networks with attention by `networks = [...]`"
    )]
    NoAttention {
        /// What it has instead.
        found: String,
    },
    /// A layer holds no positions of a picture.
    #[error(
        "the layer `{layer}` gives values of shape {shape:?}, which are neither maps nor tokens for the patches: `pipeline layers` lists the \
         layers that a CAM can read"
    )]
    NoMap {
        /// Its name.
        layer: String,
        /// The shape of what it gives.
        shape: Vec<i64>,
    },
    /// A graph cannot be computed.
    #[error(transparent)]
    Graph(#[from] executor::Error),
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
        "the network gave a logit that is not finite for input {input} of {inputs}: its weights or its normalisation are wrong, or it cannot take \
         an image of one colour"
    )]
    LogitNotFinite {
        /// Which of the inputs, from 0.
        input: usize,
        /// How many there were.
        inputs: usize,
    },
    /// A requested device is not available.
    #[error("device = \"{wanted}\" was requested, but {found}: {remedy}")]
    Device {
        /// The device.
        wanted: String,
        /// What is there.
        found: String,
        /// How to fix it.
        remedy: &'static str,
    },
    /// Numbers that the device does not have.
    #[error(
        "precision = \"tf32\" needs a CUDA GPU, but the network runs on {device}: set precision = \"fp32\" in [compute], or device = \"cuda\""
    )]
    Tf32 {
        /// The device.
        device: Device,
    },
    /// libtorch multiplies in TF32 or not, and cannot be told.
    #[error(
        "this libtorch has no switch for TF32, so fp32 on a GPU might use TF32: build with the libtorch that scripts/libtorch.sh fetches, or set \
         device = \"cpu\" in [compute]"
    )]
    NoSwitch,
    /// There is too little memory for a batch.
    #[error(
        "there is too little memory for {inputs} inputs at once ({reason}): stop other programs that use the device, set device = \"cpu\" in \
         [compute], or cut smaller crops"
    )]
    Memory {
        /// Inputs of the batch.
        inputs: usize,
        /// libtorch's message.
        reason: String,
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

impl NetworkError {
    /// A program's attention was asked for.
    pub fn of_program() -> Self {
        Self::NoAttention {
            found: "the inside of a TorchScript program cannot be read; export the network with torch.export (scripts/export_pt2.py)".to_owned(),
        }
    }

    /// libtorch's message, if a device has no memory left.
    pub(crate) fn memory(&self) -> Option<String> {
        let said = match self {
            Self::Libtorch { source, .. }
            | Self::Graph(executor::Error::Operator { source, .. }) => source.to_string(),
            Self::Method { reason, .. } => reason.clone(),
            _ => return None,
        };
        memory_line(&said).map(str::to_owned)
    }
}

/// The line of libtorch's message that says that a device has no memory left, if there is one.
pub(crate) fn memory_line(said: &str) -> Option<&str> {
    let absent = [
        "out of memory",
        "can't allocate memory",
        "not enough memory",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "CUDNN_STATUS_ALLOC_FAILED",
    ];
    said.lines()
        .rfind(|line| absent.iter().any(|text| line.contains(text)))
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
