//! Layers with weights, norms and attention.

use super::{Found, Trouble, one};
use crate::graph::Id;
use crate::onnx::builder::Builder;
use crate::onnx::call::Call;
use crate::onnx::sizes::whole;
use crate::onnx::types::fixed;
use crate::op::{Binary, Number, Op};

/// What to do about a network that was exported while it was trained.
const EVAL: &str = "it is in training mode, so that an answer depends on the other images of a batch: call network.eval() before exporting it";

/// Layers with weights, norms and attention.
pub(super) fn layer<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    match call.node.operator {
        "Conv" => convolution(call, builder),
        "Gemm" => product_and_sum(call, builder),
        "MatMul" => {
            let (left, right) = (call.need(0)?, call.need(1)?);
            if is_matrix(builder, right)? && !builder.is_parameter(left)? {
                let inputs = [builder.id(left, "input")?, builder.turned(right, "weight")?];
                return one(builder.emit(Op::Linear, &inputs)?);
            }
            let inputs = [builder.id(left, "weight")?, builder.id(right, "weight")?];
            one(builder.emit(Op::Matmul, &inputs)?)
        }
        "Einsum" => {
            let equation = call.text("equation")?.unwrap_or_default().replace(' ', "");
            let mut inputs = Vec::new();
            for place in 0..call.node.inputs.len() {
                inputs.push(builder.id(call.need(place)?, "weight")?);
            }
            one(builder.emit(Op::Einsum { equation }, &inputs)?)
        }
        "BatchNormalization" => {
            if call.int("training_mode", 0)? != 0 {
                // Networks with standardised weights compute them as those of a batch of one.
                if builder.type_of(call.need(0)?)?.length(0) != Some(whole(1)) {
                    return Err(EVAL.into());
                }
                let groups = channels(builder, call.need(1)?)?;
                return group_norm(call, builder, groups);
            }
            if call.count() > 1 {
                return Err(EVAL.into());
            }
            let mut inputs = vec![builder.id(call.need(0)?, "input")?];
            for (place, what) in [
                (3, "running_mean"),
                (4, "running_var"),
                (1, "weight"),
                (2, "bias"),
            ] {
                inputs.push(builder.id(call.need(place)?, what)?);
            }
            let epsilon = call.real("epsilon", 1e-5)?;
            one(builder.emit(Op::BatchNorm { epsilon }, &inputs)?)
        }
        "LayerNormalization" => layer_norm(call, builder),
        "InstanceNormalization" => {
            let groups = channels(builder, call.need(1)?)?;
            group_norm(call, builder, groups)
        }
        "GroupNormalization" => {
            let groups = call.int("num_groups", 1)?;
            if call.opset < 21 && channels(builder, call.need(1)?)? != 1 && groups != 1 {
                return Err("it has a scale for each group: convert the file to opset 21 with onnx.version_converter".into());
            }
            group_norm(call, builder, groups)
        }
        "Attention" => attention(call, builder),
        _ => Err(Trouble::Unknown),
    }
}

/// Whether a name is a parameter of two axes.
fn is_matrix(builder: &Builder<'_>, name: &str) -> Result<bool, String> {
    Ok(builder.is_parameter(name)? && builder.rank(name)? == Some(2))
}

fn channels(builder: &Builder<'_>, scale: &str) -> Result<i64, String> {
    let length = builder.type_of(scale)?.length(0);
    fixed(length).ok_or_else(|| "the number of its channels is not known".to_owned())
}

fn weighted<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Result<Vec<Id>, String> {
    let mut inputs = vec![
        builder.id(call.need(0)?, "input")?,
        builder.id(call.need(1)?, "weight")?,
    ];
    if let Some(bias) = call.input(2) {
        inputs.push(builder.id(bias, "bias")?);
    }
    Ok(inputs)
}

fn group_norm<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>, groups: i64) -> Found<'a> {
    let epsilon = call.real("epsilon", 1e-5)?;
    let inputs = weighted(call, builder)?;
    one(builder.emit(Op::GroupNorm { groups, epsilon }, &inputs)?)
}

