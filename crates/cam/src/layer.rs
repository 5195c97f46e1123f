//! A layer of a network.

use crate::error::{CamError, check_length, check_size};

/// A layer's activations, and the gradients of the class's score with respect to them.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    activations: &'a [f32],
    gradients: &'a [f32],
    positions: usize,
}

/// One feature map of a layer, a value for each position.
#[derive(Clone, Copy, Debug)]
pub struct Channel<'a> {
    /// The layer's output.
    pub activations: &'a [f32],
    /// How the class's score grows with it.
    pub gradients: &'a [f32],
}

impl<'a> Layer<'a> {
    /// Both slices are [channels, height, width], with at least one position.
    pub fn new(
        activations: &'a [f32],
        gradients: &'a [f32],
        [channels, height, width]: [usize; 3],
    ) -> Result<Self, CamError> {
        check_size("layer", [height, width])?;
        let positions = height * width;
        check_length("activations", activations.len(), channels * positions)?;
        check_length("gradients", gradients.len(), channels * positions)?;
        Ok(Self {
            activations,
            gradients,
            positions,
        })
    }

    /// Positions of a feature map: height times width.
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// The feature maps, in order.
    pub fn channels(&self) -> impl Iterator<Item = Channel<'a>> + use<'a> {
        let activations = self.activations.chunks_exact(self.positions);
        let gradients = self.gradients.chunks_exact(self.positions);
        activations
            .zip(gradients)
            .map(|(activations, gradients)| Channel {
                activations,
                gradients,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_of_the_wrong_size_is_refused() {
        let length = |quantity, found| CamError::Length {
            quantity,
            expected: 12,
            found,
        };
        let refused = |activations, gradients| {
            Layer::new(&vec![0.0; activations], &vec![0.0; gradients], [2, 2, 3]).unwrap_err()
        };
        assert_eq!(refused(11, 12), length("activations", 11));
        assert_eq!(refused(12, 13), length("gradients", 13));
        let empty = CamError::Empty {
            quantity: "layer",
            height: 0,
            width: 4,
        };
        assert_eq!(Layer::new(&[], &[], [3, 0, 4]).unwrap_err(), empty);
    }
}
