//! How activations and weights lie in memory: in oneDNN's own layout where the convolutions of a network are one chain of operators that oneDNN has, on a
//! processor; else with channels innermost.

use graph::{Binary, Id, Number, Op, Unary};
use tch::{Kind, TchError, Tensor};

use crate::error::{During, Error};
use crate::executor::{Style, channels_last};
use crate::operators::is_floating;
use crate::passes::Draft;
use crate::prepare::Form;

/// Chooses the nodes that compute in oneDNN's layout, or says that maps have channels innermost in memory.
///
/// Measured on a processor: where all convolutions are one chain, oneDNN's own layout is as fast as channels innermost, and its answers are those of the
/// first version of this program. Where other operators stand between, or channels are in groups, channels innermost were 1.2 to 1.8 times as fast as
/// either oneDNN's layout or the ordinary one.
pub(crate) fn choose(draft: &Draft, form: Form, styles: &mut [Style]) -> bool {
    if form.kind == Kind::Double {
        return false;
    }
    let chained = chained(draft);
    let cpu = form.device == tch::Device::Cpu;
    if cpu && is_one_chain(draft, &chained) {
        for (style, chained) in styles.iter_mut().zip(chained) {
            style.onednn = chained;
        }
        return false;
    }
    let producers = draft.producers();
    for (place, node) in draft.graph.nodes.iter().enumerate() {
        let mut before = node.inputs.iter().filter_map(|id| producers[id.0]);
        styles[place].innermost = match &node.op {
            Op::Convolution { stride, .. } => stride.len() == 2,
            op if keeps_places(op) => before.any(|before| styles[before].innermost),
            _ => false,
        };
    }
    true
}

/// Whether an operator leaves the memory of a map in the order that it has.
fn keeps_places(op: &Op) -> bool {
    matches!(
        op,
        Op::BatchNorm { .. }
            | Op::GroupNorm { .. }
            | Op::Unary(_)
            | Op::Gelu { .. }
            | Op::Clamp { .. }
            | Op::Binary { .. }
            | Op::Scalar { .. }
            | Op::MaxPool { .. }
            | Op::AvgPool { .. }
            | Op::AdaptiveAvgPool { .. }
            | Op::Upsample { .. }
            | Op::Cat { .. }
            | Op::Dropout { .. }
            | Op::Detach
    )
}

/// Which nodes can compute in oneDNN's layout without converting more than before.
fn chained(draft: &Draft) -> Vec<bool> {
    let nodes = &draft.graph.nodes;
    let (readers, producers) = (draft.readers(), draft.producers());
    let mut chained: Vec<bool> = nodes
        .iter()
        .map(|node| has(draft, &node.op, &node.inputs))
        .collect();
    loop {
        let mut changed = false;
        for (place, node) in nodes
            .iter()
            .enumerate()
            .filter(|(place, _)| chained[*place])
            .collect::<Vec<_>>()
        {
            let from_chain = |id: &Id| producers[id.0].is_some_and(|before| chained[before]);
            let read = node.outputs.iter().flat_map(|id| &readers[id.0]);
            let stays = if matches!(node.op, Op::Convolution { .. }) {
                // It converts what it reads anyway, but alone it would convert more often.
                from_chain(&node.inputs[0]) || read.into_iter().any(|&reader| chained[reader])
            } else {
                let computed = |id: &&Id| draft.constant(**id).is_none();
                node.inputs.iter().filter(computed).all(from_chain)
            };
            changed |= !stays;
            chained[place] = stays;
        }
        if !changed {
            return chained;
        }
    }
}

/// Whether all convolutions over places are in the chain, and only its last value leaves it.
fn is_one_chain(draft: &Draft, chained: &[bool]) -> bool {
    let readers = draft.readers();
    let mut leaving = 0;
    for (node, chained_node) in draft.graph.nodes.iter().zip(chained) {
        if let Op::Convolution { groups, .. } = node.op
            && (groups > 1 || !chained_node)
        {
            return false;
        }
        let read = node.outputs.iter().flat_map(|id| &readers[id.0]);
        leaving += usize::from(*chained_node && read.into_iter().any(|&reader| !chained[reader]));
    }
    leaving <= 1 && chained.contains(&true)
}

/// Whether oneDNN has an operator, in its own layout.
fn has(draft: &Draft, op: &Op, inputs: &[Id]) -> bool {
    match op {
        Op::Convolution { stride, .. } => {
            stride.len() == 2
                && draft.constant(inputs[0]).is_none()
                && inputs[1..].iter().all(|id| draft.constant(*id).is_some())
        }
        Op::Unary(Unary::Relu) => true,
        Op::MaxPool {
            kernel, dilation, ..
        } => kernel.len() == 2 && dilation.iter().all(|&dilation| dilation == 1),
        Op::Binary {
            operation: Binary::Add,
            alpha,
            ..
        } => *alpha == Number::Int(1) && inputs.iter().all(|id| draft.constant(*id).is_none()),
        _ => false,
    }
}

/// Puts constants where and as the nodes read them.
pub(crate) fn lay_out(
    draft: &mut Draft,
    form: Form,
    styles: &[Style],
    innermost: bool,
) -> Result<(), Error> {
    let readers = draft.readers();
    for (value, constant) in draft.constants.iter_mut().enumerate() {
        let Some(tensor) = constant.as_ref() else {
            continue;
        };
        let nodes = &draft.graph.nodes;
        let is_weight = |place: &usize| {
            let node = &nodes[*place];
            matches!(node.op, Op::Convolution { .. }) && node.inputs.get(1) == Some(&Id(value))
        };
        let onednn =
            !readers[value].is_empty() && readers[value].iter().all(|&place| styles[place].onednn);
        let weight =
            innermost && !readers[value].is_empty() && readers[value].iter().all(is_weight);
        // In the numbers of all its readers; where they differ, each converts it.
        let mut kinds = readers[value]
            .iter()
            .filter_map(|&place| styles[place].kind);
        let first = kinds.next();
        let kind = first.filter(|first| kinds.all(|kind| kind == *first));
        let convert = || -> Result<Tensor, TchError> {
            let tensor = tensor.f_to_device(form.device)?;
            let tensor = match kind {
                Some(kind) if is_floating(tensor.f_kind()?) => tensor.f_to_kind(kind)?,
                _ => tensor,
            };
            if onednn {
                return tensor.f_to_mkldnn(None);
            }
            if weight && tensor.dim() == 4 {
                return channels_last(&tensor);
            }
            Ok(tensor)
        };
        *constant = Some(convert().during("laying out a weight", &draft.graph.values[value])?);
    }
    Ok(())
}
