//! `AlexNet` in the one-column form of Krizhevsky 2014 ("One weird trick"), as torchvision has it.
//!
//! The sequential indices of the parameter names are torchvision's; pooling and ReLU take an index too.

use tch::Tensor;

use crate::device::Form;
use crate::error::NetworkError;
use crate::layers::{
    Convolution, Geometry, Linear, Mode, average_pool, dropout, flatten, max_pool, pooled_relu,
    relu,
};
use crate::network::Layers;
use crate::parameters::{Parameters, Role};
use crate::width::Width;

/// Of this file, by which keys know it.
#[cfg(test)]
pub(super) const MODULE: &str = module_path!();

/// Output channels of the five convolutions at width 1.
const CHANNELS: [i64; 5] = [64, 192, 384, 256, 256];
/// Outputs of the two hidden linear layers at width 1.
const HIDDEN: i64 = 4096;
/// Side of the grid that the classifier reads.
const POOLED_SIDE: i64 = 6;

/// `AlexNet`, split after `features.11`, the last convolution's ReLU (13x13 at an input of 224x224), or after `features.12`, its pooling (6x6).
#[derive(Debug)]
pub(super) struct AlexNet {
    features_0: Convolution,
    features_3: Convolution,
    features_6: Convolution,
    features_8: Convolution,
    features_10: Convolution,
    classifier_1: Linear,
    classifier_4: Linear,
    classifier_6: Linear,
}

impl AlexNet {
    /// The last layer's weight, [classes, inputs].
    pub(super) const OUTPUT: &'static str = "classifier.6.weight";

    pub(super) fn new(parameters: &mut dyn Parameters, width: Width) -> Result<Self, NetworkError> {
        let classes = parameters.classes(Self::OUTPUT)?;
        let [c0, c3, c6, c8, c10] = CHANNELS.map(|channels| width.scale(channels));
        let hidden = width.scale(HIDDEN);
        let mut convolution = |index: usize, inputs, outputs, kernel, stride, padding| {
            let geometry = Geometry {
                inputs,
                outputs,
                kernel,
                stride,
                padding,
            };
            Convolution::with_bias(parameters, &format!("features.{index}"), geometry)
        };
        Ok(Self {
            features_0: convolution(0, 3, c0, 11, 4, 2)?,
            features_3: convolution(3, c0, c3, 5, 1, 2)?,
            features_6: convolution(6, c3, c6, 3, 1, 1)?,
            features_8: convolution(8, c6, c8, 3, 1, 1)?,
            features_10: convolution(10, c8, c10, 3, 1, 1)?,
            classifier_1: Linear::new(
                parameters,
                "classifier.1",
                [hidden, c10 * POOLED_SIDE * POOLED_SIDE],
                Role::Weight,
            )?,
            classifier_4: Linear::new(parameters, "classifier.4", [hidden, hidden], Role::Weight)?,
            classifier_6: Linear::new(
                parameters,
                "classifier.6",
                [classes, hidden],
                Role::OutputWeight,
            )?,
        })
    }
}

impl Layers for AlexNet {
    fn features(&self, input: Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
        // One name, assigned again and again, so that what a layer read is let go before the next one computes.
        let mut x = input;
        x = pooled_relu(self.features_0.forward(&x)?, [3, 2, 0], mode)?;
        x = pooled_relu(self.features_3.forward(&x)?, [3, 2, 0], mode)?;
        x = relu(self.features_6.forward(&x)?, mode)?;
        x = relu(self.features_8.forward(&x)?, mode)?;
        relu(self.features_10.forward(&x)?, mode)
    }

    fn pool(&self, activations: Tensor) -> Result<Tensor, NetworkError> {
        max_pool(&activations, [3, 2, 0])
    }

    fn classify(&self, pooled: &Tensor, mode: Mode) -> Result<Tensor, NetworkError> {
        let x = flatten(&average_pool(pooled, POOLED_SIDE)?)?;
        let x = relu(self.classifier_1.forward(&dropout(x, mode)?)?, mode)?;
        let x = relu(self.classifier_4.forward(&dropout(x, mode)?)?, mode)?;
        self.classifier_6.forward(&x)
    }

    fn prepared(self: Box<Self>, form: Form) -> Result<Box<dyn Layers>, NetworkError> {
        Ok(Box::new(Self {
            features_0: self.features_0.prepared(form)?,
            features_3: self.features_3.prepared(form)?,
            features_6: self.features_6.prepared(form)?,
            features_8: self.features_8.prepared(form)?,
            features_10: self.features_10.prepared(form)?,
            classifier_1: self.classifier_1.prepared(form)?,
            classifier_4: self.classifier_4.prepared(form)?,
            classifier_6: self.classifier_6.prepared(form.in_fp32())?,
        }))
    }
}
