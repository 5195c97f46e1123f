//! What shapes may not be.

use thiserror::Error;

/// Slices that do not fit their shapes, or labels that are no partition.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CamError {
    /// A slice has another number of values than its shape.
    #[error(
        "{quantity}: expected {expected} values, found {found}: pass the shape that the values were made with"
    )]
    Length {
        /// What the slice holds.
        quantity: &'static str,
        /// Values that the shape asks for.
        expected: usize,
        /// Values that were passed.
        found: usize,
    },
    /// A side is 0.
    #[error(
        "{quantity} has no positions: expected a height and a width of at least 1, found {height}x{width}"
    )]
    Empty {
        /// What has no positions.
        quantity: &'static str,
        /// Rows found.
        height: usize,
        /// Columns found.
        width: usize,
    },
    /// A pixel has a label that no superpixel has.
    #[error(
        "expected labels below {count}, found {label}: pass the number of superpixels of this partition"
    )]
    Label {
        /// The label found.
        label: u16,
        /// Number of superpixels.
        count: usize,
    },
    /// A superpixel has no pixel.
    #[error("superpixel {superpixel} of {count} has no pixel: labels must be contiguous from 0")]
    NoPixel {
        /// Superpixel without a pixel.
        superpixel: usize,
        /// Number of superpixels.
        count: usize,
    },
}

pub(crate) fn check_size(
    quantity: &'static str,
    [height, width]: [usize; 2],
) -> Result<(), CamError> {
    if height == 0 || width == 0 {
        Err(CamError::Empty {
            quantity,
            height,
            width,
        })
    } else {
        Ok(())
    }
}

pub(crate) fn check_length(
    quantity: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), CamError> {
    if found == expected {
        Ok(())
    } else {
        Err(CamError::Length {
            quantity,
            expected,
            found,
        })
    }
}
