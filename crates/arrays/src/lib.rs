//! Arrays in files that other tools write: `.npy`, `.npz`, safetensors and Parquet, read as data.
//!
//! No pickled array is opened, so no code of a file runs. A file may be larger than memory: [`Answer`] reads it from its beginning to its end and holds one
//! explanation at a time. Sizes are checked before memory is taken for them.

mod answer;
mod archive;
mod array;
mod error;
mod npy;
mod safetensors;
mod table;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Entry, Shape};
pub use error::ArrayError;
pub use npy::{LabelMap, label_map};
