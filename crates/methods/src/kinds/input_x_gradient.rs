//! Input times gradient (Shrikumar et al. 2016).

use config::Declared;

use crate::inputs::Inputs;
use crate::maps::{Map, Mapping, Reads, Signed};
use crate::plugin::{Plugin, Role};

/// Input times gradient.
pub static METHOD: Map = Plugin {
    kind: "input_x_gradient",
    module: module_path!(),
    title: "Input × gradient",
    about: "Multiplies the normalised input with the gradient of the class's logit there, and adds up the channels (Shrikumar et al. 2016), \
            as captum's `InputXGradient` does.",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Signed::settings,
    read: |section| Mapping {
        points: Some(1),
        ..Signed::read(section).relevance.into()
    },
    run: Reads::Inputs(Inputs {
        at: |_, sample, _| sample.input.to_vec(),
        add: |_, sample, _, gradient, sums| {
            let products = gradient.iter().zip(sample.input);
            for (sum, (&gradient, &input)) in sums.iter_mut().zip(products) {
                *sum += f64::from(gradient) * f64::from(input);
            }
        },
    }),
};
