//! Quickshift: every pixel moves to its nearest neighbour of higher density; where it ends is its superpixel
//! (Vedaldi and Soatto, Quick shift and kernel methods for mode seeking, ECCV 2008).
//!
//! Pixels are points in five dimensions, L*, a* and b* times `ratio` and the two coordinates. Results are scikit-image's
//! but for ties of density, which scikit-image breaks with random noise of 1e-5 and this module with the pixel's index.
//!
//! Two choices make it fast and leave the labels as they are. Each pair's weight is computed once and added to both
//! densities, with an exponential that the compiler can vectorise. Parents are sought outwards from the pixel, and the
//! search ends where the distance in the plane alone exceeds the best distance found.

use serde::Serialize;
use std::{cmp::Ordering, f64::consts::LOG2_E};

use imaging::Rgb;
use rayon::prelude::*;

use crate::{Partition, PartitionError, SettingError, setting::check};

/// The window reaches this many kernel sizes to each side.
const REACH: f64 = 3.0;
/// What a pixel's index adds to its density: far above the rounding of equal densities, below every real difference.
const TIE_BREAK: f64 = 1e-9;
/// Rows whose densities one task accumulates; a constant, so that sums do not depend on the number of threads.
const BAND: usize = 16;

/// Settings of quickshift, in range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Quickshift {
    kernel_size: f64,
    max_dist: f64,
    ratio: f64,
}

impl Default for Quickshift {
    /// 4, 200 and 0.2: those of the published LIME for images.
    fn default() -> Self {
        Self {
            kernel_size: 4.0,
            max_dist: 200.0,
            ratio: 0.2,
        }
    }
}

impl Quickshift {
    /// Checks the settings.
    ///
    /// * `kernel_size`: width of the Gaussian density kernel in pixels, 0.5 to 50; higher means fewer superpixels. Time
    ///   grows with its square.
    /// * `max_dist`: longest move in pixels (colours count, times `ratio`), above 0 to 1e6; higher means fewer superpixels.
    ///   Beyond 3 `kernel_size` it only stops moves between unlike colours.
    /// * `ratio`: weight of colour against position, 0 to 1; higher follows colours more closely.
    pub fn new(kernel_size: f64, max_dist: f64, ratio: f64) -> Result<Self, SettingError> {
        let usual = Self::default();
        Ok(Self {
            kernel_size: check(
                "kernel_size",
                kernel_size,
                &(0.5..=50.0),
                &usual.kernel_size,
            )?,
            max_dist: check(
                "max_dist",
                max_dist,
                &(f64::MIN_POSITIVE..=1e6),
                &usual.max_dist,
            )?,
            ratio: check("ratio", ratio, &(0.0..=1.0), &usual.ratio)?,
        })
    }

    /// Width of the density kernel in pixels.
    pub fn kernel_size(&self) -> f64 {
        self.kernel_size
    }

    /// Longest move, in pixels.
    pub fn max_dist(&self) -> f64 {
        self.max_dist
    }

    /// Weight of colour against position.
    pub fn ratio(&self) -> f64 {
        self.ratio
    }

    /// Cuts an image; superpixels are numbered by the position of their densest pixel.
    pub fn partition(&self, image: &Rgb) -> Result<Partition, PartitionError> {
        let points = Points::new(image, self.ratio);
        let reach = (REACH * self.kernel_size).ceil() as usize;
        let density = densities(&points, self.kernel_size, reach);
        let mut parents = parents(&points, &density, self.max_dist, reach);
        climb(&mut parents);
        Partition::of_marks(image, &parents)
    }
}

/// Weighted Lab of an image, one plane a channel.
struct Points {
    height: usize,
    width: usize,
    planes: [Vec<f64>; 3],
}

impl Points {
    fn new(image: &Rgb, ratio: f64) -> Self {
        let lab = imaging::lab(image);
        let planes =
            std::array::from_fn(|channel| lab.iter().map(|color| color[channel] * ratio).collect());
        Self {
            height: image.height(),
            width: image.width(),
            planes,
        }
    }

    /// A row of each channel.
    fn row(&self, y: usize) -> [&[f64]; 3] {
        self.planes
            .each_ref()
            .map(|plane| &plane[y * self.width..(y + 1) * self.width])
    }

