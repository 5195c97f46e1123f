//! The layers that the architectures are made of, in two states: as trained, and prepared for inference.

use tch::Tensor;

use crate::device::Form;
use crate::error::{NetworkError, Operation};
use crate::input::channels_last;
use crate::parameters::{Parameters, Role};

/// Share of the values that a dropout sets to zero.
const DROPOUT: f64 = 0.5;

/// Whether batch norm and dropout behave as in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Batch norm uses the batch's own statistics and updates its running ones; dropout drops.
    Training,
    /// Batch norm uses its running statistics; dropout does nothing.
    Inference,
}

/// The shape of a two-dimensional convolution with a square kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    pub inputs: i64,
    pub outputs: i64,
    /// Side of the kernel in pixels.
    pub kernel: i64,
    pub stride: i64,
    pub padding: i64,
}

/// A convolution; its weight is [outputs, inputs, kernel, kernel].
#[derive(Debug)]
pub(crate) struct Convolution {
    weight: Tensor,
    bias: Option<Tensor>,
    geometry: Geometry,
}

impl Convolution {
    pub(crate) fn with_bias(
        parameters: &mut dyn Parameters,
        name: &str,
        geometry: Geometry,
    ) -> Result<Self, NetworkError> {
        let bias = parameters.take(&format!("{name}.bias"), &[geometry.outputs], Role::Zeros)?;
        let without = Self::without_bias(parameters, name, geometry)?;
        Ok(Self {
            bias: Some(bias),
            ..without
        })
    }

    pub(crate) fn without_bias(
        parameters: &mut dyn Parameters,
        name: &str,
        geometry: Geometry,
    ) -> Result<Self, NetworkError> {
        let shape = [
            geometry.outputs,
            geometry.inputs,
            geometry.kernel,
            geometry.kernel,
        ];
        let weight = parameters.take(&format!("{name}.weight"), &shape, Role::Weight)?;
        Ok(Self {
            weight,
            bias: None,
            geometry,
        })
    }

    pub(crate) fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        let Geometry {
            stride, padding, ..
        } = self.geometry;
        input
            .f_conv2d(
                &self.weight,
                self.bias.as_ref(),
                [stride, stride],
                [padding, padding],
                [1, 1],
                1,
            )
            .during("a convolution")
    }

    /// The same convolution for inference; its input has to be laid out alike, and of this precision. On the processor that is oneDNN's own
    /// layout, on a GPU channels are innermost. The plain weight is let go, so that few weights are in memory twice.
    pub(crate) fn prepared(self, form: Form) -> Result<Self, NetworkError> {
        let convert = |tensor: &Tensor| {
            if !form.device.is_cpu() {
                return on_device(tensor, form);
            }
            let converted = tensor.f_to_kind(form.precision.kind());
            converted
                .and_then(|tensor| tensor.f_to_mkldnn(None))
                .during("laying out a weight")
        };
        let weight = convert(&self.weight)?;
        Ok(Self {
            weight: if form.device.is_cpu() {
                weight
            } else {
                channels_last(&weight)?
            },
            bias: self.bias.as_ref().map(convert).transpose()?,
            geometry: self.geometry,
        })
    }
}

/// Batch normalisation over [batch, channels, height, width] (Ioffe and Szegedy 2015).
#[derive(Debug)]
pub(crate) struct BatchNorm {
    weight: Tensor,
    bias: Tensor,
    running_mean: Tensor,
    running_var: Tensor,
}

impl BatchNorm {
    /// torchvision's values.
    const EPSILON: f64 = 1e-5;
    const MOMENTUM: f64 = 0.1;

    pub(crate) fn new(
        parameters: &mut dyn Parameters,
        name: &str,
        channels: i64,
    ) -> Result<Self, NetworkError> {
        let shape = [channels];
        Ok(Self {
            weight: parameters.take(&format!("{name}.weight"), &shape, Role::Ones)?,
            bias: parameters.take(&format!("{name}.bias"), &shape, Role::Zeros)?,
            running_mean: parameters.take_statistic(
                &format!("{name}.running_mean"),
                &shape,
                Role::Zeros,
            )?,
            running_var: parameters.take_statistic(
                &format!("{name}.running_var"),
                &shape,
                Role::Ones,
            )?,
        })
    }

    fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
        let (weight, bias) = (Some(&self.weight), Some(&self.bias));
        let (mean, var) = (Some(&self.running_mean), Some(&self.running_var));
        input
            .f_batch_norm(
                weight,
                bias,
                mean,
                var,
                mode == Mode::Training,
                Self::MOMENTUM,
                Self::EPSILON,
                true,
            )
            .during("batch normalisation")
    }
}

/// A convolution, followed by a batch norm where there is one, which inference folds into one convolution.
#[derive(Debug)]
pub(crate) struct NormedConvolution {
    convolution: Convolution,
    norm: Option<BatchNorm>,
}

impl NormedConvolution {
    pub(crate) fn new(
        parameters: &mut dyn Parameters,
        convolution: &str,
        norm: &str,
        geometry: Geometry,
    ) -> Result<Self, NetworkError> {
        // In this order: a norm belongs to the layer that is taken before it.
        let convolution = Convolution::without_bias(parameters, convolution, geometry)?;
        let norm = BatchNorm::new(parameters, norm, geometry.outputs)?;
        Ok(Self {
            convolution,
            norm: Some(norm),
        })
    }

