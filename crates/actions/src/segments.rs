//! Inputs of `segments`.

use imaging::Preparation;
use parts::{File, Pixels, Read};
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
    /// What cuts it.
    pub algorithm: Cut,
}

/// What cuts a crop into superpixels.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Cut {
    /// An algorithm with its settings.
    Algorithm(Algorithm),
    /// A label map that somebody gives.
    Given {
        /// The label map.
        given: Given,
    },
}

/// A label map.
#[derive(Debug, Serialize)]
pub struct Given {
    /// The label map.
    pub file: File,
    /// The image, whose size it may have.
    pub image: File,
    /// How the image is scaled and cut.
    pub preparation: Preparation,
    /// What it is as large as; none where its size tells.
    pub geometry: Option<Geometry>,
}

/// What a label map is as large as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Geometry {
    /// The image.
    Image,
    /// The crop.
    Crop,
}

config::choice!(Geometry, "geometry": Image => "image", Crop => "crop");
