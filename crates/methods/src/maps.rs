//! Methods that need activations and gradients, and give a map.

use cam::Layer;

use crate::plugin::Plugin;

/// Makes a map of relevance, [height, width] of the layer, from the activations of a layer and the gradients of the class's logit.
pub type Map = Plugin<fn(&Layer<'_>) -> Vec<f32>>;