    /// A convolution with a bias, and a batch norm where it has a name.
    pub(crate) fn biased(
        parameters: &mut dyn Parameters,
        convolution: &str,
        norm: Option<&str>,
        geometry: Geometry,
    ) -> Result<Self, NetworkError> {
        let norm = norm.map(|norm| BatchNorm::new(parameters, norm, geometry.outputs));
        Ok(Self {
            convolution: Convolution::with_bias(parameters, convolution, geometry)?,
            norm: norm.transpose()?,
        })
    }

    pub(crate) fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
        let output = self.convolution.forward(input)?;
        match &self.norm {
            Some(norm) => norm.forward(&output, mode),
            None => Ok(output),
        }
    }

    /// W' = W g / sqrt(var + eps), b' = beta + (b - mean) g / sqrt(var + eps), computed in f64; b is 0 where there is none.
    pub(crate) fn folded(self, form: Form) -> Result<Self, NetworkError> {
        let Some(norm) = &self.norm else {
            return Ok(Self {
                convolution: self.convolution.prepared(form)?,
                norm: None,
            });
        };
        let fold = || -> Result<(Tensor, Tensor), tch::TchError> {
            let double = |tensor: &Tensor| tensor.f_to_kind(tch::Kind::Double);
            let deviation = double(&norm.running_var)?
                .f_add_scalar(BatchNorm::EPSILON)?
                .f_sqrt()?;
            let scale = double(&norm.weight)?.f_div(&deviation)?;
            let weight = double(&self.convolution.weight)?.f_mul(&scale.f_view([-1, 1, 1, 1])?)?;
            let shift = double(&norm.running_mean)?.f_neg()?;
            let shift = match &self.convolution.bias {
                Some(bias) => shift.f_add(&double(bias)?)?,
                None => shift,
            };
            let bias = double(&norm.bias)?.f_add(&shift.f_mul(&scale)?)?;
            Ok((
                weight.f_to_kind(tch::Kind::Float)?,
                bias.f_to_kind(tch::Kind::Float)?,
            ))
        };
        let (weight, bias) = fold().during("folding a batch norm")?;
        let folded = Convolution {
            weight,
            bias: Some(bias),
            geometry: self.convolution.geometry,
        };
        Ok(Self {
            convolution: folded.prepared(form)?,
            norm: None,
        })
    }
}

/// A fully connected layer; its weight is [outputs, inputs].
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor,
    bias: Tensor,
}

impl Linear {
    pub(crate) fn new(
        parameters: &mut dyn Parameters,
        name: &str,
        [outputs, inputs]: [i64; 2],
        role: Role,
    ) -> Result<Self, NetworkError> {
        Ok(Self {
            weight: parameters.take(&format!("{name}.weight"), &[outputs, inputs], role)?,
            bias: parameters.take(&format!("{name}.bias"), &[outputs], Role::Zeros)?,
        })
    }

    /// [outputs, inputs].
    pub(crate) fn weight(&self) -> &Tensor {
        &self.weight
    }

    /// The output has the precision of the weights.
    pub(crate) fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        input
            .f_to_kind(self.weight.kind())
            .and_then(|input| input.f_linear(&self.weight, Some(&self.bias)))
            .during("a linear layer")
    }

    /// The same layer for inference.
    pub(crate) fn prepared(self, form: Form) -> Result<Self, NetworkError> {
        Ok(Self {
            weight: on_device(&self.weight, form)?,
            bias: on_device(&self.bias, form)?,
        })
    }
}

fn on_device(weight: &Tensor, form: Form) -> Result<Tensor, NetworkError> {
    weight
        .f_to_kind(form.precision.kind())
        .and_then(|weight| weight.f_to_device(form.device.tch()))
        .during("laying out a weight")
}

/// Maximum over a square window of a side, with a stride and a padding that does not count as zero.
pub(crate) fn max_pool(
    input: &Tensor,
    [kernel, stride, padding]: [i64; 3],
) -> Result<Tensor, NetworkError> {
    input
        .f_max_pool2d(
            [kernel, kernel],
            [stride, stride],
            [padding, padding],
            [1, 1],
            false,
        )
        .during("max pooling")
}

/// Mean over a grid of `side` x `side` cells, whatever the input's size.
pub(crate) fn average_pool(input: &Tensor, side: i64) -> Result<Tensor, NetworkError> {
    // The mean over single cells is what is there.
    if input.size().ends_with(&[side, side]) {
        return Ok(input.shallow_clone());
    }
    input
        .f_adaptive_avg_pool2d([side, side])
        .during("average pooling")
}

/// Max pooling of a ReLU, as the ReLU of a max pooling: the same values, and the ReLU has fewer to look at.
pub(crate) fn pooled_relu(
    input: Tensor,
    window: [i64; 3],
    mode: Mode,
) -> Result<Tensor, NetworkError> {
    let pooled = max_pool(&input, window)?;
    drop(input);
    relu(pooled, mode)
}

/// max(x, 0), in place where no gradient needs the input.
pub(crate) fn relu(mut input: Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
    match mode {
        Mode::Training => input.f_relu(),
        Mode::Inference => input.f_relu_(),
    }
    .during("a ReLU")
}

/// Half of the values set to zero and the others doubled, in training only.
pub(crate) fn dropout(input: Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
    match mode {
        Mode::Training => input.f_dropout(DROPOUT, true).during("a dropout"),
        Mode::Inference => Ok(input),
    }
}

/// [batch, channels, height, width] as [batch, channels * height * width].
pub(crate) fn flatten(input: &Tensor) -> Result<Tensor, NetworkError> {
    input.f_flatten(1, -1).during("flattening")
}
