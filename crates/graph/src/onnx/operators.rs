//! What each operator of ONNX means, in operators of the graph; those that compute shapes are followed and make no node.

mod integers;
mod layers;
mod made;
mod numbers;
mod places;
mod pooling;
mod views;

use super::builder::Builder;
use super::call::Call;
use super::content::Content;
use super::known::Known;
use crate::graph::Id;
pub(super) use crate::trouble::Trouble;

/// What an operator gives for one of its outputs.
pub(super) enum Given<'a> {
    Value(Id),
    Known(Known),
    /// What a name means already.
    Same(&'a str),
    /// The same with its last two axes swapped.
    Turned(&'a str),
    /// The numbers of a tensor in the file.
    Tensor(super::numbers::Numbers<'a>),
}

/// What an operator gives, an item for each output.
pub(super) type Found<'a> = Result<Vec<Given<'a>>, Trouble>;

#[expect(clippy::unnecessary_wraps, reason = "what every translation returns")]
fn one<'a>(id: Id) -> Found<'a> {
    Ok(vec![Given::Value(id)])
}

/// What is the matter with an operator whatever it reads.
pub(super) fn objection(call: &Call<'_, '_>) -> Option<Trouble> {
    let operator = call.node.operator;
    let refused = |reason: &str| Some(Trouble::from(reason));
    if call.node.holds_graph() || matches!(operator, "If" | "Loop" | "Scan") {
        return refused(
            "control flow is not supported: export the network with fixed choices and without loops, or simplify the file with onnxsim",
        );
    }
    let quantised = operator.contains("uantize")
        || operator.starts_with("QLinear")
        || operator.ends_with("Integer");
    if quantised {
        return refused(
            "quantised networks are not supported: use the file from before it was quantised",
        );
    }
    if operator.starts_with("Sequence")
        || matches!(
            operator,
            "SplitToSequence" | "ConcatFromSequence" | "ZipMap" | "Optional"
        )
    {
        return refused(
            "lists and dictionaries are not supported: export a network that gives tensors",
        );
    }
    None
}

/// Adds what an operator means.
pub(super) fn translate<'a>(
    call: &Call<'_, 'a>,
    builder: &mut Builder<'a>,
    content: &'a Content<'_>,
) -> Found<'a> {
    if !super::messages::is_standard(call.node.domain) {
        return Err(Trouble::Unknown);
    }
    integers::folded(call, builder)
        .or_else(|trouble| next(trouble, || made::made(call, builder, content)))
        .or_else(|trouble| next(trouble, || layers::layer(call, builder)))
        .or_else(|trouble| next(trouble, || pooling::pooling(call, builder)))
        .or_else(|trouble| next(trouble, || numbers::number_by_number(call, builder)))
        .or_else(|trouble| next(trouble, || views::view(call, builder)))
        .or_else(|trouble| next(trouble, || places::along_axes(call, builder)))
}

/// Goes on where an operator was not found.
fn next<'a>(trouble: Trouble, tables: impl FnOnce() -> Found<'a>) -> Found<'a> {
    match trouble {
        Trouble::Unknown => tables(),
        refused @ Trouble::Refused(_) => Err(refused),
    }
}
