//! What takes numbers of several places together, or puts them in others.

use super::numbers::indices;
use super::{Found, Given, Trouble, one};
use crate::graph::Id;
use crate::onnx::builder::Builder;
use crate::onnx::call::Call;
use crate::onnx::known::Known;
use crate::onnx::sizes::on;
use crate::onnx::sizes::whole;
use crate::onnx::types::{Length, fixed};
use crate::op::{Op, Size, Unary};

/// Ends beyond every tensor.
const FAR: i64 = i32::MAX as i64;

/// What takes numbers of several places together, or puts them in others.
pub(super) fn along_axes<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    match call.node.operator {
        "Softmax" | "LogSoftmax" => softmax(call, builder),
        "Concat" => concat(call, builder),
        "Split" => split(call, builder),
        "Slice" => slice(call, builder),
        "Gather" => gather(call, builder),
        "Pad" => pad(call, builder),
        "ScatterND" => scatter(call, builder),
        "Tile" => {
            let times = builder
                .need_known(call.need(1)?, "repeats")?
                .sizes()?
                .to_vec();
            let id = builder.id(call.need(0)?, "weight")?;
            one(builder.emit(Op::Repeat { times }, &[id])?)
        }
        "CumSum" => {
            let axis = builder.need_ints(call.need(1)?, "axis")?;
            let (Some(&axis), 0, 0) = (
                axis.first(),
                call.int("exclusive", 0)?,
                call.int("reverse", 0)?,
            ) else {
                return Err("it sums in another order, which is not supported".into());
            };
            let id = builder.id(call.need(0)?, "weight")?;
            one(builder.emit(Op::Cumsum { axis }, &[id])?)
        }
        _ => reduce(call, builder),
    }
}

fn reduce<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let operator = call.node.operator;
    let supported = [
        "ReduceMean",
        "ReduceSum",
        "ReduceMax",
        "ReduceMin",
        "ReduceL1",
        "ReduceL2",
        "ReduceSumSquare",
    ];
    if !supported.contains(&operator) {
        return Err(Trouble::Unknown);
    }
    let input = call.need(0)?;
    let axes = call.moved_ints("axes", 1, builder)?.unwrap_or_default();
    if axes.is_empty() && call.int("noop_with_empty_axes", 0)? != 0 {
        return Ok(vec![Given::Same(input)]);
    }
    let axes = if axes.is_empty() {
        let rank = builder
            .rank(input)?
            .ok_or("the number of axes of its input is not known")?;
        (0..rank as i64).collect()
    } else {
        axes
    };
    let keep = call.int("keepdims", 1)? != 0;
    let id = builder.id(input, "weight")?;
    let op = match operator {
        "ReduceMean" => Op::Mean { axes, keep },
        "ReduceSum" => Op::Sum { axes, keep },
        "ReduceMax" => Op::Amax { axes, keep },
        "ReduceL1" => Op::VectorNorm {
            order: 1.0,
            axes,
            keep,
        },
        "ReduceL2" => Op::VectorNorm {
            order: 2.0,
            axes,
            keep,
        },
        "ReduceSumSquare" => {
            let square = builder.emit(Op::Unary(Unary::Square), &[id])?;
            return one(builder.emit(Op::Sum { axes, keep }, &[square])?);
        }
        _ => {
            // The smallest is the largest of the others' opposites.
            let turned = builder.emit(Op::Unary(Unary::Neg), &[id])?;
            let largest = builder.emit(Op::Amax { axes, keep }, &[turned])?;
            return one(builder.emit(Op::Unary(Unary::Neg), &[largest])?);
        }
    };
    one(builder.emit(op, &[id])?)
}

/// Before opset 13 it is over all axes from one on, taken as one.
fn softmax<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let log = call.node.operator == "LogSoftmax";
    let older = call.opset < 13;
    let axis = call.int("axis", if older { 1 } else { -1 })?;
    let shape = builder.shape(input)?;
    let id = builder.id(input, "weight")?;
    if !older {
        return one(builder.emit(Op::Softmax { axis, log }, &[id])?);
    }
    let shape = shape.ok_or("the number of axes of its input is not known")?;
    let place = on(axis, shape.len()).ok_or("it has an axis that is not there")?;
    let behind = shape.get(place + 1..).unwrap_or_default();
    if behind.iter().all(|&length| length == Some(whole(1))) {
        let axis = if place + 1 == shape.len() {
            -1
        } else {
            place as i64
        };
        return one(builder.emit(Op::Softmax { axis, log }, &[id])?);
    }
    let sides: Option<Vec<Size>> = shape.iter().copied().collect();
    let sides = sides.ok_or("it is over several axes whose lengths are not known: export with images of a fixed height and width")?;
    let flat = builder.emit(
        Op::Flatten {
            from: place as i64,
            to: -1,
        },
        &[id],
    )?;
    let shares = builder.emit(Op::Softmax { axis: -1, log }, &[flat])?;
    one(builder.emit(Op::Reshape { shape: sides }, &[shares])?)
}

