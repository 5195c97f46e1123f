//! `TorchScript` modules: networks of any architecture, as programs with the methods `forward`, `features` and `head`.
//!
//! Loading one means running it, with all that this process may do: only from sources that one trusts.

use std::path::{Path, PathBuf};

use tch::{CModule, IValue, Kind, TchError, Tensor};

use crate::device::Device;
use crate::error::{NetworkError, Operation, memory_line};
use crate::input::CHANNELS;

/// Inputs in a batch of a program, whose cost is not known.
const SCRIPT_BATCH: usize = 16;
/// How far two ways to the same logits may be apart, as a share of the largest: rounding, no more.
const TOLERANCE: f64 = 1e-4;

/// Two ways to the same logits that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The same input twice.
    Repeat,
    /// An input alone and in a batch.
    Batch,
    /// The halves, one after the other, and the whole.
    Halves,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Repeat => "forward(x) differs from the forward(x) before",
            Self::Batch => "forward(x) of an input in a batch differs from that of the input alone",
            Self::Halves => "head(features(x)) differs from forward(x)",
        })
    }
}

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
    batch: usize,
    classes: usize,
}

impl Script {
    const FORWARD: &'static str = "forward";

    /// Reads the module in `bytes`, the content of `path`, and tries it on an input of [height, width].
    pub(crate) fn load(
        path: &Path,
        mut bytes: &[u8],
        [height, width]: [usize; 2],
        methods: &Methods,
        device: Device,
    ) -> Result<Self, NetworkError> {
        // The same operations at every call: without, the first calls, which take profiles, differ from the later ones.
        tch::jit::f_set_profiling_mode(false)
            .and_then(|()| tch::jit::f_set_tensor_expr_fuser_enabled(false))
            .during("setting TorchScript up")?;
        let mut module =
            CModule::load_data_on_device(&mut bytes, device.tch()).map_err(|error| {
                NetworkError::NoProgram {
                    path: path.to_owned(),
                    reason: gist(&error),
                }
            })?;
        module.f_set_eval().during("setting TorchScript up")?;
        let mut script = Self {
            path: path.to_owned(),
            module,
            methods: methods.clone(),
            device,
            batch: SCRIPT_BATCH,
            classes: 0,
        };
        let _guard = tch::no_grad_guard();
        loop {
            match script.probe(height as i64, width as i64) {
                Err(error) if error.memory().is_some() && script.batch > 1 => script.batch /= 2,
                classes => {
                    script.classes = classes?;
                    return Ok(script);
                }
            }
        }
    }

    /// Inputs in a batch: as many as found memory.
    pub(crate) fn batch(&self) -> usize {
        self.batch
    }

    /// Tries every method that is there on an input alone and on a batch with that input first, and gives the number of classes.
    fn probe(&self, height: i64, width: i64) -> Result<usize, NetworkError> {
        let shape = [1, CHANNELS as i64, height, width];
        let alone = Tensor::f_linspace(
            -2,
            2,
            shape.iter().product(),
            (Kind::Float, tch::Device::Cpu),
        )
        .and_then(|values| values.f_view(shape))
        .during("making an input")?;
        let batch = alone
            .f_constant_pad_nd([0, 0, 0, 0, 0, 0, 0, self.batch as i64 - 1])
            .during("making an input")?;
        let logits = self.forward(&batch)?;
        self.check_finite(&logits)?;
        let classes = match logits.size()[..] {
            [_, classes] if classes > 0 => classes,
            _ => return Err(self.output(Self::FORWARD, "[batch, classes]".to_owned(), &logits)),
        };
        self.compare(&self.forward(&batch)?, &logits, Difference::Repeat)?;
        let first = logits.f_narrow(0, 0, 1).during("reading logits")?;
        self.compare(&self.forward(&alone)?, &first, Difference::Batch)?;
        match self
            .features(&batch)
            .and_then(|activations| self.head(&activations))
        {
            Err(NetworkError::NoMethod { .. }) => {}
            found => self.compare(&found?, &logits, Difference::Halves)?,
        }
        Ok(classes as usize)
    }

