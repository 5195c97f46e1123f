//! `pipeline.toml` and other files that people write: their sections, and what is wrong with them.
//!
//! [`settings!`] declares the settings of a section. Whatever a person may have written wrong comes back as [`Problems`]: all of it at once, each
//! mistake with its line, a caret under it, and the nearest right name.

mod choice;
mod declared;
mod files;
mod name;
pub mod paths;
mod problem;
mod reader;
mod scalars;
mod section;

pub use choice::{Choice, first};
pub use declared::{Declared, Limits, Setting, Value, plain, table};
pub use files::Kind;
pub use name::Name;
pub use problem::{Problem, Problems, SHOWN, Source, listed, nearest};
pub use reader::Reader;
pub use section::Section;
