//! A graph is checked once, when an executor is made of it; what computes it later counts on that.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use graph::{Binary, Graph, Id, Node, Number, Op, Size};

use crate::error::Error;

/// More axes than any tensor of libtorch has.
const MOST_AXES: usize = 64;

/// An error unless every node reads what is there, in numbers that its operator takes, and defines what nothing else does.
pub(crate) fn check(graph: &Graph) -> Result<(), Error> {
    let values = graph.values.len();
    let unfit = |what: String| Err(Error::Graph { what });
    let mut names = BTreeSet::new();
    for name in &graph.values {
        if !names.insert(name) {
            return unfit(format!("two values are called `{name}`"));
        }
    }
    let mut defined = vec![false; values];
    let mut define = |id: Id, by: &str| match defined.get_mut(id.0) {
        None => unfit(format!("{by} is value {} of {values}", id.0)),
        Some(true) => unfit(format!(
            "`{}` is defined twice, the second time by {by}",
            graph.values[id.0]
        )),
        Some(defined) => {
            *defined = true;
            Ok(())
        }
    };
    define(graph.input, "the input")?;
    for parameter in &graph.parameters {
        define(
            parameter.value,
            &format!("the parameter `{}`", parameter.name),
        )?;
    }
    // What each node reads is looked up in what was defined before it.
    let mut before: Vec<bool> = vec![false; values];
    for id in graph
        .parameters
        .iter()
        .map(|parameter| parameter.value)
        .chain([graph.input])
    {
        before[id.0] = true;
    }
    for node in &graph.nodes {
        let place = format!("{} in `{}`", name(&node.op), node.module);
        for id in &node.inputs {
            if !before.get(id.0).copied().unwrap_or_default() {
                return unfit(format!(
                    "{place} reads value {}, which nothing before it gives",
                    id.0
                ));
            }
        }
        if let Some(what) = contradiction(node) {
            return unfit(format!("{place} {what}"));
        }
        for &id in &node.outputs {
            define(id, &place)?;
            before[id.0] = true;
        }
    }
    if let Some((alias, id)) = graph.aliases.iter().find(|(_, id)| id.0 >= values) {
        return unfit(format!("`{alias}` is value {} of {values}", id.0));
    }
    if graph.outputs.is_empty() {
        return unfit("it has no output".to_owned());
    }
    for (_, id) in &graph.outputs {
        if !before.get(id.0).copied().unwrap_or_default() {
            return unfit(format!("its output is value {}, which nothing gives", id.0));
        }
    }
    Ok(())
}

/// What is wrong with a node, as the rest of a sentence; libtorch itself refuses most of what a shape makes impossible, but stops the process
/// at some divisions by zero.
fn contradiction(node: &Node) -> Option<String> {
    let (inputs, outputs) = (node.inputs.len(), node.outputs.len());
    let expected = inputs_of(&node.op);
    if !expected.contains(&inputs) {
        let expected = if *expected.end() == usize::MAX {
            format!("{} inputs or more", expected.start())
        } else {
            format!("{} to {} inputs", expected.start(), expected.end())
        };
        return Some(format!(
            "has {inputs} inputs, where {expected} are expected"
        ));
    }
    let several = matches!(
        node.op,
        Op::Unbind { .. } | Op::Split { .. } | Op::Chunk { .. } | Op::Meshgrid { .. }
    );
    if outputs != 1 && !several || outputs == 0 {
        return Some(format!("has {outputs} outputs"));
    }
    let positive: Vec<i64> = match &node.op {
        Op::Convolution {
            stride,
            dilation,
            groups,
            ..
        } => [&stride[..], dilation, &[*groups]].concat(),
        Op::MaxPool {
            kernel,
            stride,
            dilation,
            ..
        } => [&kernel[..], stride, dilation].concat(),
        Op::AvgPool {
            kernel,
            stride,
            divisor,
            ..
        } => [
            &kernel[..],
            stride,
            &divisor.map_or(vec![], |divisor| vec![divisor]),
        ]
        .concat(),
        Op::AdaptiveAvgPool { size } => size.clone(),
        Op::GroupNorm { groups, .. } => vec![*groups],
        Op::Chunk { count, .. } => vec![*count],
        Op::Slice { step, .. } | Op::SliceScatter { step, .. } => vec![*step],
        _ => Vec::new(),
    };
    if let Some(number) = positive.iter().find(|&&number| number < 1) {
        return Some(format!("has {number}, where a positive number is expected"));
    }
    match &node.op {
        Op::Convolution { stride, padding, dilation, .. }
            if ![1, 2].contains(&stride.len()) || [padding.len(), dilation.len()] != [stride.len(); 2] =>
        {
            Some("has a stride, a padding and a dilation that are not all of one or all of two dimensions".to_owned())
        }
        Op::Index { axes } if axes.iter().any(|&axis| axis >= MOST_AXES) => {
            Some(format!("indexes axis {}", axes.iter().max().unwrap_or(&0)))
        }
        Op::Upsample { size, factors, .. } if size.is_some() == factors.is_some() => {
            Some("needs either a size or factors".to_owned())
        }
        Op::Upsample { size, factors, .. }
            if size.as_ref().map_or(2, Vec::len) != 2 || factors.as_ref().map_or(2, Vec::len) != 2 =>
        {
            Some("needs a height and a width".to_owned())
        }
        _ => None,
    }
}

