//! Enlargement of maps.

use crate::error::{CamError, check_length, check_size};

/// Resizes a map bilinearly, as torch's `interpolate` does with `align_corners = false`.
///
/// Pixel centres lie at half integers and the border is repeated. `from` and `to` are [height, width], each
/// side at least 1; `map` is [from\[0\], from\[1\]] and the result [to\[0\], to\[1\]].
pub fn enlarge(map: &[f32], from: [usize; 2], to: [usize; 2]) -> Result<Vec<f32>, CamError> {
    check_size("map", from)?;
    check_size("enlarged map", to)?;
    check_length("map", map.len(), from[0] * from[1])?;
    let mut enlarged = vec![0.0; to[0] * to[1]];
    resize(map, from, to, Tap::between_edges, &mut enlarged);
    Ok(enlarged)
}

/// Resizes a map bilinearly, as torch's `interpolate` does with `align_corners = true`: corner pixels stay at the corners.
///
/// # Panics
/// If `map` has not [from\[0\], from\[1\]] values, each side at least 1, or `enlarged` not [to\[0\], to\[1\]].
pub fn corners_aligned(map: &[f32], from: [usize; 2], to: [usize; 2], enlarged: &mut [f32]) {
    assert_eq!(
        (map.len(), enlarged.len()),
        (from[0] * from[1], to[0] * to[1])
    );
    resize(map, from, to, Tap::between_corners, enlarged);
}

/// Writes a soft mask (RISE, Petsiuk et al. 2018, section 3.2): a grid of `side` x `side` cells, enlarged bilinearly to `side` + 1 cells of ceil(length / `side`)
/// pixels, and cut to `size` behind a shift, in 65,536ths of a cell. Values are in [0, 1] where those of the grid are.
///
/// # Panics
/// If `grid` has not `side` x `side` values, at least one, or `mask` not [size\[0\], size\[1\]].
pub fn soft_mask(grid: &[f32], side: usize, shift: [u16; 2], size: [usize; 2], mask: &mut [f32]) {
    assert_eq!((grid.len(), mask.len()), (side * side, size[0] * size[1]));
    let taps = |axis: usize| -> Vec<Tap> {
        let cell = size[axis].div_ceil(side);
        let first = (cell * usize::from(shift[axis])) >> 16;
        (first..first + size[axis])
            .map(|position| Tap::between_edges(position, side, (side + 1) * cell))
            .collect()
    };
    write(grid, side, &taps(0), &taps(1), mask);
}

fn resize(
    map: &[f32],
    from: [usize; 2],
    to: [usize; 2],
    tap: impl Fn(usize, usize, usize) -> Tap,
    enlarged: &mut [f32],
) {
    let taps = |axis: usize| -> Vec<Tap> {
        let positions = 0..to[axis];
        positions
            .map(|position| tap(position, from[axis], to[axis]))
            .collect()
    };
    write(map, from[1], &taps(0), &taps(1), enlarged);
}

/// Writes what lies at rows and columns of a map with lines of a width.
fn write(map: &[f32], width: usize, rows: &[Tap], columns: &[Tap], resized: &mut [f32]) {
    let lines = resized.chunks_exact_mut(columns.len().max(1));
    for (row, line) in rows.iter().zip(lines) {
        let upper = &map[row.low * width..][..width];
        let lower = &map[row.high * width..][..width];
        for (value, column) in line.iter_mut().zip(columns) {
            *value = row.blend(column.of(upper), column.of(lower));
        }
    }
}

/// Where an output position falls between two input positions of one axis.
struct Tap {
    low: usize,
    high: usize,
    /// Share of `high`, in [0, 1).
    share: f32,
}

impl Tap {
    /// The two inputs of output `position`, in single precision as torch computes them, where the edges of both images lie together.
    fn between_edges(position: usize, from: usize, to: usize) -> Self {
        let scale = from as f32 / to as f32;
        Self::of_source((scale * (position as f32 + 0.5) - 0.5).max(0.0), from)
    }

