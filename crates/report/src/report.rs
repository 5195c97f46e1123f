//! The action `report`: pages from the rows of a whole study.

use pages::{Inputs, ReportError};

/// The files of the report, by names relative to its folder.
pub fn report(inputs: &Inputs) -> Result<Vec<(String, Vec<u8>)>, ReportError> {
    pages::build(inputs)
}
