//! The page: one HTML file that loads nothing, from tables, figures and cases.

mod answers;
mod case_cards;
mod provenance;
mod scores;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::cases::Cases;
use crate::figures::Album;
use crate::results::Results;
use crate::{Inputs, ReportError};

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");
/// The browser's own guard that the page loads nothing but what stands in it.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";
/// Without scripts every case is shown, below each other.
const WITHOUT_SCRIPT: &str = "[hidden][data-image]{display:block!important}.chooser{display:none}";

/// Sections: the anchor and the heading.
const SECTIONS: [(&str, &str); 8] = [
    ("answer", "In short"),
    ("mean-auc", "Mean AUC"),
    ("std-over-runs", "Single images over runs"),
    ("runs", "AUC run by run"),
    ("distribution", "Distribution of AUC"),
    ("cases", "Single cases"),
    ("excluded", "Excluded images"),
    ("provenance", "Where the numbers come from"),
];

/// The whole file. Figures that it shows are put into the album.
pub(crate) fn page(
    inputs: &Inputs,
    results: &Results<'_>,
    cases: &Cases<'_>,
    album: &mut Album,
) -> Result<String, ReportError> {
    let contents = [
        answers::section(inputs, results),
        scores::mean_auc(results),
        scores::std_over_runs(results),
        scores::runs(inputs, results, album)?,
        scores::distribution(results, album)?,
        case_cards::section(inputs, results, cases),
        provenance::excluded(inputs),
        provenance::section(inputs, results),
    ];
    let sections = SECTIONS.iter().zip(contents);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (inputs.title) }
                style { (PreEscaped(STYLE)) }
                noscript { style { (PreEscaped(WITHOUT_SCRIPT)) } }
            }
            body {
                header {
                    h1 { (inputs.title) }
                    p.quiet { "Which explanation of an image classifier found what the network looks at?" }
                    nav aria-label="Sections" { ul {
                        @for (anchor, heading) in SECTIONS { li { a href={ "#" (anchor) } { (heading) } } }
                    } }
                }
                main {
                    @for ((anchor, heading), content) in sections {
                        section aria-labelledby=(anchor) { h2 id=(anchor) { (heading) } (content) }
                    }
                }
                footer { p {
                    "Every table of this page lies beside it in " code { "tables/" } " as CSV, Markdown, LaTeX and Parquet, and every figure in "
                    code { "figures/" } " as SVG and PNG."
                 } }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(page.into_string())
}

/// How to read what follows.
fn read(text: &str) -> Markup {
    html! { p.read { (text) } }
}

/// The parts of a condition that are the same in the whole study, in words.
fn constants(results: &Results<'_>) -> Option<String> {
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
fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
