//! Max pooling of a ReLU, as the ReLU of a max pooling: the same values and gradients, and the ReLU has fewer to look at.

use graph::{Node, Op, Unary};

use crate::passes::Draft;

/// Exchanges both, where nothing else reads what is between and the pooling leaves fewer values.
pub(crate) fn pool_before_relu(draft: &mut Draft) {
    let (readers, producers) = (draft.readers(), draft.producers());
    let mut gone = vec![false; draft.graph.nodes.len()];
    // The ReLU to put behind the node of each place.
    let mut behind: Vec<Option<Node>> = gone.iter().map(|_| None).collect();
    for (place, behind) in behind.iter_mut().enumerate() {
        let pool = &draft.graph.nodes[place];
        let (Op::MaxPool { stride, .. }, [between], [output]) =
            (&pool.op, &pool.inputs[..], &pool.outputs[..])
        else {
            continue;
        };
        let (between, output) = (*between, *output);
        let fewer = stride.iter().any(|&stride| stride > 1);
        let Some(before) = producers[between.0] else {
            continue;
        };
        if !fewer || draft.graph.nodes[before].op != Op::Unary(Unary::Relu) {
            continue;
        }
        if readers[between.0].len() > 1 || draft.is_kept(between) {
            continue;
        }
        let mut relu = draft.graph.nodes[before].clone();
        let pooled = draft.add_value(output, "before its ReLU");
        let pool = &mut draft.graph.nodes[place];
        pool.inputs = std::mem::replace(&mut relu.inputs, vec![pooled]);
        relu.outputs = std::mem::replace(&mut pool.outputs, vec![pooled]);
        gone[before] = true;
        *behind = Some(relu);
    }
    let nodes = std::mem::take(&mut draft.graph.nodes)
        .into_iter()
        .zip(behind)
        .zip(gone);
    draft.graph.nodes = nodes
        .flat_map(|((node, behind), gone)| [(!gone).then_some(node), behind])
        .flatten()
        .collect();
}
