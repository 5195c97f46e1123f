//! Nodes, the values between them, and the parameters.

use std::collections::BTreeMap;

use crate::op::{Kind, Op};

/// A value of a graph: its place in [`Graph::values`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub usize);

/// A network that takes normalised images [batch, 3, height, width], of any batch size.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// The name of each value: no two are equal.
    pub values: Vec<String>,
    /// The images.
    pub input: Id,
    /// What the network learned, or holds as a constant.
    pub parameters: Vec<Parameter>,
    /// What is computed, in order: a node reads the input, parameters and outputs of nodes before it.
    pub nodes: Vec<Node>,
    /// What the network gives: its name, where the network names it, and its value.
    pub outputs: Vec<(Option<String>, Id)>,
    /// Further names of values: of what a file has and no node computes, such as the result of a dropout, and the paths of modules that do nothing else.
    pub aliases: BTreeMap<String, Id>,
}

/// One operator applied.
#[derive(Clone, Debug)]
pub struct Node {
    /// What is computed.
    pub op: Op,
    /// What it reads, in the order that [`Op`] states.
    pub inputs: Vec<Id>,
    /// What it gives: one value, but for operators that split one.
    pub outputs: Vec<Id>,
    /// The path of the module that asked for it, such as `layer4.2.conv3`; empty for the network itself.
    pub module: String,
}

/// A tensor that the network brings along; its numbers lie elsewhere, under its name.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// The value that it is in the graph.
    pub value: Id,
    /// Its name in the network, such as `layer4.2.conv3.weight`.
    pub name: String,
    /// The length of each axis.
    pub shape: Vec<i64>,
    /// Of its numbers.
    pub kind: Kind,
    /// What it is for.
    pub role: Role,
}

/// What a parameter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A weight of a convolution or a linear layer, and any other parameter of which no more is known.
    Weight,
    /// The weight of the last linear layer.
    OutputWeight,
    /// What starts at zero: biases.
    Zeros,
    /// What starts at one: scales.
    Ones,
    /// The running mean of a batch norm, which is not trained.
    Mean,
    /// The running variance of a batch norm, which is not trained.
    Variance,
    /// A constant, which is not trained.
    Constant,
}
