//! Computes a [`graph::Graph`] with libtorch: any of its values from any others, with gradients where they are wanted.
//!
//! ```text
//! graph, parameters ─► Executor::new ─► prepared ─► run(given, wanted)
//!                          │              constants and batch norms folded, layouts and precision chosen
//!                          └─► run: for training, and to compare with
//! ```
//!
//! A gradient at a value: `run` up to it and to what [`Executor::cut`] names beside it, detach it, let it require a gradient, and `run` from there.

mod check;
mod error;
mod executor;
mod flow;
mod head;
pub mod layers;
mod operators;
mod parameters;
mod passes;
mod prepare;
mod shapes;
mod slot;
#[cfg(test)]
mod tests;

pub use error::Error;
pub use executor::{Executor, Mode};
pub use parameters::{open, open_onnx, tensor};
pub use prepare::Form;
pub use shapes::Shapes;
