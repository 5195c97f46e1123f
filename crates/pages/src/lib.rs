//! The report: one HTML file that loads nothing, and beside it its tables as CSV, Markdown, LaTeX and Parquet and its figures as SVG and PNG.
//!
//! [`build`] is a function of the study's rows alone: the same rows give the same bytes, whatever the time, the machine or the
//! number of threads. It reads and writes no files.
//!
//! What may be compared is a *condition* (network, partition, order, replacement); within it methods stand beside each other,
//! and the image is the statistical unit. No network, method or other name is known beforehand.

mod cases;
mod decided;
mod duckdb;
mod error;
mod explorer;
mod export;
mod figures;
mod inputs;
mod page;
mod paper;
mod pictures;
mod results;
mod rows;
mod scale;
mod summary;
mod table;
mod tables;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use error::ReportError;
pub use inputs::{
    Artifact, ExplanationCost, Inputs, Measure, Method, Network, Provenance, StageCost,
};
pub use summary::summary;

/// Builds the files of a report, by names relative to its folder: `index.html`; `tables/NAME` as `.csv` and `.parquet` with every column and every number
/// in full, and as `.md` and `.tex` as the page shows them; `figures/NAME` as `.svg` and `.png`, in the page's order.
pub fn build(inputs: &Inputs) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let results = results::Results::new(inputs);
    let (page, album) = page::page(inputs, &results)?;
    let mut files = vec![("index.html".to_owned(), page.into_bytes())];
    files.extend(export::tables(&tables::all(inputs, &results))?);
    files.extend(export::figures(&album)?);
    Ok(files)
}
