//! The gradient at the input (Simonyan et al. 2014).

use config::Declared;

use crate::inputs::Inputs;
use crate::maps::{Map, Mapping, Reads, Unsigned};
use crate::plugin::{Plugin, Role};

/// The gradient.
pub static METHOD: Map = Plugin {
    kind: "gradient",
    module: module_path!(),
    title: "Gradient",
    about: "Takes the gradient of the class's logit with respect to the normalised input, and adds up its channels (Simonyan et al. 2014). By default it \
            takes absolute values first, as captum's `Saliency` does. The paper takes the largest of the channels.",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Unsigned::settings,
    read: |section| Mapping {
        points: Some(1),
        ..Unsigned::read(section).relevance.into()
    },
    run: Reads::Inputs(Inputs {
        at: |_, sample, _| sample.input.to_vec(),
        add: |_, _, _, gradient, sums| {
            for (sum, &value) in sums.iter_mut().zip(gradient) {
                *sum += f64::from(value);
            }
        },
    }),
};
