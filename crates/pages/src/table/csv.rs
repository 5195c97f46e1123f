//! Tables for programs that read text.

use super::{Cell, Table};
use crate::ReportError;

impl Table {
    /// The table as UTF-8 CSV with a header row, by RFC 4180 but with line feeds; every column, every number in full, nothing for an absent value.
    pub(crate) fn csv(&self) -> Result<Vec<u8>, ReportError> {
        let write = || {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(self.columns.iter().map(|column| column.name))?;
            for row in &self.rows {
                writer.write_record(row.iter().map(Cell::full))?;
            }
            writer
                .into_inner()
                .map_err(|error| error.into_error().into())
        };
        write().map_err(|error: csv::Error| {
            let what = format!("the table {} cannot be written as CSV", self.name);
            ReportError::unwritten(what, &error)
        })
    }
}
