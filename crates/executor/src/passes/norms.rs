//! A batch norm behind a convolution is part of the convolution.

use graph::{Id, Node, Op};
use tch::{Kind, TchError, Tensor};

use crate::error::{During, Error};
use crate::passes::Draft;

/// What a convolution and its batch norm are made of.
struct Parts<'a> {
    weight: &'a Tensor,
    bias: Option<&'a Tensor>,
    mean: &'a Tensor,
    variance: &'a Tensor,
    scale: Option<&'a Tensor>,
    shift: Option<&'a Tensor>,
    epsilon: f64,
}

/// Folds every batch norm into the convolution before it, where nothing else reads what is between.
pub(crate) fn fold(draft: &mut Draft) -> Result<(), Error> {
    let (readers, producers) = (draft.readers(), draft.producers());
    let mut gone = vec![false; draft.graph.nodes.len()];
    for (place, gone) in gone.iter_mut().enumerate() {
        let norm = &draft.graph.nodes[place];
        let (Op::BatchNorm { .. }, Some(&between)) = (&norm.op, norm.inputs.first()) else {
            continue;
        };
        let Some(before) = producers[between.0] else {
            continue;
        };
        if readers[between.0].len() > 1 || draft.is_kept(between) {
            continue;
        }
        let Some(parts) = parts(draft, &draft.graph.nodes[before], norm) else {
            continue;
        };
        let (weight, bias) = folded(&parts).during("folding a batch norm", &norm.module)?;
        let names = draft.graph.nodes[before].inputs[1];
        let weight = constant(draft, names, "folded", weight);
        let bias = constant(draft, names, "folded bias", bias);
        let output = draft.graph.nodes[place].outputs.clone();
        let convolution = &mut draft.graph.nodes[before];
        convolution.inputs = vec![convolution.inputs[0], weight, bias];
        convolution.outputs = output;
        *gone = true;
    }
    draft.remove(&gone);
    Ok(())
}

fn constant(draft: &mut Draft, like: Id, what: &str, tensor: Tensor) -> Id {
    let id = draft.add_value(like, what);
    draft.constants[id.0] = Some(tensor);
    id
}

/// The numbers of both, where all of them are known and belong together.
fn parts<'a>(draft: &'a Draft, convolution: &Node, norm: &Node) -> Option<Parts<'a>> {
    let (Op::Convolution { .. }, Op::BatchNorm { epsilon }) = (&convolution.op, &norm.op) else {
        return None;
    };
    let known = |node: &Node, place: usize| -> Option<Option<&'a Tensor>> {
        // What a node does not have is known to be absent.
        let Some(id) = node.inputs.get(place) else {
            return Some(None);
        };
        draft.constant(*id).map(Some)
    };
    let parts = Parts {
        weight: known(convolution, 1)??,
        bias: known(convolution, 2)?,
        mean: known(norm, 1)??,
        variance: known(norm, 2)??,
        scale: known(norm, 3)?,
        shift: known(norm, 4)?,
        epsilon: *epsilon,
    };
    let channels = parts.weight.size().first().copied();
    let vectors = [
        parts.bias,
        Some(parts.mean),
        Some(parts.variance),
        parts.scale,
        parts.shift,
    ];
    let fit = vectors
        .into_iter()
        .flatten()
        .all(|vector| vector.size().as_slice() == channels.as_slice());
    fit.then_some(parts)
}

/// W' = W g / sqrt(var + eps), b' = beta + (b - mean) g / sqrt(var + eps), computed in f64; b and beta are 0 and g is 1 where there are none.
fn folded(parts: &Parts<'_>) -> Result<(Tensor, Tensor), TchError> {
    let double = |tensor: &Tensor| tensor.f_to_kind(Kind::Double);
    let kind = parts.weight.f_kind()?;
    let deviation = double(parts.variance)?
        .f_add_scalar(parts.epsilon)?
        .f_sqrt()?;
    let scale = match parts.scale {
        Some(scale) => double(scale)?.f_div(&deviation)?,
        None => deviation.f_reciprocal()?,
    };
    let mut spread = vec![1; parts.weight.dim()];
    spread[0] = -1;
    let weight = double(parts.weight)?.f_mul(&scale.f_view(&spread[..])?)?;
    let shift = double(parts.mean)?.f_neg()?;
    let shift = match parts.bias {
        Some(bias) => shift.f_add(&double(bias)?)?,
        None => shift,
    };
    let shift = shift.f_mul(&scale)?;
    let bias = match parts.shift {
        Some(beta) => double(beta)?.f_add(&shift)?,
        None => shift,
    };
    Ok((weight.f_to_kind(kind)?, bias.f_to_kind(kind)?))
}
