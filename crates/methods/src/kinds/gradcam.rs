//! Grad-CAM (Selvaraju et al. 2017).

use cam::Layer;
use config::Declared;

use crate::maps::{Map, Reads, Rectified};
use crate::plugin::{Plugin, Role};

/// Grad-CAM. Its layer belongs to the network.
pub static METHOD: Map = Plugin {
    kind: "gradcam",
    module: module_path!(),
    title: "Grad-CAM",
    about: "Adds up the channels of a layer, each weighted by the mean gradient of the class's logit (Selvaraju et al. 2017).",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Rectified::settings,
    read: |section| Rectified::read(section).relevance.into(),
    run: Reads::Layer(map),
};

/// The weighted sum of the feature maps (eq. 2 before its rectifier, which is the setting `relevance`): [height, width].
pub fn map(layer: &Layer<'_>) -> Vec<f32> {
    let weights = channel_weights(layer).into_iter().map(f64::from);
    layer.activations().weighted(weights)
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
    fn weights_are_mean_gradients_and_the_map_is_their_sum() {
        let gradients = [1., 2., 3., 4., 5., 9., -6., 0., 0., 0., 0., 3.];
        let activations = [1., 0., 2., 1., 0., 0.5, 0., 2., 4., 10., 1., 2.];
        let layer = Layer::new(&activations, &gradients, [2, 2, 3]).unwrap();
        assert_eq!(channel_weights(&layer), [4.0, -0.5]);
        assert_eq!(map(&layer), [4., -1., 6., -1., -0.5, 1.]);
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
        fn a_map_does_not_depend_on_channel_order((shape, activations, gradients, order) in values()) {
            let positions = shape[1] * shape[2];
            let reordered = |values: &[f32]| -> Vec<f32> {
                order.iter().flat_map(|index| &values[index * positions..][..positions]).copied().collect()
            };
            let straight = map(&Layer::new(&activations, &gradients, shape).unwrap());
            let (activations, gradients) = (reordered(&activations), reordered(&gradients));
            let shuffled = map(&Layer::new(&activations, &gradients, shape).unwrap());
            let largest = straight.iter().fold(1.0, |largest: f32, value| largest.max(value.abs()));
            for (one, other) in straight.into_iter().zip(shuffled) {
                prop_assert!((one - other).abs() <= 1e-6 * largest);
            }
        }
    }
}
