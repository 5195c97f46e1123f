//! The relevance of superpixels, whichever way an explanation gives it.

use cam::CamError;

/// An explanation as its method leaves it.
#[derive(Clone, Copy, Debug)]
pub enum Explanation<'a> {
    /// A map over the image at a size of its own, as Grad-CAM makes it.
    Map {
        /// Row-major.
        values: &'a [f32],
        /// Height and width of the map.
        size: [usize; 2],
    },
    /// A signed weight for each superpixel, as LIME makes it.
    Weights(&'a [f64]),
}

/// The relevance of each of `count` superpixels, higher meaning more relevant: the mean of the map, enlarged to the crop, over the
/// superpixel's pixels; or its weight.
///
/// `labels` has the superpixel of each pixel of a crop of `size` [height, width].
pub fn relevance(
    explanation: Explanation<'_>,
    labels: &[u16],
    size: [usize; 2],
    count: usize,
) -> Result<Vec<f64>, CamError> {
    match explanation {
        Explanation::Weights(weights) => Ok(weights.to_vec()),
        Explanation::Map { values, size: from } => {
            cam::pool(&cam::enlarge(values, from, size)?, labels, count)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_enlarged_and_averaged_over_each_superpixel() {
        let map = Explanation::Map {
            values: &[1.0, 3.0],
            size: [1, 2],
        };
        let relevance = relevance(map, &[0, 0, 1, 1, 0, 0, 1, 1], [2, 4], 2).unwrap();
        assert_eq!(relevance, [1.25, 2.75]);
    }

    #[test]
    fn weights_are_their_own_relevance() {
        assert_eq!(
            relevance(Explanation::Weights(&[-1.0, 2.0]), &[0, 1], [1, 2], 2),
            Ok(vec![-1.0, 2.0])
        );
    }
}
