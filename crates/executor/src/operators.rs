//! The operators, as libtorch computes them. Only fallible functions of tch are used, so that no graph makes a program panic.

use graph::{Binary, Kind, Number, Op, Rounding, Size, Unary, Upsampling};
use tch::{Device, Scalar, TchError, Tensor};

use crate::check::is_one;
use crate::executor::Mode;

/// What an operator needs to know besides what it reads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setting {
    /// Inputs in the batch.
    pub batch: i64,
    /// Where constants are made.
    pub device: Device,
    /// Whether batch norm and dropout behave as in training.
    pub mode: Mode,
    /// Which of the first two inputs nobody reads any more, so that the result may be written over it.
    pub spent: [bool; 2],
}

/// PyTorch's share of a batch's own statistics in the running ones.
const MOMENTUM: f64 = 0.1;

/// What an operator gives for what it reads; how many inputs it has was checked.
pub(crate) fn apply(
    op: &Op,
    inputs: &mut [Tensor],
    setting: Setting,
) -> Result<Vec<Tensor>, TchError> {
    let shape = |sizes: &[Size]| lengths(sizes, setting.batch);
    // Those with several outputs, or written over an input.
    match op {
        Op::Unbind { axis } => return inputs[0].f_unbind(*axis),
        Op::Split { axis, lengths } => return inputs[0].f_split_with_sizes(shape(lengths)?, *axis),
        Op::Chunk { axis, count } => return inputs[0].f_chunk(*count, *axis),
        Op::Meshgrid { indexing } => return Tensor::f_meshgrid_indexing(inputs, indexing),
        _ => {}
    }
    if let Some(result) = over(op, inputs, setting.spent) {
        return Ok(vec![result?]);
    }
    let input = inputs.first();
    let result = match (op, input) {
        (
            Op::Arange {
                start,
                end,
                step,
                kind,
            },
            _,
        ) => Tensor::f_arange_start_step(
            scalar(*start),
            scalar(*end),
            scalar(*step),
            (kind_of(*kind), setting.device),
        ),
        (
            Op::Full {
                shape: sizes,
                number,
                kind,
            },
            _,
        ) => Tensor::f_full(
            shape(sizes)?,
            scalar(*number),
            (kind_of(*kind), setting.device),
        ),
        (Op::Einsum { equation }, _) => Tensor::f_einsum(equation, inputs, None::<&[i64]>),
        (Op::Cat { axis }, _) => Tensor::f_cat(inputs, *axis),
        (Op::Stack { axis }, _) => Tensor::f_stack(inputs, *axis),
        (_, Some(input)) => one(op, input, &inputs[1..], setting),
        (_, None) => Err(TchError::Shape("an operator has no input".to_owned())),
    };
    Ok(vec![result?])
}

