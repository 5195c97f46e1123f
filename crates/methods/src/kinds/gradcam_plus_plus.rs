//! Grad-CAM++ (Chattopadhay et al. 2018).

use cam::{Channel, Layer};
use config::Declared;

use crate::maps::{Map, Reads, Rectified};
use crate::plugin::{Plugin, Role};

/// Grad-CAM++. Its layer belongs to the network.
pub static METHOD: Map = Plugin {
    kind: "gradcam++",
    module: module_path!(),
    title: "Grad-CAM++",
    about: "Adds up the channels of a layer, each weighted by a weighted mean of its positive gradients (Chattopadhay et al. 2018). Built as in \
            pytorch-grad-cam: gradients are those of the logit. The paper derives its weights for the exponential of the logit.",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Rectified::settings,
    read: |section| Rectified::read(section).relevance.into(),
    run: Reads::Layer(map),
};

/// Keeps the weights of pytorch-grad-cam finite.
const EPSILON: f64 = 1e-6;

/// The weighted sum of the feature maps: [height, width].
pub fn map(layer: &Layer<'_>) -> Vec<f32> {
    layer.activations().weighted(layer.channels().map(weight))
}

/// The weight of a channel (eq. 19 for the weights of positions, eq. 5 for their sum): at each position the positive part of the gradient g, times
/// g^2 / (2 g^2 + g^3 · sum of the channel's activations).
fn weight(channel: Channel<'_>) -> f64 {
    let activations = channel.activations.iter().copied().map(f64::from);
    let activation: f64 = activations.sum();
    let gradients = channel.gradients.iter().copied().map(f64::from);
    let positive = gradients.filter(|&gradient| gradient > 0.0);
    let terms = positive.map(|gradient| {
        let square = gradient * gradient;
        let share = square / (2.0 * square + activation * square * gradient + EPSILON);
        share * gradient
    });
    terms.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_position_of_a_channel_has_a_weight_of_its_own() {
        let activations = [1., 3., 2., 2.];
        let gradients = [1., -1., 2., 0.5];
        let layer = Layer::new(&activations, &gradients, [2, 1, 2]).unwrap();
        let first = 1.0 / (2.0 + 4.0 + EPSILON);
        let second = 8.0 / (8.0 + 32.0 + EPSILON) + 0.125 / (0.5 + 0.5 + EPSILON);
        let expected = [first + 2.0 * second, 3.0 * first + 2.0 * second];
        for (found, expected) in map(&layer).into_iter().zip(expected) {
            assert!((f64::from(found) - expected).abs() < 1e-6);
        }
    }

    proptest! {
        #[test]
        fn a_channel_without_a_positive_gradient_counts_nothing(
            activations in prop::collection::vec(0.0_f32..4.0, 12), gradients in prop::collection::vec(-4.0_f32..=0.0, 12),
        ) {
            let layer = Layer::new(&activations, &gradients, [2, 2, 3]).unwrap();
            prop_assert_eq!(map(&layer), [0.0; 6]);
        }
    }
}