fn concat<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let axis = call.int("axis", 0)?;
    if call.node.inputs.len() == 1 {
        return Ok(vec![Given::Same(call.need(0)?)]);
    }
    let mut inputs = Vec::new();
    for place in 0..call.node.inputs.len() {
        inputs.push(builder.id(call.need(place)?, "weight")?);
    }
    one(builder.emit(Op::Cat { axis }, &inputs)?)
}

fn split<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let axis = call.int("axis", 0)?;
    let parts = call.node.outputs.len();
    let lengths = match call.ints("split")? {
        Some(lengths) => Some(lengths.into_iter().map(whole).collect()),
        None => match call.input(1) {
            Some(lengths) => Some(builder.need_known(lengths, "lengths")?.sizes()?.to_vec()),
            None => fixed(builder.type_of(input)?.length(axis)).and_then(|side| equal(side, parts)),
        },
    };
    let id = builder.id(input, "weight")?;
    let op = match lengths {
        Some(lengths) if lengths.len() != parts => {
            return Err("it has another number of results than of lengths".into());
        }
        Some(lengths) => Op::Split { axis, lengths },
        None => Op::Chunk {
            axis,
            count: parts as i64,
        },
    };
    let ids = builder.emit_all(op, &[id], parts)?;
    Ok(ids.into_iter().map(Given::Value).collect())
}

/// Equal parts, but for the last one.
fn equal(side: i64, parts: usize) -> Option<Vec<Size>> {
    let count = i64::try_from(parts).ok().filter(|&count| count > 0)?;
    let length = side.checked_add(count - 1)?.checked_div(count)?;
    let part = |place: i64| {
        Some(whole(
            side.checked_sub(place.checked_mul(length)?)?
                .clamp(0, length),
        ))
    };
    (0..count).map(part).collect()
}

fn slice<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let starts = builder
        .need_known(call.need(1)?, "starts")?
        .sizes()?
        .to_vec();
    let ends = builder.need_known(call.need(2)?, "ends")?.sizes()?.to_vec();
    let axes = match call.input(3) {
        Some(axes) => builder.need_ints(axes, "axes")?,
        None => (0..starts.len() as i64).collect(),
    };
    let steps = match call.input(4) {
        Some(steps) => builder.need_ints(steps, "steps")?,
        None => vec![1; starts.len()],
    };
    if [ends.len(), axes.len(), steps.len()] != [starts.len(); 3] {
        return Err("it has not as many starts as ends, axes and steps".into());
    }
    let found = builder.type_of(input)?;
    let mut last: Option<Id> = None;
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let length = found.length(axis);
        if step < 1 {
            let backwards = step == -1 && start == whole(-1) && end.each == 0 && end.fixed < -FAR;
            let side = fixed(length).filter(|&side| backwards && side <= FAR);
            let side = side.ok_or("it counts backwards, which is supported for whole axes only")?;
            let axis = found
                .rank()
                .and_then(|rank| on(axis, rank))
                .ok_or("it has an axis that is not there")?;
            let places = crate::onnx::known::bounded(&[usize::try_from(side).unwrap_or_default()])
                .map(|_| (0..side).rev().collect::<Vec<i64>>())?;
            let places = indices(builder, &places)?;
            let from = match last {
                Some(id) => id,
                None => builder.id(input, "weight")?,
            };
            last = Some(builder.emit(Op::Index { axes: vec![axis] }, &[from, places])?);
            continue;
        }
        let start = Some(start).filter(|&start| start != whole(0));
        let end = Some(end).filter(|&end| Some(end) != length && !reaches(end, length));
        if (start, end, step) == (None, None, 1) {
            continue;
        }
        let from = match last {
            Some(id) => id,
            None => builder.id(input, "weight")?,
        };
        last = Some(builder.emit(
            Op::Slice {
                axis,
                start,
                end,
                step,
            },
            &[from],
        )?);
    }
    match last {
        Some(id) => one(id),
        None => Ok(vec![Given::Same(input)]),
    }
}