/// An operator with one output; its `input` and the `others`.
#[expect(
    clippy::too_many_lines,
    reason = "a line or two for each operator, in the order of `Op`"
)]
fn one(op: &Op, input: &Tensor, others: &[Tensor], setting: Setting) -> Result<Tensor, TchError> {
    let shape = |sizes: &[Size]| lengths(sizes, setting.batch);
    let other = |place: usize| others.get(place);
    // How many there are was checked, but for those that may be absent.
    let need = |place: usize| {
        others
            .get(place)
            .ok_or_else(|| TchError::Shape(format!("input {} is absent", place + 1)))
    };
    match op {
        Op::Convolution {
            stride,
            padding,
            dilation,
            groups,
        } => {
            let (weight, bias) = (need(0)?, other(1));
            if stride.len() == 1 {
                input.f_conv1d(weight, bias, stride, padding, dilation, *groups)
            } else {
                input.f_conv2d(weight, bias, stride, padding, dilation, *groups)
            }
        }
        Op::Linear => input.f_linear(need(0)?, other(1)),
        Op::BatchNorm { epsilon } => {
            let training = setting.mode == Mode::Training;
            input.f_batch_norm(
                other(2),
                other(3),
                other(0),
                other(1),
                training,
                MOMENTUM,
                *epsilon,
                true,
            )
        }
        Op::LayerNorm { shape, epsilon } => {
            input.f_layer_norm(shape, other(0), other(1), *epsilon, true)
        }
        Op::GroupNorm { groups, epsilon } => {
            input.f_group_norm(*groups, other(0), other(1), *epsilon, true)
        }
        Op::Attention { causal, scale } => Tensor::f_scaled_dot_product_attention(
            input,
            need(0)?,
            need(1)?,
            other(2),
            0.0,
            *causal,
            *scale,
            false,
        ),
        Op::Matmul => input.f_matmul(need(0)?),
        Op::Unary(operation) => unary(*operation, input),
        Op::Gelu { tanh } => input.f_gelu(approximation(*tanh)),
        Op::Clamp { least, most } => clamp(input, *least, *most),
        Op::Binary {
            operation,
            alpha,
            rounding,
        } => binary(*operation, input, need(0)?, *alpha, *rounding),
        Op::Scalar {
            operation,
            number,
            left,
            rounding,
        } => with_number(*operation, input, *number, *left, *rounding),
        Op::Addcmul { factor } => {
            let first = match factor {
                Number::Int(1) => need(0)?.shallow_clone(),
                factor => need(0)?.f_mul_scalar(scalar(*factor))?,
            };
            input.f_addcmul(&first, need(1)?)
        }
        Op::Softmax { axis, log: false } => input.f_softmax(*axis, None),
        Op::Softmax { axis, log: true } => input.f_log_softmax(*axis, None),
        Op::Mean { axes, keep } => input.f_mean_dim(&axes[..], *keep, None),
        Op::Sum { axes, keep } => input.f_sum_dim_intlist(&axes[..], *keep, None),
        Op::Amax { axes, keep } => input.f_amax(axes, *keep),
        Op::VectorNorm { order, axes, keep } => input.f_norm_scalaropt_dim(*order, axes, *keep),
        Op::Cumsum { axis } => input.f_cumsum(*axis, None),
        Op::MaxPool {
            kernel,
            stride,
            padding,
            dilation,
            ceil,
        } => input.f_max_pool2d(kernel, stride, padding, dilation, *ceil),
        Op::AvgPool {
            kernel,
            stride,
            padding,
            ceil,
            counts_padding,
            divisor,
        } => input.f_avg_pool2d(kernel, stride, padding, *ceil, *counts_padding, *divisor),
        // The mean over single cells is what is there.
        Op::AdaptiveAvgPool { size } if input.size().ends_with(size) => Ok(input.shallow_clone()),
        Op::AdaptiveAvgPool { size } => input.f_adaptive_avg_pool2d(size),
        Op::Dropout { share } => match setting.mode {
            Mode::Training => input.f_dropout(*share, true),
            Mode::Inference => Ok(input.shallow_clone()),
        },
        Op::Reshape { shape: sizes } => input.f_reshape(shape(sizes)?),
        Op::Flatten { from, to } => input.f_flatten(*from, *to),
        Op::Unflatten { axis, shape: sizes } => input.f_unflatten(*axis, shape(sizes)?),
        Op::Expand { shape: sizes } => input.f_expand(shape(sizes)?, false),
        Op::Repeat { times } => input.f_repeat(shape(times)?),
        Op::Permute { axes } => input.f_permute(axes),
        Op::Transpose {
            axes: [first, second],
        } => input.f_transpose(*first, *second),
        Op::Unsqueeze { axis } => input.f_unsqueeze(*axis),
        Op::Squeeze { axes } => squeeze(input, axes),
        Op::Select { axis, index } => input.f_select(*axis, length(*index, setting.batch)?),
        Op::Slice {
            axis,
            start,
            end,
            step,
        } => {
            let [start, end] = ends([*start, *end], setting.batch)?;
            input.f_slice(*axis, start, end, *step)
        }
        Op::SliceScatter {
            axis,
            start,
            end,
            step,
        } => {
            let [start, end] = ends([*start, *end], setting.batch)?;
            input.f_slice_scatter(need(0)?, *axis, start, end, *step)
        }
        Op::SelectScatter { axis, index } => {
            input.f_select_scatter(need(0)?, *axis, length(*index, setting.batch)?)
        }
        Op::Roll { shifts, axes } => input.f_roll(shifts, axes),
        Op::Pad {
            lengths,
            mode,
            number,
        } => input.f_pad(lengths, mode, *number),
        Op::Index { axes } => {
            let count = axes.iter().max().map_or(0, |&last| last + 1);
            let mut indices: Vec<Option<&Tensor>> = vec![None; count];
            for (&axis, index) in axes.iter().zip(others) {
                indices[axis] = Some(index);
            }
            input.f_index(&indices)
        }
        Op::MaskedFill { number } => input.f_masked_fill(need(0)?, scalar(*number)),
        Op::Upsample {
            mode,
            size,
            factors,
        } => upsample(input, *mode, size.as_deref(), factors.as_deref()),
        Op::To { kind } => input.f_to_kind(kind_of(*kind)),
        Op::Detach => input.f_detach(),
        Op::ExpandAs => input.f_expand_as(need(0)?),
        // The condition is the first.
        Op::Where => need(0)?.f_where_self(input, need(1)?),
        Op::Unbind { .. }
        | Op::Split { .. }
        | Op::Chunk { .. }
        | Op::Meshgrid { .. }
        | Op::Arange { .. }
        | Op::Full { .. }
        | Op::Einsum { .. }
        | Op::Cat { .. }
        | Op::Stack { .. } => unreachable!("`apply` computes these itself"),
    }
}