    /// Two ways to the same logits have to give the same, but for rounding.
    fn compare(
        &self,
        found: &Tensor,
        expected: &Tensor,
        what: Difference,
    ) -> Result<(), NetworkError> {
        if found.size() != expected.size() {
            let expected = format!("{:?}, as `forward` gives", expected.size());
            let method = match what {
                Difference::Repeat | Difference::Batch => Self::FORWARD,
                Difference::Halves => &self.methods.head,
            };
            return Err(self.output(method, expected, found));
        }
        let largest = |values: &Tensor| {
            let largest = values.f_abs().and_then(|values| values.f_max());
            largest.and_then(|largest| f64::try_from(&largest))
        };
        let apart = found.f_sub(expected).during("comparing logits")?;
        let apart = largest(&apart).during("comparing logits")?;
        let scale = largest(expected).during("comparing logits")?;
        // Not a number is neither within the tolerance nor outside it.
        if apart <= TOLERANCE * scale {
            return Ok(());
        }
        Err(NetworkError::Unsteady {
            path: self.path.clone(),
            difference: apart / scale,
            what,
        })
    }

    pub(crate) fn classes(&self) -> usize {
        self.classes
    }

    /// Logits [batch, classes] of inputs [batch, 3, height, width].
    pub(crate) fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        let logits = self.call(Self::FORWARD, input)?;
        // A program may give back a part of its input, which is written anew before the logits are read.
        let logits = logits.f_alias_copy().during("reading logits")?;
        self.for_each(Self::FORWARD, input, logits)
    }

    /// Activations [batch, channels, h, w] of the layer that Grad-CAM reads.
    pub(crate) fn features(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        let activations = self.call(&self.methods.features, input)?;
        if activations.dim() != 4 || !activations.is_floating_point() {
            let expected = "floats [batch, channels, height, width]".to_owned();
            return Err(self.output(&self.methods.features, expected, &activations));
        }
        self.for_each(&self.methods.features, input, activations)
    }

    /// Logits [batch, classes] of activations.
    pub(crate) fn head(&self, activations: &Tensor) -> Result<Tensor, NetworkError> {
        let logits = self.call(&self.methods.head, activations)?;
        self.for_each(&self.methods.head, activations, logits)
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

    fn check_finite(&self, logits: &Tensor) -> Result<(), NetworkError> {
        let finite = logits.f_isfinite().and_then(|finite| finite.f_all());
        let finite = finite.and_then(|finite| bool::try_from(&finite));
        if finite.during("checking logits")? {
            return Ok(());
        }
        Err(NetworkError::ProgramNotFinite {
            path: self.path.clone(),
        })
    }

    fn call(&self, method: &str, input: &Tensor) -> Result<Tensor, NetworkError> {
        let given = input
            .f_to_device(self.device.tch())
            .during("laying out an input")?;
        let given = [IValue::Tensor(given)];
        match self.module.method_is(method, &given) {
            Ok(IValue::Tensor(output)) => Ok(output),
            Ok(other) => Err(NetworkError::NoTensor {
                path: self.path.clone(),
                method: method.to_owned(),
                found: kind_of(&other),
            }),
            Err(error) => Err(self.failure(method, input, &error)),
        }
    }

    fn failure(&self, method: &str, input: &Tensor, error: &TchError) -> NetworkError {
        let path = self.path.clone();
        let said = error.to_string();
        if said.contains(&format!("Method '{method}' is not defined")) {
            return NetworkError::NoMethod {
                path,
                method: method.to_owned(),
                methods: self.methods.clone(),
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

    fn output(&self, method: &str, expected: String, found: &Tensor) -> NetworkError {
        NetworkError::Output {
            path: self.path.clone(),
            method: method.to_owned(),
            expected,
            found: found.size(),
        }
    }
}

/// Whether libtorch says that a program names a CUDA device where there is none.
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
fn kind_of(value: &IValue) -> &'static str {
    match value {
        IValue::Tuple(_) => "a tuple",
        IValue::TensorList(_) | IValue::GenericList(_) => "a list",
        IValue::GenericDict(_) => "a dictionary",
        IValue::None => "nothing",
        _ => "something else",
    }
}

/// How libtorch begins the line that says what went wrong.
const ERROR: &str = "RuntimeError: ";

/// What libtorch says, without the traces of its interpreter and of C++.
fn gist(error: &TchError) -> String {
    let text = error.to_string();
    let said = text
        .lines()
        .rfind(|line| line.trim_start_matches("builtins.").starts_with(ERROR))
        .or_else(|| text.lines().find(|line| !line.trim().is_empty()));
    said.unwrap_or_default()
        .trim_start_matches("builtins.")
        .trim_start_matches(ERROR)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn load(name: &str) -> Result<Script, NetworkError> {
        load_with(name, &Methods::default())
    }

    fn load_with(name: &str, methods: &Methods) -> Result<Script, NetworkError> {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fixtures")
            .join(name);
        Script::load(
            &path,
            &std::fs::read(&path).unwrap(),
            [48, 64],
            methods,
            Device::CPU,
        )
    }

    fn refusal(name: &str) -> String {
        load(name).unwrap_err().to_string()
    }

    fn input(batch: i64) -> Tensor {
        let shape = [batch, 3, 48, 64];
        Tensor::arange(
            shape.iter().product::<i64>(),
            (Kind::Float, tch::Device::Cpu),
        )
        .sin()
        .view(shape)
    }

    #[test]
    fn the_halves_are_the_whole_and_every_call_gives_the_same() {
        let script = load("script.pt").unwrap();
        assert_eq!(script.classes(), 7);
        let _guard = tch::no_grad_guard();
        let logits = script.forward(&input(2)).unwrap();
        for _ in 0..4 {
            let again = script.head(&script.features(&input(2)).unwrap()).unwrap();
            assert!(again.equal(&logits));
        }
    }

    #[test]
    fn without_features_it_answers_but_has_no_layer() {
        let script = load("script_forward_only.pt").unwrap();
        assert_eq!(script.forward(&input(1)).unwrap().size(), [1, 7]);
        let error = script.features(&input(1)).unwrap_err().to_string();
        assert!(
            error.contains("`features`") && error.contains("Grad-CAM"),
            "{error}"
        );
    }

    #[test]
    fn the_batch_is_halved_until_there_is_memory_for_it() {
        // It says that it is out of memory for more than 4 inputs.
        assert_eq!(load("script_memory.pt").unwrap().batch(), 4);
    }

    #[test]
    fn the_methods_may_have_other_names() {
        let methods = Methods {
            features: "embed".to_owned(),
            head: "classify".to_owned(),
        };
        let script = load_with("script_names.pt", &methods).unwrap();
        let _guard = tch::no_grad_guard();
        let logits = script.forward(&input(2)).unwrap();
        let again = script.head(&script.features(&input(2)).unwrap()).unwrap();
        assert!(again.equal(&logits));
        let error = load("script_names.pt").unwrap().features(&input(1));
        let error = error.unwrap_err().to_string();
        assert!(error.contains("no method `features`"), "{error}");
    }

    #[test]
    fn a_program_that_asks_for_cuda_by_itself_is_refused_where_there_is_none() {
        if tch::Cuda::is_available() {
            return;
        }
        let error = refusal("script_cuda.pt");
        assert!(
            error.contains("asks for a CUDA device") && error.contains("export"),
            "{error}"
        );
    }

    #[test]
    fn a_program_that_gives_a_tuple_is_refused_by_the_method_and_what_it_gives() {
        let error = refusal("script_tuple.pt");
        assert!(
            error.contains("`forward` gives a tuple") && error.contains("one tensor"),
            "{error}"
        );
    }

    #[test]
    fn a_program_whose_logits_are_no_numbers_is_refused() {
        let error = refusal("script_nan.pt");
        assert!(error.contains("not finite"), "{error}");
    }

    #[test]
    fn a_head_that_does_not_fit_its_features_is_refused_with_both_shapes() {
        let error = refusal("script_unfit.pt");
        assert!(
            error.contains("`head`") && error.contains("[16, 32, 6, 8]"),
            "{error}"
        );
        assert!(error.contains("16x128 and 64x24"), "{error}");
    }

    #[test]
    fn weights_are_not_taken_for_a_program() {
        let error = refusal("checkpoint.pth");
        assert!(error.contains("not a TorchScript program"), "{error}");
    }
}
