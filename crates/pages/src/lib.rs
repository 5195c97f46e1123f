//! The report: one HTML file that loads nothing, and its tables as CSV.
//!
//! [`build`] is a function of the study's rows alone: the same rows give the same bytes, whatever the time, the machine or the
//! number of threads. It reads and writes no files.
//!
//! What may be compared is a *condition* (network, partition, order, replacement); within it methods stand beside each other,
//! and the image is the statistical unit. No network, method or other name is known beforehand.

mod cases;
mod duckdb;
mod error;
mod explorer;
mod figures;
mod inputs;
mod needs;
mod page;
mod paper;
mod pictures;
mod results;
mod rows;
mod scale;
mod table;
mod tables;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use error::ReportError;
pub use inputs::{Artifact, ExplanationCost, Inputs, Method, Network, Provenance, StageCost};

/// Builds the files of a report, by names relative to its folder: `index.html`, and `tables/*.csv` with every number in full.
pub fn build(inputs: &Inputs) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    let results = results::Results::new(inputs);
    let (page, _album) = page::page(inputs, &results)?;
    let mut files = vec![("index.html".to_owned(), page.into_bytes())];
    for table in tables::all(inputs, &results) {
        files.push((format!("tables/{}.csv", table.name), table.csv()?));
    }
    Ok(files)
}
