//! `LayerCAM` (Jiang et al. 2021).

use cam::Layer;
use config::Declared;

use crate::maps::{Map, Reads, Rectified};
use crate::plugin::{Plugin, Role};

/// `LayerCAM`. Its layer belongs to the network, or is one of `layers`.
pub static METHOD: Map = Plugin {
    kind: "layercam",
    module: module_path!(),
    title: "LayerCAM",
    about: "Adds up the channels of a layer, each activation times the positive part of its own gradient of the class's logit (Jiang et al. 2021). \
            Set `layers` to earlier layers for finer maps.",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Rectified::settings,
    read: |section| Rectified::read(section).relevance.into(),
    run: Reads::Layer(map),
};

/// The sum over channels of the positive part of the gradient, times the activation (eq. 3 and 4): [height, width].
pub fn map(layer: &Layer<'_>) -> Vec<f32> {
    layer.sum(|activation, gradient| activation * gradient.max(0.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::hirescam;
    use proptest::prelude::*;

    #[test]
    fn negative_gradients_count_nothing() {
        let activations = [1., -3., 2., 1., 3., 0.5];
        let gradients = [1., 9., -2., 4., 1., -2.];
        let layer = Layer::new(&activations, &gradients, [2, 1, 3]).unwrap();
        assert_eq!(map(&layer), [5., -24., 0.]);
    }

    proptest! {
        #[test]
        fn where_no_gradient_is_negative_it_is_hirescam(
            activations in prop::collection::vec(-4.0_f32..4.0, 24), gradients in prop::collection::vec(0.0_f32..4.0, 24),
        ) {
            let layer = Layer::new(&activations, &gradients, [4, 2, 3]).unwrap();
            prop_assert_eq!(map(&layer), hirescam::map(&layer));
        }
    }
}
