//! The built-in architectures: one table of their names, their usual layers and their sizes, which needs no libtorch.
//!
//! `networks` builds them, and `study` names them; an architecture more is a row here.

mod families;

use std::fmt;
use std::str::FromStr;

pub use families::{Family, ResNet, Vgg};

/// A built-in architecture, as in torchvision.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Architecture {
    /// Place in [`TABLE`].
    place: usize,
}

struct Row {
    name: &'static str,
    layer: &'static str,
    batch: usize,
    family: Family,
}

const fn vgg(
    name: &'static str,
    layer: &'static str,
    convolutions: [usize; 5],
    normed: bool,
) -> Row {
    Row {
        name,
        layer,
        batch: 16,
        family: Family::Vgg(Vgg {
            convolutions,
            normed,
        }),
    }
}

const fn resnet(name: &'static str, blocks: [usize; 4], bottlenecks: bool) -> Row {
    Row {
        name,
        layer: "layer4",
        batch: 16,
        family: Family::ResNet(ResNet {
            blocks,
            bottlenecks,
        }),
    }
}

const TABLE: [Row; 14] = [
    Row {
        name: "alexnet",
        layer: "features.11",
        batch: 64,
        family: Family::AlexNet,
    },
    vgg("vgg11", "features.19", [1, 1, 2, 2, 2], false),
    vgg("vgg11_bn", "features.27", [1, 1, 2, 2, 2], true),
    vgg("vgg13", "features.23", [2, 2, 2, 2, 2], false),
    vgg("vgg13_bn", "features.33", [2, 2, 2, 2, 2], true),
    vgg("vgg16", "features.29", [2, 2, 3, 3, 3], false),
    vgg("vgg16_bn", "features.42", [2, 2, 3, 3, 3], true),
    vgg("vgg19", "features.35", [2, 2, 4, 4, 4], false),
    vgg("vgg19_bn", "features.51", [2, 2, 4, 4, 4], true),
    resnet("resnet18", [2, 2, 2, 2], false),
    resnet("resnet34", [3, 4, 6, 3], false),
    resnet("resnet50", [3, 4, 6, 3], true),
    resnet("resnet101", [3, 4, 23, 3], true),
    resnet("resnet152", [3, 8, 36, 3], true),
];

impl Architecture {
    /// All of them, by family and depth.
    pub const ALL: [Self; TABLE.len()] = {
        let mut all = [Self { place: 0 }; TABLE.len()];
        let mut place = 0;
        while place < TABLE.len() {
            all[place] = Self { place };
            place += 1;
        }
        all
    };

    /// torchvision's name, which is also that in pipeline.toml.
    pub const fn name(self) -> &'static str {
        TABLE[self.place].name
    }

    /// The layer that a class activation map reads unless another is named, by torchvision's name. Of `AlexNet` and a VGG it is the last convolution's
    /// ReLU (14x14 in a VGG at an input of 224x224), of a `ResNet` the last residual block (`layer4`, 7x7).
    pub const fn layer(self) -> &'static str {
        TABLE[self.place].layer
    }

    /// Height and width of the smallest pictures that it takes, in pixels: of smaller ones a pooling would leave nothing.
    pub const fn smallest(self) -> u32 {
        match self.family() {
            Family::AlexNet => 63,
            Family::Vgg(_) => 32,
            Family::ResNet(_) => 1,
        }
    }

    /// Inputs in a batch. A constant, because the last bits of a logit depend on it.
    pub const fn batch(self) -> usize {
        TABLE[self.place].batch
    }

    /// What it is made of.
    pub const fn family(self) -> Family {
        TABLE[self.place].family
    }
}

/// Module of `networks` that computes graphs, by which keys know its code.
pub const GRAPH: &str = "networks::families::graphed";
/// Module that reads networks of `torch.export`.
pub const EXPORTED: &str = "graph::builders::exported";
/// Module that reads networks of ONNX.
pub const ONNX: &str = "graph::builders::onnx";
/// Module of `networks` that runs programs.
pub const PROGRAM: &str = "networks::families::script";

impl fmt::Debug for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A name that no built-in architecture has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown architecture `{0}`: expected one of {names}", names = Architecture::ALL.map(Architecture::name).join(", "))]
pub struct Unknown(String);

impl FromStr for Architecture {
    type Err = Unknown;

    fn from_str(name: &str) -> Result<Self, Unknown> {
        let mut all = Self::ALL.into_iter();
        all.find(|known| known.name() == name)
            .ok_or_else(|| Unknown(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_and_no_two_are_equal() {
        for architecture in Architecture::ALL {
            assert_eq!(architecture.name().parse(), Ok(architecture));
        }
        let error = "resnet20".parse::<Architecture>().unwrap_err().to_string();
        assert!(
            error.contains("resnet20") && error.contains("resnet18, "),
            "{error}"
        );
    }

    /// A convolution, its batch norm if it has one and its ReLU each take an index of torchvision's, and so does a pooling.
    #[test]
    fn the_layer_of_a_vgg_is_the_index_of_its_last_relu() {
        for architecture in Architecture::ALL {
            if let Family::Vgg(Vgg {
                convolutions,
                normed,
            }) = architecture.family()
            {
                let each = if normed { 3 } else { 2 };
                let indices = each * convolutions.iter().sum::<usize>() + convolutions.len() - 1;
                let last = format!("features.{}", indices - 1);
                assert_eq!(architecture.layer(), last, "{}", architecture.name());
            }
        }
    }

    #[test]
    fn the_names_count_the_layers_with_weights() {
        for architecture in Architecture::ALL {
            let layers = match architecture.family() {
                Family::AlexNet => continue,
                // And three linear ones.
                Family::Vgg(vgg) => vgg.convolutions.iter().sum::<usize>() + 3,
                // And the first convolution and the linear layer.
                Family::ResNet(resnet) => {
                    let each = if resnet.bottlenecks { 3 } else { 2 };
                    each * resnet.blocks.iter().sum::<usize>() + 2
                }
            };
            let digits: String = architecture
                .name()
                .chars()
                .filter(char::is_ascii_digit)
                .collect();
            assert_eq!(digits, layers.to_string(), "{}", architecture.name());
        }
    }
}
