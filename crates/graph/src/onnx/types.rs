//! The type and the shape of what an operator gives, as far as they follow from what it reads.

mod geometry;
mod rearranged;

pub(super) use self::geometry::product;
use self::geometry::{matrices, upsampled, windows};
use self::rearranged::{cut, joined, padded, reshaped, split};
use super::numbers::is_real;
use crate::onnx::sizes::on;
use crate::op::{Binary, Kind, Number, Op, Size};

/// A length of an axis; none where it is not known.
pub(super) type Length = Option<Size>;

/// What is known of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Type {
    pub(super) kind: Kind,
    /// None where not even the number of axes is known.
    pub(super) shape: Option<Vec<Length>>,
}

impl Type {
    pub(super) fn new(kind: Kind, shape: Option<Vec<Length>>) -> Self {
        Self { kind, shape }
    }

    /// A tensor whose lengths do not depend on the images.
    pub(super) fn of(kind: Kind, shape: &[usize]) -> Self {
        Self::new(
            kind,
            Some(shape.iter().map(|&side| length(side as i64)).collect()),
        )
    }

    pub(super) fn rank(&self) -> Option<usize> {
        self.shape.as_ref().map(Vec::len)
    }

    /// The length of an axis, which may be counted from the end.
    pub(super) fn length(&self, axis: i64) -> Length {
        let shape = self.shape.as_ref()?;
        *shape.get(on(axis, shape.len())?)?
    }
}

#[expect(clippy::unnecessary_wraps, reason = "lengths may be unknown")]
pub(super) fn length(fixed: i64) -> Length {
    Some(Size { each: 0, fixed })
}

/// A length that does not depend on the number of images.
pub(super) fn fixed(length: Length) -> Option<i64> {
    // A hostile file may state a negative one.
    let plain = length.filter(|size| size.each == 0 && size.fixed >= 0);
    plain.map(|size| size.fixed)
}

/// The type of each of `count` results.
pub(super) fn results(op: &Op, inputs: &[&Type], count: usize) -> Vec<Type> {
    let first = inputs.first().copied();
    let kind = first.map_or(Kind::Float, |first| first.kind);
    let shape = first.and_then(|first| first.shape.as_deref());
    if let (Some(shape), Op::Split { .. } | Op::Chunk { .. }) = (shape, op) {
        let parts = split(op, shape, count);
        return parts
            .into_iter()
            .map(|shape| Type::new(kind, shape))
            .collect();
    }
    let shape = || of(op, inputs, shape);
    vec![
        Type::new(
            kind_of(op, kind, inputs),
            if count == 1 { shape() } else { None }
        );
        count
    ]
}

fn kind_of(op: &Op, first: Kind, inputs: &[&Type]) -> Kind {
    match op {
        Op::To { kind } | Op::Arange { kind, .. } | Op::Full { kind, .. } => *kind,
        Op::Binary { operation, .. } | Op::Scalar { operation, .. } if compares(*operation) => {
            Kind::Bool
        }
        Op::Scalar {
            number: Number::Real(_),
            ..
        }
        | Op::Binary {
            operation: Binary::Div,
            rounding: None,
            ..
        } if !is_real(first) => Kind::Float,
        Op::Where => inputs.get(1).map_or(first, |input| input.kind),
        _ => first,
    }
}

fn compares(operation: Binary) -> bool {
    matches!(
        operation,
        Binary::Eq | Binary::Ne | Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge
    )
}

