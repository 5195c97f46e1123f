//! Windows and places taken together, and enlarging.

use super::layers::{Pads, places, spans};
use super::numbers::scalar;
use super::{Found, Trouble, one};
use crate::graph::Id;
use crate::onnx::builder::Builder;
use crate::onnx::call::Call;
use crate::onnx::sizes::whole;
use crate::op::{Binary, Kind, Number, Op, Upsampling};

/// Windows and places taken together, and enlarging.
pub(super) fn pooling<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    match call.node.operator {
        "MaxPool" | "AveragePool" => windows(call, builder),
        "GlobalAveragePool" => {
            let input = call.need(0)?;
            let rank = builder.rank(input)?.unwrap_or(4);
            let id = builder.id(input, "input")?;
            let op = match rank {
                4 => Op::AdaptiveAvgPool { size: vec![1, 1] },
                _ => Op::Mean {
                    axes: (2..rank as i64).collect(),
                    keep: true,
                },
            };
            one(builder.emit(op, &[id])?)
        }
        "GlobalMaxPool" => {
            let input = call.need(0)?;
            let rank = builder.rank(input)?.unwrap_or(4);
            let id = builder.id(input, "input")?;
            one(builder.emit(
                Op::Amax {
                    axes: (2..rank as i64).collect(),
                    keep: true,
                },
                &[id],
            )?)
        }
        "LRN" => response_norm(call, builder),
        "Resize" | "Upsample" => resize(call, builder),
        _ => Err(Trouble::Unknown),
    }
}

fn windows<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let kernel = call.ints("kernel_shape")?.ok_or("it has no kernel")?;
    let takes_largest = call.node.operator == "MaxPool";
    if call.count() > 1 {
        return Err("the places of its largest numbers are read, which is not supported".into());
    }
    if kernel.len() != 2 {
        return Err("it is not of two dimensions".into());
    }
    let (stride, dilation) = (call.each("strides", 2, 1)?, call.each("dilations", 2, 1)?);
    if !takes_largest && dilation != [1, 1] {
        return Err("its windows have gaps".into());
    }
    let lengths = places(builder, input)?.unwrap_or_else(|| vec![None; 2]);
    let spans = spans(&kernel, &dilation)?;
    let pads = Pads::read(call, &lengths, &spans, &stride)?;
    let ceil = call.int("ceil_mode", 0)? != 0;
    let (mut padding, _) = pads.parted(0.0);
    // PyTorch pads by half a kernel at most.
    for (padding, &kernel) in padding.iter_mut().zip(&kernel) {
        *padding = (*padding).min(kernel / 2);
    }
    let counts_padding = call.int("count_include_pad", 0)? != 0;
    let beyond = pads.beyond(
        &padding,
        if takes_largest {
            f64::NEG_INFINITY
        } else {
            0.0
        },
    );
    if ceil && beyond.is_some() {
        return Err("it rounds up and pads unevenly, which is not supported: export it with ceil_mode off or even pads".into());
    }
    let id = builder.id(input, "input")?;
    let Some(beyond) = beyond else {
        let op = if takes_largest {
            Op::MaxPool {
                kernel,
                stride,
                padding,
                dilation,
                ceil,
            }
        } else {
            Op::AvgPool {
                kernel,
                stride,
                padding,
                ceil,
                counts_padding,
                divisor: None,
            }
        };
        return one(builder.emit(op, &[id])?);
    };
    if takes_largest {
        let padded = builder.emit(beyond, &[id])?;
        return one(builder.emit(
            Op::MaxPool {
                kernel,
                stride,
                padding,
                dilation,
                ceil,
            },
            &[padded],
        )?);
    }
    let apart = pads.beyond(&[0, 0], 0.0).unwrap_or(beyond);
    let op = Op::AvgPool {
        kernel,
        stride,
        padding: vec![0; 2],
        ceil,
        counts_padding: true,
        divisor: None,
    };
    means(builder, id, apart, op, &lengths, counts_padding)
}

/// Means over windows of what was padded before: by the share of each window that is not padding, unless that counts.
fn means<'a>(
    builder: &mut Builder<'a>,
    input: Id,
    pad: Op,
    pool: Op,
    lengths: &[Option<i64>],
    counts_padding: bool,
) -> Found<'a> {
    let padded = builder.emit(pad.clone(), &[input])?;
    let means = builder.emit(pool.clone(), &[padded])?;
    if counts_padding {
        return one(means);
    }
    let [Some(height), Some(width)] = lengths[..] else {
        return Err("its padding is uneven and does not count, and the height and width are not known: export with fixed ones".into());
    };
    let shape = [1, 1, height, width].map(whole).to_vec();
    let full = Op::Full {
        shape,
        number: Number::Real(1.0),
        kind: Kind::Float,
    };
    let ones = builder.emit(full, &[])?;
    let padded = builder.emit(pad, &[ones])?;
    let shares = builder.emit(pool, &[padded])?;
    one(builder.emit(super::numbers::pair(Binary::Div), &[means, shares])?)
}

