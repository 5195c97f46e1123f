//! In which numbers each node computes.

use graph::Op;
use tch::Kind;

use crate::executor::Style;
use crate::passes::Draft;

/// All in `kind`; but in bfloat16 the layers behind which nothing more was learned, the pooling before them and what follows them stay in f32.
pub(crate) fn choose(draft: &Draft, kind: Kind) -> Vec<Style> {
    let nodes = &draft.graph.nodes;
    let style = |kind| Style {
        kind: Some(kind),
        ..Style::default()
    };
    if kind != Kind::BFloat16 {
        return vec![style(kind); nodes.len()];
    }
    let readers = draft.readers();
    let read_by = |place: usize| {
        nodes[place]
            .outputs
            .iter()
            .flat_map(|id| readers[id.0].iter().copied())
    };
    let mut learns_later = vec![false; nodes.len()];
    let mut precise = vec![false; nodes.len()];
    for place in (0..nodes.len()).rev() {
        let op = &nodes[place].op;
        learns_later[place] =
            read_by(place).any(|reader| learns_later[reader] || learns(&nodes[reader].op));
        let mut next = read_by(place).peekable();
        let before_precise =
            pools_or_reshapes(op) && next.peek().is_some() && next.all(|reader| precise[reader]);
        precise[place] = !learns_later[place] && learns(op) || before_precise;
    }
    // What follows the last layer is precise as the layer is.
    let producers = draft.producers();
    for place in 0..nodes.len() {
        let follows = |id: &graph::Id| producers[id.0].is_some_and(|before| precise[before]);
        precise[place] |= !learns_later[place] && nodes[place].inputs.iter().any(follows);
    }
    let styles = precise.into_iter();
    styles
        .map(|precise| style(if precise { Kind::Float } else { kind }))
        .collect()
}

/// In which numbers the input is read: those of the first node that reads it.
pub(crate) fn of_input(draft: &Draft, styles: &[Style], kind: Kind) -> Kind {
    let mut nodes = draft.graph.nodes.iter().zip(styles);
    let first = nodes.find(|(node, _)| node.inputs.contains(&draft.graph.input));
    first.and_then(|(_, style)| style.kind).unwrap_or(kind)
}

fn learns(op: &Op) -> bool {
    matches!(op, Op::Linear | Op::Convolution { .. })
}

fn pools_or_reshapes(op: &Op) -> bool {
    matches!(
        op,
        Op::AdaptiveAvgPool { .. }
            | Op::Mean { .. }
            | Op::Flatten { .. }
            | Op::Reshape { .. }
            | Op::Squeeze { .. }
            | Op::Select { .. }
            | Op::Dropout { .. }
    )
}
