//! Words and numbers of the page.

use maud::{Markup, html};

use crate::results::Results;
use crate::table::fixed;

/// How to read what follows.
pub(super) fn read(text: &str) -> Markup {
    html! { p.read { (text) } }
}

/// The parts of a condition that are the same in the whole study, in words.
pub(super) fn constants(results: &Results<'_>) -> Option<String> {
    let condition = results.comparisons.first()?.condition;
    let parts = [
        (
            results.varying.partition,
            "superpixels by",
            condition.partition,
        ),
        (
            results.varying.order,
            "removal in the order",
            condition.order,
        ),
        (
            results.varying.replacement,
            "removed superpixels replaced by",
            condition.replacement,
        ),
    ];
    let same: Vec<String> = parts
        .iter()
        .filter(|(varies, ..)| !varies)
        .map(|(_, words, value)| format!("{words} {value}"))
        .collect();
    (!same.is_empty()).then(|| format!("The same everywhere: {}.", same.join(", ")))
}

/// `1 image`, `2 images`.
pub(super) fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A number of the size of an area.
pub(super) fn decimals(number: f64) -> String {
    fixed(number, if number.abs() < 1.0 { 3 } else { 2 })
}

/// ` [low, high]`.
pub(super) fn interval(interval: Option<[f64; 2]>) -> Markup {
    html! {
        @if let Some([low, high]) = interval { span.interval { " [" (decimals(low)) ", " (decimals(high)) "]" } }
    }
}

/// A p-value.
pub(super) fn p_value(p: f64) -> String {
    match p {
        p if p < 0.0001 => "p < 0.0001".to_owned(),
        p if p < 0.01 => format!("p = {p:.4}"),
        p => format!("p = {p:.3}"),
    }
}
