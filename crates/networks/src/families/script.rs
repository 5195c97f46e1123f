//! `TorchScript` modules: networks of any architecture, as programs with the methods `forward`, `features` and `head`.

use std::path::{Path, PathBuf};

use executor::Mode;
use tch::{CModule, IValue, Kind, TchError, Tensor};

use crate::device::{Device, Form};
use crate::error::{NetworkError, Operation, memory_line};
use crate::network::{Features, Layers};

/// Of this file, by which keys know it.
#[cfg(test)]
pub(super) const MODULE: &str = module_path!();

/// Inputs in a batch of a program on the processor, whose cost is not known.
pub(crate) const BATCH: usize = 16;

/// Names of the methods that Grad-CAM needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Methods {
    /// From an input to the activations of the layer.
    pub features: String,
    /// From activations to logits.
    pub head: String,
}

impl Default for Methods {
    fn default() -> Self {
        Self {
            features: "features".to_owned(),
            head: "head".to_owned(),
        }
    }
}

/// A module in inference mode.
#[derive(Debug)]
pub(crate) struct Script {
    path: PathBuf,
    module: CModule,
    methods: Methods,
    device: Device,
}

impl Script {
    pub(crate) const FORWARD: &'static str = "forward";

    /// Loads the module in `bytes`, the content of `path`, on a device and in inference mode.
    pub(crate) fn new(
        path: &Path,
        mut bytes: &[u8],
        methods: &Methods,
        device: Device,
    ) -> Result<Self, TchError> {
        // The same operations at every call: without, the first calls, which take profiles, differ from the later ones.
        tch::jit::f_set_profiling_mode(false)?;
        tch::jit::f_set_tensor_expr_fuser_enabled(false)?;
        let mut module = CModule::load_data_on_device(&mut bytes, device.tch())?;
        module.f_set_eval()?;
        Ok(Self {
            path: path.to_owned(),
            module,
            methods: methods.clone(),
            device,
        })
    }

    /// Logits [batch, classes] that a method gives, of which one may lack its axis.
    pub(crate) fn logits(&self, method: &str, input: &Tensor) -> Result<Tensor, NetworkError> {
        let logits = self.for_each(method, input, self.call(method, input)?)?;
        if is_number(&logits) {
            let logits = logits.f_to_kind(Kind::Float).during("reading logits")?;
            return match logits.dim() {
                1 => logits.f_unsqueeze(1).during("reading logits"),
                _ => Ok(logits),
            };
        }
        let expected = "logits that are numbers, [batch, classes]".to_owned();
        Err(self.output(method, expected, &logits))
    }

    /// An output that has something for each input: a traced program may have been fixed to the batch it was traced with.
    fn for_each(
        &self,
        method: &str,
        input: &Tensor,
        output: Tensor,
    ) -> Result<Tensor, NetworkError> {
        let batch = input.size()[0];
        if output.size().first() == Some(&batch) {
            return Ok(output);
        }
        Err(self.output(
            method,
            format!("[{batch}, ...], one for each input"),
            &output,
        ))
    }

    /// What a method gives for a copy of an input, which it may change.
    fn call(&self, method: &str, input: &Tensor) -> Result<Tensor, NetworkError> {
        let copy = input.f_to_device_(self.device.tch(), input.kind(), false, true);
        let given = [IValue::Tensor(copy.during("laying out an input")?)];
        let found = match self.module.method_is(method, &given) {
            Ok(IValue::Tensor(output)) if output.defined() => return Ok(output),
            Ok(other) => kind_of(&other),
            Err(error) => return Err(self.failure(method, input, &error)),
        };
        Err(NetworkError::NoTensor {
            path: self.path.clone(),
            method: method.to_owned(),
            found,
        })
    }

    fn failure(&self, method: &str, input: &Tensor, error: &TchError) -> NetworkError {
        let path = self.path.clone();
        let said = error.to_string();
        if said.contains(&format!("Method '{method}' is not defined")) {
            return NetworkError::NoMethod {
                path,
                method: method.to_owned(),
                features: self.methods.features.clone(),
                head: self.methods.head.clone(),
            };
        }
        let reason = memory_line(&said).map_or_else(|| gist(error), str::to_owned);
        if wants_cuda(&said) {
            return NetworkError::WantsCuda { path, reason };
        }
        NetworkError::Method {
            path,
            method: method.to_owned(),
            input: input.size(),
            reason,
        }
    }

