//! What is done to each number alone.

use super::{Found, Given, Trouble, one};
use crate::graph::Id;
use crate::onnx::builder::Builder;
use crate::onnx::call::Call;
use crate::onnx::known::Known;
use crate::onnx::numbers::is_real;
use crate::op::{Binary, Kind, Number, Op, Rounding, Unary};

/// What is done to each number alone.
pub(super) fn number_by_number<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let operator = call.node.operator;
    let unary = match operator {
        "Cos" => Some(Unary::Cos),
        "Exp" => Some(Unary::Exp),
        "HardSwish" => Some(Unary::Hardswish),
        "Log" => Some(Unary::Log),
        "Neg" => Some(Unary::Neg),
        "Relu" => Some(Unary::Relu),
        "Sigmoid" => Some(Unary::Sigmoid),
        "Sin" => Some(Unary::Sin),
        "Sqrt" => Some(Unary::Sqrt),
        "Tanh" => Some(Unary::Tanh),
        _ => None,
    };
    if let Some(unary) = unary {
        let id = builder.id(call.need(0)?, "weight")?;
        return one(builder.emit(Op::Unary(unary), &[id])?);
    }
    match operator {
        // Truth values are added and multiplied too.
        "Add" | "Or" => binary(call, builder, Binary::Add),
        "Sub" => binary(call, builder, Binary::Sub),
        "Mul" | "And" => binary(call, builder, Binary::Mul),
        "Div" => binary(call, builder, Binary::Div),
        "Pow" => binary(call, builder, Binary::Pow),
        "Mod" if call.int("fmod", 0)? == 1 => binary(call, builder, Binary::Fmod),
        "Equal" => binary(call, builder, Binary::Eq),
        "Less" => binary(call, builder, Binary::Lt),
        "LessOrEqual" => binary(call, builder, Binary::Le),
        "Greater" => binary(call, builder, Binary::Gt),
        "GreaterOrEqual" => binary(call, builder, Binary::Ge),
        "Sum" | "Mean" => sum(call, builder),
        "Erf" => {
            let id = builder.id(call.need(0)?, "weight")?;
            one(builder.error_function(id, call.node.name))
        }
        "Max" | "Min" => extreme(call, builder),
        "Where" => choice(call, builder),
        "Clip" => clip(call, builder),
        _ => activation(call, builder),
    }
}

/// An operator with a constant on one side.
pub(super) fn scalar(operation: Binary, number: Number, left: bool) -> Op {
    Op::Scalar {
        operation,
        number,
        left,
        rounding: None,
    }
}

pub(super) fn pair(operation: Binary) -> Op {
    Op::Binary {
        operation,
        alpha: Number::Int(1),
        rounding: None,
    }
}

/// A name's number, where it is one that adds no axes to `other`.
fn number(builder: &mut Builder<'_>, name: &str, other: &str) -> Result<Option<Number>, String> {
    let (axes, others) = (builder.rank(name)?, builder.rank(other)?);
    let fits = axes == Some(0)
        || axes
            .zip(others)
            .is_some_and(|(axes, others)| axes <= others);
    let known = builder.known(name)?;
    Ok(known.filter(|_| fits).and_then(|known| known.number()))
}

fn binary<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>, operation: Binary) -> Found<'a> {
    let (left, right) = (call.need(0)?, call.need(1)?);
    let divides_integers = operation == Binary::Div && !is_real(builder.kind(left)?);
    let rounding = divides_integers.then_some(Rounding::Trunc);
    if let Some(number) = number(builder, right, left)? {
        let id = builder.id(left, "weight")?;
        return one(builder.emit(
            Op::Scalar {
                operation,
                number,
                left: false,
                rounding,
            },
            &[id],
        )?);
    }
    if let Some(number) = number(builder, left, right)? {
        let id = builder.id(right, "weight")?;
        return one(builder.emit(
            Op::Scalar {
                operation,
                number,
                left: true,
                rounding,
            },
            &[id],
        )?);
    }
    let what = if operation == Binary::Add {
        "bias"
    } else {
        "weight"
    };
    let inputs = [builder.id(left, what)?, builder.id(right, what)?];
    one(builder.emit(
        Op::Binary {
            operation,
            alpha: Number::Int(1),
            rounding,
        },
        &inputs,
    )?)
}

fn sum<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    if call.node.inputs.len() == 1 {
        return Ok(vec![Given::Same(call.need(0)?)]);
    }
    let mut all = builder.id(call.need(0)?, "weight")?;
    for place in 1..call.node.inputs.len() {
        let other = builder.id(call.need(place)?, "weight")?;
        all = builder.emit(pair(Binary::Add), &[all, other])?;
    }
    if call.node.operator == "Mean" {
        let count = Number::Real(call.node.inputs.len() as f64);
        all = builder.emit(scalar(Binary::Div, count, false), &[all])?;
    }
    one(all)
}

