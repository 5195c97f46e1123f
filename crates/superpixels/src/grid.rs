//! Rectangles: the partition that knows nothing of the image.

use imaging::Rgb;
use serde::Serialize;

use crate::{Partition, PartitionError, SettingError, partition::MAXIMUM_COUNT, setting::check};

/// `rows` x `columns` rectangles whose heights, and whose widths, differ by at most one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Grid {
    rows: usize,
    columns: usize,
}

impl Default for Grid {
    /// 7 x 7, the size of ResNet-50's last activations.
    fn default() -> Self {
        Self {
            rows: 7,
            columns: 7,
        }
    }
}

impl Grid {
    /// `rows` and `columns`: 1 or more each, their product at most [`MAXIMUM_COUNT`].
    pub fn new(rows: usize, columns: usize) -> Result<Self, SettingError> {
        let usual = Self::default();
        check("rows", rows, &(1..=MAXIMUM_COUNT), &usual.rows)?;
        check("columns", columns, &(1..=MAXIMUM_COUNT), &usual.columns)?;
        check(
            "rows x columns",
            rows * columns,
            &(1..=MAXIMUM_COUNT),
            &(usual.rows * usual.columns),
        )?;
        Ok(Self { rows, columns })
    }

    /// Rectangles from top to bottom.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Rectangles from left to right.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Cuts an image of at least `rows` x `columns` pixels; rectangles are numbered row by row.
    pub fn partition(&self, image: &Rgb) -> Result<Partition, PartitionError> {
        let (height, width) = (image.height(), image.width());
        if self.rows > height || self.columns > width {
            return Err(PartitionError::GridTooFine {
                height,
                width,
                rows: self.rows,
                columns: self.columns,
            });
        }
        let label =
            |y: usize, x: usize| (y * self.rows / height) * self.columns + x * self.columns / width;
        let marks: Vec<usize> = (0..height)
            .flat_map(|y| (0..width).map(move |x| label(y, x)))
            .collect();
        Partition::of_marks(image, &marks)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn rectangles_differ_by_at_most_one_row_and_one_column(
            rows in 1_usize..9, columns in 1_usize..9, more_height in 0_usize..20, more_width in 0_usize..20,
        ) {
            let (height, width) = (rows + more_height, columns + more_width);
            let image = imaging::solid([1, 2, 3], height, width);
            let partition = Grid::new(rows, columns).unwrap().partition(&image).unwrap();
            prop_assert_eq!(partition.count(), rows * columns);
            let smallest = (height / rows) * (width / columns);
            let largest = height.div_ceil(rows) * width.div_ceil(columns);
            for area in partition.areas() {
                prop_assert!((smallest..=largest).contains(&(area as usize)));
            }
        }
    }

    #[test]
    fn rectangles_are_numbered_row_by_row() {
        let partition = Grid::new(2, 3)
            .unwrap()
            .partition(&imaging::solid([0; 3], 2, 6))
            .unwrap();
        assert_eq!(partition.labels(), [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
    }

    #[test]
    fn a_grid_finer_than_the_image_is_refused() {
        let error = Grid::new(3, 8)
            .unwrap()
            .partition(&imaging::solid([0; 3], 4, 6))
            .unwrap_err();
        assert!(error.to_string().contains("8 columns"), "{error}");
        assert!(Grid::new(0, 3).is_err() && Grid::new(300, 300).is_err());
    }
}
