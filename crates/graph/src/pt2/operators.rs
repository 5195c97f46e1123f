//! What each operator of ATen means: a typed operator, the same tensor, a view of it, or nothing.
//!
//! The table holds what 82 popular classifiers need once they are exported, and what `run_decompositions()` makes of them.

use super::call::Call;
use super::functional::on;
use crate::op::{Binary, Kind, Number, Op, Rounding, Size, Unary, Upsampling};

/// What to do about a network that was exported while it was trained.
const EVAL: &str = "call network.eval() before exporting it";

/// A tensor that an operator reads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Operand<'n> {
    Named(&'n str),
    /// What the step before gives.
    Last,
}

/// What an operator does.
pub(super) enum Meaning<'n> {
    /// Nothing that is about tensors' numbers.
    Nothing,
    /// It gives a tensor again, or a copy.
    Same { of: &'n str, copy: bool },
    /// Its results share memory with a tensor; what else it reads follows.
    View(&'n str, Op, Vec<Operand<'n>>),
    /// It computes something new.
    Steps(Vec<(Op, Vec<Operand<'n>>)>),
}

/// Why an operator is not in the graph.
pub(super) enum Trouble {
    Unknown,
    /// It is known, but not in this form: why.
    Refused(String),
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self::Refused(reason)
    }
}

impl From<&str> for Trouble {
    fn from(reason: &str) -> Self {
        Self::Refused(reason.to_owned())
    }
}

type Found<'n> = Result<Meaning<'n>, Trouble>;

/// The name of an operator without `torch.ops.` and the mark of those that change their first argument, and whether it was there.
pub(super) fn functional_name(target: &str) -> (String, bool) {
    let target = target.strip_prefix("torch.ops.").unwrap_or(target);
    let Some(name) = target.strip_prefix("aten.") else {
        return (target.to_owned(), false);
    };
    let (name, overload) = name.split_once('.').unwrap_or((name, "default"));
    match name.strip_suffix('_') {
        Some(functional) if !functional.ends_with('_') => {
            (format!("{functional}.{overload}"), true)
        }
        _ => (format!("{name}.{overload}"), false),
    }
}

/// What an operator, by its functional name, does with its arguments.
pub(super) fn meaning<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
    nothing(name, call)
        .or_else(|trouble| next(trouble, || same(name, call)))
        .or_else(|trouble| next(trouble, || view(name, call)))
        .or_else(|trouble| next(trouble, || layer(name, call)))
        .or_else(|trouble| next(trouble, || number_by_number(name, call)))
        .or_else(|trouble| next(trouble, || along_axes(name, call)))
        .or_else(|trouble| next(trouble, || rearranged(name, call)))
        .or_else(|trouble| next(trouble, || made(name, call)))
}

/// Goes on where an operator was not found.
fn next<'n>(trouble: Trouble, tables: impl FnOnce() -> Found<'n>) -> Found<'n> {
    match trouble {
        Trouble::Unknown => tables(),
        refused @ Trouble::Refused(_) => Err(refused),
    }
}

fn one<'n>(op: Op, inputs: impl IntoIterator<Item = &'n str>) -> Meaning<'n> {
    Meaning::Steps(vec![(op, inputs.into_iter().map(Operand::Named).collect())])
}

/// A step before another operator.
fn first<'n>(op: Op, input: &'n str, then: Op) -> Meaning<'n> {
    Meaning::Steps(vec![
        (op, vec![Operand::Named(input)]),
        (then, vec![Operand::Last]),
    ])
}

/// Assertions, and integers, which [`super::values::Values`] knows.
fn nothing<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
    let assertion = name.starts_with("_assert") || name.starts_with("sym_constrain");
    let integer = name.starts_with("_operator.")
        || name.starts_with("math.")
        || name.starts_with("torch.sym_")
        || name.starts_with("sym_size")
        || name.starts_with("sym_numel")
        || name.starts_with("sym_stride");
    if call.outputs().is_empty() && (assertion || integer) {
        Ok(Meaning::Nothing)
    } else {
        Err(Trouble::Unknown)
    }
}