/// The same written over an input that nobody reads any more, where that gives what a new tensor would hold.
fn over(op: &Op, inputs: &mut [Tensor], spent: [bool; 2]) -> Option<Result<Tensor, TchError>> {
    use Unary::{Hardsigmoid, Hardswish, Relu, Sigmoid, Silu};
    if let Op::Binary { operation, .. } = op {
        let [left, right] = inputs else {
            return None;
        };
        let (into, other) = if spent[0] && holds(left, right) {
            (left, &*right)
        } else if spent[1] && holds(right, left) {
            (right, &*left)
        } else {
            return None;
        };
        return match operation {
            Binary::Add => Some(into.f_add_(other)),
            Binary::Mul => Some(into.f_mul_(other)),
            _ => None,
        };
    }
    let [input] = inputs else {
        return None;
    };
    // Of integers the result may be of another type.
    if !spent[0] || !input.f_kind().is_ok_and(is_floating) {
        return None;
    }
    match op {
        Op::Unary(Relu) => Some(input.f_relu_()),
        Op::Unary(Silu) => Some(input.f_silu_()),
        Op::Unary(Hardswish) => Some(input.f_hardswish_()),
        Op::Unary(Hardsigmoid) => Some(input.f_hardsigmoid_()),
        Op::Unary(Sigmoid) => Some(input.f_sigmoid_()),
        Op::Gelu { tanh } => Some(input.f_gelu_(approximation(*tanh))),
        Op::Clamp {
            least: Some(least),
            most: Some(most),
        } => Some(input.f_clamp_(scalar(*least), scalar(*most))),
        _ => None,
    }
}

/// Whether a tensor has the shape and the numbers of its sum with another.
fn holds(into: &Tensor, other: &Tensor) -> bool {
    let same = |tensor: &Tensor| tensor.f_kind().ok().map(|kind| (kind, tensor.is_mkldnn()));
    if same(into).is_none() || same(into) != same(other) {
        return false;
    }
    let (shape, other) = (into.size(), other.size());
    let spreads = shape.iter().rev().zip(other.iter().rev());
    // oneDNN spreads nothing.
    let fits = |(length, other): (&i64, &i64)| length == other || !into.is_mkldnn() && *other == 1;
    other.len() <= shape.len() && spreads.into_iter().all(fits)
}

