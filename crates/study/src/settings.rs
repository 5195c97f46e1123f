//! The settings of a study, one module for each stage, each with what that stage reads and nothing else.

pub mod compute;
pub mod controls;
pub mod deletion;
mod download;
pub mod evaluate;
pub mod gradcam;
pub mod images;
pub mod infer;
pub mod lime;
mod replacement;
pub mod report;
pub mod sanity;
pub mod segment;

pub use replacement::{Backdrop, Replacement};
