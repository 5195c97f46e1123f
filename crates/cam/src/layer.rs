//! A layer of a network.

use crate::error::{CamError, check_length, check_size};

/// The feature maps of a layer.
#[derive(Clone, Copy, Debug)]
pub struct Activations<'a> {
    values: &'a [f32],
    size: [usize; 2],
}

/// A layer's activations, and the gradients of the class's score with respect to them.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    activations: Activations<'a>,
    gradients: &'a [f32],
}

/// One feature map of a layer, a value for each position.
#[derive(Clone, Copy, Debug)]
pub struct Channel<'a> {
    /// The layer's output.
    pub activations: &'a [f32],
    /// How the class's score grows with it.
    pub gradients: &'a [f32],
}

impl<'a> Activations<'a> {
    /// `values` is [channels, height, width], with at least one position.
    pub fn new(values: &'a [f32], [channels, height, width]: [usize; 3]) -> Result<Self, CamError> {
        let size = [height, width];
        check_size("layer", size)?;
        check_length("activations", values.len(), channels * height * width)?;
        Ok(Self { values, size })
    }

    /// Height and width of a feature map.
    pub fn size(&self) -> [usize; 2] {
        self.size
    }

    /// Positions of a feature map: height times width.
    pub fn positions(&self) -> usize {
        self.size.iter().product()
    }

    /// The feature maps, in order.
    pub fn channels(&self) -> impl ExactSizeIterator<Item = &'a [f32]> + use<'a> {
        self.values.chunks_exact(self.positions())
    }

    /// A value for each position: the sum over channels of the activation there times the channel's weight. The sum is kept in f64 and rounded once.
    pub fn weighted(&self, weights: impl IntoIterator<Item = f64>) -> Vec<f32> {
        let mut sums = vec![0.0; self.positions()];
        for (channel, weight) in self.channels().zip(weights) {
            for (sum, &activation) in sums.iter_mut().zip(channel) {
                *sum += weight * f64::from(activation);
            }
        }
        sums.into_iter().map(|sum: f64| sum as f32).collect()
    }
}

impl<'a> Layer<'a> {
    /// Both slices are [channels, height, width], with at least one position.
    pub fn new(
        activations: &'a [f32],
        gradients: &'a [f32],
        shape: [usize; 3],
    ) -> Result<Self, CamError> {
        let activations = Activations::new(activations, shape)?;
        check_length("gradients", gradients.len(), shape.iter().product())?;
        Ok(Self {
            activations,
            gradients,
        })
    }

    /// The feature maps without their gradients.
    pub fn activations(&self) -> &Activations<'a> {
        &self.activations
    }

    /// Positions of a feature map: height times width.
    pub fn positions(&self) -> usize {
        self.activations.positions()
    }

    /// The feature maps, in order.
    pub fn channels(&self) -> impl Iterator<Item = Channel<'a>> + use<'a> {
        let gradients = self.gradients.chunks_exact(self.positions());
        let channels = self.activations.channels().zip(gradients);
        channels.map(|(activations, gradients)| Channel {
            activations,
            gradients,
        })
    }

    /// A value for each position: the sum over channels of what `term` gives for the activation and the gradient there. The sum is kept in f64 and
    /// rounded once.
    pub fn sum(&self, term: impl Fn(f64, f64) -> f64) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.positions()];
        for channel in self.channels() {
            let values = channel.activations.iter().zip(channel.gradients);
            for (sum, (&activation, &gradient)) in sums.iter_mut().zip(values) {
                *sum += term(activation.into(), gradient.into());
            }
        }
        sums.into_iter().map(|sum| sum as f32).collect()
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
