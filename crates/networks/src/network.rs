//! A classifier split at its Grad-CAM layer: `features` below, `head` above.

use std::path::Path;
use std::str::FromStr;

use tch::{Device, Kind, Tensor};

use crate::alexnet::AlexNet;
use crate::error::{NetworkError, Operation};
use crate::layers::Mode;
use crate::parameters::{Parameters, WeightFile};
use crate::precision::Precision;
use crate::resnet::ResNet50;
use crate::script::{SCRIPT_BATCH, Script};

/// Every number of channels as a multiple of the published one; 1 is the published network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Width(f64);

impl Width {
    /// Accepts a width above 0 and at most 4.
    pub fn new(width: f64) -> Result<Self, NetworkError> {
        if width > 0.0 && width <= 4.0 {
            Ok(Self(width))
        } else {
            Err(NetworkError::Width { width })
        }
    }

    /// The multiple itself.
    pub fn get(self) -> f64 {
        self.0
    }

    /// `channels` at this width, rounded, at least one.
    pub(crate) fn scale(self, channels: i64) -> i64 {
        ((channels as f64 * self.0).round() as i64).max(1)
    }
}

/// A built-in architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// `AlexNet` as in torchvision.
    AlexNet,
    /// `ResNet`-50 as in torchvision.
    ResNet50,
}

impl Architecture {
    /// The name in pipeline.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::AlexNet => "alexnet",
            Self::ResNet50 => "resnet50",
        }
    }

    /// The layer whose activations Grad-CAM reads, in torchvision's naming.
    pub fn layer(self) -> &'static str {
        match self {
            Self::AlexNet => AlexNet::LAYER,
            Self::ResNet50 => ResNet50::LAYER,
        }
    }

    /// The last layer's weight, [classes, inputs].
    pub(crate) fn output(self) -> &'static str {
        match self {
            Self::AlexNet => AlexNet::OUTPUT,
            Self::ResNet50 => ResNet50::OUTPUT,
        }
    }

    /// Inputs in a batch.
    fn batch(self) -> usize {
        match self {
            Self::AlexNet => 64,
            Self::ResNet50 => 16,
        }
    }
}

impl FromStr for Architecture {
    type Err = NetworkError;

    fn from_str(name: &str) -> Result<Self, NetworkError> {
        [Self::AlexNet, Self::ResNet50]
            .into_iter()
            .find(|known| known.name() == name)
            .ok_or_else(|| NetworkError::Question {
                what: "architecture",
                expected: "alexnet or resnet50".to_owned(),
                found: name.to_owned(),
            })
    }
}

#[derive(Debug)]
enum Layers {
    AlexNet(AlexNet),
    ResNet50(ResNet50),
    Script(Script),
}

/// How the convolutions' weights lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// As the file has them; gradients can flow through every layer.
    Plain,
    /// As oneDNN wants them, for inputs of this precision; gradients flow through the head only.
    OneDnn(Precision),
}

/// A classifier with readable activations; inputs are f32 [batch, 3, height, width], normalised.
#[derive(Debug)]
pub struct Network {
    layers: Layers,
    batch: usize,
    mode: Mode,
    layout: Layout,
    classes: usize,
}

impl Network {
    /// Reads the weights from `bytes`, the content of the file `path` (`.pth` or safetensors), and prepares them for
    /// inference: batch norms folded, convolutions in oneDNN's layout. No code from the file is run.
    pub fn load(
        path: &Path,
        bytes: &[u8],
        architecture: Architecture,
        width: Width,
        precision: Precision,
    ) -> Result<Self, NetworkError> {
        let mut file = WeightFile::read(path, bytes, architecture.name(), width.get())?;
        let network = Self::new(&mut file, architecture, width)?;
        file.finish()?;
        network.prepared(precision)
    }

    /// Loads the `TorchScript` program in `bytes`, the content of the file `path`, and tries it on an input of [height, width].
    /// This runs the program: only from sources that one trusts.
    pub fn load_script(path: &Path, bytes: &[u8], input: [usize; 2]) -> Result<Self, NetworkError> {
        let script = Script::load(path, bytes, input)?;
        Ok(Self {
            classes: script.classes(),
            layers: Layers::Script(script),
            batch: SCRIPT_BATCH,
            mode: Mode::Inference,
            layout: Layout::Plain,
        })
    }