/// How many inputs an operator has.
fn inputs_of(op: &Op) -> RangeInclusive<usize> {
    match op {
        Op::Arange { .. } | Op::Full { .. } => 0..=0,
        Op::Convolution { .. } | Op::Linear => 2..=3,
        Op::BatchNorm { .. } => 3..=5,
        Op::LayerNorm { .. } | Op::GroupNorm { .. } => 1..=3,
        Op::Attention { .. } => 3..=4,
        Op::Matmul
        | Op::Binary { .. }
        | Op::SliceScatter { .. }
        | Op::SelectScatter { .. }
        | Op::MaskedFill { .. }
        | Op::ExpandAs => 2..=2,
        Op::Addcmul { .. } | Op::Where => 3..=3,
        Op::Einsum { .. } | Op::Cat { .. } | Op::Stack { .. } | Op::Meshgrid { .. } => {
            1..=usize::MAX
        }
        Op::Index { axes } => axes.len() + 1..=axes.len() + 1,
        Op::Unary(_)
        | Op::Gelu { .. }
        | Op::Clamp { .. }
        | Op::Scalar { .. }
        | Op::Softmax { .. }
        | Op::Mean { .. }
        | Op::Sum { .. }
        | Op::Amax { .. }
        | Op::VectorNorm { .. }
        | Op::Cumsum { .. }
        | Op::MaxPool { .. }
        | Op::AvgPool { .. }
        | Op::AdaptiveAvgPool { .. }
        | Op::Dropout { .. }
        | Op::Reshape { .. }
        | Op::Flatten { .. }
        | Op::Unflatten { .. }
        | Op::Expand { .. }
        | Op::Repeat { .. }
        | Op::Permute { .. }
        | Op::Transpose { .. }
        | Op::Unsqueeze { .. }
        | Op::Squeeze { .. }
        | Op::Select { .. }
        | Op::Slice { .. }
        | Op::Unbind { .. }
        | Op::Split { .. }
        | Op::Chunk { .. }
        | Op::Roll { .. }
        | Op::Pad { .. }
        | Op::Upsample { .. }
        | Op::To { .. }
        | Op::Detach => 1..=1,
    }
}

/// The name of an operator, for a message: `Convolution`, `Relu`, `Add`.
pub(crate) fn name(op: &Op) -> String {
    let whole = match op {
        Op::Unary(operation) => format!("{operation:?}"),
        Op::Binary { operation, .. } | Op::Scalar { operation, .. } => format!("{operation:?}"),
        other => format!("{other:?}"),
    };
    let end = whole.find(|letter: char| !letter.is_alphanumeric());
    whole[..end.unwrap_or(whole.len())].to_owned()
}

