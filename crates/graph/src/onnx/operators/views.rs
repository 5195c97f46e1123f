//! What gives the same numbers other axes.

use super::{Found, Given, Trouble, one};
use crate::onnx::builder::Builder;
use crate::onnx::call::Call;
use crate::onnx::sizes::on;
use crate::onnx::sizes::whole;
use crate::onnx::types::{Length, product};
use crate::op::{Op, Size};

/// What to do about a network that was exported for a number of images.
const BATCH: &str = "export it with a dynamic batch: torch.onnx.export(..., dynamic_axes={'images': {0: 'batch'}}) with an example of 2 images";

/// What gives the same numbers other axes.
pub(super) fn view<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    match call.node.operator {
        "Reshape" => reshape(call, builder),
        "Flatten" => flatten(call, builder),
        "Transpose" => transpose(call, builder),
        "Unsqueeze" => unsqueeze(call, builder),
        "Squeeze" => squeeze(call, builder),
        "DepthToSpace" | "SpaceToDepth" => blocks(call, builder),
        _ => Err(Trouble::Unknown),
    }
}

/// A node that gives a shape, unless the input has it already.
fn reshaped<'a>(builder: &mut Builder<'a>, input: &'a str, shape: Vec<Size>) -> Found<'a> {
    let open = whole(-1);
    let known = builder.shape(input)?;
    if let Some(known) = &known {
        let same = known.len() == shape.len()
            && known
                .iter()
                .zip(&shape)
                .all(|(known, side)| *known == Some(*side));
        // Where one is open, the others tell it.
        let others = known.len() == shape.len()
            && shape.iter().filter(|&&side| side == open).count() == 1
            && known
                .iter()
                .zip(&shape)
                .all(|(known, side)| *side == open || *known == Some(*side));
        if same || others && shape.len() > 1 {
            return Ok(vec![Given::Same(input)]);
        }
        let sides: Vec<Length> = shape.iter().copied().map(Some).collect();
        let grows = product(known).is_some_and(|all| all.each != 0);
        if grows && !shape.contains(&open) && product(&sides).is_some_and(|all| all.each == 0) {
            return Err(format!(
                "it gives the shape {:?} to any number of images: {BATCH}",
                shape.iter().map(|side| side.fixed).collect::<Vec<_>>()
            )
            .into());
        }
    }
    let id = builder.id(input, "weight")?;
    one(builder.emit(Op::Reshape { shape }, &[id])?)
}

fn reshape<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let known = builder.need_known(call.need(1)?, "shape")?;
    let found = builder.type_of(input)?;
    let copies = call.int("allowzero", 0)? == 0;
    let mut shape = Vec::new();
    for (place, &side) in known.sizes()?.iter().enumerate() {
        shape.push(if copies && side == whole(0) {
            let side = found.length(place as i64);
            side.ok_or("it copies a length that is not known: export with images of a fixed height and width")?
        } else {
            side
        });
    }
    // One open length, and the number of images in another.
    reshaped(builder, input, shape)
}

fn flatten<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let axis = call.int("axis", 1)?;
    let shape = builder.shape(input)?;
    let rank = shape.as_ref().map(Vec::len);
    if axis == 1 || rank.is_some_and(|rank| axis.checked_add(rank as i64) == Some(1)) {
        if rank == Some(2) {
            return Ok(vec![Given::Same(input)]);
        }
        let id = builder.id(input, "weight")?;
        return one(builder.emit(Op::Flatten { from: 1, to: -1 }, &[id])?);
    }
    let shape = shape.ok_or("the number of axes of its input is not known")?;
    let axis = if axis == shape.len() as i64 {
        Some(shape.len())
    } else {
        on(axis, shape.len())
    };
    let axis = axis.ok_or("it has an axis that is not there")?;
    let (before, behind) = shape
        .split_at_checked(axis)
        .ok_or("it has an axis that is not there")?;
    let sides = match (product(before), product(behind)) {
        (Some(rows), _) => vec![rows, whole(-1)],
        (None, Some(columns)) => vec![whole(-1), columns],
        (None, None) => return Err("the lengths of its input are not known: export with images of a fixed height and width".into()),
    };
    reshaped(builder, input, sides)
}

