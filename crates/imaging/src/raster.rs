//! The two kinds of raster that the workspace passes around: RGB images and truth masks. Neither is ever empty.

use thiserror::Error;

/// Bytes of a pixel: red, green, blue.
const CHANNELS: usize = 3;

/// Why a buffer is not a raster of the given height and width.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RasterError {
    /// A side is zero.
    #[error(
        "expected a height and a width of at least 1, found {height}x{width} (height x width): pass the image's true sides"
    )]
    Empty {
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
    },
    /// The buffer's length is not height x width x values of a pixel.
    #[error(
        "expected {height} x {width} x {channels} values (height x width x values of a pixel), found {found}: \
         check that height and width are not swapped and that the buffer has no padding"
    )]
    Length {
        /// Height in pixels.
        height: usize,
        /// Width in pixels.
        width: usize,
        /// Values of a pixel.
        channels: usize,
        /// Values in the buffer.
        found: usize,
    },
}

fn check(height: usize, width: usize, channels: usize, found: usize) -> Result<(), RasterError> {
    if height == 0 || width == 0 {
        return Err(RasterError::Empty { height, width });
    }
    let expected = height
        .checked_mul(width)
        .and_then(|pixels| pixels.checked_mul(channels));
    if expected != Some(found) {
        return Err(RasterError::Length {
            height,
            width,
            channels,
            found,
        });
    }
    Ok(())
}

/// An 8-bit RGB image, [height, width, 3], row-major; both sides are at least 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rgb {
    height: usize,
    width: usize,
    pixels: Vec<u8>,
}

impl Rgb {
    /// Takes a buffer of `height * width * 3` bytes, row-major, red first.
    pub fn new(height: usize, width: usize, pixels: Vec<u8>) -> Result<Self, RasterError> {
        check(height, width, CHANNELS, pixels.len())?;
        Ok(Self {
            height,
            width,
            pixels,
        })
    }

    /// An image whose buffer this crate has just made to measure.
    pub(crate) fn made(height: usize, width: usize, pixels: Vec<u8>) -> Self {
        debug_assert_eq!(check(height, width, CHANNELS, pixels.len()), Ok(()));
        Self {
            height,
            width,
            pixels,
        }
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The bytes, [height, width, 3].
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Red, green and blue at row `y` and column `x`, both from 0.
    ///
    /// # Panics
    ///
    /// If `y` or `x` lies outside the image.
    pub fn pixel(&self, y: usize, x: usize) -> [u8; 3] {
        assert!(
            y < self.height && x < self.width,
            "expected row < {} and column < {}, found row {y} and column {x}",
            self.height,
            self.width
        );
        let start = (y * self.width + x) * CHANNELS;
        [
            self.pixels[start],
            self.pixels[start + 1],
            self.pixels[start + 2],
        ]
    }

    /// The pixels in row-major order.
    pub(crate) fn triples(&self) -> &[[u8; 3]] {
        self.pixels.as_chunks().0
    }
}

/// A truth mask, [height, width], row-major: true where the object is; both sides are at least 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mask {
    height: usize,
    width: usize,
    values: Vec<bool>,
}

impl Mask {
    /// Takes a buffer of `height * width` values, row-major.
    pub fn new(height: usize, width: usize, values: Vec<bool>) -> Result<Self, RasterError> {
        check(height, width, 1, values.len())?;
        Ok(Self {
            height,
            width,
            values,
        })
    }

    /// A mask whose buffer this crate has just made to measure.
    pub(crate) fn made(height: usize, width: usize, values: Vec<bool>) -> Self {
        debug_assert_eq!(check(height, width, 1, values.len()), Ok(()));
        Self {
            height,
            width,
            values,
        }
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The values, [height, width]; true is object.
    pub fn values(&self) -> &[bool] {
        &self.values
    }

    /// Whether the object covers row `y` and column `x`, both from 0.
    ///
    /// # Panics
    ///
    /// If `y` or `x` lies outside the mask.
    pub fn value(&self, y: usize, x: usize) -> bool {
        assert!(
            y < self.height && x < self.width,
            "expected row < {} and column < {}, found row {y} and column {x}",
            self.height,
            self.width
        );
        self.values[y * self.width + x]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_before_columns() {
        let image = Rgb::new(2, 3, (0..18).collect()).unwrap();
        assert_eq!(image.pixel(1, 2), [15, 16, 17]);
        assert_eq!((image.height(), image.width()), (2, 3));
        let mask = Mask::new(2, 3, vec![false, false, true, false, false, false]).unwrap();
        assert!(mask.value(0, 2) && !mask.value(1, 0));
    }

    #[test]
    fn a_buffer_of_the_wrong_length_is_refused_and_named() {
        let error = Rgb::new(2, 3, vec![0; 17]).unwrap_err().to_string();
        assert!(
            error.contains("2 x 3 x 3") && error.contains("found 17"),
            "{error}"
        );
        assert!(Mask::new(2, 3, vec![true; 5]).is_err());
        assert!(
            Rgb::new(0, 3, vec![])
                .unwrap_err()
                .to_string()
                .contains("0x3")
        );
        assert!(Rgb::new(usize::MAX, 2, vec![0; 6]).is_err());
    }
}