/// Whether what an operator gives depends on how many inputs a batch has, apart from what it reads.
pub(crate) fn counts_inputs(op: &Op) -> bool {
    let any = |sizes: &[Size]| sizes.iter().any(|size| size.each != 0);
    match op {
        Op::Reshape { shape }
        | Op::Unflatten { shape, .. }
        | Op::Expand { shape }
        | Op::Full { shape, .. } => any(shape),
        Op::Repeat { times } => any(times),
        Op::Split { lengths, .. } => any(lengths),
        Op::Select { index, .. } | Op::SelectScatter { index, .. } => index.each != 0,
        Op::Slice { start, end, .. } | Op::SliceScatter { start, end, .. } => [start, end]
            .into_iter()
            .flatten()
            .any(|size| size.each != 0),
        _ => false,
    }
}

/// Whether an operator gives new numbers in new memory, and not a view of what it reads.
pub(crate) fn is_fresh(op: &Op) -> bool {
    matches!(
        op,
        Op::Convolution { .. }
            | Op::Linear
            | Op::BatchNorm { .. }
            | Op::LayerNorm { .. }
            | Op::GroupNorm { .. }
            | Op::Matmul
            | Op::Unary(_)
            | Op::Gelu { .. }
            | Op::Clamp { .. }
            | Op::Binary { .. }
            | Op::Scalar { .. }
            | Op::Softmax { .. }
            | Op::Mean { .. }
            | Op::Sum { .. }
            | Op::MaxPool { .. }
            | Op::AvgPool { .. }
            | Op::Addcmul { .. }
            | Op::Cat { .. }
            | Op::Stack { .. }
    )
}

/// Whether an operator may write its result over its first or second input (`place`), in floating point.
pub(crate) fn writes_over(op: &Op, place: usize) -> bool {
    use graph::Unary::{Hardsigmoid, Hardswish, Relu, Sigmoid, Silu};
    match op {
        Op::Unary(Relu | Silu | Hardswish | Hardsigmoid | Sigmoid)
        | Op::Gelu { .. }
        | Op::Clamp { .. } => place == 0,
        Op::Binary {
            operation: Binary::Add | Binary::Mul,
            alpha,
            ..
        } => place < 2 && is_one(*alpha),
        _ => false,
    }
}

/// Whether a factor changes nothing.
pub(crate) fn is_one(factor: Number) -> bool {
    factor == Number::Int(1) || factor == Number::Real(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(op: Op, inputs: &[usize], outputs: &[usize]) -> Node {
        Node {
            op,
            inputs: inputs.iter().copied().map(Id).collect(),
            outputs: outputs.iter().copied().map(Id).collect(),
            module: "layer1".to_owned(),
        }
    }

    fn graph(nodes: Vec<Node>) -> Graph {
        Graph {
            values: ["x", "a", "b"].map(str::to_owned).to_vec(),
            input: Id(0),
            parameters: Vec::new(),
            nodes,
            outputs: vec![(None, Id(2))],
            ..Graph::default()
        }
    }

    #[test]
    fn a_graph_that_contradicts_itself_is_refused_with_the_place() {
        let relu = || Op::Unary(graph::Unary::Relu);
        let whole = graph(vec![node(relu(), &[0], &[1]), node(relu(), &[1], &[2])]);
        assert!(check(&whole).is_ok());
        let refused = |nodes: Vec<Node>, expected: &str| {
            let error = check(&graph(nodes)).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        refused(
            vec![node(relu(), &[1], &[2])],
            "Relu in `layer1` reads value 1",
        );
        refused(vec![node(relu(), &[0], &[7])], "value 7 of 3");
        refused(vec![node(relu(), &[0], &[0])], "`x` is defined twice");
        refused(vec![node(relu(), &[0], &[1])], "output is value 2");
        refused(vec![node(Op::Linear, &[0], &[2])], "has 1 inputs");
        let stride = Op::Chunk { count: 0, axis: 0 };
        refused(vec![node(stride, &[0], &[1, 2])], "positive");
        let index = Op::Index {
            axes: vec![usize::MAX],
        };
        refused(vec![node(index, &[0, 0], &[2])], "indexes axis");
        refused(vec![node(relu(), &[usize::MAX], &[2])], "reads value");
    }

    #[test]
    fn an_operator_is_named_as_the_graph_has_it() {
        assert_eq!(name(&Op::Unary(graph::Unary::Relu)), "Relu");
        assert_eq!(name(&Op::Linear), "Linear");
        assert_eq!(name(&Op::Flatten { from: 1, to: -1 }), "Flatten");
    }
}