    /// The error of a method that gives something else than is needed.
    pub(crate) fn output(&self, method: &str, expected: String, found: &Tensor) -> NetworkError {
        NetworkError::Output {
            path: self.path.clone(),
            method: method.to_owned(),
            expected,
            found: match found.f_kind() {
                Ok(Kind::Float) | Err(_) => format!("shape {:?}", found.size()),
                Ok(kind) => format!("shape {:?} of the type {kind:?}", found.size()),
            },
        }
    }
}

impl Layers for Script {
    fn features(&self, input: &Tensor) -> Result<Features, NetworkError> {
        let method = &self.methods.features;
        let activations = self.call(method, input)?;
        if activations.dim() != 4 || !activations.is_floating_point() {
            let expected = "floats [batch, channels, height, width], as x.dequantize() gives of a quantised layer".to_owned();
            return Err(self.output(method, expected, &activations));
        }
        Ok(Features {
            batch: input.size()[0],
            activations: self.for_each(method, input, activations)?,
            others: Vec::new(),
        })
    }

    fn head(&self, features: &Features) -> Result<Tensor, NetworkError> {
        self.logits(&self.methods.head, &features.activations)
    }

    fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        self.logits(Self::FORWARD, input)
    }

    fn layer(&self) -> &str {
        &self.methods.features
    }

    fn split_at(self: Box<Self>, layer: &str) -> Result<Box<dyn Layers>, NetworkError> {
        let methods = Methods {
            features: layer.to_owned(),
            ..self.methods.clone()
        };
        Ok(Box::new(Self { methods, ..*self }))
    }

    fn prepared(self: Box<Self>, _: Form) -> Result<Box<dyn Layers>, NetworkError> {
        Ok(self)
    }

    /// A program is in inference mode from the start.
    fn set_mode(&mut self, _: Mode) {}

    fn head_name(&self) -> String {
        let path = self.path.display();
        format!("{path}: the method `{}`", self.methods.head)
    }
}

/// Whether a tensor has values that are numbers, one by one.
fn is_number(tensor: &Tensor) -> bool {
    use Kind::{BFloat16, Bool, Double, Float, Half, Int, Int8, Int16, Int64, Uint8};

    let plain = !tensor.is_sparse() && !tensor.is_mkldnn();
    plain
        && matches!(
            tensor.f_kind(),
            Ok(BFloat16 | Bool | Double | Float | Half | Int | Int8 | Int16 | Int64 | Uint8)
        )
}

/// Whether libtorch's message says that a program requests a CUDA device on a machine without one.
fn wants_cuda(said: &str) -> bool {
    let absent = [
        "'CUDA' backend",
        "Cannot initialize CUDA",
        "not compiled with CUDA",
        "not linked with support for cuda",
        "No CUDA GPUs are available",
        "Found no NVIDIA driver",
    ];
    absent.iter().any(|text| said.contains(text))
}

/// What a method gave in place of a tensor, in words.
fn kind_of(value: &IValue) -> String {
    match value {
        IValue::Tuple(values) => format!("a tuple of {}", values.len()),
        IValue::TensorList(values) => format!("a list of {}", values.len()),
        IValue::GenericList(values) => format!("a list of {}", values.len()),
        IValue::GenericDict(entries) => {
            let keys = entries.iter().map(|(key, _)| match key {
                IValue::String(key) => format!("`{key}`"),
                _ => "a number".to_owned(),
            });
            let keys: Vec<String> = keys.collect();
            format!("a dictionary with {}", keys.join(", "))
        }
        IValue::None => "nothing".to_owned(),
        IValue::Tensor(_) => "an undefined tensor".to_owned(),
        _ => "something else".to_owned(),
    }
}

/// How tch begins libtorch's messages.
const TORCH: &str = "Internal torch error: ";
/// How libtorch begins the line that says what went wrong.
const ERROR: &str = "RuntimeError: ";

/// libtorch's message in one line, without the traces of its interpreter and of C++.
pub(crate) fn gist(error: &TchError) -> String {
    let text = error.to_string();
    let text = text.trim_start_matches(TORCH);
    let line = |line: &str| {
        let line = line.trim().trim_start_matches("builtins.");
        line.trim_start_matches(ERROR).to_owned()
    };
    let said = text
        .lines()
        .rfind(|line| line.trim_start_matches("builtins.").starts_with(ERROR))
        .or_else(|| text.lines().find(|line| !line.trim().is_empty()));
    let said = said.map_or_else(|| "libtorch gives no reason".to_owned(), line);
    said.replace(char::is_control, "\u{fffd}")
}