/// x / (bias + alpha · mean of x² over neighbouring channels)^beta, as AlexNet and `GoogLeNet` have it.
fn response_norm<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let size = call.int("size", 1)?;
    let input = call.need(0)?;
    if size % 2 != 1 || builder.rank(input)? != Some(4) {
        return Err("it is over an even number of channels, or not of maps".into());
    }
    let id = builder.id(input, "input")?;
    let shape = builder.type_at(id).shape.unwrap_or_default();
    let rows: Option<Vec<_>> = shape.iter().copied().collect();
    let Some([batch, channels, height, width]) = rows
        .as_deref()
        .and_then(|rows| <[_; 4]>::try_from(rows).ok())
    else {
        return Err("the lengths of its input are not known".into());
    };
    let places = height
        .fixed
        .checked_mul(width.fixed)
        .ok_or("its input is too large")?;
    let square = builder.emit(Op::Unary(crate::op::Unary::Square), &[id])?;
    // One map whose rows are the channels.
    let flat = builder.emit(
        Op::Reshape {
            shape: vec![batch, whole(1), channels, whole(places)],
        },
        &[square],
    )?;
    let pool = Op::AvgPool {
        kernel: vec![size, 1],
        stride: vec![1, 1],
        padding: vec![size / 2, 0],
        ceil: false,
        counts_padding: true,
        divisor: None,
    };
    let means = builder.emit(pool, &[flat])?;
    let means = builder.emit(
        Op::Reshape {
            shape: vec![batch, channels, height, width],
        },
        &[means],
    )?;
    let mut last = means;
    for (operation, number) in [
        (Binary::Mul, call.real("alpha", 1e-4)?),
        (Binary::Add, call.real("bias", 1.0)?),
        (Binary::Pow, call.real("beta", 0.75)?),
    ] {
        last = builder.emit(scalar(operation, Number::Real(number), false), &[last])?;
    }
    let op = Op::Binary {
        operation: Binary::Div,
        alpha: Number::Int(1),
        rounding: None,
    };
    one(builder.emit(op, &[id, last])?)
}

fn resize<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let upsample = call.node.operator == "Upsample";
    let (scales, sizes) = if upsample {
        (call.input(1), None)
    } else {
        (call.input(2), call.input(3))
    };
    let rank = builder.rank(input)?.unwrap_or(4);
    let axes = match call.ints("axes")? {
        Some(axes) => axes,
        None => (0..rank as i64).collect(),
    };
    let of_places = |list: &[f64], others: f64| -> Result<Vec<f64>, String> {
        let mut found = vec![others; rank];
        for (&axis, &number) in axes.iter().zip(list) {
            let place = crate::onnx::sizes::on(axis, rank).and_then(|axis| found.get_mut(axis));
            *place.ok_or("it has an axis that is not there")? = number;
        }
        Ok(found)
    };
    let lengths = places(builder, input)?;
    let (size, factors) = if let Some(sizes) = sizes {
        let known = builder.need_known(sizes, "sizes")?;
        // The number of images, which stays, may be among them.
        let list: Vec<f64> = known
            .sizes()?
            .iter()
            .map(|size| {
                if size.each == 0 {
                    size.fixed as f64
                } else {
                    0.0
                }
            })
            .collect();
        let list = of_places(&list, 0.0)?;
        (
            list.get(2..)
                .map(|list| list.iter().map(|&side| side as i64).collect::<Vec<i64>>()),
            None,
        )
    } else {
        let list = match scales {
            Some(scales) => builder.need_reals(scales, "scales")?,
            None => call
                .reals("scales")?
                .ok_or("it has neither sizes nor scales")?,
        };
        let list = of_places(&list, 1.0)?;
        if list
            .iter()
            .take(2)
            .any(|&factor| (factor - 1.0).abs() > 0.0)
        {
            return Err("it enlarges something else than height and width".into());
        }
        (None, list.get(2..).map(<[f64]>::to_vec))
    };
    if rank != 4 {
        return Err("it is not of maps [batch, channels, height, width]".into());
    }
    let mode = mode(
        call,
        upsample,
        lengths.as_deref(),
        size.as_deref(),
        factors.as_deref(),
    )?;
    let id: Id = builder.id(input, "input")?;
    one(builder.emit(
        Op::Upsample {
            mode,
            size,
            factors,
        },
        &[id],
    )?)
}

/// How the numbers between known ones are made, where PyTorch does the same.
fn mode(
    call: &Call<'_, '_>,
    upsample: bool,
    lengths: Option<&[Option<i64>]>,
    size: Option<&[i64]>,
    factors: Option<&[f64]>,
) -> Result<Upsampling, String> {
    let mode = call.text("mode")?.unwrap_or("nearest");
    let places = match call.text("coordinate_transformation_mode")? {
        Some(places) => places,
        None if upsample => "asymmetric",
        None => "half_pixel",
    };
    let rounding = call.text("nearest_mode")?.unwrap_or("round_prefer_floor");
    if call.int("antialias", 0)? != 0 || call.int("exclude_outside", 0)? != 0 {
        return Err("it smooths, or leaves out what is outside, which is not supported".to_owned());
    }
    let whole_factors = match (size, factors, lengths) {
        (_, Some(factors), _) => factors
            .iter()
            .all(|factor| factor.fract() == 0.0 && *factor >= 1.0),
        (Some(size), _, Some(lengths)) => size
            .iter()
            .zip(lengths)
            .all(|(size, length)| length.is_some_and(|length| length > 0 && size % length == 0)),
        _ => false,
    };
    let align_corners = places == "align_corners";
    let half = matches!(places, "half_pixel" | "pytorch_half_pixel");
    match mode {
        "nearest"
            if places == "asymmetric"
                && (rounding == "floor" || whole_factors && rounding != "ceil") =>
        {
            Ok(Upsampling::Nearest)
        }
        "nearest" if half && whole_factors && rounding.starts_with("round") => {
            Ok(Upsampling::Nearest)
        }
        "linear" | "bilinear" if align_corners || half => {
            Ok(Upsampling::Bilinear { align_corners })
        }
        "cubic"
            if (align_corners || half)
                && (call.real("cubic_coeff_a", -0.75)? + 0.75).abs() < 1e-6 =>
        {
            Ok(Upsampling::Bicubic { align_corners })
        }
        _ => Err(format!(
            "its mode `{mode}` with places `{places}` and rounding `{rounding}` is not supported; expected nearest (asymmetric, floor), linear or cubic (half_pixel or align_corners)"
        )),
    }
}
