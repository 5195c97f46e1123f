//! What the built-in architectures are made of.

use crate::graph::{Graph, Id, Node, Parameter, Role};
use crate::op::{Binary, Kind, Number, Op, Unary};

/// Red, green and blue.
pub(crate) const CHANNELS: i64 = 3;
/// Added to the variance by torchvision's batch norms.
pub(crate) const EPSILON: f64 = 1e-5;
/// Share of the values that a dropout sets to zero.
pub(crate) const DROPOUT: f64 = 0.5;

/// So many channels at a width, rounded, at least one.
pub(crate) fn scaled(channels: i64, width: f64) -> i64 {
    ((channels as f64 * width).round() as i64).max(1)
}

/// The shape of a two-dimensional convolution with a square kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    pub(crate) inputs: i64,
    pub(crate) outputs: i64,
    /// Side of the kernel in pixels.
    pub(crate) kernel: i64,
    pub(crate) stride: i64,
    pub(crate) padding: i64,
}

/// A graph that grows from the input on.
#[derive(Debug)]
pub(crate) struct Builder(pub(crate) Graph);

impl Builder {
    /// One of no layers yet, and its input.
    pub(crate) fn new() -> (Self, Id) {
        let graph = Graph {
            values: vec!["input".to_owned()],
            ..Graph::default()
        };
        (Self(graph), Id(0))
    }

    pub(crate) fn value(&mut self, name: String) -> Id {
        self.0.values.push(name);
        Id(self.0.values.len() - 1)
    }

    pub(crate) fn parameter(&mut self, name: String, shape: &[i64], role: Role) -> Id {
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
    pub(crate) fn node(&mut self, op: Op, inputs: &[Id], name: &str, module: &str) -> Id {
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
    pub(crate) fn layer(&mut self, op: Op, inputs: &[Id], module: &str) -> Id {
        self.node(op, inputs, module, module)
    }

    /// The weight of a convolution [, and its bias, which is asked for first].
    pub(crate) fn kernel(&mut self, module: &str, geometry: Geometry, biased: bool) -> Vec<Id> {
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

    pub(crate) fn convolution(
        &mut self,
        input: Id,
        module: &str,
        geometry: Geometry,
        kernel: &[Id],
    ) -> Id {
        let op = Op::Convolution {
            stride: vec![geometry.stride; 2],
            padding: vec![geometry.padding; 2],
            dilation: vec![1; 2],
            groups: 1,
        };
        self.layer(op, &[&[input], kernel].concat(), module)
    }

    /// Running mean, running variance, weight and bias of a batch norm.
    pub(crate) fn norm(&mut self, module: &str, channels: i64) -> [Id; 4] {
        let mut vector =
            |name: &str, role| self.parameter(format!("{module}.{name}"), &[channels], role);
        let (weight, bias) = (vector("weight", Role::Ones), vector("bias", Role::Zeros));
        let mean = vector("running_mean", Role::Mean);
        [mean, vector("running_var", Role::Variance), weight, bias]
    }

    pub(crate) fn normed(&mut self, input: Id, module: &str, norm: [Id; 4]) -> Id {
        let op = Op::BatchNorm { epsilon: EPSILON };
        self.layer(op, &[&[input][..], &norm].concat(), module)
    }

    pub(crate) fn relu(&mut self, input: Id, name: &str, module: &str) -> Id {
        self.node(Op::Unary(Unary::Relu), &[input], name, module)
    }

    pub(crate) fn add(&mut self, left: Id, right: Id, name: &str, module: &str) -> Id {
        let op = Op::Binary {
            operation: Binary::Add,
            alpha: Number::Int(1),
            rounding: None,
        };
        self.node(op, &[left, right], name, module)
    }

    /// Maximum over a square window of a side, with a stride and a padding that does not count as zero.
    pub(crate) fn max_pool(
        &mut self,
        input: Id,
        [kernel, stride, padding]: [i64; 3],
        module: &str,
    ) -> Id {
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
    pub(crate) fn average_pool(&mut self, input: Id, side: i64) -> Id {
        let pooled = self.layer(
            Op::AdaptiveAvgPool {
                size: vec![side; 2],
            },
            &[input],
            "avgpool",
        );
        self.node(Op::Flatten { from: 1, to: -1 }, &[pooled], "flatten", "")
    }

    pub(crate) fn dropout(&mut self, input: Id, module: &str) -> Id {
        self.layer(Op::Dropout { share: DROPOUT }, &[input], module)
    }

    /// The weight [outputs, inputs] of a linear layer and its bias.
    pub(crate) fn matrix(
        &mut self,
        module: &str,
        [outputs, inputs]: [i64; 2],
        role: Role,
    ) -> [Id; 2] {
        let weight = self.parameter(format!("{module}.weight"), &[outputs, inputs], role);
        [
            weight,
            self.parameter(format!("{module}.bias"), &[outputs], Role::Zeros),
        ]
    }

    pub(crate) fn linear(&mut self, input: Id, module: &str, matrix: [Id; 2]) -> Id {
        self.layer(Op::Linear, &[&[input][..], &matrix].concat(), module)
    }

    pub(crate) fn finish(mut self, logits: Id) -> Graph {
        self.0.outputs = vec![(None, logits)];
        self.0
    }
}
