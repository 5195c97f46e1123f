//! What takes numbers of several places together, moves them or makes them.

use super::numbers::scalar;
use super::{Found, Meaning, Operand, Trouble, first, one};
use crate::op::{Binary, Kind, Number, Op, Size};
use crate::pt2::call::Call;
use crate::pt2::functional::on;

/// What takes several places along axes together.
pub(super) fn along_axes<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
    let (base, _) = name.split_once('.').unwrap_or((name, ""));
    let op = match base {
        "softmax" | "_softmax" | "log_softmax" | "_log_softmax" => Op::Softmax {
            axis: call.int("dim")?.unwrap_or(-1),
            log: base.ends_with("log_softmax"),
        },
        "mean" => Op::Mean {
            axes: axes(call)?,
            keep: call.bool("keepdim")?,
        },
        "sum" => Op::Sum {
            axes: axes(call)?,
            keep: call.bool("keepdim")?,
        },
        "amax" => Op::Amax {
            axes: axes(call)?,
            keep: call.bool("keepdim")?,
        },
        "any" => {
            // The largest of truth values.
            let op = Op::Amax {
                axes: axes(call)?,
                keep: call.bool("keepdim")?,
            };
            let input = call.tensor("self")?;
            if call.values.kind(input)? == Kind::Bool {
                return Ok(one(op, [input]));
            }
            return Ok(first(scalar(Binary::Ne, Number::Int(0), false), input, op));
        }
        "linalg_vector_norm" => Op::VectorNorm {
            order: call.real("ord")?.unwrap_or(2.0),
            axes: axes(call)?,
            keep: call.bool("keepdim")?,
        },
        "norm" => Op::VectorNorm {
            order: call.real("p")?.unwrap_or(2.0),
            axes: axes(call)?,
            keep: call.bool("keepdim")?,
        },
        "cumsum" => Op::Cumsum {
            axis: call.int("dim")?.unwrap_or(0),
        },
        _ => return Err(Trouble::Unknown),
    };
    let input = call.tensor("self")?;
    // These compute in the type that they are asked for.
    match call.kind("dtype")? {
        Some(kind) if kind != call.values.kind(input)? => Ok(first(Op::To { kind }, input, op)),
        _ => Ok(one(op, [input])),
    }
}

/// The axes of `dim`; all where it is left out or empty.
fn axes(call: &Call<'_, '_>) -> Result<Vec<i64>, String> {
    let axes = call.ints("dim")?.unwrap_or_default();
    if axes.is_empty() {
        return Ok((0..call.values.rank(call.tensor("self")?)?).collect());
    }
    Ok(axes)
}

