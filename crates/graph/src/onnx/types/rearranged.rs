//! Shapes of what puts numbers in other places.

use super::geometry::product;
use super::{Length, Type, fixed, length};
use crate::onnx::sizes::on;
use crate::onnx::sizes::{add, divide, multiply};
use crate::op::{Op, Size};

/// With other axes; -1 stands for what is left.
pub(super) fn reshaped(first: &[Length], shape: &[Size]) -> Vec<Length> {
    let open = Size { each: 0, fixed: -1 };
    let given: Vec<Length> = shape
        .iter()
        .filter(|&&side| side != open)
        .copied()
        .map(Some)
        .collect();
    let left = || {
        let (all, given) = (product(first)?, product(&given)?);
        match (all, given) {
            (all, given) if given.each == 0 => divide(all, given).ok(),
            // Both grow with the batch: so does no more what is left.
            (Size { each, fixed: 0 }, Size { each: by, fixed: 0 })
                if each.checked_rem(by) == Some(0) =>
            {
                each.checked_div(by).and_then(length)
            }
            _ => None,
        }
    };
    let side = |&side: &Size| if side == open { left() } else { Some(side) };
    shape.iter().map(side).collect()
}

pub(super) fn padded(first: &[Length], lengths: &[i64]) -> Option<Vec<Length>> {
    let mut shape = first.to_vec();
    for (side, pair) in shape.iter_mut().rev().zip(lengths.chunks(2)) {
        let [before, behind] = pair else {
            return None;
        };
        let more = Size {
            each: 0,
            fixed: before.checked_add(*behind)?,
        };
        *side = side.and_then(|side| add(side, more).ok());
    }
    Some(shape)
}

/// A slice, or one place along an axis.
pub(super) fn cut(op: &Op, first: &[Length]) -> Option<Vec<Length>> {
    let mut shape = first.to_vec();
    match op {
        Op::Select { axis, .. } => {
            let axis = on(*axis, first.len())?;
            shape.remove(axis);
        }
        Op::Slice {
            axis,
            start,
            end,
            step,
        } => {
            let side = shape.get_mut(on(*axis, first.len())?)?;
            *side = (*side).and_then(|side| sliced(side, *start, *end, *step));
        }
        _ => return None,
    }
    Some(shape)
}

/// The length of a slice.
fn sliced(side: Size, start: Option<Size>, end: Option<Size>, step: i64) -> Length {
    if start.is_none_or(|start| start == Size { each: 0, fixed: 0 })
        && step == 1
        && end.is_none_or(|end| end == side)
    {
        return Some(side);
    }
    let side = fixed(Some(side))?;
    let place = |size: Option<Size>, default: i64| {
        let Some(size) = size else {
            return Some(default);
        };
        let place = Some(size.fixed).filter(|_| size.each == 0)?;
        let place = if place < 0 {
            place.saturating_add(side)
        } else {
            place
        };
        Some(place.clamp(0, side))
    };
    let room = place(end, side)?.checked_sub(place(start, 0)?)?.max(0);
    let count = room.checked_add(step.checked_sub(1)?)?.checked_div(step)?;
    length(count)
}

/// The parts along an axis.
pub(super) fn split(op: &Op, first: &[Length], count: usize) -> Vec<Option<Vec<Length>>> {
    let (axis, lengths) = match op {
        Op::Split { axis, lengths } => (*axis, Some(lengths)),
        Op::Chunk { axis, .. } => (*axis, None),
        _ => return vec![None; count],
    };
    let part = |place: usize| {
        let mut shape = first.to_vec();
        let side = shape.get_mut(on(axis, first.len())?)?;
        *side = lengths.and_then(|lengths| lengths.get(place).copied());
        Some(shape)
    };
    (0..count).map(part).collect()
}

pub(super) fn joined(inputs: &[&Type], axis: i64) -> Option<Vec<Length>> {
    let mut shape = inputs.first()?.shape.clone()?;
    let place = on(axis, shape.len())?;
    let total = inputs
        .iter()
        .try_fold(Size { each: 0, fixed: 0 }, |sum, input| {
            add(sum, input.length(axis)?).ok()
        });
    // Where one says nothing, another may.
    for input in inputs {
        for (side, other) in shape.iter_mut().zip(input.shape.iter().flatten()) {
            *side = side.or(*other);
        }
    }
    *shape.get_mut(place)? = total;
    Some(shape)
}

/// What changes the order or the number of axes; all other operators keep the shape.
pub(super) fn moved(op: &Op, first: &[Length]) -> Option<Vec<Length>> {
    let mut shape = first.to_vec();
    match op {
        Op::Permute { axes } => {
            let sides = axes
                .iter()
                .map(|&axis| first.get(on(axis, first.len())?).copied());
            return sides.collect();
        }
        Op::Transpose { axes: [one, other] } => {
            let (one, other) = (on(*one, first.len())?, on(*other, first.len())?);
            shape.swap(one, other);
        }
        Op::Unsqueeze { axis } => {
            let axis = on(*axis, first.len() + 1)?;
            shape.insert(axis, length(1));
        }
        Op::Squeeze { axes } => {
            let axes: Option<Vec<usize>> = axes.iter().map(|&axis| on(axis, first.len())).collect();
            let axes = axes?;
            let kept = first
                .iter()
                .enumerate()
                .filter(|(axis, _)| !axes.contains(axis));
            return Some(kept.map(|(_, &side)| side).collect());
        }
        Op::Flatten { from, to } => {
            let (from, to) = (on(*from, first.len())?, on(*to, first.len())?);
            let whole = product(first.get(from..=to)?);
            shape.splice(from..=to, [whole]);
        }
        Op::Expand { shape: wanted } => {
            let added = wanted.len().checked_sub(first.len())?;
            let side = |(place, &side): (usize, &Size)| match side.fixed {
                -1 if side.each == 0 => first.get(place.checked_sub(added)?).copied(),
                _ => Some(Some(side)),
            };
            return wanted.iter().enumerate().map(side).collect();
        }
        Op::Repeat { times } => {
            let added = times.len().checked_sub(first.len())?;
            let side = |(place, &times): (usize, &Size)| match place.checked_sub(added) {
                Some(place) => multiply(*first.get(place)?.as_ref()?, times).ok(),
                None => Some(times),
            };
            return Some(times.iter().enumerate().map(side).collect());
        }
        Op::Stack { .. } | Op::Unbind { .. } | Op::Unflatten { .. } => return None,
        _ => {}
    }
    Some(shape)
}
