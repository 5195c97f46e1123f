//! A classifier split at its Grad-CAM layer: `features` below, `head` above.

use std::path::Path;
use std::time::Instant;

use architectures::{Architecture, Family};
use imaging::Rgb;
use tch::{Kind, Tensor};

use crate::alexnet::AlexNet;
use crate::cuda;
use crate::device::{Device, Form};
use crate::error::{NetworkError, Operation};
use crate::input::{self, CHANNELS, Normalisation, channels_last};
use crate::layers::Mode;
use crate::parameters::{Parameters, WeightFile};
use crate::precision::Precision;
use crate::resnet::ResNet;
use crate::script::{Doubt, Methods, Script};
use crate::vgg::Vgg;

/// Every number of channels as a multiple of the published one; 1 is the published network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Width(f64);

impl Width {
    /// That of the published networks.
    pub const PUBLISHED: Self = Self(1.0);

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

/// The last layer's weight, [classes, inputs].
pub(crate) fn output(family: Family) -> &'static str {
    match family {
        Family::AlexNet => AlexNet::OUTPUT,
        Family::Vgg(_) => Vgg::OUTPUT,
        Family::ResNet(_) => ResNet::OUTPUT,
    }
}

#[derive(Debug)]
enum Layers {
    AlexNet(AlexNet),
    Vgg(Vgg),
    ResNet(ResNet),
    Script(Script),
}

/// How the convolutions' weights lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// As the file has them; gradients can flow through every layer.
    Plain,
    /// As the device's convolutions want them, for inputs of this precision; gradients flow through the head only.
    Prepared(Form),
}

/// A classifier with readable activations; inputs are [batch, 3, height, width], normalised, f32 or already in the
/// numbers of its first layer.
#[derive(Debug)]
pub struct Network {
    layers: Layers,
    /// Of the layers at which it can be split.
    names: &'static [&'static str],
    batch: usize,
    mode: Mode,
    layout: Layout,
    device: Device,
    classes: usize,
    /// Inputs above which a batch finds no memory.
    #[cfg(test)]
    pub(crate) room: usize,
}

/// Inputs in a batch on a CUDA GPU, whatever the network: as many as keep an H200 busy. Less where the GPU has too little memory.
pub(crate) const CUDA_BATCH: usize = 256;

/// Whether the device has the numbers, and sets it to them.
fn check(form: Form) -> Result<(), NetworkError> {
    let Form { device, precision } = form;
    let tf32 = precision == Precision::Tf32;
    if !device.is_cuda() {
        return if tf32 {
            Err(NetworkError::Tf32 { device })
        } else {
            Ok(())
        };
    }
    if cuda::allow_tf32(tf32) {
        Ok(())
    } else {
        Err(NetworkError::NoSwitch)
    }
}

impl Network {
    /// Reads the weights from `bytes`, the content of the file `path` (`.pth` or safetensors), and prepares them for
    /// inference: batch norms folded, and on the processor convolutions in oneDNN's layout. No code from the file is run.
    pub fn load(
        path: &Path,
        bytes: &[u8],
        architecture: Architecture,
        width: Width,
        form: impl Into<Form>,
    ) -> Result<Self, NetworkError> {
        let mut file = WeightFile::read(path, bytes, architecture, width)?;
        Self::new(&mut file, architecture, width)?.prepared(form)
    }

    /// Loads the `TorchScript` program in `bytes`, the content of the file `path`, and tries it on an input of [height, width].
    /// This runs the program: only from sources that one trusts.
    pub fn load_script(
        path: &Path,
        bytes: &[u8],
        input: [usize; 2],
        methods: &Methods,
        form: impl Into<Form>,
    ) -> Result<Self, NetworkError> {
        let form = form.into();
        check(form)?;
        let script = Script::load(path, bytes, input, methods, form.device)?;
        Ok(Self {
            device: form.device,
            classes: script.classes(),
            names: &[],
            batch: script.batch(),
            layers: Layers::Script(script),
            mode: Mode::Inference,
            layout: Layout::Plain,
            #[cfg(test)]
            room: usize::MAX,
        })
    }

