//! Resizing of 8-bit images with the fixed-point arithmetic of Pillow's `Image.resize`, bit for bit.
//!
//! Pillow filters along one axis, rounds to 8 bit, then filters along the other. Crates that do both at once, or with other
//! weights, are one level off in a fifth of the values; this much is short enough to have here. Integers only, after
//! the weights: the result is the same on every processor.

use crate::axis::{Axis, Filter};

/// Bits behind the point of a weight: 32 less 8 for the level and 2 for the sum's head room.
const PRECISION: u32 = 32 - 8 - 2;
/// Bytes of a pixel.
const CHANNELS: usize = 3;

/// Where a resized pixel comes from: consecutive source pixels and their weights, which sum to 1 << [`PRECISION`].
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

impl Taps {
    fn end(&self) -> usize {
        self.first + self.weights.len()
    }
}

/// The kept part of an RGB image resized with a filter, which is as wide as the scale where it shrinks.
///
/// Axes [rows, columns, 3] before and after.
pub(crate) fn resized(pixels: &[u8], rows: Axis, columns: Axis, filter: Filter) -> Vec<u8> {
    let (down, across) = (all_taps(rows, filter), all_taps(columns, filter));
    let first = down.first().map_or(0, |taps| taps.first);
    let end = down.last().map_or(0, Taps::end);
    let source = columns.source * CHANNELS;
    let used = &pixels[first * source..end * source];
    if rows_shrink_first(rows, columns) {
        squeezed(&mixed(used, source, first, &down), source, &across)
    } else {
        let narrow = squeezed(used, source, &across);
        mixed(&narrow, columns.kept * CHANNELS, first, &down)
    }
}

/// Whether Pillow makes an image less high before it makes it less wide: since version 13, where the height loses more than
/// twice what the width does. Each pass rounds to 8 bit, so the order shows.
fn rows_shrink_first(rows: Axis, columns: Axis) -> bool {
    let lost = |axis: Axis| axis.source as i64 - axis.resized as i64;
    lost(rows) > 0 && lost(rows) > 2 * lost(columns)
}

/// Every row made narrower.
fn squeezed(pixels: &[u8], stride: usize, across: &[Taps]) -> Vec<u8> {
    let rows = pixels.chunks_exact(stride);
    rows.flat_map(|row| squeeze(row, across)).collect()
}

/// Rows mixed of those of `pixels`, the first of which is the source's row `first`.
fn mixed(pixels: &[u8], stride: usize, first: usize, down: &[Taps]) -> Vec<u8> {
    let rows = |taps: &Taps| {
        let range = (taps.first - first) * stride..(taps.end() - first) * stride;
        mix(&pixels[range], stride, taps)
    };
    down.iter().flat_map(rows).collect()
}

/// The taps of each kept position of an axis.
fn all_taps(axis: Axis, filter: Filter) -> Vec<Taps> {
    let scale = axis.source as f64 / axis.resized as f64;
    (axis.first..axis.first + axis.kept)
        .map(|position| {
            taps(
                (position as f64 + 0.5) * scale,
                scale.max(1.0),
                axis.source,
                filter,
            )
        })
        .collect()
}

fn taps(center: f64, scale: f64, source: usize, filter: Filter) -> Taps {
    let support = filter.support() * scale;
    // The casts round towards zero and stop at 0.
    let first = (center - support + 0.5) as usize;
    let end = ((center + support + 0.5) as usize).min(source);
    let weight = |position: usize| filter.at((position as f64 - center + 0.5) * (1.0 / scale));
    let raw: Vec<f64> = (first..end).map(weight).collect();
    let sum: f64 = raw.iter().sum();
    let fixed = |weight: &f64| {
        let fixed = weight / sum * f64::from(1 << PRECISION);
        // To the nearest, a half away from zero.
        (fixed + f64::copysign(0.5, fixed)) as i32
    };
    Taps {
        first,
        weights: raw.iter().map(fixed).collect(),
    }
}

impl Filter {
    /// How far from its centre it reaches, in pixels.
    fn support(self) -> f64 {
        match self {
            Self::Bilinear => 1.0,
            Self::Bicubic => 2.0,
        }
    }

    /// The weight at a distance from its centre, not normalised.
    fn at(self, distance: f64) -> f64 {
        const A: f64 = -0.5;
        let x = distance.abs();
        match self {
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Bicubic if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
            Self::Bicubic => 0.0,
        }
    }
}

fn squeeze(row: &[u8], across: &[Taps]) -> Vec<u8> {
    let (pixels, _) = row.as_chunks::<CHANNELS>();
    let one = |taps: &Taps| {
        let mut sums = [HALF; CHANNELS];
        for (pixel, weight) in pixels[taps.first..taps.end()].iter().zip(&taps.weights) {
            for (sum, &level) in sums.iter_mut().zip(pixel) {
                *sum += i32::from(level) * weight;
            }
        }
        sums.map(level)
    };
    across.iter().flat_map(one).collect()
}

/// The weighted sum of whole rows.
fn mix(rows: &[u8], stride: usize, taps: &Taps) -> Vec<u8> {
    let mut sums = vec![HALF; stride];
    for (row, weight) in rows.chunks_exact(stride).zip(&taps.weights) {
        for (sum, &level) in sums.iter_mut().zip(row) {
            *sum += i32::from(level) * weight;
        }
    }
    sums.into_iter().map(level).collect()
}

/// What a sum starts with, so that cutting its fraction rounds it.
const HALF: i32 = 1 << (PRECISION - 1);

fn level(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// The kept part of an array, each value from the source position under its centre.
pub(crate) fn nearest<T: Copy>(values: &[T], rows: Axis, columns: Axis) -> Vec<T> {
    let source =
        |axis: Axis, kept: usize| (2 * (axis.first + kept) + 1) * axis.source / (2 * axis.resized);
    (0..rows.kept)
        .flat_map(|y| (0..columns.kept).map(move |x| (y, x)))
        .map(|(y, x)| values[source(rows, y) * columns.source + source(columns, x)])
        .collect()
}
