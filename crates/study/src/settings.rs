//! The settings of a study, one module for each section of `pipeline.toml` but those of methods, which declare their own.

pub mod compute;
pub mod deletion;
mod download;
pub mod evaluate;
pub mod general;
pub mod images;
pub mod infer;
mod reference;
pub mod report;
pub mod sanity;
pub mod segment;

pub use reference::reference;
pub use removal::{Backdrop, Order, Replacement};