/// Whether an end is that of an axis, or beyond it.
fn reaches(end: Size, length: Length) -> bool {
    end.each == 0 && (end.fixed >= FAR || fixed(length).is_some_and(|length| end.fixed >= length))
}

fn gather<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let (input, places) = (call.need(0)?, call.need(1)?);
    let axis = call.int("axis", 0)?;
    if let Some(known) = builder.known(places)? {
        let id = builder.id(input, "weight")?;
        if let ([], &[index]) = (&known.shape[..], known.sizes()?) {
            return one(builder.emit(Op::Select { axis, index }, &[id])?);
        }
        if let Some((start, end)) = run(&known) {
            return one(builder.emit(
                Op::Slice {
                    axis,
                    start: Some(whole(start)),
                    end: Some(whole(end)),
                    step: 1,
                },
                &[id],
            )?);
        }
    }
    let rank = builder.rank(input)?;
    let axis = match (usize::try_from(axis), rank) {
        (Ok(axis), None) => Some(axis),
        (_, Some(rank)) => on(axis, rank),
        _ => None,
    };
    let axis = axis.ok_or("it has an axis that is not there")?;
    let inputs = [builder.id(input, "weight")?, builder.id(places, "index")?];
    one(builder.emit(Op::Index { axes: vec![axis] }, &inputs)?)
}

/// Places one after another, in a list: the first, and the one behind the last.
fn run(known: &Known) -> Option<(i64, i64)> {
    let ints = known.fixed().ok().filter(|_| known.shape.len() == 1)?;
    let (&first, &last) = (ints.first()?, ints.last()?);
    let even = ints
        .windows(2)
        .all(|pair| matches!(pair, [one, other] if one.checked_add(1) == Some(*other)));
    let end = last.checked_add(1)?;
    (even && first >= 0).then_some((first, end))
}

/// Other numbers in places one after another along the first axis, as PyTorch writes to slices.
fn scatter<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let places = builder.known(call.need(1)?)?;
    let plain = matches!(call.text("reduction")?, None | Some("none"));
    let rows = places.filter(|places| plain && matches!(places.shape[..], [_, 1]));
    let list = rows.and_then(|rows| rows.reshaped(vec![rows.count()]).ok());
    let (start, end) = list.as_ref().and_then(run).ok_or(
        "it writes to places of a tensor that are not one after another: export the network with PyTorch's newer exporter (dynamo=True), or without such writes",
    )?;
    let inputs = [
        builder.id(call.need(0)?, "weight")?,
        builder.id(call.need(2)?, "weight")?,
    ];
    let (start, end) = (Some(whole(start)), Some(whole(end)));
    one(builder.emit(
        Op::SliceScatter {
            axis: 0,
            start,
            end,
            step: 1,
        },
        &inputs,
    )?)
}

fn pad<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let pads = call
        .moved_ints("pads", 1, builder)?
        .ok_or("it has no lengths")?;
    let number = match call.input(2) {
        Some(number) => builder.need_reals(number, "value")?.first().copied(),
        None => call.maybe_real("value")?,
    };
    let count = pads.len() / 2;
    let (before, behind) = pads.split_at_checked(count).ok_or("it has no lengths")?;
    let rank = builder.rank(input)?;
    let axes = match call.input(3) {
        Some(axes) => builder.need_ints(axes, "axes")?,
        None => (0..count as i64).collect(),
    };
    let rank = rank.unwrap_or(count);
    let mut sides = vec![[0_i64; 2]; rank];
    for ((&axis, &before), &behind) in axes.iter().zip(before).zip(behind) {
        let side = on(axis, rank).and_then(|axis| sides.get_mut(axis));
        *side.ok_or("it has an axis that is not there")? = [before, behind];
    }
    // Only as many of the last axes as are padded.
    let kept: Vec<[i64; 2]> = sides
        .into_iter()
        .skip_while(|&side| side == [0, 0])
        .collect();
    if kept.is_empty() {
        return Ok(vec![Given::Same(input)]);
    }
    let mode = match call.text("mode")?.unwrap_or("constant") {
        "constant" => "constant",
        "reflect" => "reflect",
        "edge" => "replicate",
        "wrap" => "circular",
        other => return Err(format!("its mode `{other}` is not known").into()),
    };
    let lengths = kept.iter().rev().flatten().copied().collect();
    let number = (mode == "constant").then(|| number.unwrap_or(0.0));
    let id = builder.id(input, "weight")?;
    one(builder.emit(
        Op::Pad {
            lengths,
            mode: mode.to_owned(),
            number,
        },
        &[id],
    )?)
}
