//! VGG (Simonyan and Zisserman 2015), with and without batch norm, as torchvision has it.
//!
//! The sequential indices of the parameter names are torchvision's; batch norm, ReLU and pooling take an index too.

use architectures::Vgg as Size;
use tch::Tensor;

use crate::device::Form;
use crate::error::NetworkError;
use crate::layers::{
    Geometry, Linear, Mode, NormedConvolution, average_pool, dropout, flatten, max_pool, relu,
};
use crate::network::Layers;
use crate::parameters::{Parameters, Role};
use crate::width::Width;

/// Of this file, by which keys know it.
#[cfg(test)]
pub(super) const MODULE: &str = module_path!();

/// Output channels of the convolutions of the five blocks at width 1.
const CHANNELS: [i64; 5] = [64, 128, 256, 512, 512];
/// Outputs of the two hidden linear layers at width 1.
const HIDDEN: i64 = 4096;
/// Side of the grid that the classifier reads.
const POOLED_SIDE: i64 = 7;

/// A VGG, split after the ReLU of its last convolution (14x14 at an input of 224x224) or after its last pooling (7x7).
#[derive(Debug)]
pub(super) struct Vgg {
    blocks: [Vec<NormedConvolution>; 5],
    classifier_0: Linear,
    classifier_3: Linear,
    classifier_6: Linear,
}

impl Vgg {
    /// The last layer's weight, [classes, inputs].
    pub(super) const OUTPUT: &'static str = "classifier.6.weight";

    pub(super) fn new(
        parameters: &mut dyn Parameters,
        size: Size,
        width: Width,
    ) -> Result<Self, NetworkError> {
        let classes = parameters.classes(Self::OUTPUT)?;
        let hidden = width.scale(HIDDEN);
        let mut blocks = [const { Vec::new() }; 5];
        let (mut inputs, mut index) = (3, 0);
        for (place, block) in blocks.iter_mut().enumerate() {
            let outputs = width.scale(CHANNELS[place]);
            for _ in 0..size.convolutions[place] {
                let geometry = Geometry {
                    inputs,
                    outputs,
                    kernel: 3,
                    stride: 1,
                    padding: 1,
                };
                let name = format!("features.{index}");
                let norm = size.normed.then(|| format!("features.{}", index + 1));
                let norm = norm.as_deref();
                block.push(NormedConvolution::biased(
                    parameters, &name, norm, geometry,
                )?);
                inputs = outputs;
                index += if size.normed { 3 } else { 2 };
            }
            index += 1;
        }
        let cells = POOLED_SIDE * POOLED_SIDE;
        let mut linear = |index: usize, outputs, inputs, role| {
            let name = format!("classifier.{index}");
            Linear::new(parameters, &name, [outputs, inputs], role)
        };
        Ok(Self {
            blocks,
            classifier_0: linear(0, hidden, inputs * cells, Role::Weight)?,
            classifier_3: linear(3, hidden, hidden, Role::Weight)?,
            classifier_6: linear(6, classes, hidden, Role::OutputWeight)?,
        })
    }
}

impl Layers for Vgg {
    fn features(&self, input: Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
        let mut x = input;
        for (place, block) in self.blocks.iter().enumerate() {
            if place > 0 {
                x = pool(&x)?;
            }
            for convolution in block {
                x = relu(convolution.forward(&x, mode)?, mode)?;
            }
        }
        Ok(x)
    }

    fn pool(&self, activations: Tensor) -> Result<Tensor, NetworkError> {
        pool(&activations)
    }

    fn classify(&self, pooled: &Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
        let x = flatten(&average_pool(pooled, POOLED_SIDE)?)?;
        let x = dropout(relu(self.classifier_0.forward(&x)?, mode)?, mode)?;
        let x = dropout(relu(self.classifier_3.forward(&x)?, mode)?, mode)?;
        self.classifier_6.forward(&x)
    }

    fn prepared(self: Box<Self>, form: Form) -> Result<Box<dyn Layers>, NetworkError> {
        let mut blocks = [const { Vec::new() }; 5];
        for (prepared, block) in blocks.iter_mut().zip(self.blocks) {
            *prepared = block
                .into_iter()
                .map(|convolution| convolution.folded(form))
                .collect::<Result<_, _>>()?;
        }
        Ok(Box::new(Self {
            blocks,
            classifier_0: self.classifier_0.prepared(form)?,
            classifier_3: self.classifier_3.prepared(form)?,
            classifier_6: self.classifier_6.prepared(form.in_fp32())?,
        }))
    }
}

/// The pooling between two blocks, and behind the last.
fn pool(activations: &Tensor) -> Result<Tensor, NetworkError> {
    max_pool(activations, [2, 2, 0])
}
