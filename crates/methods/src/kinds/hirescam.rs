//! `HiResCAM` (Draelos and Carin 2020).

use cam::Layer;
use config::Declared;

use crate::maps::{Map, Reads, Rectified};
use crate::plugin::{Plugin, Role};

/// `HiResCAM`. Its layer belongs to the network.
pub static METHOD: Map = Plugin {
    kind: "hirescam",
    module: module_path!(),
    title: "HiResCAM",
    about: "Adds up the channels of a layer, each activation times its own gradient of the class's logit (Draelos and Carin 2020). \
            It equals Grad-CAM where the layer feeds global pooling and one linear layer, as in ResNet.",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Rectified::settings,
    read: |section| Rectified::read(section).relevance.into(),
    run: Reads::Layer(map),
};

/// The sum over channels of gradient times activation: [height, width].
pub fn map(layer: &Layer<'_>) -> Vec<f32> {
    layer.sum(|activation, gradient| activation * gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::gradcam;
    use proptest::prelude::*;

    #[test]
    fn each_position_counts_by_its_own_gradient() {
        let activations = [1., 0., 2., 1., 3., 0.5];
        let gradients = [1., 9., -2., 4., 1., -2.];
        let layer = Layer::new(&activations, &gradients, [2, 1, 3]).unwrap();
        assert_eq!(map(&layer), [5., 3., -5.]);
    }

    proptest! {
        /// As before global pooling and one linear layer.
        #[test]
        fn where_a_channel_has_one_gradient_it_is_grad_cam(
            activations in prop::collection::vec(-4.0_f32..4.0, 24), weights in prop::collection::vec(-4.0_f32..4.0, 4),
        ) {
            let gradients: Vec<f32> = weights.iter().flat_map(|&weight| [weight; 6]).collect();
            let layer = Layer::new(&activations, &gradients, [4, 2, 3]).unwrap();
            for (one, other) in map(&layer).into_iter().zip(gradcam::map(&layer)) {
                prop_assert!((one - other).abs() <= 1e-5);
            }
        }
    }
}
