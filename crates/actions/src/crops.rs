//! Inputs of `crops`.

use imaging::Preparation;
use parts::File;
use serde::Serialize;

use crate::names::Image;

/// An image as the networks see it, with its mask.
#[derive(Debug, Serialize)]
pub struct Crops {
    /// Names in the row.
    pub names: Image,
    /// The image.
    pub file: File,
    /// The mask of its object.
    pub mask: Option<File>,
    /// How it is scaled and cut.
    pub preparation: Preparation,
}
