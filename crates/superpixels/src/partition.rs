//! A partition: every pixel belongs to exactly one superpixel, and superpixels are numbered 0..count without a gap.

use imaging::{RasterError, Rgb};
use thiserror::Error;

/// Most superpixels of a partition: labels have 16 bit.
pub const MAXIMUM_COUNT: usize = u16::MAX as usize;

/// Why labels are not a partition, or why an algorithm could not make one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PartitionError {
    /// The labels do not fill height x width.
    #[error(transparent)]
    Shape(#[from] RasterError),
    /// A label below the highest is not used.
    #[error(
        "expected labels 0 to {highest} without a gap, found no pixel with label {missing}: number the superpixels contiguously"
    )]
    Gap {
        /// The highest label.
        highest: u16,
        /// The lowest label that is not used.
        missing: u16,
    },
    /// More superpixels than labels can number.
    #[error(
        "expected at most {MAXIMUM_COUNT} superpixels, found {found}: choose settings that make larger superpixels \
         (quickshift: higher kernel_size or max_dist; slic: fewer segments; felzenszwalb: higher scale or min_size)"
    )]
    TooMany {
        /// Superpixels found.
        found: usize,
    },
    /// A grid has more rows or columns than the image.
    #[error(
        "expected a grid of at most {height} rows and {width} columns (the image's pixels), found {rows} rows and \
         {columns} columns: choose fewer, or a larger crop"
    )]
    GridTooFine {
        /// Height of the image in pixels.
        height: usize,
        /// Width of the image in pixels.
        width: usize,
        /// Rows of the grid.
        rows: usize,
        /// Columns of the grid.
        columns: usize,
    },
}

/// Superpixel labels of an image, [height, width], row-major: exactly the labels 0..count, each on one pixel or more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    height: usize,
    width: usize,
    labels: Vec<u16>,
    count: usize,
}

impl Partition {
    /// Takes `height * width` labels that are exactly 0..n for some n from 1 to [`MAXIMUM_COUNT`].
    pub fn new(height: usize, width: usize, labels: Vec<u16>) -> Result<Self, PartitionError> {
        if height == 0 || width == 0 {
            return Err(RasterError::Empty { height, width }.into());
        }
        if height.checked_mul(width) != Some(labels.len()) {
            return Err(RasterError::Length {
                height,
                width,
                channels: 1,
                found: labels.len(),
            }
            .into());
        }
        let highest = labels.iter().copied().max().unwrap_or(0);
        let count = usize::from(highest) + 1;
        if count > MAXIMUM_COUNT {
            return Err(PartitionError::TooMany { found: count });
        }
        let mut used = vec![false; count];
        for &label in &labels {
            used[usize::from(label)] = true;
        }
        if let Some(missing) = used.iter().position(|&used| !used) {
            return Err(PartitionError::Gap {
                highest,
                missing: missing as u16,
            });
        }
        Ok(Self {
            height,
            width,
            labels,
            count,
        })
    }

    /// The partition of pixels that bear the same mark; superpixels are numbered by ascending mark.
    ///
    /// `marks` is [height, width] of the image, each mark below `marks.len()`.
    pub(crate) fn of_marks(image: &Rgb, marks: &[usize]) -> Result<Self, PartitionError> {
        let mut label_of = vec![None; marks.len()];
        for &mark in marks {
            label_of[mark] = Some(0);
        }
        let mut count = 0_usize;
        for label in label_of.iter_mut().flatten() {
            *label = count;
            count += 1;
        }
        if count > MAXIMUM_COUNT {
            return Err(PartitionError::TooMany { found: count });
        }
        let labels = marks
            .iter()
            .filter_map(|&mark| label_of[mark])
            .map(|label| label as u16)
            .collect();
        Ok(Self {
            height: image.height(),
            width: image.width(),
            labels,
            count,
        })
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The labels, [height, width], each below [`count`](Self::count).
    pub fn labels(&self) -> &[u16] {
        &self.labels
    }

    /// Superpixels, 1 to [`MAXIMUM_COUNT`].
    pub fn count(&self) -> usize {
        self.count
    }

    /// Pixels of each superpixel, `count` numbers; none is 0 and they sum to height x width.
    pub fn areas(&self) -> Vec<u32> {
        let mut areas = vec![0; self.count];
        for &label in &self.labels {
            areas[usize::from(label)] += 1;
        }
        areas
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_without_a_gap_are_accepted() {
        let partition = Partition::new(2, 3, vec![0, 2, 1, 1, 2, 2]).unwrap();
        assert_eq!(partition.count(), 3);
        assert_eq!(partition.areas(), [1, 2, 3]);
    }

    #[test]
    fn a_gap_is_refused_and_named() {
        let error = Partition::new(2, 3, vec![0, 3, 1, 1, 3, 3]).unwrap_err();
        assert_eq!(
            error,
            PartitionError::Gap {
                highest: 3,
                missing: 2
            }
        );
        assert!(error.to_string().contains("label 2"), "{error}");
    }

    #[test]
    fn labels_that_do_not_fill_the_image_are_refused() {
        assert!(matches!(
            Partition::new(2, 3, vec![0; 5]),
            Err(PartitionError::Shape(_))
        ));
        assert!(matches!(
            Partition::new(0, 3, vec![]),
            Err(PartitionError::Shape(_))
        ));
    }

    #[test]
    fn too_many_superpixels_are_refused() {
        let image = imaging::solid([0; 3], 256, 257);
        let marks: Vec<usize> = (0..256 * 257).collect();
        assert_eq!(
            Partition::of_marks(&image, &marks),
            Err(PartitionError::TooMany { found: 65_792 })
        );
        let most: Vec<u16> = (0..=u16::MAX).collect();
        assert_eq!(
            Partition::new(256, 256, most),
            Err(PartitionError::TooMany { found: 65_536 })
        );
    }
}
