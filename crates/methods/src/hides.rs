//! What masks hide. Apart from how answers are fitted, so that the keys of answers do not depend on fits.

use removal::Backdrop;
use serde::Serialize;

/// What masks hide.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hides {
    /// Superpixels, which then show this.
    Superpixels(Backdrop),
    /// The cells of a grid of so many rows and columns, softly: the normalised input is multiplied by the mask. Such masks belong to no partition.
    Cells(u32),
}

impl Hides {
    /// What a removed superpixel shows.
    pub fn backdrop(self) -> Option<Backdrop> {
        match self {
            Self::Superpixels(backdrop) => Some(backdrop),
            Self::Cells(_) => None,
        }
    }
}
