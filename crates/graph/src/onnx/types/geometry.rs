//! Shapes of what windows over places, products of matrices and enlarging give.

use super::{Length, fixed, length};
use crate::op::{Op, Size};

/// What windows over the last axes give.
pub(super) fn windows(op: &Op, first: &[Length], weight: Option<&[Length]>) -> Option<Vec<Length>> {
    let ones = vec![1; 2];
    let (kernel, stride, padding, dilation, ceil) = match op {
        Op::Convolution {
            stride,
            padding,
            dilation,
            ..
        } => {
            let kernel: Option<Vec<i64>> =
                weight?.get(2..)?.iter().map(|&side| fixed(side)).collect();
            (kernel?, stride, padding, dilation, false)
        }
        Op::MaxPool {
            kernel,
            stride,
            padding,
            dilation,
            ceil,
        } => (kernel.clone(), stride, padding, dilation, *ceil),
        Op::AvgPool {
            kernel,
            stride,
            padding,
            ceil,
            ..
        } => (kernel.clone(), stride, padding, &ones, *ceil),
        _ => return None,
    };
    let channels = match op {
        Op::Convolution { .. } => *weight?.first()?,
        _ => *first.get(1)?,
    };
    let mut shape = vec![*first.first()?, channels];
    for (place, &kernel) in kernel.iter().enumerate() {
        let (stride, padding) = (*stride.get(place)?, *padding.get(place)?);
        let side = fixed(*first.get(place + 2)?);
        let count = side
            .and_then(|side| count(side, [kernel, stride, padding, *dilation.get(place)?], ceil));
        shape.push(count.and_then(length));
    }
    Some(shape)
}

/// Windows along a side.
pub(in crate::onnx) fn count(
    side: i64,
    [kernel, stride, padding, dilation]: [i64; 4],
    ceil: bool,
) -> Option<i64> {
    let span = dilation
        .checked_mul(kernel.checked_sub(1)?)?
        .checked_add(1)?;
    let room = side
        .checked_add(padding.checked_mul(2)?)?
        .checked_sub(span)?;
    if room < 0 || stride < 1 {
        return None;
    }
    let whole = room / stride + 1;
    if !ceil || room % stride == 0 {
        return Some(whole);
    }
    // A window must begin within the tensor or the padding before it.
    let begins = whole.checked_mul(stride)? < side.checked_add(padding)?;
    Some(whole + i64::from(begins))
}

/// The product of matrices in the last two axes.
pub(super) fn matrices(left: &[Length], right: &[Length]) -> Option<Vec<Length>> {
    match (left, right) {
        ([], _) | (_, []) => None,
        ([_], [_]) => Some(Vec::new()),
        ([batch @ .., _, _], [_]) => Some([batch, left.get(batch.len()..=batch.len())?].concat()),
        ([_], [batch @ .., _, columns]) => Some([batch, &[*columns]].concat()),
        ([one @ .., rows, _], [other @ .., _, columns]) => {
            let mut shape = super::broadcast(one, other)?;
            shape.extend([*rows, *columns]);
            Some(shape)
        }
    }
}

pub(super) fn upsampled(
    first: &[Length],
    size: Option<&[i64]>,
    factors: Option<&[f64]>,
) -> Option<Vec<Length>> {
    let [batch, channels, height, width] = first else {
        return None;
    };
    let mut sides = [None; 2];
    for (place, (from, to)) in [height, width].into_iter().zip(&mut sides).enumerate() {
        *to = match (size, factors) {
            (Some(size), _) => size.get(place).copied().and_then(length),
            (_, Some(factors)) => {
                let factor = factors.get(place)?;
                fixed(*from).and_then(|side| length((side as f64 * factor) as i64))
            }
            _ => return None,
        };
    }
    Some(vec![*batch, *channels, sides[0], sides[1]])
}

/// The product of lengths.
pub(in crate::onnx) fn product(lengths: &[Length]) -> Length {
    let one = Some(Size { each: 0, fixed: 1 });
    lengths.iter().fold(one, |product, &side| {
        crate::onnx::sizes::multiply(product?, side?).ok()
    })
}
