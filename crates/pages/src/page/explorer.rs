//! The explorer: one image, two methods beside each other, step by step. What it shows is filled in by the script, from the document that
//! `crate::explorer` packs.

use maud::{Markup, PreEscaped, html};

use super::words::{plural, read};
use crate::explorer::Explorer;
use crate::results::Results;

pub(super) fn section(results: &Results<'_>, explorer: &Explorer<'_>) -> Markup {
    let unit = results.measured.name();
    html! {
        (read(
            "One image, two methods. The slider, or the arrow keys on it, removes superpixels in each method's own order; the \
            picture is what the network was asked, and the number what it answered."
        ))
        @if explorer.images.is_empty() { p { "There are no scores." } } @else {
            noscript { p.note { "Without scripts this part stays empty; the cases further below and all tables are there." } }
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
                    button type="button" #forth aria-label="one superpixel further" { "›" }
                    output #removed for="step" aria-label="removed so far" {}
                }
                div.sides { (side("left", "first", unit)) (side("right", "second", unit)) }
                figure.curves {
                    figcaption { "The " (unit) " while superpixels are removed; the areas below are the AUCs. Click a step." }
                    div #curves {}
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
                summary { "Find these numbers" }
                pre.line id=(id("sql")) {}
                p.quiet { "Artifact " code id=(id("artifact")) {} }
            }
        }
    }
}
