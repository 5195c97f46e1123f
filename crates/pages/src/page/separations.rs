//! Can the measures tell a method from chance? How reliably each one ranks searched orders, explanations, random orders and reversed explanations.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};
use schema::Separation;

use super::words::{interval, joined, read};
use crate::results::{Results, both};
use crate::table::fixed;
use crate::{Inputs, tables};

/// The comparisons that each measure makes, and what they are called.
const PAIRS: [([&str; 2], &str); 4] = [
    (["searched", "methods"], "searched over methods"),
    (["methods", "random"], "methods over random"),
    (["random", "reversed"], "random over reversed"),
    (["searched", "random"], "searched over random"),
];
/// The comparison that a reader of this report must trust.
const CHANCE: [&str; 2] = ["methods", "random"];

pub(super) fn section(inputs: &Inputs, results: &Results<'_>) -> Markup {
    let shown = inputs.separations.iter();
    let shown: Vec<&Separation> = shown
        .filter(|row| results.is_removed_as_main(row.order.as_deref(), row.replacement.as_deref()))
        .collect();
    let main = results.main.map(|(partition, _)| partition);
    let mut partitions: Vec<&str> = shown.iter().map(|row| &*row.partition).collect();
    partitions.sort_by_key(|partition| (Some(*partition) != main, *partition));
    partitions.dedup();
    let on = |partition: &str| {
        let rows = shown.iter().filter(|row| row.partition == partition);
        rows.copied().collect::<Vec<_>>()
    };
    html! {
        (read(
            "A good measure ranks orders by their quality: searched orders first, then explanations, then random orders, then reversed \
             explanations. Each number is the share of pairs (one run of each group on the same image) that the measure ranks this way; 0.5 is a \
             guess. In brackets: bootstrap intervals over images."
        ))
        @if !shown.iter().any(|row| is_asked(row)) {
            p { "– The study has no random orders or no explaining method. Add a method with " code { "kind = \"random\"" } "." }
        }
        @for partition in partitions {
            @let rows = on(partition);
            @if results.varying.partition { h3 { "Superpixels by " (partition) } }
            (verdicts(&rows))
            (matrix(results, &rows))
        }
        (favoured(&shown))
        details { summary { "Every measure, with each method" } (tables::declared(results, &inputs.separations).html()) }
    }
}

/// Whether a row tells all explanations from chance.
fn is_asked(row: &Separation) -> bool {
    row.method.is_none() && [&*row.above, &*row.below] == CHANCE
}

/// Which measures separate the explanations from chance, by network.
fn verdicts(shown: &[&Separation]) -> Markup {
    let chance: Vec<_> = shown.iter().filter(|row| is_asked(row)).collect();
    let networks: BTreeSet<&str> = chance.iter().map(|row| &*row.network).collect();
    let of = |network: &str, verdict: &str| -> BTreeSet<&str> {
        let rows = chance.iter().filter(|row| row.network == network);
        rows.filter(|row| row.separation.is_some() && row.verdict == verdict)
            .map(|row| &*row.measure)
            .collect()
    };
    html! {
        @for network in networks {
            @let [apart, open, inverted] = ["apart", "undecided", "inverted"].map(|verdict| of(network, verdict));
            p {
                b { (network) } ": "
                @if apart.is_empty() { "no measure separates the explanations from chance" }
                @else { (names(&apart)) " " @if apart.len() == 1 { "separates" } @else { "separate" } " the explanations from chance" }
                @if !open.is_empty() { "; undecided: " (names(&open)) }
                @if !inverted.is_empty() { "; " b { "inverted" } ": " (names(&inverted)) }
                "."
            }
        }
    }
}

fn names(names: &BTreeSet<&str>) -> Markup {
    joined(names, ", ", |name| html! { code { (name) } })
}

