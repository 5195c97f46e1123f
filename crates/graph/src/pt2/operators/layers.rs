//! Layers with weights, attention and pooling.

use super::{EVAL, Found, Meaning, Operand, Trouble, one};
use crate::op::{Binary, Number, Op, Size, Upsampling};
use crate::pt2::call::Call;

/// Layers with weights, attention and pooling.
pub(super) fn layer<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
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
        "batch_norm.default" | "_native_batch_norm_legit.default" => {
            batch_norm(call, call.bool("training")?)
        }
        "_native_batch_norm_legit_no_training.default" => batch_norm(call, false),
        "_native_batch_norm_legit.no_stats" => batch_norm(call, true),
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
        "scaled_dot_product_attention.default" => attention(call),
        _ => pooling(name, call),
    }
}

fn attention<'n>(call: &Call<'n, '_>) -> Found<'n> {
    if call.real("dropout_p")?.is_some_and(|share| share != 0.0) {
        return Err(format!("its dropout is in training mode: {EVAL}").into());
    }
    if call.bool("enable_gqa")? {
        return Err("it groups queries: call exported.run_decompositions() before saving".into());
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
        "adaptive_avg_pool1d.default" => {
            // As of images of one line.
            let size = vec![1, call.each("output_size", 1, 1)?[0]];
            return Ok(Meaning::Steps(vec![
                (Op::Unsqueeze { axis: -2 }, vec![Operand::Named(input?)]),
                (Op::AdaptiveAvgPool { size }, vec![Operand::Last]),
                (Op::Squeeze { axes: vec![-2] }, vec![Operand::Last]),
            ]));
        }
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
