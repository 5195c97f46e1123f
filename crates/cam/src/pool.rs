//! Pooling of maps over superpixels.

use crate::error::{CamError, check_length};

/// Relevance of each superpixel: the mean of the map over its pixels.
///
/// `map` and `labels` are [height, width] of the image, `labels` in 0..`count` with every superpixel present; the
/// result has `count` values.
pub fn pool(map: &[f32], labels: &[u16], count: usize) -> Result<Vec<f64>, CamError> {
    check_length("superpixel labels", labels.len(), map.len())?;
    let mut sums = vec![0.0_f64; count];
    let mut pixels = vec![0_usize; count];
    for (&value, &label) in map.iter().zip(labels) {
        let superpixel = usize::from(label);
        *sums
            .get_mut(superpixel)
            .ok_or(CamError::Label { label, count })? += f64::from(value);
        pixels[superpixel] += 1;
    }
    match pixels.iter().position(|&pixels| pixels == 0) {
        Some(superpixel) => Err(CamError::NoPixel { superpixel, count }),
        None => Ok(sums
            .into_iter()
            .zip(pixels)
            .map(|(sum, pixels)| sum / pixels as f64)
            .collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_that_are_no_partition_are_refused() {
        assert_eq!(
            pool(&[0.0; 3], &[0, 1, 2], 2),
            Err(CamError::Label { label: 2, count: 2 })
        );
        let missing = CamError::NoPixel {
            superpixel: 1,
            count: 3,
        };
        assert_eq!(pool(&[0.0; 3], &[0, 2, 2], 3), Err(missing));
        let length = CamError::Length {
            quantity: "superpixel labels",
            expected: 3,
            found: 2,
        };
        assert_eq!(pool(&[0.0; 3], &[0, 1], 2), Err(length));
    }

    proptest! {
        #[test]
        fn pooled_constant_is_that_constant(value in any::<f32>().prop_filter("finite", |v| v.is_finite())) {
            let labels: Vec<u16> = (0..35).map(|pixel| pixel % 4).collect();
            prop_assert_eq!(pool(&[value; 35], &labels, 4).unwrap(), [f64::from(value); 4]);
        }
    }
}
