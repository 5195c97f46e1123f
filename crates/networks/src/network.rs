//! A classifier split at its Grad-CAM layer: `features` below, `head` above.

use std::fmt;

use tch::{Kind, Tensor};

use crate::cuda;
use crate::device::{Device, Form};
use crate::error::{NetworkError, Operation};
use crate::layers::Mode;
use crate::precision::Precision;

/// What a family of architectures computes; a plug-in, in a file of `families`.
pub(crate) trait Layers: fmt::Debug + Send {
    /// Inputs [batch, 3, height, width] to the activations [batch, channels, h, w] of the last convolutional layer.
    fn features(&self, input: Tensor, mode: Mode) -> Result<Tensor, NetworkError>;

    /// Those activations behind the last pooling, where there is one that Grad-CAM can read too.
    fn pool(&self, activations: Tensor) -> Result<Tensor, NetworkError> {
        Ok(activations)
    }

    /// What the last pooling gives to logits [batch, classes].
    fn classify(&self, pooled: &Tensor, mode: Mode) -> Result<Tensor, NetworkError>;

    /// Inputs to logits, of a program, which may be whole and yet not tell its halves.
    fn forward(&self, _input: &Tensor) -> Option<Result<Tensor, NetworkError>> {
        None
    }

    /// The same laid out for inference, batch norms folded. The output layer stays in fp32: a logit of bf16 has 8 bits.
    fn prepared(self: Box<Self>, form: Form) -> Result<Box<dyn Layers>, NetworkError>;

    /// The weights [classes, channels] of the output layer, where nothing but global average pooling is before it.
    fn behind_pooling(&self) -> Option<&Tensor> {
        None
    }

    /// What makes logits of activations, for a message.
    fn head_name(&self) -> String {
        "the head".to_owned()
    }
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
    layers: Box<dyn Layers>,
    /// Of the layers at which it can be split.
    names: &'static [&'static str],
    /// Whether it is split after its last pooling.
    pooled: bool,
    batch: usize,
    mode: Mode,
    layout: Layout,
    device: Device,
    classes: usize,
    /// Inputs above which a batch finds no memory.
    #[cfg(test)]
    pub(crate) room: usize,
}

/// Whether the device has the numbers, and sets it to them.
pub(crate) fn check(form: Form) -> Result<(), NetworkError> {
    let Form { device, precision } = form;
    let tf32 = precision == Precision::Tf32;
    if !matches!(device.tch(), tch::Device::Cuda(_)) {
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
    /// A network of such layers, not laid out for inference, whose batch has so many inputs; it can be split at the layers `names`.
    pub(crate) fn of(
        layers: Box<dyn Layers>,
        names: &'static [&'static str],
        batch: usize,
        classes: usize,
    ) -> Self {
        Self {
            layers,
            names,
            pooled: false,
            batch,
            mode: Mode::Inference,
            layout: Layout::Plain,
            device: Device::CPU,
            classes,
            #[cfg(test)]
            room: usize::MAX,
        }
    }

    /// The same on a device, with layers that need not be laid out for it.
    pub(crate) fn on(self, device: Device) -> Self {
        Self { device, ..self }
    }

    /// The same network split at another of its layers.
    pub fn split_at(self, layer: &str) -> Result<Self, NetworkError> {
        match self.names.iter().position(|name| *name == layer) {
            Some(place) => Ok(Self {
                pooled: place > 0,
                ..self
            }),
            None => Err(NetworkError::Question {
                what: "the layer",
                expected: self.names.join(" or "),
                found: layer.to_owned(),
            }),
        }
    }

    /// Folds and lays out for inference on a device in a precision; nothing can be trained afterwards. A program has nothing to lay out.
    pub fn prepared(self, form: impl Into<Form>) -> Result<Self, NetworkError> {
        let form = form.into();
        check(form)?;
        let _guard = tch::no_grad_guard();
        Ok(Self {
            layers: self.layers.prepared(form)?,
            layout: Layout::Prepared(form),
            device: form.device,
            ..self
        })
    }

    /// What makes logits of activations, for a message.
    pub(crate) fn head_name(&self) -> String {
        self.layers.head_name()
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
        self.laid_out(input, |input| {
            let activations = self.layers.features(input, self.mode)?;
            if self.pooled {
                self.layers.pool(activations)
            } else {
                Ok(activations)
            }
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
                convolve(input)?
                    .f_to_kind(Kind::Float)
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
        self.layers.behind_pooling()
    }

    /// Logits [batch, classes] of activations, on the network's device.
    pub fn head(&self, activations: &Tensor) -> Result<Tensor, NetworkError> {
        if self.pooled {
            return self.layers.classify(activations, self.mode);
        }
        let pooled = self.layers.pool(activations.shallow_clone())?;
        self.layers.classify(&pooled, self.mode)
    }

    /// Logits [batch, classes] of inputs, on the network's device.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        if let Some(logits) = self.layers.forward(input) {
            return logits;
        }
        // The last pooling is much faster in the layout of the convolutions.
        let pooled = self.laid_out(input, |input| {
            self.layers.pool(self.layers.features(input, self.mode)?)
        })?;
        self.layers.classify(&pooled, self.mode)
    }
}
