//! `ResNet` (He et al. 2016) in torchvision's form: the stride sits in the first 3x3 convolution of a block.

use architectures::ResNet as Size;
use tch::Tensor;

use crate::device::Form;
use crate::error::{NetworkError, Operation};
use crate::layers::{
    Geometry, Linear, Mode, NormedConvolution, average_pool, flatten, pooled_relu, relu,
};
use crate::network::Layers;
use crate::parameters::{Parameters, Role};
use crate::width::Width;

/// Of this file, by which keys know it.
#[cfg(test)]
pub(super) const MODULE: &str = module_path!();

/// Channels of a block's 3x3 convolutions in each stage, at width 1.
const PLANES: [i64; 4] = [64, 128, 256, 512];
/// A bottleneck gives this many times its planes.
const EXPANSION: i64 = 4;

/// A `ResNet`, split after `layer4` (7x7 at an input of 224x224).
#[derive(Debug)]
pub(super) struct ResNet {
    stem: NormedConvolution,
    layers: [Vec<Block>; 4],
    fc: Linear,
}

impl ResNet {
    /// The last layer's weight, [classes, inputs].
    pub(super) const OUTPUT: &'static str = "fc.weight";

    pub(super) fn new(
        parameters: &mut dyn Parameters,
        size: Size,
        width: Width,
    ) -> Result<Self, NetworkError> {
        let classes = parameters.classes(Self::OUTPUT)?;
        let planes = PLANES.map(|planes| width.scale(planes));
        let stem = Geometry {
            inputs: 3,
            outputs: planes[0],
            kernel: 7,
            stride: 2,
            padding: 3,
        };
        let stem = NormedConvolution::new(parameters, "conv1", "bn1", stem)?;
        let mut inputs = planes[0];
        let mut layers = [const { Vec::new() }; 4];
        for (stage, blocks) in layers.iter_mut().enumerate() {
            for place in 0..size.blocks[stage] {
                let stride = if stage > 0 && place == 0 { 2 } else { 1 };
                let name = format!("layer{}.{place}", stage + 1);
                let shape = Shape {
                    inputs,
                    planes: planes[stage],
                    stride,
                };
                let block = if size.bottlenecks {
                    Block::bottleneck(parameters, &name, shape)?
                } else {
                    Block::basic(parameters, &name, shape)?
                };
                blocks.push(block);
                inputs = planes[stage] * if size.bottlenecks { EXPANSION } else { 1 };
            }
        }
        let fc = Linear::new(parameters, "fc", [classes, inputs], Role::OutputWeight)?;
        Ok(Self { stem, layers, fc })
    }
}

impl Layers for ResNet {
    fn features(&self, input: Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
        // One name, assigned again and again, so that what a layer read is let go before the next one computes.
        let mut x = input;
        x = pooled_relu(self.stem.forward(&x, mode)?, [3, 2, 1], mode)?;
        for block in self.layers.iter().flatten() {
            x = block.forward(&x, mode)?;
        }
        Ok(x)
    }

    fn classify(&self, activations: &Tensor, _: Mode) -> Result<Tensor, NetworkError> {
        self.fc.forward(&flatten(&average_pool(activations, 1)?)?)
    }

    fn behind_pooling(&self) -> Option<&Tensor> {
        Some(self.fc.weight())
    }

    fn prepared(self: Box<Self>, form: Form) -> Result<Box<dyn Layers>, NetworkError> {
        let mut layers = [const { Vec::new() }; 4];
        for (prepared, blocks) in layers.iter_mut().zip(self.layers) {
            *prepared = blocks
                .into_iter()
                .map(|block| block.prepared(form))
                .collect::<Result<_, _>>()?;
        }
        Ok(Box::new(Self {
            stem: self.stem.folded(form)?,
            layers,
            fc: self.fc.prepared(form.in_fp32())?,
        }))
    }
}

/// What a block does to a shape.
#[derive(Clone, Copy, Debug)]
struct Shape {
    inputs: i64,
    /// Channels of its 3x3 convolutions.
    planes: i64,
    stride: i64,
}

/// Convolutions beside a shortcut, with a ReLU after each but the last, and after the sum.
#[derive(Debug)]
struct Block {
    convolutions: Vec<NormedConvolution>,
    downsample: Option<NormedConvolution>,
}

impl Block {
    /// Two 3x3 convolutions.
    fn basic(
        parameters: &mut dyn Parameters,
        name: &str,
        Shape {
            inputs,
            planes,
            stride,
        }: Shape,
    ) -> Result<Self, NetworkError> {
        let sizes = [[inputs, planes, 3, stride], [planes, planes, 3, 1]];
        Self::new(parameters, name, &sizes, [inputs, planes, stride])
    }

    /// 1x1, 3x3 and 1x1 convolutions.
    fn bottleneck(
        parameters: &mut dyn Parameters,
        name: &str,
        Shape {
            inputs,
            planes,
            stride,
        }: Shape,
    ) -> Result<Self, NetworkError> {
        let outputs = planes * EXPANSION;
        let sizes = [
            [inputs, planes, 1, 1],
            [planes, planes, 3, stride],
            [planes, outputs, 1, 1],
        ];
        Self::new(parameters, name, &sizes, [inputs, outputs, stride])
    }

    /// Convolutions of [inputs, outputs, kernel, stride], and a shortcut of [inputs, outputs, stride].
    fn new(
        parameters: &mut dyn Parameters,
        name: &str,
        sizes: &[[i64; 4]],
        [inputs, outputs, stride]: [i64; 3],
    ) -> Result<Self, NetworkError> {
        let mut normed =
            |convolution: &str, norm: &str, [inputs, outputs, kernel, stride]: [i64; 4]| {
                let geometry = Geometry {
                    inputs,
                    outputs,
                    kernel,
                    stride,
                    padding: kernel / 2,
                };
                NormedConvolution::new(
                    parameters,
                    &format!("{name}.{convolution}"),
                    &format!("{name}.{norm}"),
                    geometry,
                )
            };
        let convolutions = (1..)
            .zip(sizes)
            .map(|(place, &size)| normed(&format!("conv{place}"), &format!("bn{place}"), size))
            .collect::<Result<_, _>>()?;
        let reshapes = stride != 1 || inputs != outputs;
        Ok(Self {
            convolutions,
            downsample: reshapes
                .then(|| normed("downsample.0", "downsample.1", [inputs, outputs, 1, stride]))
                .transpose()?,
        })
    }

    fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
        let mut x = input.shallow_clone();
        for (place, convolution) in self.convolutions.iter().enumerate() {
            if place > 0 {
                x = relu(x, mode)?;
            }
            x = convolution.forward(&x, mode)?;
        }
        let shortcut = match &self.downsample {
            Some(downsample) => &downsample.forward(input, mode)?,
            None => input,
        };
        let sum = match mode {
            Mode::Training => x.f_add(shortcut),
            Mode::Inference => x.f_add_(shortcut),
        };
        relu(sum.during("adding a shortcut")?, mode)
    }

    fn prepared(self, form: Form) -> Result<Self, NetworkError> {
        let folded = |convolution: NormedConvolution| convolution.folded(form);
        Ok(Self {
            convolutions: self
                .convolutions
                .into_iter()
                .map(folded)
                .collect::<Result<_, _>>()?,
            downsample: self.downsample.map(folded).transpose()?,
        })
    }
}
