//! Noisy linear interpolation (ROAD, Rong et al. 2022): removed pixels are made from those that are left, so that little of the shape
//! of what was removed can be seen.
//!
//! Each removed pixel is the weighted mean of its neighbours inside the image, 1/6 for the four beside it and 1/12 for the four at its
//! corners (their appendix D). With A the matrix of these equations, symmetric and positive definite as long as one pixel is left, this is a sparse
//! system, which is solved by a sparse Cholesky factorisation; another one for each mask.

mod system;

use imaging::Rgb;
use sampling::{Normal, Seed};

use system::CHANNELS;

/// The lightest level.
const WHITE: f64 = 255.0;

/// The crop with every pixel that `removed` names interpolated, then with Gaussian noise of standard deviation `noise` (of values from 0 to
/// 1) in every channel, rounded half to even to 8 bit. With no pixel left, all of them are the crop's mean colour, without noise.
///
/// Equal arguments give equal images, on any number of threads.
///
/// # Panics
/// If `removed` has not one value for each pixel.
pub fn noisy_linear(crop: &Rgb, removed: &[bool], noise: f64, seed: Seed) -> Rgb {
    let pixels = crop.pixels().as_chunks::<CHANNELS>().0;
    assert_eq!(
        removed.len(),
        pixels.len(),
        "expected one value for each pixel: check that image and mask belong together"
    );
    if removed.iter().all(|gone| *gone) {
        let sums = (0..CHANNELS).map(|channel| {
            pixels
                .iter()
                .map(|pixel| f64::from(pixel[channel]))
                .sum::<f64>()
        });
        let mean: Vec<u8> = sums.map(|sum| level(sum / pixels.len() as f64)).collect();
        return imaging::solid([mean[0], mean[1], mean[2]], crop.height(), crop.width());
    }
    let mut normal = Normal::of(seed, 0);
    let mut result = crop.pixels().to_vec();
    for (place, colour) in interpolate(crop, removed) {
        for (channel, value) in colour.into_iter().enumerate() {
            result[place * CHANNELS + channel] = level(value + noise * WHITE * normal.draw());
        }
    }
    Rgb::new(crop.height(), crop.width(), result).expect("the crop's own size")
}

/// The removed pixels by their place in the crop, with what interpolation makes of red, green and blue, from 0 to 255.
///
/// At least one pixel must be left.
///
/// # Panics
/// If no pixel is left.
pub fn interpolate(crop: &Rgb, removed: &[bool]) -> Vec<(usize, [f64; CHANNELS])> {
    assert!(
        removed.iter().any(|gone| !gone),
        "expected at least one pixel that is left"
    );
    system::solve(crop, removed)
}

fn level(value: f64) -> u8 {
    // `as` saturates.
    value.round_ties_even() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEED: Seed = Seed([7; 32]);

    fn scene(height: usize, width: usize) -> impl Strategy<Value = (Rgb, Vec<bool>)> {
        let pixels = prop::collection::vec(any::<u8>(), height * width * CHANNELS);
        let removed = prop::collection::vec(prop::bool::weighted(0.7), height * width);
        (pixels, removed, 0..height * width).prop_map(move |(pixels, mut removed, left)| {
            removed[left] = false;
            (Rgb::new(height, width, pixels).unwrap(), removed)
        })
    }

    proptest! {
        #[test]
        fn a_removed_pixel_is_the_weighted_mean_of_its_neighbours((crop, removed) in scene(7, 11)) {
            let mut values: Vec<[f64; 3]> = crop.pixels().as_chunks::<3>().0.iter().map(|pixel| pixel.map(f64::from)).collect();
            let found = interpolate(&crop, &removed);
            prop_assert_eq!(found.len(), removed.iter().filter(|gone| **gone).count());
            for (place, colour) in &found {
                prop_assert!(removed[*place]);
                values[*place] = *colour;
            }
            for (place, colour) in found {
                let (y, x) = (place as i32 / 11, place as i32 % 11);
                for channel in 0..CHANNELS {
                    let (mut sum, mut weights) = (0.0, 0.0);
                    for (v, u) in (-1..=1).flat_map(|v| (-1..=1).map(move |u| (v, u))) {
                        let inside = (0..7).contains(&(y + v)) && (0..11).contains(&(x + u));
                        if (v, u) != (0, 0) && inside {
                            let weight = if v == 0 || u == 0 { 2.0 } else { 1.0 };
                            weights += weight;
                            sum += weight * values[((y + v) * 11 + x + u) as usize][channel];
                        }
                    }
                    prop_assert!((sum / weights - colour[channel]).abs() < 1e-9);
                }
            }
        }

        #[test]
        fn pixels_that_are_left_stay_as_they_are((crop, removed) in scene(6, 9)) {
            let shown = noisy_linear(&crop, &removed, 0.1, SEED);
            for (place, gone) in removed.iter().enumerate().filter(|(_, gone)| !**gone) {
                prop_assert!(!gone);
                prop_assert_eq!(shown.pixel(place / 9, place % 9), crop.pixel(place / 9, place % 9));
            }
        }

        #[test]
        fn a_solid_image_stays_as_it_is_without_noise(colour: [u8; 3], (_, removed) in scene(6, 9)) {
            let crop = imaging::solid(colour, 6, 9);
            prop_assert_eq!(noisy_linear(&crop, &removed, 0.0, SEED), crop);
        }
    }

    #[test]
    fn noise_has_its_standard_deviation_and_comes_from_the_seed() {
        let crop = imaging::solid([128; 3], 60, 70);
        let mut removed = vec![true; 60 * 70];
        removed[0] = false;
        let shown = noisy_linear(&crop, &removed, 0.05, SEED);
        assert_eq!(shown, noisy_linear(&crop, &removed, 0.05, SEED));
        assert_ne!(shown, noisy_linear(&crop, &removed, 0.05, Seed([8; 32])));
        let count = (removed.len() - 1) as f64 * 3.0;
        let squares = shown
            .pixels()
            .iter()
            .map(|level| (f64::from(*level) - 128.0).powi(2));
        let deviation = (squares.sum::<f64>() / count).sqrt();
        // Of 12,597 numbers; the error of a standard deviation is 0.6 %.
        assert!(
            (deviation / (0.05 * WHITE) - 1.0).abs() < 0.03,
            "{deviation}"
        );
    }

    #[test]
    fn with_no_pixel_left_the_image_is_its_mean_colour() {
        let crop = Rgb::new(1, 2, vec![0, 10, 255, 4, 20, 255]).unwrap();
        let shown = noisy_linear(&crop, &[true; 2], 0.5, SEED);
        assert_eq!(shown.pixels(), [2, 15, 255, 2, 15, 255]);
    }

    #[test]
    fn with_nothing_removed_the_image_is_untouched() {
        let crop = Rgb::new(1, 2, vec![0, 10, 255, 4, 20, 255]).unwrap();
        assert_eq!(noisy_linear(&crop, &[false; 2], 0.5, SEED), crop);
    }
}
