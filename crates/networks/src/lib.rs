//! Image classifiers whose inner activations can be read; the only library here that knows libtorch.
//!
//! Axes are [batch, channels, height, width] everywhere; pixels become that in one place, `input.rs`.

mod allocator;
mod classifier;
mod cuda;
mod device;
mod error;
mod families;
mod input;
mod loading;
mod machine;
mod network;
mod painter;
mod parameters;
mod precision;
mod predict;
mod random;
mod randomized;
#[cfg(test)]
mod tests;
mod width;

pub use allocator::use_threads;
pub use architectures::Architecture;
pub use classifier::{Answers, Attentions, Certainty, Classifier, Gradients, Question, Values};
pub use cuda::open_cuda;
pub use device::{Device, Form};
pub use error::NetworkError;
pub use executor::Mode;
pub use executor::layers::Candidate;
pub use families::build;
pub use families::script::Methods;
pub use input::{CHANNELS, Normalisation, tensor};
pub use loading::{Difference, Doubt, Fit, GraphFile, LoadError, Takes, best_fit, load_script};
pub use machine::{Machine, Wanted, is_native};
pub use network::{Features, Network};
pub use parameters::{Parameters, Role};
pub use precision::Precision;
pub use predict::{images_a_second, logits, predict, predictions};
pub use random::{RandomParameters, uniform};
pub use randomized::{Cascade, Depth};
pub use width::Width;
