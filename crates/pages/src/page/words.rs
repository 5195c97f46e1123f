//! Words and numbers of the page.

use maud::{Markup, html};

use crate::results::Results;
use crate::table::fixed;

/// Some items, each after the first behind a separator.
pub(super) fn joined<T>(
    items: impl IntoIterator<Item = T>,
    separator: &str,
    shown: impl Fn(T) -> Markup,
) -> Markup {
    html! {
        @for (place, item) in items.into_iter().enumerate() {
            @if place > 0 { (separator) }
            (shown(item))
        }
    }
}

/// How to read what follows.
pub(super) fn read(text: &str) -> Markup {
    html! { p.read { (text) } }
}

/// The parts of a condition that are the same in the whole study, in words.
pub(super) fn constants(results: &Results<'_>) -> Option<String> {
    let condition = results.comparisons.first()?.condition;
    let words = [
        "superpixels by",
        "removal in the order",
        "removed superpixels replaced by",
    ];
    let parts = results.varying.parts(&condition).into_iter().zip(words);
    let same: Vec<String> = parts
        .filter(|((varies, ..), _)| !varies)
        .map(|((.., value), words)| format!("{words} {value}"))
        .collect();
    (!same.is_empty()).then(|| format!("The same in the whole study: {}.", same.join(", ")))
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