fn layer_norm<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    if call.count() > 1 {
        return Err("its mean or deviation is read: export the network in evaluation mode".into());
    }
    let scale = builder.shape(call.need(1)?)?.unwrap_or_default();
    let shape: Option<Vec<i64>> = scale.into_iter().map(fixed).collect();
    let shape = shape.ok_or("the lengths of its scale are not known")?;
    let axis = call.int("axis", -1)?;
    let rank = builder.rank(call.need(0)?)?;
    let over = if axis < 0 {
        axis.checked_neg()
            .and_then(|axes| usize::try_from(axes).ok())
    } else {
        rank.and_then(|rank| rank.checked_sub(usize::try_from(axis).ok()?))
    };
    if over.is_some_and(|over| over != shape.len()) {
        return Err("its scale has other axes than it normalises".into());
    }
    let epsilon = call.real("epsilon", 1e-5)?;
    let inputs = weighted(call, builder)?;
    one(builder.emit(Op::LayerNorm { shape, epsilon }, &inputs)?)
}

fn attention<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let plain = call.real("softcap", 0.0)? == 0.0
        && call.input(4).is_none()
        && call.input(5).is_none()
        && call.count() <= 1;
    let mut inputs = Vec::new();
    let mut ranks = Vec::new();
    for place in 0..3 {
        let name = call.need(place)?;
        ranks.push(builder.rank(name)?);
        inputs.push(builder.id(name, "input")?);
    }
    if !plain || ranks.iter().any(|&rank| rank != Some(4)) {
        return Err("its form is not supported; expected query, key and value as [batch, heads, tokens, features], and no cache: export with opset 20, which has it in parts".into());
    }
    if let Some(mask) = call.input(3) {
        inputs.push(builder.id(mask, "mask")?);
    }
    let op = Op::Attention {
        causal: call.int("is_causal", 0)? != 0,
        scale: call.maybe_real("scale")?,
    };
    one(builder.emit(op, &inputs)?)
}

/// alpha · A · B + beta · C, where A and B may be transposed.
fn product_and_sum<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let (left, right, sum) = (call.need(0)?, call.need(1)?, call.input(2));
    let (alpha, beta) = (call.real("alpha", 1.0)?, call.real("beta", 1.0)?);
    let (turns_left, turns_right) = (call.int("transA", 0)? != 0, call.int("transB", 0)? != 0);
    let is_one = |factor: f64| (factor - 1.0).abs() <= 0.0;
    let vector = match sum {
        Some(sum) => builder.rank(sum)? == Some(1) && is_one(beta),
        None => true,
    };
    if !turns_left && is_one(alpha) && is_matrix(builder, right)? && !builder.is_parameter(left)? {
        let mut inputs = vec![builder.id(left, "input")?];
        inputs.push(if turns_right {
            builder.id(right, "weight")?
        } else {
            builder.turned(right, "weight")?
        });
        if let Some(sum) = sum.filter(|_| vector) {
            inputs.push(builder.id(sum, "bias")?);
        }
        let product = builder.emit(Op::Linear, &inputs)?;
        return match sum.filter(|_| !vector) {
            Some(sum) => added(builder, product, sum, beta),
            None => one(product),
        };
    }
    let mut sides = [builder.id(left, "weight")?, builder.id(right, "weight")?];
    for (side, turns) in sides.iter_mut().zip([turns_left, turns_right]) {
        if turns {
            *side = builder.emit(Op::Transpose { axes: [0, 1] }, &[*side])?;
        }
    }
    let mut product = builder.emit(Op::Matmul, &sides)?;
    if !is_one(alpha) {
        let op = super::numbers::scalar(Binary::Mul, Number::Real(alpha), false);
        product = builder.emit(op, &[product])?;
    }
    match sum {
        Some(sum) => added(builder, product, sum, beta),
        None => one(product),
    }
}

fn added<'a>(builder: &mut Builder<'a>, product: Id, sum: &'a str, beta: f64) -> Found<'a> {
    let sum = builder.id(sum, "bias")?;
    let alpha = if (beta - 1.0).abs() <= 0.0 {
        Number::Int(1)
    } else {
        Number::Real(beta)
    };
    let op = Op::Binary {
        operation: Binary::Add,
        alpha,
        rounding: None,
    };
    one(builder.emit(op, &[product, sum])?)
}

/// How far windows reach over the edges: before and behind, per dimension.
pub(super) struct Pads {
    pub(super) before: Vec<i64>,
    pub(super) behind: Vec<i64>,
}

