//! One axis of a resize, and how values between pixels are found.

use serde::Serialize;

/// How values between pixels are found; where an image shrinks, the filter is as wide as the scale.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// A triangle: 1 - |x| within 1.
    #[default]
    Bilinear,
    /// The cubic convolution of Keys 1981 with a = -0.5, within 2, as Pillow has it.
    Bicubic,
}

/// One axis of a resize and a centred crop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axis {
    /// Pixels of the source.
    pub(crate) source: usize,
    /// Pixels after resizing.
    pub(crate) resized: usize,
    /// First pixel of the resized image that is kept.
    pub(crate) first: usize,
    /// Pixels that are kept.
    pub(crate) kept: usize,
    /// Padding before the first kept pixel.
    pub(crate) before: usize,
    /// Pixels of the crop.
    pub(crate) crop: usize,
}

impl Axis {
    pub(crate) fn new(source: usize, resized: usize, crop: usize) -> Self {
        if crop > resized {
            return Self {
                source,
                resized,
                first: 0,
                kept: resized,
                before: (crop - resized) / 2,
                crop,
            };
        }
        Self {
            source,
            resized,
            first: half_to_even(resized - crop),
            kept: crop,
            before: 0,
            crop,
        }
    }

    /// The position in the kept part that a position in the crop shows; none in the padding.
    pub(crate) fn kept_at(&self, position: usize) -> Option<usize> {
        position
            .checked_sub(self.before)
            .filter(|&kept| kept < self.kept)
    }
}

/// Half of a number, a half rounded to the even neighbour.
pub(crate) fn half_to_even(number: usize) -> usize {
    let half = number / 2;
    half + (number % 2) * (half % 2)
}
