//! Image classifiers whose inner activations can be read; the only library here that knows libtorch.
//!
//! Axes are [batch, channels, height, width] everywhere; pixels become that in one place, `input.rs`.

mod alexnet;
mod allocator;
mod classifier;
mod cuda;
mod device;
mod error;
mod fit;
mod input;
mod layers;
mod network;
mod painter;
mod parameters;
mod precision;
mod randomized;
mod resnet;
mod script;
#[cfg(test)]
mod tests;
mod vgg;

pub use allocator::use_threads;
pub use architectures::Architecture;
pub use classifier::{Answers, Classifier, Gradients, Question};
pub use cuda::open_cuda;
pub use device::{Device, Form, Machine, Wanted};
pub use error::NetworkError;
pub use fit::Fit;
pub use input::{CHANNELS, Normalisation, channels_last, predictions, tensor};
pub use layers::Mode;
pub use network::{Network, Width};
pub use parameters::{Parameters, RandomParameters, Role, uniform};
pub use precision::Precision;
pub use randomized::{Cascade, Depth};
pub use script::{Difference, Doubt, Methods, Takes};
