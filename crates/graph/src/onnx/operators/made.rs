//! What makes tensors: constants, ranges, and one number everywhere.

use super::{Found, Given, Trouble, one};
use crate::onnx::builder::Builder;
use crate::onnx::call::Call;
use crate::onnx::content::Content;
use crate::onnx::known::{Known, MOST_KNOWN};
use crate::onnx::numbers::{Numbers, is_real, kind};
use crate::onnx::sizes::{add, divide};
use crate::onnx::sizes::{fixed, whole};
use crate::onnx::types::broadcast;
use crate::op::{Binary, Kind, Number, Op, Size};

/// What makes tensors.
pub(super) fn made<'a>(
    call: &Call<'_, 'a>,
    builder: &mut Builder<'a>,
    content: &'a Content<'_>,
) -> Found<'a> {
    match call.node.operator {
        "Constant" => constant(call, content),
        "ConstantOfShape" => {
            let shape = builder.need_known(call.need(0)?, "shape")?;
            let (kind, number) = match call.tensor("value")? {
                None => (Kind::Float, Number::Real(0.0)),
                Some(tensor) => filling(&Numbers::read(tensor, content)?)?,
            };
            filled(builder, shape.sizes()?, number, kind)
        }
        "Range" => range(call, builder),
        "Expand" => expand(call, builder),
        "Identity" => Ok(vec![Given::Same(call.need(0)?)]),
        "Dropout" => {
            let trains = match call.input(2) {
                Some(mode) => builder
                    .need_ints(mode, "training_mode")?
                    .first()
                    .is_some_and(|&mode| mode != 0),
                None => false,
            };
            if trains {
                return Err(
                    "it is in training mode: call network.eval() before exporting it".into(),
                );
            }
            Ok(vec![Given::Same(call.need(0)?)])
        }
        "Cast" | "CastLike" => {
            let input = call.need(0)?;
            let to = match call.node.operator {
                "Cast" => kind(call.int("to", 0)?)?,
                _ => builder.kind(call.need(1)?)?,
            };
            if builder.kind(input)? == to {
                return Ok(vec![Given::Same(input)]);
            }
            let id = builder.id(input, "constant")?;
            one(builder.emit(Op::To { kind: to }, &[id])?)
        }
        _ => Err(Trouble::Unknown),
    }
}

fn constant<'a>(call: &Call<'_, 'a>, content: &'a Content<'_>) -> Found<'a> {
    if let Some(tensor) = call.tensor("value")? {
        return Ok(vec![Given::Tensor(Numbers::read(tensor, content)?)]);
    }
    let ints = |shape: Vec<usize>, ints: Vec<i64>| {
        Known::ints(Kind::Int64, shape, ints.into_iter().map(whole).collect())
    };
    let known = if let Some(int) = call.maybe_int("value_int")? {
        ints(Vec::new(), vec![int])
    } else if let Some(list) = call.ints("value_ints")? {
        ints(vec![list.len()], list)
    } else if let Some(real) = call.maybe_real("value_float")? {
        Known::reals(Kind::Float, Vec::new(), vec![real])
    } else if let Some(list) = call.reals("value_floats")? {
        Known::reals(Kind::Float, vec![list.len()], list)
    } else {
        return Err("it holds texts or a sparse tensor, which no image classifier needs".into());
    };
    Ok(vec![Given::Known(known)])
}