/// What gives the numbers that it gets.
fn same<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
    let alias = |of| Ok(Meaning::Same { of, copy: false });
    match name {
        "alias.default" | "detach.default" | "lift_fresh.default" => alias(call.tensor("self")?),
        "clone.default"
        | "lift_fresh_copy.default"
        | "alias_copy.default"
        | "detach_copy.default" => Ok(Meaning::Same {
            of: call.tensor("self")?,
            copy: true,
        }),
        "contiguous.default" => {
            let of = call.tensor("self")?;
            let copy = !call.values.are_laid_out_alike(of, call.output()?);
            Ok(Meaning::Same { of, copy })
        }
        "dropout.default" | "feature_dropout.default" | "alpha_dropout.default" => {
            if call.bool("train")? && call.real("p")? != Some(0.0) {
                return Err(format!("it is in training mode: {EVAL}").into());
            }
            alias(
                call.maybe_tensor("input")?
                    .or(call.maybe_tensor("self")?)
                    .ok_or("it has no input")?,
            )
        }
        "to.dtype" | "to.dtype_layout" | "to.device" | "to.other" | "type_as.default"
        | "_to_copy.default" => {
            let of = call.tensor("self")?;
            let kind = call.values.kind(call.output()?)?;
            if kind != call.values.kind(of)? {
                return Ok(one(Op::To { kind }, [of]));
            }
            let copy = name == "_to_copy.default" || call.bool("copy")?;
            Ok(Meaning::Same { of, copy })
        }
        _ => Err(Trouble::Unknown),
    }
}

/// What gives a tensor of other axes, in the same memory where that can be.
fn view<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
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
        "transpose.int" => Op::Transpose {
            axes: [axis("dim0", 0)?, axis("dim1", 1)?],
        },
        "swapaxes.default" => Op::Transpose {
            axes: [axis("axis0", 0)?, axis("axis1", 1)?],
        },
        "swapdims.default" => Op::Transpose {
            axes: [axis("dim0", 0)?, axis("dim1", 1)?],
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
        "narrow.default" => {
            let start = call.size("start")?.unwrap_or(fixed(0));
            let length = call.size("length")?.unwrap_or(fixed(0));
            let end = start
                .each
                .checked_add(length.each)
                .zip(start.fixed.checked_add(length.fixed));
            let (each, fixed) = end.ok_or("its end does not fit into 64 bits")?;
            Op::Slice {
                axis: axis("dim", 0)?,
                start: Some(start),
                end: Some(Size { each, fixed }),
                step: 1,
            }
        }
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

/// The length of each result along an axis.
fn lengths(call: &Call<'_, '_>, axis: i64) -> Result<Vec<Size>, String> {
    let length = |name: &&super::schema::Text<'_>| {
        let shape = call.values.shape(name)?;
        let length = on(axis, shape.len()).map(|axis| shape[axis]);
        length.ok_or_else(|| "it has an axis that is not there".to_owned())
    };
    call.outputs().iter().map(length).collect()
}

