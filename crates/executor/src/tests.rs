//! What must hold for every network, whatever its weights, on pictures that are not square. Most of it in f64, where rounding hides no mistake.

mod attention;
mod fixtures;
mod layers;
mod onnx;
mod passes;
mod runs;

use architectures::Architecture;
use graph::{Graph, Id, Node, Op, Parameter, Role};
use tch::{Device, Kind, Tensor};

use crate::{Executor, Form};

const CLASSES: i64 = 7;
/// One of each way to be built: the others are deeper.
const KINDS: [&str; 5] = ["alexnet", "vgg11", "vgg11_bn", "resnet18", "resnet50"];

const DOUBLE: Form = Form {
    device: Device::Cpu,
    kind: Kind::Double,
};
const SINGLE: Form = Form {
    device: Device::Cpu,
    kind: Kind::Float,
};
const BF16: Form = Form {
    device: Device::Cpu,
    kind: Kind::BFloat16,
};

/// A tensor of numbers in [-1, 1] that look random and depend on its shape and `seed` only.
fn noise(shape: &[i64], seed: u64) -> Tensor {
    let count: i64 = shape.iter().product();
    let numbers = (0..count as u64).scan(seed, |state, _| {
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Some((*state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0)
    });
    Tensor::from_slice(&numbers.collect::<Vec<f64>>()).view(shape)
}

/// Parameters in some trained-looking state: scales near 1, variances positive.
fn parameters(graph: &Graph, kind: Kind) -> Vec<Tensor> {
    let make = |(seed, parameter): (u64, &Parameter)| {
        let noise = noise(&parameter.shape, seed);
        let tensor = match parameter.role {
            Role::Ones | Role::Variance => noise * 0.3 + 1.0,
            Role::Zeros | Role::Mean => noise * 0.1,
            Role::Weight | Role::OutputWeight | Role::Constant => {
                let inputs: i64 = parameter.shape.iter().skip(1).product();
                noise * (6.0 / inputs as f64).sqrt()
            }
        };
        tensor.to_kind(kind)
    };
    (1..).zip(&graph.parameters).map(make).collect()
}

fn built(name: &str) -> Graph {
    let architecture: Architecture = name.parse().unwrap();
    graph::builders::build(architecture, 0.125, CLASSES)
}

fn plain(graph: &Graph, kind: Kind) -> Executor {
    Executor::new(graph.clone(), parameters(graph, kind)).unwrap()
}

fn images(kind: Kind) -> Tensor {
    noise(&[2, 3, 96, 128], 99).to_kind(kind)
}

fn named(graph: &Graph, name: &str) -> Id {
    let place = graph.values.iter().position(|value| value == name);
    Id(place.unwrap_or_else(|| panic!("no value is called {name}")))
}

fn logits_of(graph: &Graph) -> Id {
    graph.outputs[0].1
}

/// The largest difference, as a share of the largest number expected.
fn difference(found: &Tensor, expected: &Tensor) -> f64 {
    assert_eq!(found.size(), expected.size());
    let (found, expected) = (found.to_kind(Kind::Double), expected.to_kind(Kind::Double));
    let largest = (&found - &expected).abs().max().double_value(&[]);
    assert!(largest.is_finite());
    largest / expected.abs().max().double_value(&[]).max(1e-300)
}

/// Logits, a value, and the gradient of the sum of logits 1 of all images at that value; the value is given with what has to be given beside it.
fn through(executor: &Executor, value: Id, images: &Tensor) -> [Tensor; 3] {
    let (input, logits) = (executor.graph().input, logits_of(executor.graph()));
    let mut wanted = vec![value];
    wanted.extend(executor.cut(value).unwrap());
    let below = tch::no_grad(|| {
        executor
            .run(&[(input, images.shallow_clone())], &wanted)
            .unwrap()
    });
    let mut given: Vec<(Id, Tensor)> = wanted.into_iter().zip(below).collect();
    let leaf = given[0].1.detach().copy().set_requires_grad(true);
    given[0].1 = leaf.shallow_clone();
    let batch = images.size()[0];
    let logits = executor
        .run_for(batch, &given, &[logits])
        .unwrap()
        .remove(0);
    let sum = logits.select(1, 1).sum(None::<Kind>);
    let gradient = Tensor::run_backward(&[sum], &[&leaf], false, false).remove(0);
    [logits.detach(), leaf.detach(), gradient]
}

/// A small graph, built by hand.
struct Sketch(Graph);

impl Sketch {
    fn new() -> Self {
        Self(Graph {
            values: vec!["x".to_owned()],
            ..Graph::default()
        })
    }

    fn value(&mut self, name: &str) -> Id {
        self.0.values.push(name.to_owned());
        Id(self.0.values.len() - 1)
    }

    fn parameter(&mut self, name: &str, shape: &[i64], role: Role) -> Id {
        let value = self.value(name);
        self.0.parameters.push(Parameter {
            value,
            name: name.to_owned(),
            shape: shape.to_vec(),
            kind: graph::Kind::Double,
            role,
        });
        value
    }

    fn node(&mut self, op: Op, inputs: &[Id], name: &str) -> Id {
        let output = self.value(name);
        self.0.nodes.push(Node {
            op,
            inputs: inputs.to_vec(),
            outputs: vec![output],
            module: format!("module.{name}"),
        });
        output
    }

    fn finish(mut self, output: Id) -> Graph {
        self.0.outputs = vec![(None, output)];
        self.0
    }
}