    /// A network as its parameters come, not folded: for training, and to compare with.
    pub fn new(
        parameters: &mut dyn Parameters,
        architecture: Architecture,
        width: Width,
    ) -> Result<Self, NetworkError> {
        let classes = parameters.classes(architecture.output())? as usize;
        let layers = match architecture {
            Architecture::AlexNet => Layers::AlexNet(AlexNet::new(parameters, width)?),
            Architecture::ResNet50 => Layers::ResNet50(ResNet50::new(parameters, width)?),
        };
        Ok(Self {
            layers,
            batch: architecture.batch(),
            mode: Mode::Inference,
            layout: Layout::Plain,
            classes,
        })
    }

    /// Folds and lays out for inference in a precision; nothing can be trained afterwards. A program stays as it is.
    pub fn prepared(self, precision: Precision) -> Result<Self, NetworkError> {
        let _guard = tch::no_grad_guard();
        let layers = match self.layers {
            Layers::AlexNet(alexnet) => Layers::AlexNet(alexnet.prepared(precision)?),
            Layers::ResNet50(resnet) => Layers::ResNet50(resnet.prepared(precision)?),
            Layers::Script(script) => {
                return Ok(Self {
                    layers: Layers::Script(script),
                    ..self
                });
            }
        };
        Ok(Self {
            layers,
            layout: Layout::OneDnn(precision),
            ..self
        })
    }

    /// Sets how batch norm and dropout behave.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// Inputs in a batch. A constant, because the last bits of a logit depend on it.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// How many classes the last layer tells apart.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Activations [batch, channels, h, w] of the Grad-CAM layer, f32 in the ordinary layout.
    pub fn features(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        match self.layout {
            Layout::Plain => self.convolve(input),
            Layout::OneDnn(precision) => {
                let input = input
                    .f_to_mkldnn(precision.kind())
                    .during("laying out an input")?;
                self.convolve(&input)?
                    .f_to_dense(None, false)
                    .and_then(|activations| activations.f_to_kind(Kind::Float))
                    .during("reading activations")
            }
        }
    }

    fn convolve(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        match &self.layers {
            Layers::AlexNet(alexnet) => alexnet.features(input, self.mode),
            Layers::ResNet50(resnet) => resnet.features(input, self.mode),
            Layers::Script(script) => script.features(input),
        }
    }

    /// The weights [classes, channels] of the output layer, where nothing but global average pooling is between it and the Grad-CAM layer.
    pub(crate) fn behind_pooling(&self) -> Option<&Tensor> {
        match &self.layers {
            Layers::ResNet50(resnet) => Some(resnet.output()),
            Layers::AlexNet(_) | Layers::Script(_) => None,
        }
    }

    /// Logits [batch, classes] of activations.
    pub fn head(&self, activations: &Tensor) -> Result<Tensor, NetworkError> {
        match &self.layers {
            Layers::AlexNet(alexnet) => alexnet.head(activations, self.mode),
            Layers::ResNet50(resnet) => resnet.head(activations),
            Layers::Script(script) => script.head(activations),
        }
    }

    /// Answers a batch of any size of the same random picture, [3, side, side], and forgets the answer: for measuring how long that takes.
    pub fn answer_noise(&self, batch: usize, side: usize) -> Result<(), NetworkError> {
        let side = side as i64;
        tch::no_grad(|| {
            let picture = Tensor::f_linspace(-2, 2, 3 * side * side, (Kind::Float, Device::Cpu))
                .and_then(|values| values.f_sin())
                .and_then(|values| values.f_view([1, 3, side, side]))
                .and_then(|picture| picture.f_repeat([batch as i64, 1, 1, 1]))
                .during("making an input")?;
            self.forward(&picture).map(drop)
        })
    }

    /// Logits [batch, classes] of inputs.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        match &self.layers {
            // A program may be whole and yet not tell its halves.
            Layers::Script(script) => script.forward(input),
            _ => self.head(&self.features(input)?),
        }
    }
}