/// Layers with weights, attention and pooling.
fn layer<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
    match name {
        "conv1d.default" | "conv1d.padding" => convolution(call, 1),
        "conv2d.default" | "conv2d.padding" => convolution(call, 2),
        "convolution.default" => {
            if call.bool("transposed")? {
                return Err(Trouble::Unknown);
            }
            let rank = call.values.rank(call.tensor("weight")?)?;
            convolution(call, usize::try_from(rank - 2).unwrap_or_default())
        }
        "linear.default" => Ok(one(
            Op::Linear,
            weighted(call, ["input", "weight", "bias"])?,
        )),
        "addmm.default" => {
            if [call.number("beta")?, call.number("alpha")?]
                .iter()
                .flatten()
                .any(|&factor| factor != Number::Int(1))
            {
                return Err("its factors are not 1".into());
            }
            let factors = [call.tensor("mat1")?, call.tensor("mat2")?].map(Operand::Named);
            let sum = Op::Binary {
                operation: Binary::Add,
                alpha: Number::Int(1),
                rounding: None,
            };
            Ok(Meaning::Steps(vec![
                (Op::Matmul, factors.to_vec()),
                (
                    sum,
                    vec![Operand::Last, Operand::Named(call.tensor("self")?)],
                ),
            ]))
        }
        "matmul.default" => Ok(one(
            Op::Matmul,
            [call.tensor("self")?, call.tensor("other")?],
        )),
        "mm.default" | "bmm.default" => Ok(one(
            Op::Matmul,
            [call.tensor("self")?, call.tensor("mat2")?],
        )),
        "einsum.default" => Ok(Meaning::Steps(vec![(
            Op::Einsum {
                equation: call.text("equation")?.unwrap_or_default().to_owned(),
            },
            call.tensors("tensors")?,
        )])),
        "batch_norm.default" => batch_norm(call, call.bool("training")?),
        "_native_batch_norm_legit_no_training.default" => batch_norm(call, false),
        "_native_batch_norm_legit.no_stats" => batch_norm(call, true),
        "_native_batch_norm_legit.default" => batch_norm(call, call.bool("training")?),
        "instance_norm.default" if !call.has_tensor("running_mean") => {
            let groups = channels(call)?;
            let epsilon = call.real("eps")?.unwrap_or(1e-5);
            Ok(one(
                Op::GroupNorm { groups, epsilon },
                weighted(call, ["input", "weight", "bias"])?,
            ))
        }
        "layer_norm.default" | "native_layer_norm.default" => {
            let shape = call.ints("normalized_shape")?.unwrap_or_default();
            let epsilon = call.real("eps")?.unwrap_or(1e-5);
            Ok(one(
                Op::LayerNorm { shape, epsilon },
                weighted(call, ["input", "weight", "bias"])?,
            ))
        }
        "group_norm.default" | "native_group_norm.default" => {
            let groups = call.int("num_groups")?.or(call.int("group")?).unwrap_or(1);
            let epsilon = call.real("eps")?.unwrap_or(1e-5);
            Ok(one(
                Op::GroupNorm { groups, epsilon },
                weighted(call, ["input", "weight", "bias"])?,
            ))
        }
        "scaled_dot_product_attention.default" => {
            if call.real("dropout_p")?.is_some_and(|share| share != 0.0) {
                return Err(format!("its dropout is in training mode: {EVAL}").into());
            }
            if call.bool("enable_gqa")? {
                return Err(
                    "it groups queries: call exported.run_decompositions() before saving".into(),
                );
            }
            let op = Op::Attention {
                causal: call.bool("is_causal")?,
                scale: call.real("scale")?,
            };
            let inputs = [
                call.tensor("query")?,
                call.tensor("key")?,
                call.tensor("value")?,
            ];
            Ok(one(
                op,
                inputs.into_iter().chain(call.maybe_tensor("attn_mask")?),
            ))
        }
        _ => pooling(name, call),
    }
}

/// The input, and what of weight and bias there is.
fn weighted<'n>(
    call: &Call<'n, '_>,
    [input, weight, bias]: [&str; 3],
) -> Result<Vec<&'n str>, String> {
    let mut inputs = vec![call.tensor(input)?];
    inputs.extend(call.maybe_tensor(weight)?);
    if let Some(bias) = call.maybe_tensor(bias)? {
        if inputs.len() == 1 {
            return Err("it has a bias but no weight".to_owned());
        }
        inputs.push(bias);
    }
    Ok(inputs)
}

