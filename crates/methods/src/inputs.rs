//! Methods that add up gradients at inputs.

use sampling::Seed;

use crate::maps::{Mapping, Sign};

/// Which inputs a method takes gradients at, and how it adds them up.
#[derive(Clone, Copy, Debug)]
pub struct Inputs {
    /// The input in a place from 0 to [`Mapping::points`] - 1: [channels, height, width].
    pub at: fn(&Mapping, &Sample<'_>, usize) -> Vec<f32>,
    /// Adds to the attribution of each channel and pixel what the gradient at the input in this place says.
    pub add: fn(&Mapping, &Sample<'_>, usize, &[f32], &mut [f64]),
}

/// What inputs are made from.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// The normalised input of the crop: [channels, height, width].
    pub input: &'a [f32],
    /// The normalised input of the baseline; empty for a method without one.
    pub baseline: &'a [f32],
    /// Where random numbers come from.
    pub seed: Seed,
}

impl Mapping {
    /// The map of an attribution, [channels, height, width]: the sum over `channels`, as the method's setting has it. Also the sum of all of it
    /// with its signs.
    pub fn over_channels(&self, attribution: &[f64], channels: usize) -> (Vec<f32>, f64) {
        let pixels = attribution.len() / channels.max(1);
        let mut sums = vec![0.0; pixels];
        for channel in attribution.chunks_exact(pixels.max(1)) {
            for (sum, &value) in sums.iter_mut().zip(channel) {
                *sum += match self.relevance {
                    Sign::Absolute => value.abs(),
                    Sign::Signed | Sign::Positive => value,
                };
            }
        }
        let map = sums.into_iter().map(|sum: f64| sum as f32).collect();
        (self.relevance.of(map), attribution.iter().sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_values_are_taken_before_channels_are_added_up() {
        let attribution = [1.0, -2.0, -3.0, 0.5];
        let of = |sign: Sign| Mapping::from(sign).over_channels(&attribution, 2);
        assert_eq!(of(Sign::Signed), (vec![-2.0, -1.5], -3.5));
        assert_eq!(of(Sign::Positive), (vec![0.0, 0.0], -3.5));
        assert_eq!(of(Sign::Absolute), (vec![4.0, 2.5], -3.5));
    }
}
