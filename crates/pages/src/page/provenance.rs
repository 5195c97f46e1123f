//! The last sections: the excluded images, and where the numbers come from.

use maud::{Markup, html};

use super::words::read;
use crate::results::{Results, distinct};
use crate::rows::Rows;
use crate::table::{Table, grouped};
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

pub(super) fn section(inputs: &Inputs, results: &Results<'_>, rows: &Rows<'_>) -> Markup {
    html! {
        (read(
            "Everything that the numbers depend on. Costs are those of the original computation, even where this report reused its results."
        ))
        @if let Some(dates) = dates(inputs) { p { (dates) } }
        (traces(inputs, results, rows))
        div.side {
            (titled("What one explanation cost", &tables::explanation_costs(inputs, results)))
            (titled("What each stage cost", &tables::costs(inputs)))
            (titled("Programs and devices", &tables::versions(inputs)))
            (titled("Networks", &tables::networks(inputs)))
        }
        @let artifacts = inputs.provenance.artifacts.len();
        details {
            summary { "Artifacts by table (" (grouped(artifacts as u64)) " in all)" }
            (read("The file tables/artifacts.csv lists each artifact with its id, path, subject, date and device."))
            (tables::artifacts_by_table(inputs).html())
        }
        details { summary { "Images and their digests (" (inputs.crops.len()) ")" } (tables::images(inputs).html()) }
        @if !inputs.exclusions.is_empty() {
            details { summary { "Dropped images (" (dropped(inputs)) ")" } (tables::exclusions(inputs).html()) }
        }
        @if !inputs.classes.is_empty() {
            details { summary { "Classes (" (inputs.classes.len()) ")" } p { (inputs.classes.join(", ")) } }
        }
        details { summary { "Settings: pipeline.toml" } pre tabindex="0" { (inputs.provenance.settings) } }
    }
}

/// How many images were dropped; several networks may give a reason for one.
pub(super) fn dropped(inputs: &Inputs) -> usize {
    distinct(inputs.exclusions.iter().map(|row| row.image.as_str())).len()
}

/// When the artifacts were made.
fn dates(inputs: &Inputs) -> Option<String> {
    // RFC 3339 in UTC sorts as text.
    let dates = || inputs.provenance.artifacts.iter().map(|each| &each.date);
    let (first, last) = (dates().min()?, dates().max()?);
    let count = grouped(inputs.provenance.artifacts.len() as u64);
    Some(if first == last {
        format!("{count} artifacts, published at {first}.")
    } else {
        format!("{count} artifacts, published from {first} to {last}.")
    })
}

fn titled(title: &str, table: &Table) -> Markup {
    html! {
        div {
            h3 { (title) }
            @if table.rows.is_empty() { p.quiet { "– not recorded" } } @else { (table.html()) }
        }
    }
}

/// The lines for one number of the tables above, as a pattern for all of them.
fn traces(inputs: &Inputs, results: &Results<'_>, rows: &Rows<'_>) -> Markup {
    let latest = &inputs.provenance.latest;
    let score = results.groups().next().and_then(|group| {
        let score = group.images.values().next()?.first()?;
        let parts = [
            ("image", &score.image),
            ("network", &score.network),
            ("partition", &score.partition),
            ("method", &score.method),
            ("order", &score.order),
            ("replacement", &score.replacement),
        ];
        let filters = parts.map(|(column, value)| (column, value.as_str()));
        Some((
            duckdb::command(latest, "scores", "*", &filters, "run"),
            rows.artifact(score),
        ))
    });
    html! {
        @if let Some((line, curve)) = score {
            h3 { "From a number to its rows" }
            p { "Run this line in the folder of the study to see the rows behind one cell. Replace the names to see another cell:" }
            pre.line tabindex="0" { (line) }
            @if let Some(artifact) = curve {
                p {
                    "Every artifact is a file named by its id; " code { "tables/artifacts.csv" } " lists the ids by image, network, method and \
                        run. This line reads the removal curve of the first row by its id, so its result stays the same when the study changes:"
                }
                pre.line tabindex="0" { (duckdb::by_id(latest, &artifact.id)) }
            }
        }
    }
}
