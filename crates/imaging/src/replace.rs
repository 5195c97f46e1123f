//! Replacement images: what a removed superpixel shows. Blur is in its own module.

use crate::Rgb;

/// Each superpixel in its own mean colour, truncated to 8 bit (as the published LIME for images does by storing the mean
/// in bytes).
///
/// `labels` is [height, width], row-major, each below `count`. A superpixel without pixels is no error.
///
/// # Panics
///
/// If there are not as many labels as pixels, or a label is not below `count`.
pub fn own_mean(image: &Rgb, labels: &[u16], count: usize) -> Rgb {
    let pixels = image.triples();
    assert_eq!(
        labels.len(),
        pixels.len(),
        "expected one label for each pixel: check that image and partition belong together"
    );
    let mut sums = vec![[0_u64; 3]; count];
    let mut areas = vec![0_u64; count];
    for (&label, pixel) in labels.iter().zip(pixels) {
        let label = usize::from(label);
        areas[label] += 1;
        for (sum, &level) in sums[label].iter_mut().zip(pixel) {
            *sum += u64::from(level);
        }
    }
    let means: Vec<[u8; 3]> = sums
        .iter()
        .zip(&areas)
        .map(|(sum, &area)| sum.map(|total| (total / area.max(1)) as u8))
        .collect();
    let replaced = labels
        .iter()
        .flat_map(|&label| means[usize::from(label)])
        .collect();
    Rgb::made(image.height(), image.width(), replaced)
}

/// An image of one colour.
///
/// # Panics
///
/// If a side is 0.
pub fn solid(color: [u8; 3], height: usize, width: usize) -> Rgb {
    assert!(
        height > 0 && width > 0,
        "expected a height and a width of at least 1, found {height}x{width}"
    );
    Rgb::made(height, width, color.repeat(height * width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_truncated_and_stays_in_its_superpixel() {
        let image = Rgb::new(1, 4, vec![0, 10, 255, 1, 20, 255, 7, 7, 7, 2, 30, 254]).unwrap();
        let replaced = own_mean(&image, &[0, 0, 1, 0], 2);
        assert_eq!(
            replaced.pixels(),
            [1, 20, 254, 1, 20, 254, 7, 7, 7, 1, 20, 254]
        );
    }

    #[test]
    fn own_mean_leaves_a_solid_image_as_it_is() {
        let image = solid([9, 250, 3], 3, 5);
        assert_eq!(
            own_mean(&image, &[0, 1, 2, 1, 0, 1, 2, 0, 0, 1, 1, 1, 1, 2, 2], 3),
            image
        );
    }
}