impl Pads {
    /// Of windows whose kernel spans `span` numbers; `lengths` are those of the input.
    pub(super) fn read(
        call: &Call<'_, '_>,
        lengths: &[Option<i64>],
        span: &[i64],
        stride: &[i64],
    ) -> Result<Self, String> {
        let count = span.len();
        let mode = call.text("auto_pad")?.unwrap_or("NOTSET");
        if matches!(mode, "NOTSET" | "") {
            let pads = call.each("pads", 2 * count, 0)?;
            let (before, behind) = pads.split_at(count);
            return Ok(Self {
                before: before.to_vec(),
                behind: behind.to_vec(),
            });
        }
        let mut pads = Self {
            before: vec![0; count],
            behind: vec![0; count],
        };
        if mode == "VALID" {
            return Ok(pads);
        }
        let upper = match mode {
            "SAME_UPPER" => true,
            "SAME_LOWER" => false,
            _ => return Err(format!("its padding `{mode}` is not known")),
        };
        let sides = pads.before.iter_mut().zip(&mut pads.behind);
        for ((((before, behind), &length), &span), &stride) in
            sides.zip(lengths).zip(span).zip(stride)
        {
            let total = match (length, stride) {
                (_, 1) => span.checked_sub(1),
                (Some(length), stride) => {
                    let windows = length.checked_sub(1).and_then(|last| last.checked_div(stride));
                    let reach = windows.and_then(|windows| windows.checked_mul(stride)?.checked_add(span));
                    reach.and_then(|reach| reach.checked_sub(length))
                }
                _ => return Err("its padding `SAME` depends on the height and width of images: export with fixed ones".to_owned()),
            };
            let total = total.ok_or("its padding does not fit into 64 bits")?.max(0);
            let (less, more) = (total / 2, total - total / 2);
            (*before, *behind) = if upper { (less, more) } else { (more, less) };
        }
        Ok(pads)
    }

    /// What is the same on both sides, and what more there is, as an operator before the windows.
    pub(super) fn parted(&self, number: f64) -> (Vec<i64>, Option<Op>) {
        let both = self.before.iter().zip(&self.behind);
        let same: Vec<i64> = both
            .map(|(&before, &behind)| before.min(behind).max(0))
            .collect();
        (same.clone(), self.beyond(&same, number))
    }

    /// What is more than `same`, as an operator before the windows.
    pub(super) fn beyond(&self, same: &[i64], number: f64) -> Option<Op> {
        let more = self.before.iter().zip(&self.behind).zip(same).rev();
        let lengths: Vec<i64> = more
            .flat_map(|((before, behind), same)| {
                [before.saturating_sub(*same), behind.saturating_sub(*same)]
            })
            .collect();
        let uneven = lengths.iter().any(|&length| length != 0);
        uneven.then(|| Op::Pad {
            lengths,
            mode: "constant".to_owned(),
            number: Some(number),
        })
    }
}

/// Numbers that a kernel spans, per dimension.
pub(super) fn spans(kernel: &[i64], dilation: &[i64]) -> Result<Vec<i64>, String> {
    let span = |(&kernel, &dilation): (&i64, &i64)| {
        kernel.checked_sub(1)?.checked_mul(dilation)?.checked_add(1)
    };
    let spans: Option<Vec<i64>> = kernel.iter().zip(dilation).map(span).collect();
    spans.ok_or_else(|| "its kernel does not fit into 64 bits".to_owned())
}

/// The lengths of the axes behind the first two.
pub(super) fn places(
    builder: &Builder<'_>,
    input: &str,
) -> Result<Option<Vec<Option<i64>>>, String> {
    let shape = builder.shape(input)?;
    Ok(shape.and_then(|shape| {
        Some(
            shape
                .get(2..)?
                .iter()
                .map(|&length| fixed(length))
                .collect(),
        )
    }))
}

fn convolution<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let (input, weight) = (call.need(0)?, call.need(1)?);
    let kernel = places(builder, weight)?;
    let kernel: Option<Vec<i64>> = kernel.and_then(|kernel| kernel.into_iter().collect());
    let kernel = match kernel {
        Some(kernel) => kernel,
        None => call
            .ints("kernel_shape")?
            .ok_or("the shape of its kernel is not known")?,
    };
    let dimensions = kernel.len();
    if !matches!(dimensions, 1 | 2) {
        return Err("it is of more than two dimensions".into());
    }
    let (stride, dilation) = (
        call.each("strides", dimensions, 1)?,
        call.each("dilations", dimensions, 1)?,
    );
    let lengths = places(builder, input)?.unwrap_or_else(|| vec![None; dimensions]);
    let pads = Pads::read(call, &lengths, &spans(&kernel, &dilation)?, &stride)?;
    let (padding, before) = pads.parted(0.0);
    let mut inputs = weighted(call, builder)?;
    if let (Some(before), Some(first)) = (before, inputs.first_mut()) {
        *first = builder.emit(before, &[*first])?;
    }
    let groups = call.int("group", 1)?;
    one(builder.emit(
        Op::Convolution {
            stride,
            padding,
            dilation,
            groups,
        },
        &inputs,
    )?)
}
