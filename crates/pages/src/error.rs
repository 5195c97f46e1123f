//! Why a report cannot be built.

use thiserror::Error;

/// Rows that do not make up a complete study, or a figure or table that cannot be written.
#[derive(Debug, Error)]
pub enum ReportError {
    /// A row of `scores` has no counterpart in another table.
    #[error(
        "expected a row of {table} for {key}, which has scores, but found none: rerun the pipeline, so that all tables come from one study"
    )]
    Missing {
        /// Name of the table.
        table: &'static str,
        /// The row that is missing.
        key: String,
    },
    /// A crop is not an image.
    #[error("the crop of image {image:?} cannot be read: {source}")]
    Crop {
        /// Name of the image.
        image: String,
        /// Why not.
        source: imaging::DecodeError,
    },
    /// A partition does not fit its crop.
    #[error(
        "image {image:?}, partition {partition:?}: expected a label below {superpixels} for each of {height}x{width} \
         pixels (height x width); found {found}. Rerun the pipeline, so that crops and segments come from one study"
    )]
    Partition {
        /// Name of the image.
        image: String,
        /// Name of the partition.
        partition: String,
        /// Superpixels that the row claims.
        superpixels: u32,
        /// Height of the crop in pixels.
        height: usize,
        /// Width of the crop in pixels.
        width: usize,
        /// What the labels are, in words.
        found: String,
    },
    /// A removal curve is incomplete, or removes a superpixel that does not exist.
    #[error(
        "the removal curve of {key}: expected steps 0 to {steps}, each but the first with a superpixel from 0 to \
         {last}, and a probability or logit; found {found} at row {row}. Rerun the pipeline, so that curves and segments come from one study"
    )]
    Curve {
        /// The curve.
        key: String,
        /// Steps that `scores` claims.
        steps: u32,
        /// Last superpixel of the partition.
        last: u32,
        /// Row of the curve, from 0, where it is wrong.
        row: usize,
        /// What stands there, in words.
        found: String,
    },
    /// Weights name a superpixel that does not exist.
    #[error(
        "the weights of {key}: expected superpixels below {superpixels}, found {superpixel}: rerun the pipeline, so that weights and segments come \
         from one study"
    )]
    Weights {
        /// The explanation.
        key: String,
        /// Superpixels of the partition.
        superpixels: u32,
        /// Superpixel found.
        superpixel: u16,
    },
    /// A map cannot be enlarged or pooled.
    #[error("the map of {key} cannot be shown: {source}")]
    Map {
        /// The explanation.
        key: String,
        /// Why not.
        source: cam::CamError,
    },
    /// A figure, a table or the explorer's data cannot be written.
    #[error("{what}: {reason}. This is a bug in the program: please report it")]
    Unwritten {
        /// What cannot be written, in words.
        what: String,
        /// The library's words.
        reason: String,
    },
}

impl ReportError {
    /// What cannot be written, and why not.
    pub(crate) fn unwritten(what: impl Into<String>, reason: &dyn std::fmt::Display) -> Self {
        Self::Unwritten {
            what: what.into(),
            reason: reason.to_string(),
        }
    }
}