fn of(op: &Op, inputs: &[&Type], first: Option<&[Length]>) -> Option<Vec<Length>> {
    match op {
        Op::Full { shape, .. } => return Some(shape.iter().copied().map(Some).collect()),
        Op::Arange {
            start: Number::Int(start),
            end: Number::Int(end),
            step: Number::Int(step @ 1..),
            ..
        } => {
            let room = end.checked_sub(*start)?.max(0);
            let count = room.checked_add(step - 1)?.checked_div(*step)?;
            return Some(vec![length(count)]);
        }
        Op::Arange { .. } => return Some(vec![None]),
        Op::Einsum { equation } => return summed(equation, inputs),
        Op::Meshgrid { .. } => return None,
        _ => {}
    }
    let other = |place: usize| inputs.get(place).and_then(|input| input.shape.as_deref());
    let first = first?;
    match op {
        Op::Convolution { .. } | Op::MaxPool { .. } | Op::AvgPool { .. } => {
            windows(op, first, other(1))
        }
        Op::AdaptiveAvgPool { size } => {
            let kept = first.len().checked_sub(size.len())?;
            Some(
                first
                    .get(..kept)?
                    .iter()
                    .copied()
                    .chain(size.iter().copied().map(length))
                    .collect(),
            )
        }
        Op::Upsample { size, factors, .. } => upsampled(first, size.as_deref(), factors.as_deref()),
        Op::Linear => {
            let mut shape = first.to_vec();
            *shape.last_mut()? = *other(1)?.first()?;
            Some(shape)
        }
        Op::Matmul => matrices(first, other(1)?),
        Op::Attention { .. } => {
            let mut shape = first.to_vec();
            *shape.last_mut()? = *other(2)?.last()?;
            Some(shape)
        }
        Op::Binary { .. } | Op::MaskedFill { .. } => broadcast(first, other(1)?),
        Op::Where | Op::Addcmul { .. } => broadcast(&broadcast(first, other(1)?)?, other(2)?),
        Op::ExpandAs => other(1).map(<[Length]>::to_vec),
        Op::Mean { axes, keep }
        | Op::Sum { axes, keep }
        | Op::Amax { axes, keep }
        | Op::VectorNorm { axes, keep, .. } => reduced(first, axes, *keep),
        Op::Cat { axis } => joined(inputs, *axis),
        Op::Index { axes } => match axes[..] {
            [axis] => {
                let (before, behind) = (first.get(..axis)?, first.get(axis + 1..)?);
                Some([before, other(1)?, behind].concat())
            }
            _ => None,
        },
        Op::Reshape { shape } => Some(reshaped(first, shape)),
        Op::Pad { lengths, .. } => padded(first, lengths),
        Op::Slice { .. } | Op::Select { .. } => cut(op, first),
        _ => rearranged::moved(op, first),
    }
}

/// The shape that two have once axes of length 1 are repeated.
pub(super) fn broadcast(left: &[Length], right: &[Length]) -> Option<Vec<Length>> {
    let rank = left.len().max(right.len());
    let side = |shape: &[Length], place: usize| match (place + shape.len()).checked_sub(rank) {
        Some(axis) => shape.get(axis).copied().flatten(),
        None => length(1),
    };
    let both = |place| match (side(left, place), side(right, place)) {
        (one, other) if one == other || other == length(1) => Some(one),
        (one, other) if one == length(1) => Some(other),
        // What is not known may be one or the length of the other.
        (Some(one), None) | (None, Some(one)) => Some(Some(one)),
        _ => None,
    };
    (0..rank).map(both).collect()
}

/// What a sum in Einstein's notation gives, where that names each axis.
fn summed(equation: &str, inputs: &[&Type]) -> Option<Vec<Length>> {
    let (read, given) = equation.split_once("->")?;
    let mut lengths = Vec::new();
    for (names, input) in read.split(',').zip(inputs) {
        let shape = input.shape.as_ref()?;
        if names.len() != shape.len() {
            return None;
        }
        lengths.extend(names.chars().zip(shape.iter().copied()));
    }
    let side = |name: char| {
        let mut found = lengths.iter().filter(|(other, _)| *other == name);
        let any = found.clone().next()?;
        Some(found.find_map(|(_, length)| *length).or(any.1))
    };
    given.chars().map(side).collect()
}

fn reduced(first: &[Length], axes: &[i64], keep: bool) -> Option<Vec<Length>> {
    let axes: Option<Vec<usize>> = axes.iter().map(|&axis| on(axis, first.len())).collect();
    let axes = axes?;
    let kept = first.iter().enumerate().filter_map(|(axis, &side)| {
        if axes.contains(&axis) {
            keep.then(|| length(1))
        } else {
            Some(side)
        }
    });
    Some(kept.collect())
}
