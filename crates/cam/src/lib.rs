//! The arithmetic of Grad-CAM (Selvaraju et al. 2017) and the pooling of its map over superpixels.
//!
//! Pure functions of slices: activations and gradients come from whoever runs the network. Sums are kept in f64 and
//! rounded once, so that no result depends on the order of channels beyond its last bit. Axes are
//! [channels, height, width] and [height, width], row-major.

use thiserror::Error;

/// Shape of a layer's activations, and of the class score's gradients with respect to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dims {
    /// Number of feature maps.
    pub channels: usize,
    /// Rows of a feature map.
    pub height: usize,
    /// Columns of a feature map.
    pub width: usize,
}

impl Dims {
    /// Positions of one feature map.
    pub fn positions(self) -> usize {
        self.height * self.width
    }
}

/// Slices that do not fit their shapes, or labels that are no partition.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CamError {
    /// A slice has another number of values than its shape.
    #[error(
        "{quantity}: expected {expected} values, found {found}: pass the shape that the values were made with"
    )]
    Length {
        /// What the slice holds.
        quantity: &'static str,
        /// Values that the shape asks for.
        expected: usize,
        /// Values that were passed.
        found: usize,
    },
    /// A side is 0.
    #[error(
        "{quantity} has no positions: expected a height and a width of at least 1, found {height}x{width}"
    )]
    Empty {
        /// What has no positions.
        quantity: &'static str,
        /// Rows found.
        height: usize,
        /// Columns found.
        width: usize,
    },
    /// A pixel has a label that no superpixel has.
    #[error(
        "expected labels below {count}, found {label}: pass the number of superpixels of this partition"
    )]
    Label {
        /// The label found.
        label: u16,
        /// Number of superpixels.
        count: usize,
    },
    /// A superpixel has no pixel.
    #[error("superpixel {superpixel} of {count} has no pixel: labels must be contiguous from 0")]
    NoPixel {
        /// Superpixel without a pixel.
        superpixel: usize,
        /// Number of superpixels.
        count: usize,
    },
}

/// The channels' weights alpha: the mean over all positions of the score's gradient (eq. 1).
///
/// `gradients` is [channels, height, width]; the result has one weight for each channel, of any sign.
pub fn channel_weights(gradients: &[f32], dims: Dims) -> Result<Vec<f32>, CamError> {
    check_layer("gradients", gradients, dims)?;
    let mean = |channel: &[f32]| sum(channel) / dims.positions() as f64;
    Ok(gradients
        .chunks_exact(dims.positions())
        .map(|channel| mean(channel) as f32)
        .collect())
}

/// The class's map: the weighted sum of the feature maps, negative values set to 0 (eq. 2).
///
/// `activations` is [channels, height, width], `weights` has one value for each channel. The result is
/// [height, width], at least 0 and not normalised.
pub fn map(activations: &[f32], weights: &[f32], dims: Dims) -> Result<Vec<f32>, CamError> {
    check_layer("activations", activations, dims)?;
    check_length("channel weights", weights.len(), dims.channels)?;
    let mut sums = vec![0.0_f64; dims.positions()];
    for (channel, &weight) in activations.chunks_exact(dims.positions()).zip(weights) {
        for (sum, &activation) in sums.iter_mut().zip(channel) {
            *sum += f64::from(weight) * f64::from(activation);
        }
    }
    Ok(sums.into_iter().map(|sum| sum.max(0.0) as f32).collect())
}

/// Resizes a map bilinearly, as torch's `interpolate` does with `align_corners = false`.
///
/// Pixel centres lie at half integers and the border is repeated. `from` and `to` are [height, width], each
/// side at least 1; `map` is [from\[0\], from\[1\]] and the result [to\[0\], to\[1\]].
pub fn enlarge(map: &[f32], from: [usize; 2], to: [usize; 2]) -> Result<Vec<f32>, CamError> {
    check_size("map", from)?;
    check_size("enlarged map", to)?;
    check_length("map", map.len(), from[0] * from[1])?;
    let columns: Vec<Tap> = (0..to[1])
        .map(|column| Tap::at(column, from[1], to[1]))
        .collect();
    let mut enlarged = Vec::with_capacity(to[0] * to[1]);
    for row in (0..to[0]).map(|row| Tap::at(row, from[0], to[0])) {
        let upper = &map[row.low * from[1]..][..from[1]];
        let lower = &map[row.high * from[1]..][..from[1]];
        enlarged.extend(
            columns
                .iter()
                .map(|column| row.blend(column.of(upper), column.of(lower))),
        );
    }
    Ok(enlarged)
}

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

/// Where an output position falls between two input positions of one axis.
struct Tap {
    low: usize,
    high: usize,
    /// Share of `high`, in [0, 1).
    share: f32,
}