fn convolution<'n>(call: &Call<'n, '_>, dimensions: usize) -> Found<'n> {
    if !matches!(dimensions, 1 | 2) {
        return Err("it is of more than two dimensions".into());
    }
    let inputs = weighted(call, ["input", "weight", "bias"])?;
    let dilation = call.each("dilation", dimensions, 1)?;
    let mut before = Vec::new();
    let padding = match call.text("padding") {
        Ok(Some("valid")) => vec![0; dimensions],
        Ok(Some("same")) => {
            let kernel = call.values.shape(call.tensor("weight")?)?;
            let kernel = kernel.get(2..).filter(|kernel| kernel.len() == dimensions);
            let kernel = kernel.ok_or("the shape of its weight does not fit")?;
            let total = kernel
                .iter()
                .zip(&dilation)
                .map(|(kernel, dilation)| kernel.fixed.checked_sub(1)?.checked_mul(*dilation));
            let total: Option<Vec<i64>> = total.collect();
            let total = total.ok_or("its padding does not fit into 64 bits")?;
            // What cannot be halved is padded behind.
            if total.iter().any(|total| total % 2 != 0) {
                let behind = total.iter().rev().flat_map(|total| [0, total % 2]);
                before.push((
                    Op::Pad {
                        lengths: behind.collect(),
                        mode: "constant".to_owned(),
                        number: Some(0.0),
                    },
                    vec![Operand::Named(inputs[0])],
                ));
            }
            total.iter().map(|total| total / 2).collect()
        }
        _ => call.each("padding", dimensions, 0)?,
    };
    let op = Op::Convolution {
        stride: call.each("stride", dimensions, 1)?,
        padding,
        dilation,
        groups: call.int("groups")?.unwrap_or(1),
    };
    let mut operands: Vec<Operand<'n>> = inputs.into_iter().map(Operand::Named).collect();
    if !before.is_empty() {
        operands[0] = Operand::Last;
    }
    before.push((op, operands));
    Ok(Meaning::Steps(before))
}

/// With the statistics that were learned; or with those of weights, which networks with standardised weights compute as those of a batch.
fn batch_norm<'n>(call: &Call<'n, '_>, training: bool) -> Found<'n> {
    let epsilon = call.real("eps")?.unwrap_or(1e-5);
    let mut inputs = weighted(call, ["input", "weight", "bias"])?;
    let statistics = call
        .maybe_tensor("running_mean")?
        .zip(call.maybe_tensor("running_var")?);
    match statistics {
        Some((mean, variance)) if !training => {
            inputs.splice(1..1, [mean, variance]);
            Ok(one(Op::BatchNorm { epsilon }, inputs))
        }
        None if call.values.shape(inputs[0])?.first() == Some(&Size { each: 0, fixed: 1 }) => {
            let groups = channels(call)?;
            Ok(one(Op::GroupNorm { groups, epsilon }, inputs))
        }
        _ => Err(format!("it is in training mode, so that an answer depends on the other images of a batch: {EVAL}").into()),
    }
}

/// Channels of the input.
fn channels(call: &Call<'_, '_>) -> Result<i64, String> {
    match call.values.shape(call.tensor("input")?)?.get(1) {
        Some(&Size { each: 0, fixed }) => Ok(fixed),
        _ => Err("the number of its channels is not known".to_owned()),
    }
}

fn pooling<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
    let kernel = |call: &Call<'n, '_>| {
        let kernel = call.each("kernel_size", 2, 1)?;
        let stride = match call.ints("stride")? {
            Some(stride) if !stride.is_empty() => call.each("stride", 2, 1)?,
            _ => kernel.clone(),
        };
        Ok::<_, String>((kernel, stride))
    };
    let input = call.tensor("self");
    let op = match name {
        "max_pool2d.default" | "max_pool2d_with_indices.default" => {
            let (kernel, stride) = kernel(call)?;
            Op::MaxPool {
                kernel,
                stride,
                padding: call.each("padding", 2, 0)?,
                dilation: call.each("dilation", 2, 1)?,
                ceil: call.bool("ceil_mode")?,
            }
        }
        "avg_pool2d.default" => {
            let (kernel, stride) = kernel(call)?;
            Op::AvgPool {
                kernel,
                stride,
                padding: call.each("padding", 2, 0)?,
                ceil: call.bool("ceil_mode")?,
                counts_padding: call.argument("count_include_pad").is_none()
                    || call.bool("count_include_pad")?,
                divisor: call.int("divisor_override")?,
            }
        }
        "adaptive_avg_pool2d.default" | "_adaptive_avg_pool2d.default" => Op::AdaptiveAvgPool {
            size: call.each("output_size", 2, 1)?,
        },
        _ => {
            let mode = match name.split('.').next() {
                Some("upsample_nearest2d") => Upsampling::Nearest,
                Some("upsample_bilinear2d") => Upsampling::Bilinear {
                    align_corners: call.bool("align_corners")?,
                },
                Some("upsample_bicubic2d") => Upsampling::Bicubic {
                    align_corners: call.bool("align_corners")?,
                },
                _ => return Err(Trouble::Unknown),
            };
            return upsample(call, mode);
        }
    };
    Ok(one(op, [input?]))
}