fn unary(operation: Unary, input: &Tensor) -> Result<Tensor, TchError> {
    match operation {
        Unary::BitwiseNot => input.f_bitwise_not(),
        Unary::Cos => input.f_cos(),
        Unary::Exp => input.f_exp(),
        Unary::Hardsigmoid => input.f_hardsigmoid(),
        Unary::Hardswish => input.f_hardswish(),
        Unary::Log => input.f_log(),
        Unary::Neg => input.f_neg(),
        Unary::Relu => input.f_relu(),
        Unary::Rsqrt => input.f_rsqrt(),
        Unary::Sigmoid => input.f_sigmoid(),
        Unary::Silu => input.f_silu(),
        Unary::Sin => input.f_sin(),
        Unary::Sqrt => input.f_sqrt(),
        Unary::Square => input.f_square(),
        Unary::Tanh => input.f_tanh(),
    }
}

fn binary(
    operation: Binary,
    left: &Tensor,
    right: &Tensor,
    alpha: Number,
    rounding: Option<Rounding>,
) -> Result<Tensor, TchError> {
    let scaled = |right: &Tensor| {
        if is_one(alpha) {
            return Ok(right.shallow_clone());
        }
        right.f_mul_scalar(scalar(alpha))
    };
    match operation {
        Binary::Add => left.f_add(&scaled(right)?),
        Binary::Sub => left.f_sub(&scaled(right)?),
        Binary::Mul => left.f_mul(right),
        Binary::Div => match rounding {
            None => left.f_div(right),
            Some(rounding) => left.f_div_tensor_mode(right, mode_of(rounding)),
        },
        Binary::Pow => left.f_pow(right),
        Binary::Eq => left.f_eq_tensor(right),
        Binary::Ne => left.f_ne_tensor(right),
        Binary::Fmod => left.f_fmod_tensor(right),
        Binary::Lt => left.f_lt_tensor(right),
        Binary::Le => left.f_le_tensor(right),
        Binary::Gt => left.f_gt_tensor(right),
        Binary::Ge => left.f_ge_tensor(right),
    }
}

fn with_number(
    operation: Binary,
    input: &Tensor,
    number: Number,
    left: bool,
    rounding: Option<Rounding>,
) -> Result<Tensor, TchError> {
    match (operation, left) {
        (Binary::Add, _) => input.f_add_scalar(scalar(number)),
        (Binary::Sub, false) => input.f_sub_scalar(scalar(number)),
        (Binary::Sub, true) => input.f_rsub_scalar(scalar(number)),
        (Binary::Mul, _) => input.f_mul_scalar(scalar(number)),
        (Binary::Div, false) => match rounding {
            None => input.f_div_scalar(scalar(number)),
            Some(rounding) => input.f_div_scalar_mode(scalar(number), mode_of(rounding)),
        },
        (Binary::Div | Binary::Fmod, true) => {
            // A tensor without axes decides the type of a quotient as little as a number does, but for a real one by integers.
            let kind = match number {
                Number::Int(_) => tch::Kind::Int64,
                Number::Real(_) if is_floating(input.kind()) => tch::Kind::Double,
                Number::Real(_) => tch::Kind::Float,
            };
            let none: [i64; 0] = [];
            let number = Tensor::f_full(none, scalar(number), (kind, input.device()))?;
            binary(operation, &number, input, Number::Int(1), rounding)
        }
        (Binary::Pow, false) => input.f_pow_tensor_scalar(scalar(number)),
        (Binary::Pow, true) => Tensor::f_pow_scalar(scalar(number), input),
        (Binary::Eq, _) => input.f_eq(scalar(number)),
        (Binary::Ne, _) => input.f_ne(scalar(number)),
        (Binary::Fmod, false) => input.f_fmod(scalar(number)),
        (Binary::Lt, false) | (Binary::Gt, true) => input.f_lt(scalar(number)),
        (Binary::Le, false) | (Binary::Ge, true) => input.f_le(scalar(number)),
        (Binary::Gt, false) | (Binary::Lt, true) => input.f_gt(scalar(number)),
        (Binary::Ge, false) | (Binary::Le, true) => input.f_ge(scalar(number)),
    }
}