    fn distance(&self, from: usize, to: usize, step: Step) -> f64 {
        let color: f64 = self
            .planes
            .iter()
            .map(|plane| (plane[from] - plane[to]).powi(2))
            .sum();
        color + f64::from(step.down * step.down) + f64::from(step.right * step.right)
    }
}

/// Density of each pixel: the sum over its window of `exp(-distance^2 / (2 kernel_size^2))`, ties broken by index.
fn densities(points: &Points, kernel_size: f64, reach: usize) -> Vec<f64> {
    // Of two, since powers of two need fewer operations than powers of e.
    let exponent = -0.5 * LOG2_E / (kernel_size * kernel_size);
    let starts: Vec<usize> = (0..points.height).step_by(BAND).collect();
    let bands: Vec<Vec<f64>> = starts
        .par_iter()
        .map(|&start| band_sums(points, start, exponent, reach))
        .collect();
    let mut density: Vec<f64> = (0..points.height * points.width)
        .map(|index| 1.0 + index as f64 * TIE_BREAK)
        .collect();
    for (start, band) in starts.iter().zip(&bands) {
        for (sum, part) in density[start * points.width..].iter_mut().zip(band) {
            *sum += part;
        }
    }
    density
}

/// What the pairs whose upper pixel lies in one band add to the band and to the `reach` rows below it.
fn band_sums(points: &Points, start: usize, exponent: f64, reach: usize) -> Vec<f64> {
    let (height, width) = (points.height, points.width);
    let end = (start + BAND).min(height);
    let furthest = reach.min(width - 1) as isize;
    let mut sums = vec![0.0; ((end + reach).min(height) - start) * width];
    for y in start..end {
        let (upper, below) = sums[(y - start) * width..].split_at_mut(width);
        // Steps to the right and downwards: each pair once.
        let mut beside = vec![0.0; width];
        for right in 1..=furthest {
            add_weights(
                [&mut *upper, &mut beside],
                [points.row(y); 2],
                [0, right],
                exponent,
            );
        }
        upper
            .iter_mut()
            .zip(&beside)
            .for_each(|(sum, part)| *sum += part);
        for (down, lower) in (1..=reach as isize).zip(below.chunks_exact_mut(width)) {
            let rows = [y, y + down as usize].map(|row| points.row(row));
            for right in -furthest..=furthest {
                add_weights([&mut *upper, &mut *lower], rows, [down, right], exponent);
            }
        }
    }
    sums
}

/// Adds the weight of each pair of pixels of two rows, one step apart, to the densities of both.
fn add_weights(
    [upper, lower]: [&mut [f64]; 2],
    rows: [[&[f64]; 3]; 2],
    [down, right]: [isize; 2],
    exponent: f64,
) {
    let plane = (down * down + right * right) as f64;
    let shift = right.unsigned_abs();
    let (from, to) = if right < 0 { (shift, 0) } else { (0, shift) };
    // Slices of one known length: without bounds to check, the loop becomes vector instructions.
    let length = upper.len() - shift;
    let (upper, lower) = (&mut upper[from..from + length], &mut lower[to..to + length]);
    let [l, a, b] = rows[0].map(|channel| &channel[from..from + length]);
    let [m, c, d] = rows[1].map(|channel| &channel[to..to + length]);
    for i in 0..length {
        let (x, y, z) = (l[i] - m[i], a[i] - c[i], b[i] - d[i]);
        let weight = power_of_two((x * x + y * y + z * z + plane) * exponent);
        upper[i] += weight;
        lower[i] += weight;
    }
}

/// 2^x for x <= 0, to 1e-12 of its value, and at least 2^-1000: without branches, calls or tables, so that a loop over
/// it becomes vector instructions, and of basic operations only, so that every processor gives the same bits.
#[inline]
fn power_of_two(x: f64) -> f64 {
    /// 1.5 x 2^52: adding it leaves a number's nearest integer in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let x = if x > -1000.0 { x } else { -1000.0 };
    let rounded = x + ROUND;
    let rest = x - (rounded - ROUND);
    // Even and odd powers apart: two short chains of operations run side by side.
    let square = rest * rest;
    let [first_even, evens @ ..] = EVEN_POWERS;
    let [first_odd, odds @ ..] = ODD_POWERS;
    let even = evens
        .iter()
        .fold(first_even, |sum, coefficient| sum * square + coefficient);
    let odd = odds
        .iter()
        .fold(first_odd, |sum, coefficient| sum * square + coefficient);
    let fraction = odd * rest + even;
    f64::from_bits(fraction.to_bits().wrapping_add(rounded.to_bits() << 52))
}