fn extreme<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let largest = call.node.operator == "Max";
    let names: Result<Vec<&str>, String> = (0..call.node.inputs.len())
        .map(|place| call.need(place))
        .collect();
    let names = names?;
    let [first, others @ ..] = &names[..] else {
        return Err("it has no input".into());
    };
    if others.is_empty() {
        return Ok(vec![Given::Same(first)]);
    }
    let clamp = |number| {
        if largest {
            Op::Clamp {
                least: Some(number),
                most: None,
            }
        } else {
            Op::Clamp {
                least: None,
                most: Some(number),
            }
        }
    };
    if let [other] = others {
        for (name, bound) in [(first, other), (other, first)] {
            if let Some(number) = number(builder, bound, name)? {
                let id = builder.id(name, "weight")?;
                return one(builder.emit(clamp(number), &[id])?);
            }
        }
    }
    let mut all = builder.id(first, "weight")?;
    for name in others {
        let other = builder.id(name, "weight")?;
        let compares = pair(if largest { Binary::Ge } else { Binary::Le });
        let wins = builder.emit(compares, &[all, other])?;
        all = builder.emit(Op::Where, &[wins, all, other])?;
    }
    one(all)
}

fn choice<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let (condition, left, right) = (call.need(0)?, call.need(1)?, call.need(2)?);
    if let Some(number) = number(builder, left, right)? {
        let inputs = [builder.id(right, "weight")?, builder.id(condition, "mask")?];
        return one(builder.emit(Op::MaskedFill { number }, &inputs)?);
    }
    let inputs = [
        builder.id(condition, "mask")?,
        builder.id(left, "weight")?,
        builder.id(right, "weight")?,
    ];
    one(builder.emit(Op::Where, &inputs)?)
}

fn clip<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let input = call.need(0)?;
    let mut bound = |name: &str, place: usize| -> Result<Option<Number>, String> {
        if let Some(real) = call.maybe_real(name)? {
            return Ok(Some(Number::Real(real)));
        }
        let Some(bound) = call.input(place) else {
            return Ok(None);
        };
        if is_real(builder.kind(bound)?) {
            let reals = builder.need_reals(bound, "bound")?;
            return Ok(reals.first().copied().map(Number::Real));
        }
        Ok(builder.need_known(bound, "bound")?.number())
    };
    let (least, most) = (bound("min", 1)?, bound("max", 2)?);
    let id = builder.id(input, "weight")?;
    one(builder.emit(Op::Clamp { least, most }, &[id])?)
}

/// Activation functions, and what else takes a few steps.
fn activation<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Found<'a> {
    let real = Number::Real;
    let x = |builder: &mut Builder<'a>| builder.id(call.need(0)?, "weight");
    let id = match call.node.operator {
        "Gelu" => {
            let tanh = call.text("approximate")? == Some("tanh");
            let x = x(builder)?;
            builder.emit(Op::Gelu { tanh }, &[x])?
        }
        "HardSigmoid" => {
            let (alpha, beta) = (call.real("alpha", 0.2)?, call.real("beta", 0.5)?);
            let x = x(builder)?;
            // As PyTorch and Keras have it.
            if (alpha - 1.0 / 6.0).abs() < 1e-6 && (beta - 0.5).abs() < 1e-6 {
                builder.emit(Op::Unary(Unary::Hardsigmoid), &[x])?
            } else {
                let scaled = builder.emit(scalar(Binary::Mul, real(alpha), false), &[x])?;
                let moved = builder.emit(scalar(Binary::Add, real(beta), false), &[scaled])?;
                builder.emit(
                    Op::Clamp {
                        least: Some(real(0.0)),
                        most: Some(real(1.0)),
                    },
                    &[moved],
                )?
            }
        }
        "LeakyRelu" | "PRelu" => leaky(call, builder)?,
        "Elu" | "Selu" | "Celu" => exponential(call, builder)?,
        "Abs" => {
            let x = x(builder)?;
            absolute(builder, x)?
        }
        "Softplus" => {
            let x = x(builder)?;
            softplus(builder, x)?
        }
        "Mish" => {
            let x = x(builder)?;
            let soft = softplus(builder, x)?;
            let gate = builder.emit(Op::Unary(Unary::Tanh), &[soft])?;
            builder.emit(pair(Binary::Mul), &[x, gate])?
        }
        "Softsign" => {
            let x = x(builder)?;
            let size = absolute(builder, x)?;
            let more = builder.emit(scalar(Binary::Add, real(1.0), false), &[size])?;
            builder.emit(pair(Binary::Div), &[x, more])?
        }
        "Reciprocal" => {
            let x = x(builder)?;
            builder.emit(scalar(Binary::Div, real(1.0), true), &[x])?
        }
        "Floor" => {
            let x = x(builder)?;
            let op = Op::Scalar {
                operation: Binary::Div,
                number: Number::Int(1),
                left: false,
                rounding: Some(Rounding::Floor),
            };
            builder.emit(op, &[x])?
        }
        "Not" => {
            let x = x(builder)?;
            builder.emit(scalar(Binary::Eq, Number::Int(0), false), &[x])?
        }
        _ => return Err(Trouble::Unknown),
    };
    one(id)
}