    /// A network as its parameters come, not folded: for training, and to compare with.
    pub fn new(
        parameters: &mut dyn Parameters,
        architecture: Architecture,
        width: Width,
    ) -> Result<Self, NetworkError> {
        let family = architecture.family();
        let classes = parameters.classes(output(family))? as usize;
        let layers = match family {
            Family::AlexNet => Layers::AlexNet(AlexNet::new(parameters, width)?),
            Family::Vgg(size) => Layers::Vgg(Vgg::new(parameters, size, width)?),
            Family::ResNet(size) => Layers::ResNet(ResNet::new(parameters, size, width)?),
        };
        Ok(Self {
            layers,
            names: architecture.layers(),
            device: Device::CPU,
            batch: architecture.batch(),
            mode: Mode::Inference,
            layout: Layout::Plain,
            #[cfg(test)]
            room: usize::MAX,
            classes,
        })
    }

    /// The same network split at another of its layers.
    pub fn split_at(self, layer: &str) -> Result<Self, NetworkError> {
        let place = self.names.iter().position(|name| *name == layer);
        let pooled = match place {
            Some(place) => place > 0,
            None => {
                return Err(NetworkError::Question {
                    what: "the layer",
                    expected: self.names.join(" or "),
                    found: layer.to_owned(),
                });
            }
        };
        let layers = match self.layers {
            Layers::AlexNet(alexnet) => Layers::AlexNet(alexnet.split(pooled)),
            Layers::Vgg(vgg) => Layers::Vgg(vgg.split(pooled)),
            layers => layers,
        };
        Ok(Self { layers, ..self })
    }

    /// Folds and lays out for inference on a device in a precision; nothing can be trained afterwards. A program stays as it is.
    pub fn prepared(self, form: impl Into<Form>) -> Result<Self, NetworkError> {
        let form = form.into();
        check(form)?;
        let _guard = tch::no_grad_guard();
        let layers = match self.layers {
            Layers::AlexNet(alexnet) => Layers::AlexNet(alexnet.prepared(form)?),
            Layers::Vgg(vgg) => Layers::Vgg(vgg.prepared(form)?),
            Layers::ResNet(resnet) => Layers::ResNet(resnet.prepared(form)?),
            Layers::Script(script) => {
                return Ok(Self {
                    layers: Layers::Script(script),
                    ..self
                });
            }
        };
        let batch = if form.device.is_cuda() {
            CUDA_BATCH
        } else {
            self.batch
        };
        Ok(Self {
            layers,
            layout: Layout::Prepared(form),
            device: form.device,
            batch,
            ..self
        })
    }

    /// Reasons to doubt that its outputs are logits of any picture; none for a built-in architecture.
    pub fn doubts(&self) -> &[Doubt] {
        match &self.layers {
            Layers::Script(script) => script.doubts(),
            _ => &[],
        }
    }

    /// What makes logits of activations, for a message.
    pub(crate) fn head_name(&self) -> String {
        match &self.layers {
            Layers::Script(script) => script.head_name(),
            _ => "the head".to_owned(),
        }
    }

    /// Sets how batch norm and dropout behave.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// Inputs in a batch. A constant, because the last bits of a logit depend on it.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Of which numbers the first layer's inputs are: others are converted.
    pub(crate) fn input_kind(&self) -> Kind {
        match self.layout {
            Layout::Plain => Kind::Float,
            Layout::Prepared(form) => form.precision.kind(),
        }
    }

    /// How many classes the last layer tells apart.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Activations [batch, channels, h, w] of the Grad-CAM layer, f32 in the ordinary layout, on the network's device.
    pub fn features(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        self.laid_out(input, |input| match &self.layers {
            Layers::AlexNet(alexnet) => alexnet.features(input, self.mode),
            Layers::Vgg(vgg) => vgg.features(input, self.mode),
            Layers::ResNet(resnet) => resnet.features(input, self.mode),
            Layers::Script(script) => script.features(&input),
        })
    }