fn upsample<'n>(call: &Call<'n, '_>, mode: Upsampling) -> Found<'n> {
    let input = call.maybe_tensor("input")?.or(call.maybe_tensor("self")?);
    let scales = call.real("scales_h")?.zip(call.real("scales_w")?);
    let factors = call
        .reals("scale_factors")?
        .or(scales.map(|(height, width)| vec![height, width]));
    let size = if factors.is_some() {
        None
    } else {
        call.ints("output_size")?
    };
    let op = Op::Upsample {
        mode,
        size,
        factors,
    };
    Ok(one(op, [input.ok_or("it has no input")?]))
}

/// What is done to each number alone.
fn number_by_number<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
    let (base, overload) = name.split_once('.').unwrap_or((name, ""));
    let unary = match base {
        "bitwise_not" => Some(Unary::BitwiseNot),
        "cos" => Some(Unary::Cos),
        "exp" => Some(Unary::Exp),
        "hardsigmoid" => Some(Unary::Hardsigmoid),
        "hardswish" => Some(Unary::Hardswish),
        "log" => Some(Unary::Log),
        "neg" => Some(Unary::Neg),
        "relu" => Some(Unary::Relu),
        "rsqrt" => Some(Unary::Rsqrt),
        "sigmoid" => Some(Unary::Sigmoid),
        "silu" => Some(Unary::Silu),
        "sin" => Some(Unary::Sin),
        "sqrt" => Some(Unary::Sqrt),
        "square" => Some(Unary::Square),
        "tanh" => Some(Unary::Tanh),
        _ => None,
    };
    if let Some(unary) = unary.filter(|_| overload == "default") {
        return Ok(one(Op::Unary(unary), [call.tensor("self")?]));
    }
    let rounding = match call.text("rounding_mode") {
        Ok(Some("floor")) => Some(Rounding::Floor),
        Ok(Some("trunc")) => Some(Rounding::Trunc),
        _ => None,
    };
    match base {
        "add" => binary(call, Binary::Add, None),
        "sub" => binary(call, Binary::Sub, None),
        "rsub" => reversed(call),
        "mul" => binary(call, Binary::Mul, None),
        "div" => binary(call, Binary::Div, rounding),
        "floor_divide" => binary(call, Binary::Div, Some(Rounding::Floor)),
        "eq" => binary(call, Binary::Eq, None),
        "ne" => binary(call, Binary::Ne, None),
        "reciprocal" => Ok(one(
            scalar(Binary::Div, Number::Real(1.0), true),
            [call.tensor("self")?],
        )),
        "pow" => power(call),
        "gelu" => {
            let tanh = call.text("approximate")? == Some("tanh");
            Ok(one(Op::Gelu { tanh }, [call.tensor("self")?]))
        }
        "clamp" | "clamp_min" | "clamp_max" | "hardtanh" | "relu6" => clamp(base, call),
        "addcmul" => {
            let factor = call.number("value")?.unwrap_or(Number::Int(1));
            let inputs = [
                call.tensor("self")?,
                call.tensor("tensor1")?,
                call.tensor("tensor2")?,
            ];
            Ok(one(Op::Addcmul { factor }, inputs))
        }
        "masked_fill" if overload == "Scalar" => {
            let number = call.number("value")?.ok_or("it has no number")?;
            Ok(one(
                Op::MaskedFill { number },
                [call.tensor("self")?, call.tensor("mask")?],
            ))
        }
        _ => Err(Trouble::Unknown),
    }
}