/// max(x, 0) + slope · min(x, 0).
fn leaky<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Result<Id, String> {
    let real = Number::Real;
    let x = builder.id(call.need(0)?, "weight")?;
    let above = builder.emit(Op::Unary(Unary::Relu), &[x])?;
    let below = builder.emit(
        Op::Clamp {
            least: None,
            most: Some(real(0.0)),
        },
        &[x],
    )?;
    let below = if call.node.operator == "PRelu" {
        let slope = builder.id(call.need(1)?, "weight")?;
        builder.emit(pair(Binary::Mul), &[below, slope])?
    } else {
        let slope = real(call.real("alpha", 0.01)?);
        builder.emit(scalar(Binary::Mul, slope, false), &[below])?
    };
    builder.emit(pair(Binary::Add), &[above, below])
}

/// γ · (max(x, 0) + α · (exp(min(x, 0) / β) - 1)).
fn exponential<'a>(call: &Call<'_, 'a>, builder: &mut Builder<'a>) -> Result<Id, String> {
    let real = Number::Real;
    let (default, gamma, inner) = match call.node.operator {
        "Selu" => (
            1.673_263_192_176_818_8,
            call.real("gamma", 1.050_700_902_938_842_8)?,
            1.0,
        ),
        "Celu" => (1.0, 1.0, 1.0 / call.real("alpha", 1.0)?),
        _ => (1.0, 1.0, 1.0),
    };
    let alpha = call.real("alpha", default)?;
    let x = builder.id(call.need(0)?, "weight")?;
    let above = builder.emit(Op::Unary(Unary::Relu), &[x])?;
    let mut last = builder.emit(
        Op::Clamp {
            least: None,
            most: Some(real(0.0)),
        },
        &[x],
    )?;
    if (inner - 1.0).abs() > 0.0 {
        last = builder.emit(scalar(Binary::Mul, real(inner), false), &[last])?;
    }
    last = builder.emit(Op::Unary(Unary::Exp), &[last])?;
    last = builder.emit(scalar(Binary::Sub, real(1.0), false), &[last])?;
    last = builder.emit(scalar(Binary::Mul, real(alpha), false), &[last])?;
    last = builder.emit(pair(Binary::Add), &[above, last])?;
    if (gamma - 1.0).abs() > 0.0 {
        last = builder.emit(scalar(Binary::Mul, real(gamma), false), &[last])?;
    }
    Ok(last)
}

/// relu(x) + relu(-x).
fn absolute(builder: &mut Builder<'_>, x: Id) -> Result<Id, String> {
    let above = builder.emit(Op::Unary(Unary::Relu), &[x])?;
    let turned = builder.emit(Op::Unary(Unary::Neg), &[x])?;
    let below = builder.emit(Op::Unary(Unary::Relu), &[turned])?;
    builder.emit(pair(Binary::Add), &[above, below])
}

/// relu(x) + log(1 + exp(-|x|)), which does not overflow.
fn softplus(builder: &mut Builder<'_>, x: Id) -> Result<Id, String> {
    let above = builder.emit(Op::Unary(Unary::Relu), &[x])?;
    let size = absolute(builder, x)?;
    let mut last = builder.emit(Op::Unary(Unary::Neg), &[size])?;
    last = builder.emit(Op::Unary(Unary::Exp), &[last])?;
    last = builder.emit(scalar(Binary::Add, Number::Real(1.0), false), &[last])?;
    last = builder.emit(Op::Unary(Unary::Log), &[last])?;
    builder.emit(pair(Binary::Add), &[above, last])
}

/// A list of places as a value.
pub(super) fn indices(builder: &mut Builder<'_>, places: &[i64]) -> Result<Id, String> {
    let items = places
        .iter()
        .copied()
        .map(crate::onnx::sizes::whole)
        .collect();
    builder.constant(&Known::ints(Kind::Int64, vec![places.len()], items))
}
