//! What the tests of both readers share.

use std::collections::BTreeSet;

use checkpoint::Tensors;

use crate::{Graph, Id};

/// Whether each value is given once, before it is read, and each parameter has its numbers.
pub(crate) fn assert_consistent(graph: &Graph, tensors: &Tensors<'_>) {
    let mut given = vec![false; graph.values.len()];
    let mut give = |id: Id| {
        assert!(
            !std::mem::replace(&mut given[id.0], true),
            "{}",
            graph.values[id.0]
        );
    };
    give(graph.input);
    graph
        .parameters
        .iter()
        .for_each(|parameter| give(parameter.value));
    let read = |given: &[bool], id: Id| assert!(given[id.0], "{}", graph.values[id.0]);
    for node in &graph.nodes {
        node.inputs.iter().for_each(|&id| read(&given, id));
        for &id in &node.outputs {
            assert!(
                !std::mem::replace(&mut given[id.0], true),
                "{}",
                graph.values[id.0]
            );
        }
    }
    graph.outputs.iter().for_each(|&(_, id)| read(&given, id));
    let names: BTreeSet<&String> = graph.values.iter().collect();
    assert_eq!(names.len(), graph.values.len());
    assert_eq!(tensors.len(), graph.parameters.len());
    for parameter in &graph.parameters {
        let stored = &tensors[&parameter.name];
        let shape: Vec<i64> = stored.shape.iter().map(|&side| side as i64).collect();
        assert_eq!(shape, parameter.shape, "{}", parameter.name);
    }
}