/// Coefficients of the power series of 2^x, (ln 2)^k / k!, for k = 10, 8, ..., 0 and for k = 9, 7, ..., 1.
const EVEN_POWERS: [f64; 6] = every_other_coefficient(10);
const ODD_POWERS: [f64; 5] = every_other_coefficient(9);

const fn every_other_coefficient<const TERMS: usize>(highest: usize) -> [f64; TERMS] {
    let mut coefficients = [0.0; TERMS];
    let mut coefficient = 1.0;
    let mut power = 0;
    while power <= highest {
        if (highest - power).is_multiple_of(2) {
            coefficients[(highest - power) / 2] = coefficient;
        }
        power += 1;
        coefficient *= std::f64::consts::LN_2 / power as f64;
    }
    coefficients
}

/// A step from a pixel to another in its window, in pixels.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    down: i32,
    right: i32,
}

/// Every step of the window with the square of its length, shortest first.
fn steps(reach: usize) -> Vec<(f64, Step)> {
    let reach = reach as i32;
    let mut steps: Vec<(i32, Step)> = (-reach..=reach)
        .flat_map(|down| (-reach..=reach).map(move |right| Step { down, right }))
        .map(|step| (step.down * step.down + step.right * step.right, step))
        .filter(|&(squared, _)| squared > 0)
        .collect();
    steps.sort_unstable();
    steps
        .into_iter()
        .map(|(squared, step)| (f64::from(squared), step))
        .collect()
}

/// The nearest pixel of higher density in each pixel's window; the pixel itself where there is none within `max_dist`.
fn parents(points: &Points, density: &[f64], max_dist: f64, reach: usize) -> Vec<usize> {
    let steps = steps(reach);
    let width = points.width;
    (0..density.len())
        .into_par_iter()
        .with_min_len(width)
        .map(|pixel| {
            parent(points, density, &steps, pixel)
                .filter(|&(squared, _)| squared.sqrt() <= max_dist)
                .map_or(pixel, |(_, parent)| parent)
        })
        .collect()
}

/// The square of the distance to the nearest pixel of higher density, and that pixel; among equally near ones the first.
fn parent(
    points: &Points,
    density: &[f64],
    steps: &[(f64, Step)],
    pixel: usize,
) -> Option<(f64, usize)> {
    let mut nearest: Option<(f64, Step, usize)> = None;
    for &(plane, step) in steps {
        if nearest.is_some_and(|(best, ..)| plane > best) {
            break;
        }
        let Some(other) = target(points, pixel, step) else {
            continue;
        };
        if density[other] <= density[pixel] {
            continue;
        }
        let squared = points.distance(pixel, other, step);
        let nearer = nearest.is_none_or(|(best, first, _)| match squared.total_cmp(&best) {
            Ordering::Less => true,
            Ordering::Equal => step < first,
            Ordering::Greater => false,
        });
        if nearer {
            nearest = Some((squared, step, other));
        }
    }
    nearest.map(|(squared, _, other)| (squared, other))
}

/// The pixel that a step leads to, inside the image.
fn target(points: &Points, pixel: usize, step: Step) -> Option<usize> {
    let y = (pixel / points.width).checked_add_signed(step.down as isize)?;
    let x = (pixel % points.width).checked_add_signed(step.right as isize)?;
    (y < points.height && x < points.width).then_some(y * points.width + x)
}