fn transpose<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let rank = builder.rank(input)?;
    let axes = match (call.ints("perm")?, rank) {
        (Some(axes), _) => axes,
        (None, Some(rank)) => (0..rank as i64).rev().collect(),
        (None, None) => return Err("the number of axes of its input is not known".into()),
    };
    let places: Option<Vec<usize>> = axes.iter().map(|&axis| on(axis, axes.len())).collect();
    let places = places.ok_or("it has an axis that is not there")?;
    if rank.is_some_and(|rank| rank != places.len()) {
        return Err("it has another number of axes than its input".into());
    }
    let stays = |order: &[usize]| order.iter().enumerate().all(|(to, &from)| to == from);
    if stays(&places) {
        return Ok(vec![Given::Same(input)]);
    }
    if places == [1, 0] && builder.is_parameter(input)? {
        return Ok(vec![Given::Turned(input)]);
    }
    let id = builder.id(input, "weight")?;
    // Back to what another transposition was given: images whose channels come last are read like this.
    if let Some(Op::Permute { axes: before }) = builder.producer(id).map(|node| &node.op) {
        let both = places
            .iter()
            .map(|&axis| on(*before.get(axis)?, before.len()));
        let both = both.collect::<Option<Vec<usize>>>();
        let source = builder
            .producer(id)
            .and_then(|node| node.inputs.first().copied());
        if let (Some(both), Some(source)) = (both, source)
            && stays(&both)
        {
            return one(source);
        }
    }
    one(builder.emit(Op::Permute { axes }, &[id])?)
}

fn unsqueeze<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let mut axes = call.moved_ints("axes", 1, builder)?.unwrap_or_default();
    if let Some(rank) = builder.rank(input)? {
        let places: Option<Vec<usize>> = axes
            .iter()
            .map(|&axis| on(axis, rank + axes.len()))
            .collect();
        axes = places
            .ok_or("it has an axis that is not there")?
            .into_iter()
            .map(|axis| axis as i64)
            .collect();
    } else if axes.len() > 1 && axes.iter().any(|&axis| axis < 0) {
        return Err("the number of axes of its input is not known".into());
    }
    axes.sort_unstable();
    let mut last = builder.id(input, "weight")?;
    for axis in axes {
        last = builder.emit(Op::Unsqueeze { axis }, &[last])?;
    }
    one(last)
}

fn squeeze<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let axes = if let Some(axes) = call.moved_ints("axes", 1, builder)? {
        axes
    } else {
        let shape = builder.shape(input)?.filter(|shape| !shape.contains(&None));
        let shape = shape.ok_or("the lengths of its input are not known")?;
        let ones = (0_i64..)
            .zip(shape)
            .filter(|&(_, side)| side == Some(whole(1)));
        ones.map(|(axis, _)| axis).collect()
    };
    if axes.is_empty() {
        return Ok(vec![Given::Same(input)]);
    }
    let id = builder.id(input, "weight")?;
    one(builder.emit(Op::Squeeze { axes }, &[id])?)
}

/// Blocks of places as channels, or back.
fn blocks<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let side = call.int("blocksize", 1)?;
    let shape: Option<Vec<Size>> = builder
        .shape(input)?
        .and_then(|shape| shape.into_iter().collect());
    let Some([batch, channels, height, width]) =
        shape.and_then(|shape| <[Size; 4]>::try_from(shape).ok())
    else {
        return Err("the lengths of its input are not known: export with images of a fixed height and width".into());
    };
    let square = side
        .checked_mul(side)
        .filter(|_| side > 0)
        .ok_or("its blocks have no size")?;
    let part = |size: Size, by: i64| -> Result<Size, String> {
        let fits = size.each == 0 && size.fixed % by == 0;
        if fits {
            Ok(whole(size.fixed / by))
        } else {
            Err("its blocks do not fill its input".to_owned())
        }
    };
    let times = |size: Size, by: i64| {
        size.fixed
            .checked_mul(by)
            .map(whole)
            .ok_or("its input is too large")
    };
    let block = whole(side);
    let (parts, axes, whole_shape) = if call.node.operator == "DepthToSpace" {
        let inner = part(channels, square)?;
        let (parts, axes) = if call.text("mode")? == Some("CRD") {
            (
                [batch, inner, block, block, height, width],
                [0, 1, 4, 2, 5, 3],
            )
        } else {
            (
                [batch, block, block, inner, height, width],
                [0, 3, 4, 1, 5, 2],
            )
        };
        (
            parts,
            axes,
            [batch, inner, times(height, side)?, times(width, side)?],
        )
    } else {
        let (height, width) = (part(height, side)?, part(width, side)?);
        (
            [batch, channels, height, block, width, block],
            [0, 3, 5, 1, 2, 4],
            [batch, times(channels, square)?, height, width],
        )
    };
    let mut last = builder.id(input, "weight")?;
    for op in [
        Op::Reshape {
            shape: parts.to_vec(),
        },
        Op::Permute {
            axes: axes.to_vec(),
        },
        Op::Reshape {
            shape: whole_shape.to_vec(),
        },
    ] {
        last = builder.emit(op, &[last])?;
    }
    one(last)
}
