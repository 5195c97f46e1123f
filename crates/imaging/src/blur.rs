//! Gaussian smoothing as `scipy.ndimage.gaussian_filter` does it: reflected borders, truncated at four sigma, f64.

use crate::Rgb;

/// Where the kernel ends, in multiples of sigma.
const TRUNCATE: f64 = 4.0;
/// Largest sigma in pixels; beyond it, the picture is its mean colour anyway.
const MAXIMUM_SIGMA: f64 = 1000.0;

/// The image smoothed with a Gaussian of `sigma` pixels, each channel by itself, rounded half to even to 8 bit.
///
/// `sigma` is from 0 (unchanged) to 1000; what lies outside is taken as the nearer end.
pub fn gaussian_blur(image: &Rgb, sigma: f64) -> Rgb {
    let values: Vec<f64> = image
        .pixels()
        .iter()
        .map(|&level| f64::from(level))
        .collect();
    let smooth = gaussian_filter(&values, image.height(), image.width(), sigma);
    // The sum of the kernel is 1 but for the last bits, and `as` saturates.
    let pixels = smooth
        .iter()
        .map(|value| value.round_ties_even() as u8)
        .collect();
    Rgb::made(image.height(), image.width(), pixels)
}

/// [height, width, channels] smoothed over height and width, with `sigma` in pixels as in [`gaussian_blur`].
///
/// The number of channels is what the length leaves for it. The arithmetic is that of `scipy.ndimage.gaussian_filter`
/// with `mode="reflect"` (d c b a | a b c d | d c b a) and `truncate=4`, rows first.
///
/// # Panics
///
/// If the length of `values` is no multiple of `height * width`.
pub fn gaussian_filter(values: &[f64], height: usize, width: usize, sigma: f64) -> Vec<f64> {
    let channels = values.len() / (height * width);
    assert_eq!(
        values.len(),
        height * width * channels,
        "expected a multiple of {height} x {width} values (height x width): check the sides"
    );
    if sigma.is_nan() || sigma <= 0.0 {
        return values.to_vec();
    }
    let kernel = half_kernel(sigma.min(MAXIMUM_SIGMA));
    let down = smooth_columns(values, height, width * channels, &kernel);
    down.chunks_exact(width * channels)
        .flat_map(|row| smooth_columns(row, width, channels, &kernel))
        .collect()
}

/// The kernel's weights at distances 0, 1, ..., radius; the whole kernel sums to 1.
fn half_kernel(sigma: f64) -> Vec<f64> {
    let radius = (TRUNCATE * sigma + 0.5) as usize;
    let raw: Vec<f64> = (0..=radius)
        .map(|distance| (-0.5 / (sigma * sigma) * (distance * distance) as f64).exp())
        .collect();
    let sum = raw[0] + 2.0 * raw[1..].iter().sum::<f64>();
    raw.iter().map(|weight| weight / sum).collect()
}

/// Smooths along the first axis of [length, stride].
fn smooth_columns(values: &[f64], length: usize, stride: usize, kernel: &[f64]) -> Vec<f64> {
    let row = |position: isize| {
        let start = reflect(position, length) * stride;
        &values[start..start + stride]
    };
    let mut smooth = Vec::with_capacity(values.len());
    for position in 0..length as isize {
        let mut sums: Vec<f64> = row(position)
            .iter()
            .map(|value| value * kernel[0])
            .collect();
        for distance in (1..kernel.len()).rev() {
            let (before, after) = (
                row(position - distance as isize),
                row(position + distance as isize),
            );
            for ((sum, before), after) in sums.iter_mut().zip(before).zip(after) {
                *sum += (before + after) * kernel[distance];
            }
        }
        smooth.append(&mut sums);
    }
    smooth
}

/// The position inside 0..length that a position outside is the mirror image of, the border lying between two pixels.
fn reflect(position: isize, length: usize) -> usize {
    let folded = position.rem_euclid(2 * length as isize) as usize;
    folded.min(2 * length - 1 - folded)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{solid, testing::rgb};

    const VALUES: [f64; 12] = [
        0.0, 255.0, 10.0, 40.0, 200.0, 7.0, 90.0, 255.0, 31.0, 0.0, 64.0, 128.0,
    ];

    /// `scipy.ndimage.gaussian_filter(values, sigma)` of 3 x 4 values (scipy 1.16), for sigma 0.8 and 10.
    const EXPECTED: [(f64, [f64; 12]); 2] = [
        (
            0.8,
            [
                84.460_486_738,
                115.375_997_418,
                83.427_474_145,
                81.671_708_59,
                96.607_708_457,
                78.812_322_53,
                91.848_358_746,
                140.604_296_625,
                56.275_758_626,
                41.278_898_154,
                77.403_385_11,
                132.233_604_862,
            ],
        ),
        (
            10.0,
            [
                89.999_854_891,
                89.999_887_395,
                89.999_336_665,
                89.999_996_525,
                90.000_154_215,
                90.000_186_745,
                89.999_635_994,
                90.000_295_86,
                90.000_248_924,
                90.000_281_489,
                89.999_730_713,
                90.000_390_583,
            ],
        ),
    ];

    #[test]
    fn the_filter_is_scipys() {
        for (sigma, expected) in EXPECTED {
            let found = gaussian_filter(&VALUES, 3, 4, sigma);
            for (value, expected) in found.iter().zip(expected) {
                assert!(
                    (value - expected).abs() < 1e-8,
                    "sigma {sigma}: {value} {expected}"
                );
            }
        }
    }

    #[test]
    fn channels_do_not_mix() {
        let pixels: Vec<u8> = VALUES
            .iter()
            .flat_map(|&value| [value as u8, 0, 255])
            .collect();
        let smooth = gaussian_blur(&Rgb::new(3, 4, pixels).unwrap(), 0.8);
        let expected: Vec<u8> = EXPECTED[0]
            .1
            .iter()
            .flat_map(|value| [value.round_ties_even() as u8, 0, 255])
            .collect();
        assert_eq!(smooth.pixels(), expected);
    }

    proptest! {
        #[test]
        fn a_solid_image_stays_as_it_is(color: [u8; 3], height in 1_usize..9, width in 1_usize..9, sigma in 0.0..30.0) {
            let image = solid(color, height, width);
            prop_assert_eq!(gaussian_blur(&image, sigma), image);
        }

        #[test]
        fn smoothing_keeps_the_sum(image in rgb(1..9, 1..9), sigma in 0.0..30.0) {
            let values: Vec<f64> = image.pixels().iter().map(|&level| f64::from(level)).collect();
            let smooth = gaussian_filter(&values, image.height(), image.width(), sigma);
            prop_assert!((smooth.iter().sum::<f64>() - values.iter().sum::<f64>()).abs() < 1e-6);
        }

        #[test]
        fn no_sigma_is_no_change(image in rgb(1..9, 1..9)) {
            prop_assert_eq!(gaussian_blur(&image, 0.0), image);
        }
    }
}
