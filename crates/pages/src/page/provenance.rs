//! The last sections: what was left out, and where the numbers come from.

use maud::{Markup, html};

use super::read;
use crate::results::Results;
use crate::table::Table;
use crate::{Inputs, duckdb, tables};

pub(super) fn excluded(inputs: &Inputs) -> Markup {
    html! {
        @if inputs.exclusions.is_empty() {
            p { "None: every image of the study is in the tables above." }
        } @else {
            (read("Images that were left out of every table above, and why."))
            (tables::exclusions(inputs).html())
        }
    }
}

pub(super) fn section(inputs: &Inputs, results: &Results<'_>) -> Markup {
    html! {
        (read(
            "Everything that the numbers depend on. Costs are those of the computation that made the artifacts, even where this report \
            found them ready."
        ))
        (line(inputs, results))
        div.side {
            (titled("What it cost", &tables::costs(inputs)))
            (titled("Programs and devices", &tables::versions(inputs)))
            (titled("Networks", &tables::networks(inputs)))
            (titled("Artifacts by table", &tables::artifacts(inputs)))
        }
        details { summary { "Images and their digests" } (tables::images(inputs).html()) }
        @if !inputs.classes.is_empty() {
            details { summary { "Classes (" (inputs.classes.len()) ")" } p { (inputs.classes.join(", ")) } }
        }
        details { summary { "Settings: pipeline.toml" } pre { (inputs.provenance.settings) } }
    }
}

fn titled(title: &str, table: &Table) -> Markup {
    html! {
        div {
            h3 { (title) }
            @if table.rows.is_empty() { p.quiet { "– not recorded" } } @else { (table.html()) }
        }
    }
}

/// The line for one number of the tables above, as a pattern for all of them.
fn line(inputs: &Inputs, results: &Results<'_>) -> Markup {
    let example = results.groups().next().and_then(|group| {
        let image = group.images.keys().next()?;
        let filters = [
            ("image", *image),
            ("network", group.condition.network),
            ("method", group.method),
        ];
        let latest = &inputs.provenance.latest;
        Some(duckdb::command(latest, "scores", "*", &filters, "run"))
    });
    html! {
        @if let Some(example) = example {
            h3 { "From a number to its rows" }
            p { "In the folder of the study, this line shows the rows behind one cell; put in another image, network or method:" }
            pre.line { (example) }
        }
    }
}
