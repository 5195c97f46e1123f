//! A classifier split at its Grad-CAM layer: `features` below, `head` above.

use std::fmt;

use executor::Mode;
use tch::{Kind, Tensor};

use crate::cuda;
use crate::device::{Device, Form};
use crate::error::{NetworkError, Operation};
use crate::precision::Precision;

/// What computes a network; a plug-in, in a file of `families`.
pub(crate) trait Layers: fmt::Debug + Send {
    /// Inputs [batch, 3, height, width] to what the layer gives, and whatever else the head reads.
    fn features(&self, input: &Tensor) -> Result<Features, NetworkError>;

    /// Those to logits [batch, classes].
    fn head(&self, features: &Features) -> Result<Tensor, NetworkError>;

    /// Inputs to logits [batch, classes].
    fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError>;

    /// What the layer gives, or a gradient there, as maps [batch, channels, height, width].
    fn maps(&self, values: &Tensor) -> Result<Tensor, NetworkError> {
        Ok(values.shallow_clone())
    }

    /// The weights [classes, channels] of the output layer, where nothing but global average pooling is before it.
    fn behind_pooling(&self) -> Option<&Tensor> {
        None
    }

    /// The layer, by the name that records have.
    fn layer(&self) -> &str;

    /// How many tokens are no patches, and rows and columns of the patches that the others stand for, where it has tokens.
    fn tokens(&self) -> Option<(usize, [usize; 2])> {
        None
    }

    /// The same, to be asked for its attention; before it is prepared. `input` is one that it takes.
    fn attending(self: Box<Self>, _input: &Tensor) -> Result<Box<dyn Layers>, NetworkError> {
        Err(NetworkError::of_program())
    }

    /// Inputs to logits [batch, classes], and the attention on the way to them, [batch, heads, tokens, tokens], in order of execution.
    fn attention(&self, input: &Tensor) -> Result<(Tensor, Vec<Tensor>), NetworkError> {
        Ok((self.forward(input)?, Vec::new()))
    }

    /// What makes logits of activations, for a message.
    fn head_name(&self) -> String {
        "the head".to_owned()
    }

    /// The same split at another layer.
    fn split_at(self: Box<Self>, layer: &str) -> Result<Box<dyn Layers>, NetworkError>;

    /// The same for inference on a device and in its numbers, which need not compute other values than the layer and the logits any more.
    fn prepared(self: Box<Self>, form: Form) -> Result<Box<dyn Layers>, NetworkError>;

    /// Sets how batch norm and dropout behave.
    fn set_mode(&mut self, mode: Mode);

    /// Of which numbers the first layer's inputs are: others are converted.
    fn input_kind(&self) -> Kind {
        Kind::Float
    }
}

/// What the lower half of a network gives for a batch.
#[derive(Debug)]
pub struct Features {
    /// Inputs in the batch.
    pub(crate) batch: i64,
    /// What the layer gives: [batch, channels, height, width], or as a transformer has its tokens.
    pub activations: Tensor,
    /// What else the head reads, where ways lead around the layer.
    pub(crate) others: Vec<Tensor>,
}

impl Features {
    /// The same with other activations.
    pub(crate) fn with(&self, activations: &Tensor) -> Self {
        Self {
            batch: self.batch,
            activations: activations.shallow_clone(),
            others: self.others.iter().map(Tensor::shallow_clone).collect(),
        }
    }
}

/// A classifier with readable activations; inputs are [batch, 3, height, width], normalised, f32 or already in the
/// numbers of its first layer.
#[derive(Debug)]
pub struct Network {
    layers: Box<dyn Layers>,
    batch: usize,
    device: Device,
    classes: usize,
    /// Inputs above which a batch finds no memory.
    #[cfg(test)]
    pub(crate) room: usize,
}

/// Inputs in a batch on a CUDA GPU, whatever the network: as many as keep an H200 busy. Less where the GPU has too little memory.
const CUDA_BATCH: usize = 256;

/// Inputs in a batch on a device, of a network that gets so many on the processor.
pub(crate) fn batch_on(device: Device, on_the_processor: usize) -> usize {
    if device.is_cuda() {
        CUDA_BATCH
    } else {
        on_the_processor
    }
}

