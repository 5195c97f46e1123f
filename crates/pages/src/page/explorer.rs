//! The explorer: one image and two methods side by side, step by step. The script fills it in from the document that `crate::explorer` packs.

use maud::{Markup, PreEscaped, html};

use super::words::plural;
use crate::explorer::Explorer;
use crate::results::Results;

pub(super) fn section(results: &Results<'_>, explorer: &Explorer<'_>) -> Markup {
    let unit = results.measured.name();
    html! {
        p.read {
            b { "How to read this. " }
            "Choose an image and two methods, and move the slider or press the arrow keys on it. Superpixels disappear in each method's own order. \
            The first picture of each method is what the network sees; the number below it is the network's answer. The second picture shows which \
            superpixels the method calls relevant. If the most relevant go first, the method whose curve falls faster is more faithful. If the least \
            relevant go first, it is the method whose curve stays higher."
        }
        @if explorer.images.is_empty() { p { "There are no scores." } } @else {
            noscript { p.note { "This part needs JavaScript. The cases and all tables further below do not." } }
            div #explore hidden {
                div.chooser {
                    (choice("explorer-image", "Image"))
                    (choice("explorer-network", "Network"))
                    (choice("explorer-condition", "Judged by"))
                }
                p #story role="status" aria-live="polite" {}
                div.stepper {
                    label for="step" { "Removed" }
                    button type="button" #back aria-label="one superpixel back" { "‹" }
                    input type="range" #step min="0" value="0";
                    button type="button" #forth aria-label="one superpixel forward" { "›" }
                    output #removed for="step" aria-label="removed so far" {}
                }
                div.sides { (side("left", "first", unit)) (side("right", "second", unit)) }
                figure.curves {
                    div #curves {}
                    figcaption { "The " (unit) " after each removal. The area under a curve is its AUC. Click a step to see it." }
                }
            }
            @if explorer.images.len() < results.images.len() {
                p.quiet {
                    "The report has room for " (explorer.images.len()) " of " (plural(results.images.len(), "image"))
                    " here; the tables have all of them."
                }
            }
            script type="application/json" id="document" { (PreEscaped(&explorer.json)) }
        }
    }
}

fn choice(id: &str, label: &str) -> Markup {
    html! { span.choice { label for=(id) { (label) } select id=(id) {} } }
}

fn side(side: &str, which: &str, unit: &str) -> Markup {
    let id = |part: &str| format!("{part}-{side}");
    html! {
        div.side-panel data-side=(side) {
            div.chooser {
                (choice(&id("method"), &format!("{} method", if which == "first" { "First" } else { "Second" })))
                (choice(&id("run"), "Run"))
            }
            div.views {
                figure {
                    canvas id=(id("picture")) role="img" aria-label="the image at this step" {}
                    figcaption { (unit) " " output.big id=(id("answer")) aria-label={ (unit) ", " (which) " method" } {} }
                }
                figure {
                    canvas id=(id("map")) role="img" aria-label="the explanation" {}
                    figcaption { span id=(id("legend")) {} }
                }
            }
            p.quiet id=(id("facts")) {}
            details {
                summary { "Query these numbers" }
                pre.line id=(id("sql")) {}
                p.quiet { "Artifact " code id=(id("artifact")) {} }
            }
        }
    }
}