fn scalar(operation: Binary, number: Number, left: bool) -> Op {
    Op::Scalar {
        operation,
        number,
        left,
        rounding: None,
    }
}

fn product(left: Number, right: Number) -> Number {
    let real = |number| match number {
        Number::Int(value) => value as f64,
        Number::Real(value) => value,
    };
    match (left, right) {
        (Number::Int(left), Number::Int(right)) => match left.checked_mul(right) {
            Some(product) => Number::Int(product),
            None => Number::Real(left as f64 * right as f64),
        },
        _ => Number::Real(real(left) * real(right)),
    }
}

fn binary<'n>(call: &Call<'n, '_>, operation: Binary, rounding: Option<Rounding>) -> Found<'n> {
    let alpha = call.number("alpha")?.unwrap_or(Number::Int(1));
    let input = call.tensor("self")?;
    if call.has_tensor("other") {
        let op = Op::Binary {
            operation,
            alpha,
            rounding,
        };
        return Ok(one(op, [input, call.tensor("other")?]));
    }
    let number = call.number("other")?.ok_or("it has one argument")?;
    let op = Op::Scalar {
        operation,
        number: product(number, alpha),
        left: false,
        rounding,
    };
    Ok(one(op, [input]))
}

/// other - alpha · self.
fn reversed<'n>(call: &Call<'n, '_>) -> Found<'n> {
    let alpha = call.number("alpha")?.unwrap_or(Number::Int(1));
    let input = call.tensor("self")?;
    if call.has_tensor("other") {
        let op = Op::Binary {
            operation: Binary::Sub,
            alpha,
            rounding: None,
        };
        return Ok(one(op, [call.tensor("other")?, input]));
    }
    let number = call.number("other")?.ok_or("it has one argument")?;
    let difference = scalar(Binary::Sub, number, true);
    if alpha == Number::Int(1) {
        return Ok(one(difference, [input]));
    }
    Ok(first(scalar(Binary::Mul, alpha, false), input, difference))
}

fn power<'n>(call: &Call<'n, '_>) -> Found<'n> {
    if !call.has_tensor("self") {
        let base = call.number("self")?.ok_or("it has no base")?;
        return Ok(one(
            scalar(Binary::Pow, base, true),
            [call.tensor("exponent")?],
        ));
    }
    let base = call.tensor("self")?;
    if call.has_tensor("exponent") {
        let op = Op::Binary {
            operation: Binary::Pow,
            alpha: Number::Int(1),
            rounding: None,
        };
        return Ok(one(op, [base, call.tensor("exponent")?]));
    }
    let exponent = call.number("exponent")?.ok_or("it has no exponent")?;
    Ok(one(scalar(Binary::Pow, exponent, false), [base]))
}

fn clamp<'n>(base: &str, call: &Call<'n, '_>) -> Found<'n> {
    let (least, most) = match base {
        "hardtanh" => {
            let bound =
                |name, default| Ok::<_, String>(call.number(name)?.unwrap_or(Number::Int(default)));
            (Some(bound("min_val", -1)?), Some(bound("max_val", 1)?))
        }
        "relu6" => (Some(Number::Int(0)), Some(Number::Int(6))),
        _ if call.has_tensor("min") || call.has_tensor("max") => return Err(Trouble::Unknown),
        _ => (call.number("min")?, call.number("max")?),
    };
    Ok(one(Op::Clamp { least, most }, [call.tensor("self")?]))
}

/// What takes several places along axes together.
fn along_axes<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
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
fn rearranged<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
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
fn made<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
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