/// Whether the device has the numbers, and sets it to them.
pub(crate) fn check(form: Form) -> Result<(), NetworkError> {
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
    /// A network on a device, whose batch has so many inputs.
    pub(crate) fn of(
        layers: Box<dyn Layers>,
        device: Device,
        batch: usize,
        classes: usize,
    ) -> Self {
        Self {
            layers,
            batch,
            device,
            classes,
            #[cfg(test)]
            room: usize::MAX,
        }
    }

    /// The same network split at another of its layers; before it is prepared.
    pub fn split_at(self, layer: &str) -> Result<Self, NetworkError> {
        Ok(Self {
            layers: self.layers.split_at(layer)?,
            ..self
        })
    }

    /// Folds and lays out for inference on a device in a precision; nothing can be trained, and nothing split elsewhere, afterwards. A program has
    /// nothing to lay out.
    pub fn prepared(self, form: impl Into<Form>) -> Result<Self, NetworkError> {
        let form = form.into();
        check(form)?;
        let _guard = tch::no_grad_guard();
        Ok(Self {
            layers: self.layers.prepared(form)?,
            device: form.device,
            batch: batch_on(form.device, self.batch),
            ..self
        })
    }

    /// Sets how batch norm and dropout behave.
    pub fn set_mode(&mut self, mode: Mode) {
        self.layers.set_mode(mode);
    }

    /// What makes logits of activations, for a message.
    pub(crate) fn head_name(&self) -> String {
        self.layers.head_name()
    }

    /// The layer whose activations are read, by its name; of a program, its method that gives them.
    pub fn layer(&self) -> &str {
        self.layers.layer()
    }

    /// How many tokens of the Grad-CAM layer are no patches, and rows and columns of the patches that the others stand for; none where it has no
    /// tokens.
    pub fn tokens(&self) -> Option<(usize, [usize; 2])> {
        self.layers.tokens()
    }

    /// The same network, to be asked for its attention; before it is prepared. `input` is one that it takes.
    pub fn attending(self, input: &Tensor) -> Result<Self, NetworkError> {
        Ok(Self {
            layers: self.layers.attending(input)?,
            ..self
        })
    }

    /// Logits [batch, classes] of inputs, and the attention on the way to them, [batch, heads, tokens, tokens], in order of execution: at least one.
    pub fn attention(&self, input: &Tensor) -> Result<(Tensor, Vec<Tensor>), NetworkError> {
        #[cfg(test)]
        self.find_room(input)?;
        let (logits, maps) = self.layers.attention(input)?;
        Ok((two_sided(logits)?, maps))
    }

    /// Inputs in a batch. A constant, because the last bits of a logit depend on it.
    pub fn batch(&self) -> usize {
        self.batch
    }

    /// Of which numbers the first layer's inputs are: others are converted.
    pub(crate) fn input_kind(&self) -> Kind {
        self.layers.input_kind()
    }

    /// How many classes the network tells apart.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Where it computes.
    pub fn device(&self) -> Device {
        self.device
    }

    /// The weights [classes, channels] of the output layer, where nothing but global average pooling is between it and the Grad-CAM layer.
    pub(crate) fn behind_pooling(&self) -> Option<&Tensor> {
        self.layers.behind_pooling()
    }

    /// What the Grad-CAM layer gives, f32 in the ordinary layout, on the network's device.
    pub fn features(&self, input: &Tensor) -> Result<Features, NetworkError> {
        #[cfg(test)]
        self.find_room(input)?;
        self.layers.features(input)
    }

    /// What the Grad-CAM layer gives, or a gradient there, as maps [batch, channels, height, width].
    pub fn maps(&self, values: &Tensor) -> Result<Tensor, NetworkError> {
        self.layers.maps(values)
    }

    /// Logits [batch, classes] of what [`Self::features`] gave, on the network's device.
    pub fn head(&self, features: &Features) -> Result<Tensor, NetworkError> {
        two_sided(self.layers.head(features)?)
    }

    /// Logits [batch, classes] of inputs, on the network's device.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        #[cfg(test)]
        self.find_room(input)?;
        two_sided(self.layers.forward(input)?)
    }

    #[cfg(test)]
    fn find_room(&self, input: &Tensor) -> Result<(), NetworkError> {
        if input.size()[0] as usize <= self.room {
            return Ok(());
        }
        let source = tch::TchError::Torch("CUDA out of memory. Tried to allocate".to_owned());
        Err(source).during("a convolution")
    }
}

/// Logits of two classes in place of one, z: -z / 2 and z / 2, whose softmax is the sigmoid of z. Other logits stay as they are.
pub(crate) fn two_sided(logits: Tensor) -> Result<Tensor, NetworkError> {
    if !matches!(logits.size()[..], [_, 1]) {
        return Ok(logits);
    }
    let both = || {
        let half = logits.f_mul_scalar(0.5)?;
        Tensor::f_cat(&[half.f_neg()?, half], 1)
    };
    both().during("reading logits")
}
