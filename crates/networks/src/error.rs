//! What can go wrong between a weight file and a probability.

use std::path::PathBuf;

use crate::device::Device;
use crate::fit::Fit;
use crate::script::{Difference, Methods, Takes};

/// An error of this crate; every message says what was expected, what was found and how to mend it.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
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
            "these are the weights of {0} at width {1}, and {2} at width {3} was asked for: set architecture = \"{0}\" and width = {1}",
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
    /// A weight file has an output layer of one row, or of none.
    #[error(
        "{path}: tensor `{tensor}` has {rows} rows, one for each class, and at least 2 are needed: the softmax of one logit is 1 whatever is shown. If it is the logit z of \"yes\" against \"no\", put a row of zeros before it, in the bias too (torch.cat([torch.zeros_like(w), w])): the logits [0, z] have the same probabilities"
    )]
    OneRow {
        /// The weight file.
        path: PathBuf,
        /// The weight of the output layer.
        tensor: &'static str,
        /// How many rows it has.
        rows: i64,
    },
    /// The file is no program that libtorch can load.
    #[error("{path}: not a TorchScript program, as torch.jit.save writes it: {reason}")]
    NoProgram {
        /// The file.
        path: PathBuf,
        /// What it is, or what libtorch says, and what to do.
        reason: String,
    },
    /// A method of a TorchScript program is missing.
    #[error(
        "{path}: the program has no method `{method}`; Grad-CAM needs `{features}` (an input to the layer's activations) and `{head}` (activations to logits): export it with both, name those that it has as `features` and `head`, or leave Grad-CAM out", features = .methods.features, head = .methods.head
    )]
    NoMethod {
        /// The program.
        path: PathBuf,
        /// The method.
        method: String,
        /// The names of both methods in the study.
        methods: Methods,
    },
    /// A TorchScript program names a CUDA device, and there is none.
    #[error(
        "{path}: the program asks for a CUDA device by itself, and there is none here ({reason}): export it again from the CPU, so that it runs where its input is"
    )]
    WantsCuda {
        /// The program.
        path: PathBuf,
        /// What libtorch says.
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
    /// A TorchScript program gives logits that are no numbers.
    #[error(
        "{path}: the program gives logits that are not finite for an input of values from -2 to 2: its weights are damaged, or were exported before the training was done"
    )]
    ProgramNotFinite {
        /// The program.
        path: PathBuf,
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
        /// What libtorch says.
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
    /// A `TorchScript` program takes other inputs than those of a study.
    #[error("{path}: the program does not take inputs of shape {input:?}: {takes}")]
    Takes {
        /// The program.
        path: PathBuf,
        /// Shape of what it was given.
        input: Vec<i64>,
        /// What it takes.
        takes: Takes,
    },
    /// A `TorchScript` program gives one number for each input.
    #[error(
        "{path}: the program gives one number for each input, and at least 2 are needed, one for each class: the softmax of one logit is 1 whatever is shown. If it is the logit z of \"yes\" against \"no\", export a module that gives [0, z], torch.stack([torch.zeros_like(z), z], 1), which has the same probabilities; if it is a probability p, [log(1 - p), log(p)]"
    )]
    OneOutput {
        /// The program.
        path: PathBuf,
    },
    /// Logits have no gradient with respect to the activations that they are made of.
    #[error(
        "{head} gives logits without a gradient, as after torch.no_grad, detach, a rounding or a conversion to integers; Grad-CAM needs one: export it without these, or leave Grad-CAM out"
    )]
    NoGradient {
        /// What makes logits of activations, for a message.
        head: String,
    },
    /// Two ways to the same logits differ.
    #[error(
        "{path}: {what}, by {difference:.1e} of the largest logit; expected rounding alone: export the network in evaluation mode (model.eval()), with `forward` being `features` and then `head`"
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
        "the network gave a logit that is not finite for input {input} of {inputs}: its weights or its normalisation are wrong, or it cannot take a picture of one colour"
    )]
    LogitNotFinite {
        /// Which of the inputs, from 0.
        input: usize,
        /// How many there were.
        inputs: usize,
    },
    /// A device that was asked for is not there.
    #[error("device = \"{wanted}\" was asked for, and {found}: {mend}")]
    Device {
        /// The device.
        wanted: String,
        /// What is there.
        found: String,
        /// How to mend it.
        mend: &'static str,
    },
    /// Numbers that the device does not have.
    #[error(
        "precision = \"tf32\" needs a CUDA GPU, and the network is to run on {device}: set precision = \"fp32\" in [compute], or device = \"cuda\""
    )]
    Tf32 {
        /// The device.
        device: Device,
    },
    /// libtorch multiplies in TF32 or not, and cannot be told.
    #[error(
        "this libtorch has no switch for TF32, so that fp32 on a GPU might not be that: build with the libtorch that scripts/libtorch.sh fetches, or set device = \"cpu\" in [compute]"
    )]
    NoSwitch,
    /// There is too little memory for a batch.
    #[error(
        "there is too little memory for {inputs} inputs at once ({reason}): end what else uses the device, set device = \"cpu\" in [compute], or cut smaller crops"
    )]
    Memory {
        /// Inputs of the batch.
        inputs: usize,
        /// What libtorch says.
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
    /// What libtorch says, where it is that a device has no memory left.
    pub(crate) fn memory(&self) -> Option<String> {
        let said = match self {
            Self::Libtorch { source, .. } => source.to_string(),
            Self::Method { reason, .. } => reason.clone(),
            _ => return None,
        };
        memory_line(&said).map(str::to_owned)
    }
}

/// The line in what libtorch says that tells that a device has no memory left, if one does.
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
