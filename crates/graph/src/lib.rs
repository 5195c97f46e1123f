//! A neural network as data: which operators compute which values, and the parameters that they use. No libtorch, and no code of a file runs.
//!
//! Built-in architectures and files become the same [`Graph`]; `executor` computes it.

mod builder;
pub mod builders;
mod graph;
pub mod onnx;
mod op;
mod passes;
pub mod pt2;
#[cfg(test)]
mod testing;
mod trouble;

pub use graph::{Graph, Id, Node, Parameter, Role};
pub use op::{Binary, Kind, Number, Op, Rounding, Size, Unary, Upsampling};
pub use passes::{Trained, remove_dead};