impl Tap {
    /// The two inputs of output `position`, in single precision as torch computes them.
    fn at(position: usize, from: usize, to: usize) -> Self {
        let scale = from as f32 / to as f32;
        let source = (scale * (position as f32 + 0.5) - 0.5).max(0.0);
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

fn sum(values: &[f32]) -> f64 {
    values.iter().map(|&value| f64::from(value)).sum()
}

fn check_layer(quantity: &'static str, values: &[f32], dims: Dims) -> Result<(), CamError> {
    check_size(quantity, [dims.height, dims.width])?;
    check_length(quantity, values.len(), dims.channels * dims.positions())
}

fn check_size(quantity: &'static str, [height, width]: [usize; 2]) -> Result<(), CamError> {
    if height == 0 || width == 0 {
        Err(CamError::Empty {
            quantity,
            height,
            width,
        })
    } else {
        Ok(())
    }
}

fn check_length(quantity: &'static str, found: usize, expected: usize) -> Result<(), CamError> {
    if found == expected {
        Ok(())
    } else {
        Err(CamError::Length {
            quantity,
            expected,
            found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const DIMS: Dims = Dims {
        channels: 2,
        height: 2,
        width: 3,
    };

    #[test]
    fn weights_are_mean_gradients_and_the_map_is_their_rectified_sum() {
        let gradients = [1., 2., 3., 4., 5., 9., -6., 0., 0., 0., 0., 3.];
        let weights = channel_weights(&gradients, DIMS).unwrap();
        assert_eq!(weights, [4.0, -0.5]);
        let activations = [1., 0., 2., 1., 0., 0.5, 0., 2., 4., 10., 1., 2.];
        assert_eq!(
            map(&activations, &weights, DIMS).unwrap(),
            [4., 0., 6., 0., 0., 1.]
        );
    }

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
    fn bad_shapes_and_labels_are_errors() {
        let length = |quantity, expected, found| CamError::Length {
            quantity,
            expected,
            found,
        };
        assert_eq!(
            channel_weights(&[0.0; 11], DIMS),
            Err(length("gradients", 12, 11))
        );
        assert_eq!(
            map(&[0.0; 12], &[0.0; 3], DIMS),
            Err(length("channel weights", 2, 3))
        );
        let empty = CamError::Empty {
            quantity: "enlarged map",
            height: 0,
            width: 4,
        };
        assert_eq!(enlarge(&[0.0; 6], [2, 3], [0, 4]), Err(empty));
        assert_eq!(
            pool(&[0.0; 3], &[0, 1, 2], 2),
            Err(CamError::Label { label: 2, count: 2 })
        );
        assert_eq!(
            pool(&[0.0; 3], &[0, 2, 2], 3),
            Err(CamError::NoPixel {
                superpixel: 1,
                count: 3
            })
        );
        assert_eq!(
            pool(&[0.0; 3], &[0, 1], 2),
            Err(length("superpixel labels", 3, 2))
        );
    }

    type Layer = (Dims, Vec<f32>, Vec<f32>, Vec<usize>);

    fn layer() -> impl Strategy<Value = Layer> {
        (1usize..20, 1usize..5, 1usize..5).prop_flat_map(|(channels, height, width)| {
            let values = || prop::collection::vec(-4.0_f32..4.0, channels * height * width);
            let order = Just((0..channels).collect::<Vec<_>>()).prop_shuffle();
            (
                Just(Dims {
                    channels,
                    height,
                    width,
                }),
                values(),
                values(),
                order,
            )
        })
    }

    fn reordered(values: &[f32], dims: Dims, order: &[usize]) -> Vec<f32> {
        let channel = |&index: &usize| &values[index * dims.positions()..][..dims.positions()];
        order.iter().flat_map(channel).copied().collect()
    }

    proptest! {
        #[test]
        fn map_does_not_depend_on_channel_order((dims, activations, gradients, order) in layer()) {
            let cam = |activations: &[f32], gradients: &[f32]| {
                map(activations, &channel_weights(gradients, dims).unwrap(), dims).unwrap()
            };
            let straight = cam(&activations, &gradients);
            let shuffled = cam(&reordered(&activations, dims, &order), &reordered(&gradients, dims, &order));
            assert_close(&straight, &shuffled, 1e-6);
        }

        #[test]
        fn map_is_never_negative((dims, activations, gradients, _) in layer()) {
            let weights = channel_weights(&gradients, dims).unwrap();
            prop_assert!(map(&activations, &weights, dims).unwrap().into_iter().all(|value| value >= 0.0));
        }

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

        #[test]
        fn pooled_constant_is_that_constant(value in any::<f32>().prop_filter("finite", |v| v.is_finite())) {
            let labels: Vec<u16> = (0..35).map(|pixel| pixel % 4).collect();
            prop_assert_eq!(pool(&[value; 35], &labels, 4).unwrap(), [f64::from(value); 4]);
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
