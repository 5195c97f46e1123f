//! Superpixels: an image cut into regions of like colour, the features that are removed together.
//!
//! The algorithms follow scikit-image's quickshift, slic and felzenszwalb, so that partitions can be compared with
//! published ones; where scikit-image draws random numbers, the pixel's index decides instead. A partition is a function
//! of the image and the settings alone, on any number of threads.

mod felzenszwalb;
mod grid;
mod partition;
mod quickshift;
mod setting;
mod slic;
#[cfg(test)]
mod testing;

use imaging::Rgb;
use serde::Serialize;

pub use felzenszwalb::Felzenszwalb;
pub use grid::Grid;
pub use partition::{MAXIMUM_COUNT, Partition, PartitionError};
pub use quickshift::Quickshift;
pub use setting::SettingError;
pub use slic::Slic;

/// How an image is cut into superpixels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// Mode seeking in colour and position; the default.
    Quickshift(Quickshift),
    /// k-means in colour and position.
    Slic(Slic),
    /// Merging along a minimum spanning tree.
    Felzenszwalb(Felzenszwalb),
    /// Rectangles, whatever the image shows.
    Grid(Grid),
}

impl Default for Algorithm {
    fn default() -> Self {
        Self::Quickshift(Quickshift::default())
    }
}

impl Algorithm {
    /// The name in pipeline.toml and in the column `algorithm` of `segments`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Quickshift(_) => "quickshift",
            Self::Slic(_) => "slic",
            Self::Felzenszwalb(_) => "felzenszwalb",
            Self::Grid(_) => "grid",
        }
    }

    /// Cuts an image into superpixels.
    pub fn partition(&self, image: &Rgb) -> Result<Partition, PartitionError> {
        match self {
            Self::Quickshift(settings) => settings.partition(image),
            Self::Slic(settings) => settings.partition(image),
            Self::Felzenszwalb(settings) => settings.partition(image),
            Self::Grid(settings) => settings.partition(image),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::noise;

    proptest! {
        #[test]
        fn labels_are_exactly_zero_to_the_count_on_the_image_s_shape(image in noise()) {
            let smallest = image.height().min(image.width());
            let algorithms = [
                Algorithm::default(),
                Algorithm::Slic(Slic::new(9, 10.0, 0.0).unwrap()),
                Algorithm::Felzenszwalb(Felzenszwalb::new(100.0, 0.5, 5).unwrap()),
                Algorithm::Grid(Grid::new(smallest.min(3), smallest.min(4)).unwrap()),
            ];
            for algorithm in algorithms {
                let partition = algorithm.partition(&image).unwrap();
                prop_assert_eq!((partition.height(), partition.width()), (image.height(), image.width()));
                let checked = Partition::new(image.height(), image.width(), partition.labels().to_vec());
                prop_assert_eq!(checked, Ok(partition.clone()));
                prop_assert_eq!(partition.areas().iter().sum::<u32>() as usize, partition.labels().len());
                prop_assert_eq!(algorithm.partition(&image), Ok(partition));
            }
        }
    }
}