/// One line for each measure and network: how reliably the measure separates groups.
fn matrix(results: &Results<'_>, shown: &[&Separation]) -> Markup {
    let mut lines = BTreeMap::<(&str, usize), BTreeMap<[&str; 2], &Separation>>::new();
    for row in shown.iter().filter(|row| row.method.is_none()) {
        let network = results.networks.iter().position(|it| *it == row.network);
        let line = (&*row.measure, network.unwrap_or(usize::MAX));
        let pair = [&*row.above, &*row.below];
        lines.entry(line).or_default().insert(pair, row);
    }
    let pairs = PAIRS.iter();
    let pairs = pairs.filter(|(pair, _)| lines.values().any(|line| line.contains_key(pair)));
    let pairs: Vec<_> = pairs.collect();
    html! {
        div.scroll tabindex="0" role="region" aria-label="how reliably measures separate orders" {
            table {
                thead { tr {
                    th scope="col" { "Measure" } th scope="col" { "Network" }
                    @for (_, heading) in &pairs { th.number scope="col" { (heading) } }
                } }
                tbody {
                    @for ((measure, network), line) in &lines {
                        tr {
                            td { code { (measure) } }
                            td { (results.networks.get(*network).copied().unwrap_or("–")) }
                            @for (pair, _) in &pairs { (cell(line.get(pair).copied())) }
                        }
                    }
                }
            }
        }
    }
}

fn cell(row: Option<&Separation>) -> Markup {
    let Some(row) = row else {
        return html! { td.absent { "–" } };
    };
    let Some(share) = row.separation else {
        return html! { td.absent { "– (no value)" } };
    };
    html! {
        td.number {
            @match &*row.verdict {
                "apart" => { b { (fixed(share, 2)) } }
                "inverted" => { b { (fixed(share, 2)) " inverted" } }
                _ => { (fixed(share, 2)) }
            }
            (interval(both(row.low, row.high)))
        }
    }
}

/// Who knows beforehand what a measure removes.
fn favoured(shown: &[&Separation]) -> Markup {
    let removing = shown.iter().filter(|row| row.replacement.is_some());
    let removing: BTreeSet<&str> = removing.map(|row| &*row.measure).collect();
    let mut reasons = BTreeMap::<&str, BTreeSet<&str>>::new();
    for row in shown {
        let named = row.favoured.iter().flat_map(|all| all.split("; "));
        for reason in named {
            reasons.entry(reason).or_default().insert(&row.measure);
        }
    }
    html! {
        @if !reasons.is_empty() {
            p.note {
                b { "Favoured by construction: " }
                (joined(&reasons, "; ", |(reason, measures)| html! {
                    (reason) " ("
                    @if *measures == removing { "by every measure that removes superpixels" } @else { (names(measures)) }
                    ")"
                }))
                ". A lead by such a measure alone says little. Check it with a measure that removes in another way or removes nothing."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{IMAGES, study};

    fn row(measure: &str, [above, below]: [&str; 2], share: f64, verdict: &str) -> Separation {
        Separation {
            network: "alexnet".to_owned(),
            partition: "stripes".to_owned(),
            order: Some("most_relevant_first".to_owned()),
            replacement: Some("mean".to_owned()),
            measure: measure.to_owned(),
            better: "lower".to_owned(),
            above: above.to_owned(),
            below: below.to_owned(),
            method: None,
            images: 3,
            separation: Some(share),
            low: Some(share - 0.125),
            high: Some(share + 0.125),
            level: 0.95,
            resamples: 1000,
            verdict: verdict.to_owned(),
            favoured: None,
            reason: None,
        }
    }

    fn shown(rows: Vec<Separation>) -> String {
        let mut inputs = study(&IMAGES, 2);
        inputs.separations = rows;
        section(&inputs, &Results::new(&inputs)).into_string()
    }

    #[test]
    fn measures_that_tell_methods_from_chance_are_named_apart_from_those_that_do_not() {
        let page = shown(vec![
            row("auc", CHANCE, 0.875, "apart"),
            row("auc_area", CHANCE, 0.5, "undecided"),
            row("decision_flip", CHANCE, 0.25, "inverted"),
        ]);
        let said = "<code>auc</code> separates the explanations from chance; undecided: <code>auc_area</code>; <b>inverted</b>: \
            <code>decision_flip</code>.";
        assert!(page.contains(said), "{page}");
        assert!(page.contains("<b>0.25 inverted</b>"), "{page}");
    }

    #[test]
    fn who_is_favoured_is_named_with_the_measures() {
        let mut rows = ["auc", "auc_log"].map(|measure| row(measure, CHANCE, 0.75, "apart"));
        rows[1].favoured = Some("lime evaluated with the same replacement".to_owned());
        let page = shown(rows.into());
        let said = "lime evaluated with the same replacement (<code>auc_log</code>)";
        assert!(page.contains(said), "{page}");
    }

    #[test]
    fn without_chance_the_section_says_what_is_missing() {
        let page = shown(vec![row("auc", ["searched", "methods"], 1.0, "apart")]);
        assert!(page.contains("no random orders"), "{page}");
    }
}