/// Numbers up to an end; one that counts images is reached by running sums of the step.
fn range<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let kind = builder.kind(call.need(0)?)?;
    let mut bounds = Vec::new();
    for place in 0..3 {
        bounds.push(builder.need_known(call.need(place)?, "bound")?);
    }
    let numbers: Option<Vec<Number>> = bounds.iter().map(|bound| bound.number()).collect();
    if let Some([start, end, step]) = numbers
        .as_deref()
        .and_then(|all| <[Number; 3]>::try_from(all).ok())
    {
        if matches!(step, Number::Int(0)) || matches!(step, Number::Real(step) if step == 0.0) {
            return Err("its step is 0".into());
        }
        return one(builder.emit(
            Op::Arange {
                start,
                end,
                step,
                kind,
            },
            &[],
        )?);
    }
    let mut sizes = Vec::new();
    for bound in &bounds {
        sizes.extend_from_slice(bound.sizes()?);
    }
    let &[start, end, step] = &sizes[..] else {
        return Err("its bounds are no single numbers".into());
    };
    let (start, step) = (fixed(start)?, fixed(step)?);
    let room = add(end, whole(start.saturating_neg()))?;
    let count = divide(room, whole(step))?;
    let full = Op::Full {
        shape: vec![count],
        number: Number::Int(step),
        kind,
    };
    let steps = builder.emit(full, &[])?;
    let ends = builder.emit(Op::Cumsum { axis: 0 }, &[steps])?;
    let first = start
        .checked_sub(step)
        .ok_or("its bounds do not fit into 64 bits")?;
    one(builder.emit(
        super::numbers::scalar(Binary::Add, Number::Int(first), false),
        &[ends],
    )?)
}

/// The one number of a tensor.
fn filling(numbers: &Numbers<'_>) -> Result<(Kind, Number), String> {
    let kind = numbers.kind();
    let number = if numbers.count() != 1 {
        None
    } else if is_real(kind) {
        numbers
            .reals()
            .and_then(|reals| reals.first().copied())
            .map(Number::Real)
    } else {
        numbers
            .ints()
            .and_then(|ints| ints.first().copied())
            .map(Number::Int)
    };
    number
        .map(|number| (kind, number))
        .ok_or_else(|| "its value is not one number".to_owned())
}

/// One number everywhere: followed where it is small, else a node.
fn filled<'a>(builder: &mut Builder<'a>, sides: &[Size], number: Number, kind: Kind) -> Found<'a> {
    let shape = sides
        .iter()
        .map(|side| usize::try_from(side.fixed).ok().filter(|_| side.each == 0));
    let shape: Option<Vec<usize>> = shape.collect();
    let small = shape
        .filter(|shape| crate::onnx::known::bounded(shape).is_ok_and(|count| count <= MOST_KNOWN));
    if let Some(shape) = small {
        let count = shape.iter().product();
        let known = match number {
            Number::Int(number) => Known::ints(kind, shape, vec![whole(number); count]),
            Number::Real(number) => Known::reals(kind, shape, vec![number; count]),
        };
        return Ok(vec![Given::Known(known)]);
    }
    one(builder.emit(
        Op::Full {
            shape: sides.to_vec(),
            number,
            kind,
        },
        &[],
    )?)
}

/// ONNX repeats axes of length 1 of either side.
fn expand<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let wanted = builder
        .need_known(call.need(1)?, "shape")?
        .sizes()?
        .to_vec();
    let known = builder.shape(input)?;
    let all: Vec<_> = wanted.iter().copied().map(Some).collect();
    let both = known
        .as_ref()
        .map(|known| broadcast(known, &all).ok_or("its shape does not fit"))
        .transpose()?;
    if both.is_some() && both == known {
        return Ok(vec![Given::Same(input)]);
    }
    let rank = builder
        .rank(input)?
        .ok_or("the number of axes of its input is not known")?;
    let mut shape = both.unwrap_or(all);
    // More axes than were asked for.
    while shape.len() < rank {
        shape.insert(0, None);
    }
    let stays = whole(-1);
    let one_long = Some(whole(1));
    let added = shape.len() - rank;
    let shape = shape
        .into_iter()
        .enumerate()
        .map(|(place, side)| match side {
            Some(side) if place < added || Some(side) != one_long => side,
            _ => stays,
        });
    let shape = shape.collect();
    let id = builder.id(input, "constant")?;
    one(builder.emit(Op::Expand { shape }, &[id])?)
}
