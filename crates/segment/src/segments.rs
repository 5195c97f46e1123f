//! The action `segments`: a crop cut into superpixels.

use imaging::Rgb;
use superpixels::{Algorithm, Partition, PartitionError};

/// Cuts a crop; the labels are exactly 0..n.
pub fn segments(crop: &Rgb, algorithm: &Algorithm) -> Result<Partition, PartitionError> {
    algorithm.partition(crop)
}
