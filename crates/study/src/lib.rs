//! From `pipeline.toml` to a checked study.
//!
//! [`Study::read`] reads the settings, [`Images::read`] finds the images with their labels and masks, and [`code`] holds
//! the digests of the code behind each kind of action. Whatever a person may have written wrong comes back as [`Problems`]: all of it at
//! once, each mistake with its line, a caret under it, and the nearest right name.

mod classes;
pub mod code;
pub mod costs;
mod file_names;
pub mod fineness;
#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
mod fixture;
mod image_names;
mod images;
mod kind;
mod labels;
mod listing;
mod manifest;
#[cfg(test)]
mod mutations;
mod pictures;
pub mod plan;
pub mod settings;
mod sources;
mod study;

pub use classes::Classes;
pub use config::{Choice, Name, Problem, Problems, paths::shown};
pub use images::{Image, Images};
pub use kind::{Kind, Stage};
pub use methods::Method;
pub use sources::Sources;
pub use study::Study;
