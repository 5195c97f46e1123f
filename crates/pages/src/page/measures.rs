//! The tests of differences in words, and the other measures as tables.

use std::collections::BTreeMap;

use maud::{Markup, html};
use schema::{AnyRows, Comparison, Concordance, VarianceComponents};
use statistics::mean;

use super::words::{decimals, interval, joined, p_value, plural, read};
use crate::results::{Results, both, place};
use crate::{Inputs, tables};

pub(super) fn section(inputs: &Inputs, results: &Results<'_>) -> Markup {
    let tests: Vec<&Comparison> = inputs
        .comparisons
        .iter()
        .filter(|row| results.is_main_place(&place!(row)))
        .collect();
    html! {
        (read(
            "Each method has one value for each image, the mean over its runs. p is from Wilcoxon's signed-rank test of the differences, with \
             Holm's correction for all tests of the same measure in the study. The interval is for the mean difference (BCa bootstrap over images)."
        ))
        @if tests.is_empty() { p { "– The study has fewer than two methods to compare." } }
        ul.tests {
            @for row in &tests {
                @if results.explains(&row.method) && results.explains(&row.other_method) { li { (difference(results, row)) } }
            }
        }
        (beside_chance(inputs, results, &tests))
        @for row in inputs.variance_components.iter().filter(|row| results.is_main_place(&place!(row))) { p { (variance(row)) } }
        @for row in inputs.concordance.iter().filter(|row| results.is_main_place(&place!(row))) { p { (agreement(row)) } }
        @for (heading, rows) in declared_tables(inputs) { details { summary { (heading) } (tables::declared(results, rows).html()) } }
        (sanity(inputs, results))
        details { summary { "Sanity: explanations of networks with random layers" } (tables::declared(results, &inputs.sanity).html()) }
        @for measure in &inputs.measures {
            details { summary { (measure.title) } (read(&measure.about)) (tables::declared(results, &*measure.rows).html()) }
        }
    }
}

fn declared_tables(inputs: &Inputs) -> [(&'static str, &dyn AnyRows); 4] {
    [
        ("All differences with their tests", &inputs.comparisons),
        (
            "All means with their intervals and ranks",
            &inputs.summaries,
        ),
        ("Gains: both orders compared", &inputs.gains),
        ("Samples until runs agree, by image", &inputs.needed_samples),
    ]
}

/// How much of each explanation is left when the network's layers are random (Adebayo et al. 2018).
fn sanity(inputs: &Inputs, results: &Results<'_>) -> Markup {
    let mut correlations = BTreeMap::<(&str, &str), Vec<f64>>::new();
    for row in &inputs.sanity {
        // With all layers random, nothing that the network learned is left to explain.
        if let Some(spearman) = row.spearman.filter(|_| row.random_layers == row.layers) {
            correlations
                .entry((&row.network, &row.method))
                .or_default()
                .push(spearman);
        }
    }
    html! {
        @if !correlations.is_empty() {
            p {
                "With every layer of the network random, explanations have this rank correlation with the originals: "
                (joined(correlations, "; ", |((network, method), values)| html! {
                    (results.called(method)) " on " (network) " " (format!("{:.2}", mean(&values).unwrap_or_default()))
                    " (" (plural(values.len(), "explanation")) ")"
                }))
                ". A value near 0 is good: an explanation that stays the same does not depend on what the network learned."
            }
        }
    }
}

fn difference(results: &Results<'_>, row: &Comparison) -> Markup {
    let [method, other] = [&row.method, &row.other_method].map(|name| results.called(name));
    let size = row.rank_biserial.map(f64::abs);
    html! {
        b { (row.network) } ": the mean AUC of " (method) " is "
        @match row.difference {
            Some(difference) => {
                (decimals(difference.abs())) @if difference < 0.0 { " lower" } @else { " higher" } " than that of " (other)
                " (difference " (decimals(difference)) (interval(both(row.low, row.high))) ")"
            }
            None => { "not comparable with that of " (other) }
        }
        "; " (method) " is better on " (row.wins) ", " (other) " on " (row.losses) " of " (plural(row.images as usize, "image"))
        @if row.ties > 0 { ", equal on " (row.ties) }
        @if let Some(p) = row.p_adjusted { "; " (p_value(p)) }
        @if let Some(size) = size { "; effect size " (format!("{size:.2}")) " of 1 (rank-biserial)" }
        "."
    }
}

/// The explaining methods compared with a random order.
fn beside_chance(inputs: &Inputs, results: &Results<'_>, tests: &[&Comparison]) -> Markup {
    let random: Vec<&str> = inputs.random().collect();
    if random.is_empty() {
        return html! { p { "The study has no random order to compare with, so it cannot show whether a method is better than chance." } };
    }
    let pair = |row: &&&Comparison| {
        let [method, other] = [&*row.method, &*row.other_method];
        random.contains(&method) && results.explains(other)
            || random.contains(&other) && results.explains(method)
    };
    html! {
        ul.tests { @for row in tests.iter().filter(pair) { li { (difference(results, row)) } } }
    }
}

/// Where the differences between areas come from, as shares of their variance.
fn variance(row: &VarianceComponents) -> Markup {
    let parts = [
        ("lies between images", row.image_variance),
        ("lies between methods", row.method_variance),
        (
            "depends on which method suits which image",
            row.interaction_variance,
        ),
        ("lies between runs", row.run_variance),
    ];
    // An estimate below 0 means that there is no effect to see.
    let parts = parts.map(|(words, variance)| (words, variance.map(|variance| variance.max(0.0))));
    let total: f64 = parts.iter().filter_map(|part| part.1).sum();
    html! {
        @if total > 0.0 {
            b { (row.network) } ": of the variance of the AUC among " (row.methods) " methods, including controls, "
            (joined(parts, ", ", |(words, variance)| html! {
                @match variance {
                    Some(variance) => { (format!("{:.0} %", 100.0 * variance / total)) " " (words) }
                    None => { "an unknown part " (words) }
                }
            }))
            "."
        }
    }
}

fn agreement(row: &Concordance) -> Markup {
    html! {
        @if let Some(w) = row.w {
            b { (row.network) } ": " (row.count) " " (row.judges) " rank the " (row.methods) " methods with a concordance of " (format!("{w:.2}"))
            " (Kendall's W: 0 is no agreement, 1 the same ranking by all)"
            @if let Some(p) = row.p { "; " (p_value(p)) }
            "."
        }
    }
}
