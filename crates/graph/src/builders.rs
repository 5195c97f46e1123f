//! What makes graphs: a file of `torch.export` or ONNX, or a built-in architecture, with parameters under torchvision's names, values and modules under its
//! paths. Parameters are in the order of version 1, because a seeded training draws their starting values in that order.

mod alexnet;
mod exported;
mod onnx;
mod resnet;
mod vgg;

use architectures::{Architecture, Family};

pub use alexnet::alexnet;
pub use exported::exported;
pub use onnx::onnx;
pub use resnet::resnet;
pub use vgg::vgg;

use crate::graph::Graph;

/// The published network, at a multiple of its numbers of channels, for so many classes.
pub fn build(architecture: Architecture, width: f64, classes: i64) -> Graph {
    match architecture.family() {
        Family::AlexNet => alexnet(width, classes),
        Family::Vgg(size) => vgg(size, width, classes),
        Family::ResNet(size) => resnet(size, width, classes),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::graph::{Id, Role};

    #[test]
    fn the_layer_of_every_architecture_is_a_value() {
        for architecture in Architecture::ALL {
            let graph = build(architecture, 0.125, 7);
            assert!(
                graph.values.iter().any(|name| name == architecture.layer()),
                "{architecture:?}"
            );
        }
    }

    #[test]
    fn every_value_has_a_name_of_its_own_and_is_computed_before_it_is_read() {
        for architecture in Architecture::ALL {
            let graph = build(architecture, 0.125, 7);
            assert_eq!(
                graph.values.iter().collect::<BTreeSet<_>>().len(),
                graph.values.len()
            );
            let parameters = graph.parameters.iter().map(|parameter| parameter.value);
            let mut known: BTreeSet<Id> = parameters.chain([graph.input]).collect();
            for node in &graph.nodes {
                assert!(
                    node.inputs.iter().all(|id| known.contains(id)),
                    "{architecture:?}"
                );
                known.extend(&node.outputs);
            }
            assert_eq!(known.len(), graph.values.len(), "{architecture:?}");
            assert!(known.contains(&graph.outputs[0].1));
        }
    }

    /// As torchvision counts them, for 1000 classes.
    #[test]
    fn the_published_networks_have_the_published_numbers_of_parameters() {
        for (name, expected) in [
            ("alexnet", 61_100_840),
            ("vgg16", 138_357_544),
            ("vgg16_bn", 138_365_992),
            ("resnet18", 11_689_512),
            ("resnet50", 25_557_032),
        ] {
            let graph = build(name.parse().unwrap(), 1.0, 1000);
            let trained = graph
                .parameters
                .iter()
                .filter(|parameter| !matches!(parameter.role, Role::Mean | Role::Variance));
            let count: i64 = trained
                .map(|parameter| parameter.shape.iter().product::<i64>())
                .sum();
            assert_eq!(count, expected, "{name}");
        }
    }
}