/// What puts numbers in other places.
pub(super) fn rearranged<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
    let axis = || Ok::<_, String>(call.int("dim")?.unwrap_or(0));
    let fixed = |fixed| Size { each: 0, fixed };
    match name {
        "cat.default" | "concat.default" => Ok(Meaning::Steps(vec![(
            Op::Cat { axis: axis()? },
            call.tensors("tensors")?,
        )])),
        "stack.default" => Ok(Meaning::Steps(vec![(
            Op::Stack { axis: axis()? },
            call.tensors("tensors")?,
        )])),
        "meshgrid.indexing" | "meshgrid.default" => {
            let indexing = call.text("indexing")?.unwrap_or("ij").to_owned();
            Ok(Meaning::Steps(vec![(
                Op::Meshgrid { indexing },
                call.tensors("tensors")?,
            )]))
        }
        "repeat.default" => {
            let times = call.sizes("repeats")?.unwrap_or_default();
            Ok(one(Op::Repeat { times }, [call.tensor("self")?]))
        }
        "roll.default" => {
            let shifts = call.ints("shifts")?.unwrap_or_default();
            let axes = call.ints("dims")?.unwrap_or_default();
            if shifts.len() != axes.len() {
                return Err("it does not name an axis for each shift".into());
            }
            Ok(one(Op::Roll { shifts, axes }, [call.tensor("self")?]))
        }
        "pad.default" | "constant_pad_nd.default" => {
            let op = Op::Pad {
                lengths: call.ints("pad")?.unwrap_or_default(),
                mode: call.text("mode")?.unwrap_or("constant").to_owned(),
                number: call.real("value")?,
            };
            Ok(one(op, [call.tensor("self")?]))
        }
        "reflection_pad2d.default" | "replication_pad2d.default" => {
            let mode = if name.starts_with("reflection") {
                "reflect"
            } else {
                "replicate"
            };
            let op = Op::Pad {
                lengths: call.ints("padding")?.unwrap_or_default(),
                mode: mode.to_owned(),
                number: None,
            };
            Ok(one(op, [call.tensor("self")?]))
        }
        "index.Tensor" => {
            let indices = call.maybe_tensors("indices")?.iter().enumerate();
            let (axes, indices): (Vec<usize>, Vec<&str>) = indices
                .filter_map(|(axis, index)| Some((axis, &**index.as_ref()?)))
                .unzip();
            let input = std::iter::once(call.tensor("self")?);
            Ok(one(Op::Index { axes }, input.chain(indices)))
        }
        "index_select.default" => {
            let input = call.tensor("self")?;
            let axis = usize::try_from(call.values.rank(input)?)
                .ok()
                .and_then(|rank| on(axis().ok()?, rank));
            let axes = vec![axis.ok_or("it has an axis that is not there")?];
            Ok(one(Op::Index { axes }, [input, call.tensor("index")?]))
        }
        "embedding.default" => Ok(one(
            Op::Index { axes: vec![0] },
            [call.tensor("weight")?, call.tensor("indices")?],
        )),
        "slice_scatter.default" => {
            let op = Op::SliceScatter {
                axis: axis()?,
                start: call.size("start")?,
                end: call.size("end")?.filter(|&end| end != fixed(i64::MAX)),
                step: call.int("step")?.unwrap_or(1),
            };
            Ok(one(op, [call.tensor("self")?, call.tensor("src")?]))
        }
        "select_scatter.default" => {
            let op = Op::SelectScatter {
                axis: axis()?,
                index: call.size("index")?.unwrap_or(fixed(0)),
            };
            Ok(one(op, [call.tensor("self")?, call.tensor("src")?]))
        }
        _ => Err(Trouble::Unknown),
    }
}

/// What makes or fills tensors.
pub(super) fn made<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
    let none: [&str; 0] = [];
    let full = |number: Number| {
        let output = call.output()?;
        let op = Op::Full {
            shape: call.values.shape(output)?,
            number,
            kind: call.values.kind(output)?,
        };
        Ok(one(op, none))
    };
    let (base, overload) = name.split_once('.').unwrap_or((name, ""));
    match base {
        "zeros" | "new_zeros" | "zeros_like" | "zero" | "empty" | "new_empty" | "empty_like" => {
            full(Number::Int(0))
        }
        "ones" | "new_ones" | "ones_like" => full(Number::Int(1)),
        "full" | "new_full" | "full_like" => {
            full(call.number("fill_value")?.ok_or("it has no number")?)
        }
        "scalar_tensor" => full(call.number("s")?.ok_or("it has no number")?),
        "fill" if overload == "Scalar" => full(call.number("value")?.ok_or("it has no number")?),
        "fill" if overload == "Tensor" => filled(call, call.tensor("value")?),
        "copy" => filled(call, call.tensor("src")?),
        "arange" => {
            let op = Op::Arange {
                start: call.number("start")?.unwrap_or(Number::Int(0)),
                end: call.number("end")?.ok_or("it has no end")?,
                step: call.number("step")?.unwrap_or(Number::Int(1)),
                kind: call.values.kind(call.output()?)?,
            };
            Ok(one(op, none))
        }
        _ => Err(Trouble::Unknown),
    }
}

/// The numbers of `with`, in the shape and type of what is written to.
fn filled<'n>(call: &Call<'n, '_>, with: &'n str) -> Found<'n> {
    let like = call.tensor("self")?;
    let kind: Kind = call.values.kind(like)?;
    let mut steps = Vec::new();
    let mut numbers = Operand::Named(with);
    if kind != call.values.kind(with)? {
        steps.push((Op::To { kind }, vec![numbers]));
        numbers = Operand::Last;
    }
    steps.push((Op::ExpandAs, vec![numbers, Operand::Named(like)]));
    Ok(Meaning::Steps(steps))
}
