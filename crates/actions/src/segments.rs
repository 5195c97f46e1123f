//! Inputs of `segments`.

use parts::{Pixels, Read};
use serde::Serialize;
use superpixels::Algorithm;

use crate::names::Partitioned;

/// A crop cut into superpixels.
#[derive(Debug, Serialize)]
pub struct Segments {
    /// Names in the row.
    pub names: Partitioned,
    /// The crop.
    pub pixels: Read<Pixels>,
    /// The algorithm with its settings.
    pub algorithm: Algorithm,
}
