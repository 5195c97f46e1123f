//! The page: one HTML file that loads nothing, from tables, figures and cases.

mod answers;
mod explorer;
mod measures;
mod provenance;
mod published;
mod separations;
mod trade_offs;
mod words;

use maud::{DOCTYPE, PreEscaped, html};

use crate::decided::Answers;
use crate::explorer::Explorer;
use crate::figures::Album;
use crate::results::Results;
use crate::rows::Rows;
use crate::{Inputs, ReportError};

const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 2] = [include_str!("script.js"), include_str!("sort.js")];
/// Makes the browser refuse to load anything that the page does not contain.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// Sections: the anchor and the heading.
const SECTIONS: [(&str, &str); 8] = [
    ("answer", "Which method to choose"),
    ("explorer", "See for yourself"),
    ("trade-offs", "What it costs, and when the answer changes"),
    ("published", "The published study's tables and figures"),
    ("separations", "Can the measures tell a method from chance?"),
    ("tests", "Tests and further measures"),
    ("excluded", "Excluded images"),
    ("provenance", "Where the numbers come from"),
];

/// The whole file, and the figures that it shows.
pub(crate) fn page(inputs: &Inputs, results: &Results<'_>) -> Result<(String, Album), ReportError> {
    let rows = Rows::new(inputs);
    let answers = Answers::new(inputs, results);
    let packed = Explorer::new(inputs, results, &rows)?;
    let mut album = Album::default();
    let contents = [
        answers::section(inputs, results, &answers),
        explorer::section(results, &packed),
        trade_offs::section(inputs, results, &answers, &mut album)?,
        published::section(inputs, results, &rows, &mut album)?,
        separations::section(inputs, results),
        measures::section(inputs, results),
        provenance::excluded(inputs),
        provenance::section(inputs, results, &rows),
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
            }
            body {
                header {
                    h1 { (inputs.title) }
                    nav aria-label="Sections" { ul {
                        @for (anchor, heading) in SECTIONS { li { a href={ "#" (anchor) } { (heading) } } }
                    } }
                }
                main {
                    @for ((anchor, heading), content) in sections {
                        section id=(anchor) aria-labelledby={ (anchor) "-heading" } { h2 id={ (anchor) "-heading" } { (heading) } (content) }
                    }
                }
                footer { p {
                    "The folder of this page also has every table as CSV, Markdown, LaTeX and Parquet in " code { "tables/" }
                    ", and every figure as SVG and PNG in " code { "figures/" } "."
                } }
                @for script in SCRIPTS { script { (PreEscaped(script)) } }
            }
        }
    };
    Ok((page.into_string(), album))
}
