//! What each operator of `ATen` means: a typed operator, the same tensor, a view of it, or nothing.
//!
//! The table holds what 82 popular classifiers need once they are exported, and what `run_decompositions()` makes of them.

mod layers;
mod numbers;
mod places;
mod views;

use self::layers::layer;
use self::numbers::number_by_number;
use self::places::{along_axes, made, rearranged};
use self::views::view;
use super::call::Call;
use crate::op::Op;
pub(super) use crate::trouble::Trouble;

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
fn first(op: Op, input: &str, then: Op) -> Meaning<'_> {
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
        "alias.default" | "lift_fresh.default" => alias(call.tensor("self")?),
        "detach.default" => Ok(Meaning::View(call.tensor("self")?, Op::Detach, Vec::new())),
        "detach_copy.default" => Ok(one(Op::Detach, [call.tensor("self")?])),
        "clone.default" | "lift_fresh_copy.default" | "alias_copy.default" => Ok(Meaning::Same {
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
            let copy = name == "_to_copy.default"
                || call.bool("copy")?
                || !call.values.are_of_one_type(of, call.output()?)?;
            Ok(Meaning::Same { of, copy })
        }
        _ => Err(Trouble::Unknown),
    }
}
