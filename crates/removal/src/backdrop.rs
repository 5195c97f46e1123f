//! The image that stands where superpixels are removed.

use imaging::Rgb;

use crate::Backdrop;

/// Standard deviation of the blur in pixels.
const BLUR_SIGMA: f64 = 10.0;

/// The whole crop, replaced: a superpixel that is removed shows this image.
///
/// `labels` are those of `count` superpixels, one for each pixel; `mean` is the network's mean colour in [0, 1], which `gray` takes
/// times 255, rounded half to even.
pub fn backdrop(
    backdrop: Backdrop,
    crop: &Rgb,
    labels: &[u16],
    count: usize,
    mean: [f64; 3],
) -> Rgb {
    let solid = |color| imaging::solid(color, crop.height(), crop.width());
    match backdrop {
        Backdrop::Mean => imaging::own_mean(crop, labels, count),
        Backdrop::Black => solid([0; 3]),
        Backdrop::Gray => solid(mean.map(|value| (value * 255.0).round_ties_even() as u8)),
        Backdrop::Blur => imaging::gaussian_blur(crop, BLUR_SIGMA),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gray_is_the_mean_colour_rounded_half_to_even() {
        let crop = imaging::solid([1, 2, 3], 2, 3);
        let gray = backdrop(Backdrop::Gray, &crop, &[0; 6], 1, [0.5, 0.485, 0.406]);
        assert_eq!(gray.pixel(1, 2), [128, 124, 104]);
    }

    #[test]
    fn every_replacement_has_the_size_of_the_crop() {
        let crop = imaging::solid([9, 9, 9], 4, 6);
        for shown in Backdrop::ALL {
            let image = backdrop(shown, &crop, &[0; 24], 1, [0.5; 3]);
            assert_eq!((image.height(), image.width()), (4, 6), "{shown:?}");
        }
    }
}
