//! `TorchScript` modules: networks of any architecture, as programs with the methods `forward`, `features` and `head`.
//!
//! Loading one means running it, with all that this process may do: only from sources that one trusts.

use std::path::{Path, PathBuf};

use tch::{CModule, Device, Kind, TchError, Tensor};

use crate::error::{NetworkError, Operation};
use crate::input::CHANNELS;

/// How far head(features(x)) may be from forward(x), as a share of the largest logit: rounding, no more.
const HALVES_TOLERANCE: f64 = 1e-4;

/// A module in inference mode.
#[derive(Debug)]
pub(crate) struct Script {
    path: PathBuf,
    module: CModule,
    classes: usize,
}

impl Script {
    /// The method whose output Grad-CAM reads.
    pub(crate) const LAYER: &'static str = "features";
    const HEAD: &'static str = "head";
    const FORWARD: &'static str = "forward";

    /// Reads the module in `bytes`, the content of `path`, and tries it on an input of [height, width].
    pub(crate) fn load(
        path: &Path,
        mut bytes: &[u8],
        [height, width]: [usize; 2],
    ) -> Result<Self, NetworkError> {
        // The same operations at every call: without, the first calls, which take profiles, differ from the later ones.
        tch::jit::f_set_profiling_mode(false)
            .and_then(|()| tch::jit::f_set_tensor_expr_fuser_enabled(false))
            .during("setting TorchScript up")?;
        let mut module =
            CModule::load_data(&mut bytes).map_err(|error| NetworkError::NoProgram {
                path: path.to_owned(),
                reason: gist(&error),
            })?;
        module.f_set_eval().during("setting TorchScript up")?;
        let mut script = Self {
            path: path.to_owned(),
            module,
            classes: 0,
        };
        let _guard = tch::no_grad_guard();
        let shape = [1, CHANNELS as i64, height as i64, width as i64];
        let input = Tensor::f_linspace(-2, 2, shape.iter().product(), (Kind::Float, Device::Cpu))
            .and_then(|values| values.f_view(shape))
            .during("making an input")?;
        script.classes = script.probe(&input)?;
        Ok(script)
    }

    /// Tries every method that is there, and gives the number of classes.
    fn probe(&self, input: &Tensor) -> Result<usize, NetworkError> {
        let logits = self.forward(input)?;
        let shape = logits.size();
        let &[1, classes] = &shape[..] else {
            return Err(self.output(Self::FORWARD, "[1, classes]".to_owned(), shape));
        };
        let activations = match self.features(input) {
            Err(NetworkError::NoMethod { .. }) => return Ok(classes as usize),
            found => found?,
        };
        let found = match self.head(&activations) {
            Err(NetworkError::NoMethod { .. }) => return Ok(classes as usize),
            found => found?,
        };
        if found.size() != shape {
            let expected = format!("{shape:?}, as `forward` gives");
            return Err(self.output(Self::HEAD, expected, found.size()));
        }
        let largest = |values: Tensor| -> Result<f64, NetworkError> {
            let largest = values.f_abs().and_then(|values| values.f_max());
            f64::try_from(&largest.during("reading logits")?).during("reading logits")
        };
        let difference =
            largest(found.f_sub(&logits).during("comparing logits")?)? / largest(logits)?;
        if difference > HALVES_TOLERANCE {
            return Err(NetworkError::Halves {
                path: self.path.clone(),
                difference,
            });
        }
        Ok(classes as usize)
    }

    pub(crate) fn classes(&self) -> usize {
        self.classes
    }

    /// Logits [batch, classes] of inputs [batch, 3, height, width].
    pub(crate) fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        self.call(Self::FORWARD, input)
    }

    /// Activations [batch, channels, h, w] of the layer that Grad-CAM reads.
    pub(crate) fn features(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        let activations = self.call(Self::LAYER, input)?;
        let shape = activations.size();
        if shape.len() == 4 {
            return Ok(activations);
        }
        let expected = "[batch, channels, height, width]".to_owned();
        Err(self.output(Self::LAYER, expected, shape))
    }

    /// Logits [batch, classes] of activations.
    pub(crate) fn head(&self, activations: &Tensor) -> Result<Tensor, NetworkError> {
        self.call(Self::HEAD, activations)
    }

    fn call(&self, method: &'static str, input: &Tensor) -> Result<Tensor, NetworkError> {
        self.module
            .method_ts(method, &[input])
            .map_err(|error| self.failure(method, input, &error))
    }

    fn failure(&self, method: &'static str, input: &Tensor, error: &TchError) -> NetworkError {
        let path = self.path.clone();
        if error
            .to_string()
            .contains(&format!("Method '{method}' is not defined"))
        {
            return NetworkError::NoMethod { path, method };
        }
        NetworkError::Method {
            path,
            method,
            input: input.size(),
            reason: gist(error),
        }
    }

    fn output(&self, method: &'static str, expected: String, found: Vec<i64>) -> NetworkError {
        NetworkError::Output {
            path: self.path.clone(),
            method,
            expected,
            found,
        }
    }
}

/// What libtorch says, without the traces of its interpreter and of C++.
fn gist(error: &TchError) -> String {
    let text = error.to_string();
    let said = text
        .lines()
        .rfind(|line| line.starts_with("RuntimeError: "))
        .or_else(|| text.lines().find(|line| !line.trim().is_empty()));
    said.unwrap_or_default()
        .trim_start_matches("RuntimeError: ")
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn load(name: &str) -> Result<Script, NetworkError> {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fixtures")
            .join(name);
        Script::load(&path, &std::fs::read(&path).unwrap(), [48, 64])
    }

    fn refusal(name: &str) -> String {
        load(name).unwrap_err().to_string()
    }

    fn input(batch: i64) -> Tensor {
        let shape = [batch, 3, 48, 64];
        Tensor::arange(shape.iter().product::<i64>(), (Kind::Float, Device::Cpu))
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
    fn a_head_that_does_not_fit_its_features_is_refused_with_both_shapes() {
        let error = refusal("script_unfit.pt");
        assert!(
            error.contains("`head`") && error.contains("[1, 32, 6, 8]"),
            "{error}"
        );
        assert!(error.contains("1x128 and 64x24"), "{error}");
    }

    #[test]
    fn weights_are_not_taken_for_a_program() {
        let error = refusal("checkpoint.pth");
        assert!(error.contains("not a TorchScript program"), "{error}");
    }
}