    /// The same where the centres of the corner pixels lie together.
    fn between_corners(position: usize, from: usize, to: usize) -> Self {
        let scale = match to {
            0 | 1 => 0.0,
            _ => (from - 1) as f32 / (to - 1) as f32,
        };
        Self::of_source(scale * position as f32, from)
    }

    fn of_source(source: f32, from: usize) -> Self {
        let low = (source as usize).min(from - 1);
        Self {
            low,
            high: (low + 1).min(from - 1),
            share: (source - low as f32).min(1.0),
        }
    }

    fn blend(&self, low: f32, high: f32) -> f32 {
        (1.0 - self.share) * low + self.share * high
    }

    fn of(&self, line: &[f32]) -> f32 {
        self.blend(line[self.low], line[self.high])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Against libtorch 2.11: `interpolate` of [[1, 2, 4], [8, 16, 32]] to 3x5, and of the squares of 0..20 as 4x5 to
    /// 3x2, bilinear with `align_corners = false`.
    #[test]
    fn resizing_equals_torch_where_height_and_width_differ() {
        let larger = enlarge(&[1., 2., 4., 8., 16., 32.], [2, 3], [3, 5]).unwrap();
        let expected = [
            1.,
            1.400_000_1,
            2.,
            3.200_000_3,
            4.,
            4.5,
            6.3,
            9.,
            14.400_002,
            18.,
            8.,
            11.200_001,
            16.,
            25.600_002,
            32.,
        ];
        assert_close(&larger, &expected, 1e-7);
        let squares: Vec<f32> = (0..20_u8).map(|value| f32::from(value).powi(2)).collect();
        let smaller = enlarge(&squares, [4, 5], [3, 2]).unwrap();
        let expected = [6.166_667_5, 20.333_334, 74.5, 122., 226.166_69, 307.000_03];
        assert_close(&smaller, &expected, 1e-7);
    }

    #[test]
    fn bad_sizes_are_errors() {
        let empty = CamError::Empty {
            quantity: "enlarged map",
            height: 0,
            width: 4,
        };
        assert_eq!(enlarge(&[0.0; 6], [2, 3], [0, 4]), Err(empty));
        let length = CamError::Length {
            quantity: "map",
            expected: 6,
            found: 5,
        };
        assert_eq!(enlarge(&[0.0; 5], [2, 3], [4, 4]), Err(length));
    }

    proptest! {
        #[test]
        fn enlarged_constant_is_that_constant(
            value in -9.0_f32..9.0, from in [1usize..6, 1usize..6], to in [1usize..30, 1usize..30],
        ) {
            let enlarged = enlarge(&vec![value; from[0] * from[1]], from, to).unwrap();
            prop_assert_eq!(enlarged.len(), to[0] * to[1]);
            prop_assert!(enlarged.into_iter().all(|found| (found - value).abs() <= 1e-6 * value.abs()));
        }

        #[test]
        fn enlarging_to_the_same_size_changes_nothing(map in prop::collection::vec(-9.0_f32..9.0, 20)) {
            prop_assert_eq!(enlarge(&map, [4, 5], [4, 5]).unwrap(), map);
        }

        #[test]
        fn enlarging_commutes_with_transposition(map in prop::collection::vec(-9.0_f32..9.0, 12)) {
            let transposed = |values: &[f32], [height, width]: [usize; 2]| -> Vec<f32> {
                (0..width).flat_map(|x| (0..height).map(move |y| values[y * width + x])).collect()
            };
            let after = transposed(&enlarge(&map, [3, 4], [7, 11]).unwrap(), [7, 11]);
            let before = enlarge(&transposed(&map, [3, 4]), [4, 3], [11, 7]).unwrap();
            assert_close(&after, &before, 1e-6);
        }
    }

    /// Relative to the largest magnitude expected, as DESIGN's parity checks state it.
    fn assert_close(found: &[f32], expected: &[f32], tolerance: f32) {
        assert_eq!(found.len(), expected.len());
        let largest = expected
            .iter()
            .fold(0.0_f32, |largest, value| largest.max(value.abs()));
        for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
            let difference = (found - expected).abs();
            assert!(
                difference <= tolerance * largest.max(1.0),
                "{index}: {found} for {expected}"
            );
        }
    }
}