fn clamp(input: &Tensor, least: Option<Number>, most: Option<Number>) -> Result<Tensor, TchError> {
    match (least, most) {
        (Some(least), Some(most)) => input.f_clamp(scalar(least), scalar(most)),
        (Some(least), None) => input.f_clamp_min(scalar(least)),
        (None, Some(most)) => input.f_clamp_max(scalar(most)),
        (None, None) => Ok(input.shallow_clone()),
    }
}

/// Without those of the axes that have length 1; the last one first, so that the places of the others stay.
fn squeeze(input: &Tensor, axes: &[i64]) -> Result<Tensor, TchError> {
    let count = input.dim() as i64;
    let mut places: Vec<i64> = axes
        .iter()
        .map(|&axis| {
            if axis < 0 {
                axis.saturating_add(count)
            } else {
                axis
            }
        })
        .collect();
    places.sort_unstable();
    places
        .iter()
        .rev()
        .try_fold(input.shallow_clone(), |tensor, &axis| {
            tensor.f_squeeze_dim(axis)
        })
}

fn upsample(
    input: &Tensor,
    mode: Upsampling,
    size: Option<&[i64]>,
    factors: Option<&[f64]>,
) -> Result<Tensor, TchError> {
    let shape = input.size();
    let size = match (size, factors, &shape[..]) {
        (Some(size), ..) => size.to_vec(),
        // As PyTorch rounds.
        (None, Some(factors), [_, _, height, width]) => [height, width]
            .into_iter()
            .zip(factors)
            .map(|(&length, factor)| (length as f64 * factor) as i64)
            .collect(),
        _ => {
            let message = format!("expected four axes, found {shape:?}");
            return Err(TchError::Shape(message));
        }
    };
    let factor = |place: usize| factors.and_then(|factors| factors.get(place).copied());
    match mode {
        Upsampling::Nearest => input.f_upsample_nearest2d(size, factor(0), factor(1)),
        Upsampling::Bilinear { align_corners } => {
            input.f_upsample_bilinear2d(size, align_corners, factor(0), factor(1))
        }
        Upsampling::Bicubic { align_corners } => {
            input.f_upsample_bicubic2d(size, align_corners, factor(0), factor(1))
        }
    }
}

fn approximation(tanh: bool) -> &'static str {
    if tanh { "tanh" } else { "none" }
}

fn mode_of(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::Floor => "floor",
        Rounding::Trunc => "trunc",
    }
}

fn scalar(number: Number) -> Scalar {
    match number {
        Number::Int(number) => Scalar::int(number),
        Number::Real(number) => Scalar::float(number),
    }
}

/// Whether numbers of a type have fractions.
pub(crate) fn is_floating(kind: tch::Kind) -> bool {
    use tch::Kind::{BFloat16, Double, Float, Half};
    matches!(kind, Half | BFloat16 | Float | Double)
}

/// libtorch's name of a type.
pub(crate) fn kind_of(kind: Kind) -> tch::Kind {
    match kind {
        Kind::Uint8 => tch::Kind::Uint8,
        Kind::Int8 => tch::Kind::Int8,
        Kind::Int16 => tch::Kind::Int16,
        Kind::Int32 => tch::Kind::Int,
        Kind::Int64 => tch::Kind::Int64,
        Kind::Float => tch::Kind::Float,
        Kind::Double => tch::Kind::Double,
        Kind::Bool => tch::Kind::Bool,
    }
}

/// A length, size or index in a batch of so many inputs.
fn length(size: Size, batch: i64) -> Result<i64, TchError> {
    let each = size.each.checked_mul(batch);
    each.and_then(|each| each.checked_add(size.fixed))
        .ok_or_else(|| {
            TchError::Shape(format!(
                "{size:?} of {batch} inputs is more than any tensor has"
            ))
        })
}

fn lengths(sizes: &[Size], batch: i64) -> Result<Vec<i64>, TchError> {
    sizes.iter().map(|&size| length(size, batch)).collect()
}

fn ends(sizes: [Option<Size>; 2], batch: i64) -> Result<[Option<i64>; 2], TchError> {
    let [start, end] = sizes.map(|size| size.map(|size| length(size, batch)).transpose());
    Ok([start?, end?])
}
