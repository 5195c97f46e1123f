//! `ResNet`-50 (He et al. 2016), in torchvision's form: the stride sits in a bottleneck's 3x3 convolution.

use tch::Tensor;

use crate::error::{NetworkError, Operation};
use crate::layers::{
    Geometry, Linear, Mode, NormedConvolution, average_pool, flatten, max_pool, relu,
};
use crate::network::Width;
use crate::parameters::{Parameters, Role};
use crate::precision::Precision;

/// Bottlenecks in each of the four stages.
const RESNET50_BLOCKS: [usize; 4] = [3, 4, 6, 3];
/// Channels of a bottleneck's 3x3 convolution in each stage, at width 1.
const RESNET50_PLANES: [i64; 4] = [64, 128, 256, 512];
/// A bottleneck gives this many times its planes.
const EXPANSION: i64 = 4;

/// `ResNet`-50, split after `layer4` (7x7 at an input of 224x224).
#[derive(Debug)]
pub(crate) struct ResNet50 {
    stem: NormedConvolution,
    layers: [Vec<Bottleneck>; 4],
    fc: Linear,
}

impl ResNet50 {
    /// The layer after which the network is split, in torchvision's naming.
    pub(crate) const LAYER: &'static str = "layer4";
    /// The last layer's weight, [classes, inputs].
    pub(crate) const OUTPUT: &'static str = "fc.weight";

    pub(crate) fn new(parameters: &mut dyn Parameters, width: Width) -> Result<Self, NetworkError> {
        let classes = parameters.classes(Self::OUTPUT)?;
        let planes = RESNET50_PLANES.map(|planes| width.scale(planes));
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
            for block in 0..RESNET50_BLOCKS[stage] {
                let stride = if stage > 0 && block == 0 { 2 } else { 1 };
                let name = format!("layer{}.{block}", stage + 1);
                blocks.push(Bottleneck::new(
                    parameters,
                    &name,
                    inputs,
                    planes[stage],
                    stride,
                )?);
                inputs = planes[stage] * EXPANSION;
            }
        }
        let fc = Linear::new(parameters, "fc", [classes, inputs], Role::OutputWeight)?;
        Ok(Self { stem, layers, fc })
    }

    /// [batch, 3, height, width] to the activations [batch, channels, h, w] of [`Self::LAYER`].
    pub(crate) fn features(&self, input: &Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
        let stem = relu(self.stem.forward(input, mode)?, mode)?;
        self.layers
            .iter()
            .flatten()
            .try_fold(max_pool(&stem, 3, 2, 1)?, |x, block| {
                block.forward(&x, mode)
            })
    }

    /// The activations of [`Self::LAYER`] to logits [batch, classes].
    pub(crate) fn head(&self, activations: &Tensor) -> Result<Tensor, NetworkError> {
        self.fc.forward(&flatten(&average_pool(activations, 1)?)?)
    }

    /// The weights of the output layer, [classes, channels].
    pub(crate) fn output(&self) -> &Tensor {
        self.fc.weight()
    }

    /// The same network with batch norms folded and convolutions laid out for inference; the output layer stays in fp32.
    pub(crate) fn prepared(self, precision: Precision) -> Result<Self, NetworkError> {
        let mut layers = [const { Vec::new() }; 4];
        for (prepared, blocks) in layers.iter_mut().zip(&self.layers) {
            *prepared = blocks
                .iter()
                .map(|block| block.prepared(precision))
                .collect::<Result<_, _>>()?;
        }
        Ok(Self {
            stem: self.stem.folded(precision)?,
            layers,
            fc: self.fc,
        })
    }
}

/// 1x1, 3x3 and 1x1 convolutions beside a shortcut.
#[derive(Debug)]
struct Bottleneck {
    conv1: NormedConvolution,
    conv2: NormedConvolution,
    conv3: NormedConvolution,
    downsample: Option<NormedConvolution>,
}

impl Bottleneck {
    fn new(
        parameters: &mut dyn Parameters,
        name: &str,
        inputs: i64,
        planes: i64,
        stride: i64,
    ) -> Result<Self, NetworkError> {
        let outputs = planes * EXPANSION;
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
        let reshapes = stride != 1 || inputs != outputs;
        Ok(Self {
            conv1: normed("conv1", "bn1", [inputs, planes, 1, 1])?,
            conv2: normed("conv2", "bn2", [planes, planes, 3, stride])?,
            conv3: normed("conv3", "bn3", [planes, outputs, 1, 1])?,
            downsample: reshapes
                .then(|| normed("downsample.0", "downsample.1", [inputs, outputs, 1, stride]))
                .transpose()?,
        })
    }

    fn forward(&self, input: &Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
        let x = relu(self.conv1.forward(input, mode)?, mode)?;
        let x = relu(self.conv2.forward(&x, mode)?, mode)?;
        let mut x = self.conv3.forward(&x, mode)?;
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

    fn prepared(&self, precision: Precision) -> Result<Self, NetworkError> {
        Ok(Self {
            conv1: self.conv1.folded(precision)?,
            conv2: self.conv2.folded(precision)?,
            conv3: self.conv3.folded(precision)?,
            downsample: self
                .downsample
                .as_ref()
                .map(|downsample| downsample.folded(precision))
                .transpose()?,
        })
    }
}
