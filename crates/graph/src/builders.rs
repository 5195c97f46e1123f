//! What makes graphs: a file of `torch.export`, or a built-in architecture, with parameters under torchvision's names, values and modules under its paths.
//!
//! Parameters stand in the order in which weights are asked for: whatever is made at random or in a cascade goes by it.

mod alexnet;
mod exported;
mod resnet;
mod vgg;

use architectures::{Architecture, Family};

pub use alexnet::alexnet;
pub use exported::exported;
pub use resnet::resnet;
pub use vgg::vgg;

use crate::graph::{Graph, Id, Node, Parameter, Role};
use crate::op::{Binary, Kind, Number, Op, Unary};

/// The published network, at a multiple of its numbers of channels, for so many classes.
pub fn build(architecture: Architecture, width: f64, classes: i64) -> Graph {
    match architecture.family() {
        Family::AlexNet => alexnet(width, classes),
        Family::Vgg(size) => vgg(size, width, classes),
        Family::ResNet(size) => resnet(size, width, classes),
    }
}

/// Red, green and blue.
const CHANNELS: i64 = 3;
/// Added to the variance by torchvision's batch norms.
const EPSILON: f64 = 1e-5;
/// Share of the values that a dropout sets to zero.
const DROPOUT: f64 = 0.5;

/// So many channels at a width, rounded, at least one.
fn scaled(channels: i64, width: f64) -> i64 {
    ((channels as f64 * width).round() as i64).max(1)
}

/// The shape of a two-dimensional convolution with a square kernel.
#[derive(Clone, Copy, Debug)]
struct Geometry {
    inputs: i64,
    outputs: i64,
    /// Side of the kernel in pixels.
    kernel: i64,
    stride: i64,
    padding: i64,
}

/// A graph that grows from the input on.
#[derive(Debug)]
struct Builder(Graph);

impl Builder {
    /// One of no layers yet, and its input.
    fn new() -> (Self, Id) {
        let graph = Graph {
            values: vec!["input".to_owned()],
            ..Graph::default()
        };
        (Self(graph), Id(0))
    }

    fn value(&mut self, name: String) -> Id {
        self.0.values.push(name);
        Id(self.0.values.len() - 1)
    }

    fn parameter(&mut self, name: String, shape: &[i64], role: Role) -> Id {
        let value = self.value(name.clone());
        self.0.parameters.push(Parameter {
            value,
            name,
            shape: shape.to_vec(),
            kind: Kind::Float,
            role,
        });
        value
    }

    /// The value `name` that a module computes.
    fn node(&mut self, op: Op, inputs: &[Id], name: &str, module: &str) -> Id {
        let output = self.value(name.to_owned());
        self.0.nodes.push(Node {
            op,
            inputs: inputs.to_vec(),
            outputs: vec![output],
            module: module.to_owned(),
        });
        output
    }

    /// The same where the value bears the module's name.
    fn layer(&mut self, op: Op, inputs: &[Id], module: &str) -> Id {
        self.node(op, inputs, module, module)
    }

    /// The weight of a convolution [, and its bias, which is asked for first].
    fn kernel(&mut self, module: &str, geometry: Geometry, biased: bool) -> Vec<Id> {
        let Geometry {
            inputs,
            outputs,
            kernel,
            ..
        } = geometry;
        let bias =
            biased.then(|| self.parameter(format!("{module}.bias"), &[outputs], Role::Zeros));
        let shape = [outputs, inputs, kernel, kernel];
        let weight = self.parameter(format!("{module}.weight"), &shape, Role::Weight);
        [Some(weight), bias].into_iter().flatten().collect()
    }

    fn convolution(&mut self, input: Id, module: &str, geometry: Geometry, kernel: &[Id]) -> Id {
        let op = Op::Convolution {
            stride: vec![geometry.stride; 2],
            padding: vec![geometry.padding; 2],
            dilation: vec![1; 2],
            groups: 1,
        };
        self.layer(op, &[&[input], kernel].concat(), module)
    }

    /// Running mean, running variance, weight and bias of a batch norm.
    fn norm(&mut self, module: &str, channels: i64) -> [Id; 4] {
        let mut vector =
            |name: &str, role| self.parameter(format!("{module}.{name}"), &[channels], role);
        let (weight, bias) = (vector("weight", Role::Ones), vector("bias", Role::Zeros));
        let mean = vector("running_mean", Role::Mean);
        [mean, vector("running_var", Role::Variance), weight, bias]
    }

    fn normed(&mut self, input: Id, module: &str, norm: [Id; 4]) -> Id {
        let op = Op::BatchNorm { epsilon: EPSILON };
        self.layer(op, &[&[input][..], &norm].concat(), module)
    }

    fn relu(&mut self, input: Id, name: &str, module: &str) -> Id {
        self.node(Op::Unary(Unary::Relu), &[input], name, module)
    }

    fn add(&mut self, left: Id, right: Id, name: &str, module: &str) -> Id {
        let op = Op::Binary {
            operation: Binary::Add,
            alpha: Number::Int(1),
            rounding: None,
        };
        self.node(op, &[left, right], name, module)
    }

    /// Maximum over a square window of a side, with a stride and a padding that does not count as zero.
    fn max_pool(&mut self, input: Id, [kernel, stride, padding]: [i64; 3], module: &str) -> Id {
        let op = Op::MaxPool {
            kernel: vec![kernel; 2],
            stride: vec![stride; 2],
            padding: vec![padding; 2],
            dilation: vec![1; 2],
            ceil: false,
        };
        self.layer(op, &[input], module)
    }

    /// Means over a grid of `side` x `side` cells, as one row for each input.
    fn average_pool(&mut self, input: Id, side: i64) -> Id {
        let pooled = self.layer(
            Op::AdaptiveAvgPool {
                size: vec![side; 2],
            },
            &[input],
            "avgpool",
        );
        self.node(Op::Flatten { from: 1, to: -1 }, &[pooled], "flatten", "")
    }

    fn dropout(&mut self, input: Id, module: &str) -> Id {
        self.layer(Op::Dropout { share: DROPOUT }, &[input], module)
    }

    /// The weight [outputs, inputs] of a linear layer and its bias.
    fn matrix(&mut self, module: &str, [outputs, inputs]: [i64; 2], role: Role) -> [Id; 2] {
        let weight = self.parameter(format!("{module}.weight"), &[outputs, inputs], role);
        [
            weight,
            self.parameter(format!("{module}.bias"), &[outputs], Role::Zeros),
        ]
    }

    fn linear(&mut self, input: Id, module: &str, matrix: [Id; 2]) -> Id {
        self.layer(Op::Linear, &[&[input][..], &matrix].concat(), module)
    }

    fn finish(mut self, logits: Id) -> Graph {
        self.0.outputs = vec![(None, logits)];
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_layers_of_every_architecture_are_values() {
        for architecture in Architecture::ALL {
            let graph = build(architecture, 0.125, 7);
            for layer in architecture.layers() {
                assert!(
                    graph.values.iter().any(|name| name == layer),
                    "{architecture:?} {layer}"
                );
            }
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
