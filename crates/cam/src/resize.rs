//! Enlargement of maps.

use crate::error::{CamError, check_length, check_size};
use crate::taps::{Tap, write};

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