/// Replaces each pixel's parent by the end of its path. Density grows along a path, so there are no rings.
fn climb(parents: &mut [usize]) {
    for pixel in 0..parents.len() {
        let mut at = pixel;
        while parents[at] != at {
            parents[at] = parents[parents[at]];
            at = parents[at];
        }
        parents[pixel] = at;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{halves, keeps_apart, noise};

    /// Quickshift as its definition reads: every pair twice, every parent by looking at the whole window.
    fn by_definition(image: &Rgb, settings: &Quickshift) -> Vec<usize> {
        let points = Points::new(image, settings.ratio);
        let steps = steps((REACH * settings.kernel_size).ceil() as usize);
        let pixels = 0..points.height * points.width;
        let squared = |from: usize, to: usize, step: Step| points.distance(from, to, step);
        let neighbours = |pixel: usize| {
            let at =
                |&(_, step): &(f64, Step)| target(&points, pixel, step).map(|other| (other, step));
            steps.iter().filter_map(at).collect::<Vec<_>>()
        };
        let weight = |distance: f64| (-distance / (2.0 * settings.kernel_size.powi(2))).exp();
        let density: Vec<f64> = pixels
            .clone()
            .map(|pixel| {
                let others = neighbours(pixel);
                let sum: f64 = others
                    .iter()
                    .map(|&(other, step)| weight(squared(pixel, other, step)))
                    .sum();
                1.0 + sum + pixel as f64 * TIE_BREAK
            })
            .collect();
        let parent = |pixel: usize| {
            neighbours(pixel)
                .into_iter()
                .filter(|&(other, _)| density[other] > density[pixel])
                .map(|(other, step)| (squared(pixel, other, step), other))
                .filter(|&(distance, _)| distance.sqrt() <= settings.max_dist)
                .min_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)))
                .map_or(pixel, |(_, other)| other)
        };
        let parents: Vec<usize> = pixels.clone().map(parent).collect();
        let root = |mut pixel: usize| {
            while parents[pixel] != pixel {
                pixel = parents[pixel];
            }
            pixel
        };
        pixels.map(root).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn labels_are_those_of_the_definition(
            image in noise(), kernel_size in 0.5..3.0, max_dist in 2.0..40.0, ratio in 0.0..=1.0,
        ) {
            let settings = Quickshift::new(kernel_size, max_dist, ratio).unwrap();
            let expected = Partition::of_marks(&image, &by_definition(&image, &settings));
            prop_assert_eq!(settings.partition(&image), expected);
        }

        #[test]
        fn a_power_of_two_is_right_to_1e_minus_12(x in -990.0..=0.0) {
            prop_assert!((power_of_two(x) / x.exp2() - 1.0).abs() < 1e-12);
        }

        #[test]
        fn flat_halves_fall_into_few_superpixels_and_are_never_joined(
            height in 60_usize..80, width in 90_usize..110, more in 0_usize..20,
        ) {
            let edge = 35 + more;
            let image = halves(height, width, edge, [[200, 30, 40], [20, 60, 220]]);
            let partition = Quickshift::default().partition(&image).unwrap();
            prop_assert!(keeps_apart(&partition, edge));
            prop_assert!(partition.count() <= 8, "{} superpixels", partition.count());
        }
    }

    #[test]
    fn powers_of_two_end_at_one_and_never_vanish() {
        assert!((power_of_two(0.0) - 1.0).abs() < 1e-15);
        assert!(power_of_two(-1e9) > 0.0);
    }

    #[test]
    fn the_result_does_not_depend_on_the_number_of_threads() {
        let image = halves(70, 90, 41, [[200, 30, 40], [180, 60, 50]]);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let points = Points::new(&image, 0.2);
                let bits: Vec<u64> = densities(&points, 4.0, 12)
                    .iter()
                    .map(|value| value.to_bits())
                    .collect();
                (bits, Quickshift::default().partition(&image).unwrap())
            })
        };
        let alone = with(1);
        assert_eq!(with(2), alone);
        assert_eq!(with(5), alone);
    }

    #[test]
    fn settings_out_of_range_are_refused_and_named() {
        let error = Quickshift::new(4.0, 200.0, 1.5).unwrap_err().to_string();
        assert_eq!(
            error,
            "expected ratio between 0 and 1, found 1.5: 0.2 is usual"
        );
        assert!(
            Quickshift::new(0.4, 200.0, 0.2).is_err() && Quickshift::new(51.0, 200.0, 0.2).is_err()
        );
        assert!(
            Quickshift::new(4.0, 0.0, 0.2).is_err() && Quickshift::new(4.0, f64::NAN, 0.2).is_err()
        );
    }
}
