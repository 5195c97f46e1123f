//! What is done to each number alone.

use super::{Found, Trouble, first, one};
use crate::op::{Binary, Kind, Number, Op, Rounding, Unary};
use crate::pt2::call::Call;

/// What is done to each number alone.
pub(super) fn number_by_number<'n>(name: &str, call: &Call<'n, '_>) -> Found<'n> {
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
        "fmod" => binary(call, Binary::Fmod, None),
        "div" => binary(call, Binary::Div, rounding),
        "floor_divide" => binary(call, Binary::Div, Some(Rounding::Floor)),
        "eq" => binary(call, Binary::Eq, None),
        "ne" => binary(call, Binary::Ne, None),
        "lt" => binary(call, Binary::Lt, None),
        "le" => binary(call, Binary::Le, None),
        "gt" => binary(call, Binary::Gt, None),
        "ge" => binary(call, Binary::Ge, None),
        // Products and sums of truth values.
        "logical_and" | "bitwise_and" | "__and__" if are_truths(call)? => {
            binary(call, Binary::Mul, None)
        }
        "logical_or" | "bitwise_or" | "__or__" if are_truths(call)? => {
            binary(call, Binary::Add, None)
        }
        "floor" => {
            // The quotient by one, rounded down.
            let op = Op::Scalar {
                operation: Binary::Div,
                number: Number::Int(1),
                left: false,
                rounding: Some(Rounding::Floor),
            };
            Ok(one(op, [call.tensor("self")?]))
        }
        "reciprocal" => Ok(one(
            scalar(Binary::Div, Number::Real(1.0), true),
            [call.tensor("self")?],
        )),
        "logical_not" => Ok(one(
            scalar(Binary::Eq, Number::Int(0), false),
            [call.tensor("self")?],
        )),
        "where" if overload == "self" => {
            let inputs = [
                call.tensor("condition")?,
                call.tensor("self")?,
                call.tensor("other")?,
            ];
            Ok(one(Op::Where, inputs))
        }
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

fn are_truths(call: &Call<'_, '_>) -> Result<bool, String> {
    let is_truth = |name: &str| {
        Ok::<_, String>(
            call.has_tensor(name) && call.values.kind(call.tensor(name)?)? == Kind::Bool,
        )
    };
    Ok(is_truth("self")? && is_truth("other")?)
}

pub(super) fn scalar(operation: Binary, number: Number, left: bool) -> Op {
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
    if !call.has_tensor("self") && alpha == Number::Int(1) {
        let op = Op::Scalar {
            operation,
            number: call.number("self")?.ok_or("it has one argument")?,
            left: true,
            rounding,
        };
        return Ok(one(op, [call.tensor("other")?]));
    }
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
