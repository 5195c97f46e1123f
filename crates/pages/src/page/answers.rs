//! The first section: what the numbers say, and what they do not.

use maud::{Markup, html};

use super::{constants, plural};
use crate::Inputs;
use crate::results::{Comparison, Group, Results};

pub(super) fn section(inputs: &Inputs, results: &Results<'_>) -> Markup {
    html! {
        @if results.comparisons.is_empty() {
            p { "There are no scores: every image was excluded, or the study has no images. See below for the reasons." }
        } @else {
            (introduction(inputs, results))
            div.answers {
                @for comparison in &results.comparisons { (card(results, comparison)) }
            }
            div.note { ul { @for caveat in caveats(inputs, results) { li { (caveat) } } } }
        }
    }
}

fn introduction(inputs: &Inputs, results: &Results<'_>) -> Markup {
    let explanations: usize = results
        .groups()
        .map(|group| group.images.values().map(Vec::len).sum::<usize>())
        .sum();
    html! {
        p {
            "Superpixels of an image are removed one after another, in the order in which a method calls them relevant, and the \
            network is asked each time. The area under the class's probability (AUC) is small where the method found what the \
            network looks at. "
            b { "Lower is better" } " when the most relevant go first."
        }
        p.quiet {
            (plural(results.images.len(), "image")) ", " (plural(results.networks.len(), "network")) ", "
            (plural(results.methods.len(), "method")) ", " (plural(inputs.runs as usize, "run")) " of a method that draws random numbers: "
            (plural(explanations, "removal curve")) "."
            @if !inputs.exclusions.is_empty() { " " (excluded(inputs)) " (" a href="#excluded" { "why" } ")." }
            @if let Some(constants) = constants(results) { " " (constants) }
        }
    }
}

fn excluded(inputs: &Inputs) -> String {
    let images: std::collections::BTreeSet<_> =
        inputs.exclusions.iter().map(|row| &row.image).collect();
    let verb = if images.len() == 1 { "was" } else { "were" };
    format!("{} {verb} excluded", plural(images.len(), "image"))
}

fn card(results: &Results<'_>, comparison: &Comparison<'_>) -> Markup {
    let ranking = comparison.ranking();
    html! {
        div.answer {
            h4 { (results.heading(&comparison.condition)) }
            @match ranking.as_slice() {
                [] => { p { "No score is a number." } }
                [(only, mean)] => {
                    p.verdict { "Only " (only.method) ": mean AUC " (decimals(*mean)) }
                    p.quiet { "There is no other method to compare it with." }
                }
                [best, next, ..] => { (verdict(comparison, *best, *next, ranking.len())) }
            }
        }
    }
}

fn verdict(
    comparison: &Comparison<'_>,
    (best, best_mean): (&Group<'_>, f64),
    (next, next_mean): (&Group<'_>, f64),
    methods: usize,
) -> Markup {
    let (better, compared) = comparison.better(best, next);
    let lower = comparison.condition.lower_is_better();
    let word = match (lower, methods) {
        (true, 2) => "lower",
        (true, _) => "lowest",
        (false, 2) => "higher",
        (false, _) => "highest",
    };
    let equal = decimals(best_mean) == decimals(next_mean);
    html! {
        p.verdict {
            @if equal { (best.method) " and " (next.method) " have the same mean AUC" }
            @else { (best.method) " has the " (word) " mean AUC" }
        }
        p { b { (decimals(best_mean)) } " (" (best.method) ") against " b { (decimals(next_mean)) } " (" (next.method) ")" }
        p.quiet {
            (best.method) " is better on " (better) " of " (plural(compared, "image")) "."
            @if !lower { " The least relevant go first here, so higher is better." }
        }
    }
}

fn decimals(number: f64) -> String {
    format!("{number:.3}")
}

/// What a reader must know before a number is quoted.
fn caveats(inputs: &Inputs, results: &Results<'_>) -> Vec<String> {
    let mut caveats = vec![format!(
        "These numbers describe {}. Intervals and tests of the differences are in the table comparisons, not on this page: a small difference \
         may be chance.",
        plural(results.images.len(), "image")
    )];
    caveats.extend(deterministic(results));
    caveats.extend(favoured(inputs, results));
    if results.networks.len() > 1 {
        caveats.push(
            "AUCs of two networks are not compared with each other: their probabilities start at different heights. Only the \
             relative AUC (divided by the untouched probability and the number of steps) is."
                .to_owned(),
        );
    }
    caveats
}

fn deterministic(results: &Results<'_>) -> Option<String> {
    let certain = |method: &&&str| {
        let mut groups = results.groups().filter(|group| group.method == **method);
        groups.all(|group| group.deterministic)
    };
    let methods: Vec<&str> = results.methods.iter().filter(certain).copied().collect();
    (!methods.is_empty()).then(|| {
        format!(
            "No random numbers, and so one computation for each image: {}. A standard deviation over runs is 0 there by \
             construction, not by measurement.",
            methods.join(", ")
        )
    })
}

/// A caveat for each method that is judged by the replacement it was made with.
fn favoured(inputs: &Inputs, results: &Results<'_>) -> Vec<String> {
    let judged = |replacement: &str| {
        let mut conditions = results.comparisons.iter().map(|each| each.condition);
        conditions.any(|condition| condition.replacement == replacement)
    };
    inputs
        .methods
        .iter()
        .filter(|method| results.methods.contains(&method.name.as_str()))
        .filter_map(|method| Some((&method.name, method.replacement.as_ref()?)))
        .filter(|(_, replacement)| judged(replacement))
        .map(|(name, replacement)| {
            format!(
                "{name} was made by replacing superpixels by {replacement} and is judged by the same replacement here, which \
                 favours it."
            )
        })
        .collect()
}