    /// Convolves an input in the layout and precision of the weights, and gives the activations in f32 and the ordinary layout.
    fn laid_out(
        &self,
        input: &Tensor,
        convolve: impl FnOnce(Tensor) -> Result<Tensor, NetworkError>,
    ) -> Result<Tensor, NetworkError> {
        #[cfg(test)]
        if input.size()[0] as usize > self.room {
            let source = tch::TchError::Torch("CUDA out of memory. Tried to allocate".to_owned());
            return Err(source).during("a convolution");
        }
        match self.layout {
            Layout::Plain => convolve(input.shallow_clone()),
            Layout::Prepared(form) if form.device.is_cpu() => {
                let input = input
                    .f_to_mkldnn(form.precision.kind())
                    .during("laying out an input")?;
                convolve(input)?
                    .f_to_dense(None, false)
                    .and_then(|activations| activations.f_to_kind(Kind::Float))
                    .during("reading activations")
            }
            Layout::Prepared(form) => {
                let input = input
                    .f_to_device(form.device.tch())
                    .and_then(|input| input.f_to_kind(form.precision.kind()))
                    .during("laying out an input")?;
                // Gradients through a pooling of the other layout may add up in any order.
                convolve(channels_last(&input)?)?
                    .f_contiguous()
                    .and_then(|activations| activations.f_to_kind(Kind::Float))
                    .during("reading activations")
            }
        }
    }

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The weights [classes, channels] of the output layer, where nothing but global average pooling is between it and the Grad-CAM layer.
    pub(crate) fn behind_pooling(&self) -> Option<&Tensor> {
        match &self.layers {
            Layers::ResNet(resnet) => Some(resnet.output()),
            Layers::AlexNet(_) | Layers::Vgg(_) | Layers::Script(_) => None,
        }
    }

    /// Logits [batch, classes] of activations, on the network's device.
    pub fn head(&self, activations: &Tensor) -> Result<Tensor, NetworkError> {
        match &self.layers {
            Layers::AlexNet(alexnet) => alexnet.head(activations, self.mode),
            Layers::Vgg(vgg) => vgg.head(activations, self.mode),
            Layers::ResNet(resnet) => resnet.head(activations),
            Layers::Script(script) => script.head(activations),
        }
    }

    /// The predicted class of each crop and its softmax probability. A classifier answers each crop in a batch of its own, which is slow; the
    /// last bits may differ from its.
    pub fn predict(
        &self,
        crops: &[Rgb],
        normalisation: &Normalisation,
    ) -> Result<Vec<(usize, f32)>, NetworkError> {
        let mut predicted = Vec::new();
        for crops in crops.chunks(self.batch) {
            let size = [crops[0].height(), crops[0].width()];
            let mut planes = vec![0.0; CHANNELS * size[0] * size[1] * crops.len()];
            for (planes, crop) in planes.chunks_exact_mut(crops[0].pixels().len()).zip(crops) {
                normalisation.planes(crop.pixels(), planes);
            }
            let logits = tch::no_grad(|| self.forward(&input::tensor(&planes, size)?))?;
            predicted.extend(input::predictions(&logits)?);
        }
        Ok(predicted)
    }

    /// Pictures [3, side, side] that it answers in a second, in batches of any size: answers for some seconds, after a batch that does not count.
    pub fn images_a_second(
        &self,
        batch: usize,
        side: usize,
        seconds: f64,
    ) -> Result<f64, NetworkError> {
        self.answer_noise(batch, side)?;
        let start = Instant::now();
        let mut batches = 0;
        while batches == 0 || start.elapsed().as_secs_f64() < seconds {
            self.answer_noise(batch, side)?;
            batches += 1;
        }
        Ok((batches * batch) as f64 / start.elapsed().as_secs_f64())
    }

    /// Answers a batch of the same random picture, and forgets the answer.
    fn answer_noise(&self, batch: usize, side: usize) -> Result<(), NetworkError> {
        let side = side as i64;
        tch::no_grad(|| {
            let picture =
                Tensor::f_linspace(-2, 2, 3 * side * side, (Kind::Float, tch::Device::Cpu))
                    .and_then(|values| values.f_sin())
                    .and_then(|values| values.f_view([1, 3, side, side]))
                    .and_then(|picture| picture.f_to_kind(self.input_kind()))
                    .and_then(|picture| picture.f_repeat([batch as i64, 1, 1, 1]))
                    .during("making an input")?;
            self.forward(&picture).map(drop)
        })
    }

    /// Logits [batch, classes] of inputs, on the network's device.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        match &self.layers {
            // A program may be whole and yet not tell its halves.
            Layers::Script(script) => script.forward(input),
            Layers::ResNet(_) => self.head(&self.features(input)?),
            // The last pooling is much faster in the layout of the convolutions.
            Layers::AlexNet(alexnet) => {
                let pooled = self.laid_out(input, |input| alexnet.pooled(input, self.mode))?;
                alexnet.classify(&pooled, self.mode)
            }
            Layers::Vgg(vgg) => {
                let pooled = self.laid_out(input, |input| vgg.pooled(input, self.mode))?;
                vgg.classify(&pooled, self.mode)
            }
        }
    }
}
