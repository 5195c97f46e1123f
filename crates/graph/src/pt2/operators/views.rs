//! What gives a tensor of other axes, in the same memory where that can be.

use super::{Found, Meaning, Operand, Trouble, one};
use crate::op::{Op, Size};
use crate::pt2::call::Call;
use crate::pt2::functional::{on, plus};
use crate::pt2::schema::Text;

/// What gives a tensor of other axes, in the same memory where that can be.
pub(super) fn view<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
    let of = || call.tensor("self");
    let axis =
        |argument: &str, default: i64| Ok::<_, String>(call.int(argument)?.unwrap_or(default));
    let fixed = |fixed: i64| Size { each: 0, fixed };
    let op = match name {
        "view.default" | "_unsafe_view.default" => Op::Reshape {
            shape: call.sizes("size")?.unwrap_or_default(),
        },
        "reshape.default" => Op::Reshape {
            shape: call.sizes("shape")?.unwrap_or_default(),
        },
        "view_as.default" | "reshape_as.default" => Op::Reshape {
            shape: call.values.shape(call.tensor("other")?)?,
        },
        "flatten.using_ints" => Op::Flatten {
            from: axis("start_dim", 0)?,
            to: axis("end_dim", -1)?,
        },
        "as_strided.default" => reshaped_in_memory(call)?,
        "unflatten.int" => Op::Unflatten {
            axis: axis("dim", 0)?,
            shape: call.sizes("sizes")?.unwrap_or_default(),
        },
        "expand.default" => Op::Expand {
            shape: call.sizes("size")?.unwrap_or_default(),
        },
        "expand_as.default" => {
            let like = vec![Operand::Named(call.tensor("other")?)];
            return Ok(Meaning::View(of()?, Op::ExpandAs, like));
        }
        "permute.default" => Op::Permute {
            axes: call.ints("dims")?.unwrap_or_default(),
        },
        "transpose.int" | "swapdims.default" => Op::Transpose {
            axes: [axis("dim0", 0)?, axis("dim1", 1)?],
        },
        "swapaxes.default" => Op::Transpose {
            axes: [axis("axis0", 0)?, axis("axis1", 1)?],
        },
        "t.default" if call.values.rank(of()?)? < 2 => {
            return Ok(Meaning::Same {
                of: of()?,
                copy: false,
            });
        }
        "t.default" => Op::Transpose { axes: [0, 1] },
        "unsqueeze.default" => Op::Unsqueeze {
            axis: axis("dim", 0)?,
        },
        "squeeze.dim" | "squeeze.dims" => Op::Squeeze {
            axes: call.ints("dim")?.unwrap_or_default(),
        },
        "squeeze.default" => {
            let shape = call.values.shape(of()?)?;
            let ones = (0_i64..).zip(shape).filter(|&(_, side)| side == fixed(1));
            Op::Squeeze {
                axes: ones.map(|(axis, _)| axis).collect(),
            }
        }
        "select.int" => Op::Select {
            axis: axis("dim", 0)?,
            index: call.size("index")?.unwrap_or(fixed(0)),
        },
        "slice.Tensor" => Op::Slice {
            axis: axis("dim", 0)?,
            start: call.size("start")?,
            end: call.size("end")?.filter(|&end| end != fixed(i64::MAX)),
            step: call.int("step")?.unwrap_or(1),
        },
        "narrow.default" => narrow(call, axis("dim", 0)?)?,
        "unbind.int" => Op::Unbind {
            axis: axis("dim", 0)?,
        },
        "chunk.default" => Op::Chunk {
            axis: axis("dim", 0)?,
            count: call.int("chunks")?.unwrap_or(1),
        },
        "split_with_sizes.default" => Op::Split {
            axis: axis("dim", 0)?,
            lengths: call.sizes("split_sizes")?.unwrap_or_default(),
        },
        "split.Tensor" => Op::Split {
            axis: axis("dim", 0)?,
            lengths: lengths(call, axis("dim", 0)?)?,
        },
        _ => return Err(Trouble::Unknown),
    };
    let of = of()?;
    // A reshaped tensor lies in new memory where it cannot be described in the old; what is new lies in order.
    let reshaped = matches!(op, Op::Reshape { .. } | Op::Flatten { .. });
    if reshaped && !call.values.is_row_major(of) && call.values.is_row_major(call.output()?) {
        return Ok(one(op, [of]));
    }
    Ok(Meaning::View(of, op, Vec::new()))
}

/// `as_strided` may read memory in any order; here, it may only give other axes to numbers in order.
fn reshaped_in_memory(call: &Call<'_, '_>) -> Result<Op, Trouble> {
    let (input, output) = (call.tensor("self")?, call.output()?);
    let values = call.values;
    let in_order = values.is_row_major(input) && values.is_row_major(output);
    let offset = call.int("storage_offset")?.unwrap_or(0);
    let count = values.count(input);
    if !in_order || offset != 0 || count.is_none() || count != values.count(output) {
        return Err(Trouble::Unknown);
    }
    let shape = call.sizes("size")?.unwrap_or_default();
    Ok(Op::Reshape { shape })
}

fn narrow(call: &Call<'_, '_>, axis: i64) -> Result<Op, String> {
    let zero = Size { each: 0, fixed: 0 };
    let start = call.size("start")?.unwrap_or(zero);
    let end = plus(start, call.size("length")?.unwrap_or(zero));
    Ok(Op::Slice {
        axis,
        start: Some(start),
        end: Some(end.ok_or("its end does not fit into 64 bits")?),
        step: 1,
    })
}

/// The length of each result along an axis.
fn lengths(call: &Call<'_, '_>, axis: i64) -> Result<Vec<Size>, String> {
    let length = |name: &&Text<'_>| {
        let shape = call.values.shape(name)?;
        let length = on(axis, shape.len()).map(|axis| shape[axis]);
        length.ok_or_else(|| "it has an axis that is not there".to_owned())
    };
    call.outputs().iter().map(length).collect()
}
