//! Tables for programs that read text.

use super::{Cell, Table};
use crate::ReportError;

impl Table {
    /// The table as UTF-8 CSV with a header row, by RFC 4180 but with line feeds; every column, every number in full, nothing for an absent value.
    pub(crate) fn csv(&self) -> Result<Vec<u8>, ReportError> {
        let failed = |source| ReportError::Csv {
            table: self.name,
            source,
        };
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer
            .write_record(self.columns.iter().map(|column| column.name))
            .map_err(failed)?;
        for row in &self.rows {
            writer
                .write_record(row.iter().map(Cell::full))
                .map_err(failed)?;
        }
        writer
            .into_inner()
            .map_err(|error| failed(error.into_error().into()))
    }
}
