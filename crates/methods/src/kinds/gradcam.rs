//! Grad-CAM (Selvaraju et al. 2017).

use cam::Layer;

use crate::maps::Map;
use crate::plugin::{Plugin, Role};

/// Grad-CAM has nothing to set: its layer belongs to the network.
pub static METHOD: Map = Plugin {
    kind: "gradcam",
    module: module_path!(),
    title: "Grad-CAM",
    about: "Adds up the channels of a layer, each with the mean gradient of the class's logit (Selvaraju et al. 2017).",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Vec::new,
    read: |_| (),
    run: map,
};

/// The class's map: the weighted sum of the feature maps, negative values set to 0 (eq. 2).
///
/// The result is [height, width], at least 0 and not normalised. Sums are kept in f64 and rounded once, so that no result depends on the order of
/// channels beyond its last bit.
pub fn map(layer: &Layer<'_>) -> Vec<f32> {
    let mut sums = vec![0.0_f64; layer.positions()];
    for (channel, weight) in layer.channels().zip(channel_weights(layer)) {
        for (sum, &activation) in sums.iter_mut().zip(channel.activations) {
            *sum += f64::from(weight) * f64::from(activation);
        }
    }
    sums.into_iter().map(|sum| sum.max(0.0) as f32).collect()
}

/// The channels' weights alpha, of any sign: the mean over all positions of the score's gradient (eq. 1).
pub fn channel_weights(layer: &Layer<'_>) -> Vec<f32> {
    let mean = |gradients: &[f32]| {
        let sum: f64 = gradients.iter().map(|&value| f64::from(value)).sum();
        (sum / gradients.len() as f64) as f32
    };
    let channels = layer.channels();
    channels.map(|channel| mean(channel.gradients)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn weights_are_mean_gradients_and_the_map_is_their_rectified_sum() {
        let gradients = [1., 2., 3., 4., 5., 9., -6., 0., 0., 0., 0., 3.];
        let activations = [1., 0., 2., 1., 0., 0.5, 0., 2., 4., 10., 1., 2.];
        let layer = Layer::new(&activations, &gradients, [2, 2, 3]).unwrap();
        assert_eq!(channel_weights(&layer), [4.0, -0.5]);
        assert_eq!(map(&layer), [4., 0., 6., 0., 0., 1.]);
    }

    type Values = ([usize; 3], Vec<f32>, Vec<f32>, Vec<usize>);

    fn values() -> impl Strategy<Value = Values> {
        (1usize..20, 1usize..5, 1usize..5).prop_flat_map(|(channels, height, width)| {
            let values = || prop::collection::vec(-4.0_f32..4.0, channels * height * width);
            let order = Just((0..channels).collect::<Vec<_>>()).prop_shuffle();
            (Just([channels, height, width]), values(), values(), order)
        })
    }

    proptest! {
        #[test]
        fn a_map_is_never_negative_and_does_not_depend_on_channel_order((shape, activations, gradients, order) in values()) {
            let positions = shape[1] * shape[2];
            let reordered = |values: &[f32]| -> Vec<f32> {
                order.iter().flat_map(|index| &values[index * positions..][..positions]).copied().collect()
            };
            let straight = map(&Layer::new(&activations, &gradients, shape).unwrap());
            let (activations, gradients) = (reordered(&activations), reordered(&gradients));
            let shuffled = map(&Layer::new(&activations, &gradients, shape).unwrap());
            let largest = straight.iter().copied().fold(1.0, f32::max);
            for (one, other) in straight.into_iter().zip(shuffled) {
                prop_assert!(one >= 0.0 && (one - other).abs() <= 1e-6 * largest);
            }
        }
    }
}
