//! Tables for programs that read columns.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, RecordBatch, StringArray, UInt64Array};
use arrow_schema::ArrowError;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use super::{Cell, Kind, Table};
use crate::ReportError;

impl Table {
    /// The table as Parquet: every column with its type, every number in full, null for an absent value, and the headings in the key-value metadata.
    /// The same rows give the same bytes.
    pub(crate) fn parquet(&self) -> Result<Vec<u8>, ReportError> {
        self.write_parquet().map_err(|error| {
            let what = format!("the table {} cannot be written as Parquet", self.name);
            ReportError::unwritten(what, &error)
        })
    }

    fn write_parquet(&self) -> Result<Vec<u8>, ParquetError> {
        let batch = self.batch()?;
        let headings = self.columns.iter().map(|column| {
            KeyValue::new(
                format!("{}.heading", column.name),
                column.heading.clone().into_owned(),
            )
        });
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_key_value_metadata(Some(headings.collect()))
            .build();
        // Without the Arrow schema, as all tables of a study.
        let options = ArrowWriterOptions::new()
            .with_properties(properties)
            .with_skip_arrow_metadata(true);
        let mut bytes = Vec::new();
        let mut writer = ArrowWriter::try_new_with_options(&mut bytes, batch.schema(), options)?;
        writer.write(&batch)?;
        writer.close()?;
        Ok(bytes)
    }

    fn batch(&self) -> Result<RecordBatch, ArrowError> {
        let columns = self.columns.iter().enumerate();
        let columns = columns.map(|(place, column)| (column.name, self.array(place), true));
        RecordBatch::try_from_iter_with_nullable(columns)
    }

    fn array(&self, place: usize) -> ArrayRef {
        let cells = self.rows.iter().map(|row| &row[place]);
        match self.kind(place) {
            Kind::Count => Arc::new(cells.map(Cell::count).collect::<UInt64Array>()),
            Kind::Number => Arc::new(cells.map(Cell::number).collect::<Float64Array>()),
            Kind::Truth => Arc::new(cells.map(Cell::truth).collect::<BooleanArray>()),
            Kind::Text => Arc::new(cells.map(Cell::text).collect::<StringArray>()),
        }
    }
}

impl Cell {
    fn count(&self) -> Option<u64> {
        match self {
            Self::Count(count) => Some(*count),
            _ => None,
        }
    }

    fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Count(count) => Some(*count as f64),
            _ => None,
        }
    }

    fn truth(&self) -> Option<bool> {
        match self {
            Self::Truth(truth) => Some(*truth),
            _ => None,
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Absent(_) => None,
            cell => Some(cell.full()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Float64Type, UInt64Type};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use crate::table::testing::awkward;

    #[test]
    fn values_come_back_with_their_types_and_nulls() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&awkward().parquet().unwrap()).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        let metadata = builder.metadata().file_metadata().key_value_metadata();
        let heading = metadata
            .unwrap()
            .iter()
            .find(|pair| pair.key == "auc.heading");
        assert_eq!(heading.unwrap().value.as_deref(), Some("Mean AUC"));
        let batch = builder.build().unwrap().next().unwrap().unwrap();
        let names: Vec<_> = batch
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        assert_eq!(
            names,
            [
                "image",
                "digest",
                "samples",
                "auc",
                "deterministic",
                "hidden"
            ]
        );
        assert_eq!(batch.column(0).as_string::<i32>().value(0), "<script>");
        assert_eq!(
            batch.column(0).as_string::<i32>().value(1),
            "a | b *c* d_e\nf"
        );
        assert_eq!(batch.column(2).as_primitive::<UInt64Type>().value(0), 12345);
        let number = |column: usize| {
            batch
                .column(column)
                .as_primitive::<Float64Type>()
                .iter()
                .next()
        };
        assert_eq!(number(3), Some(Some(0.2512)));
        assert!(batch.column(4).as_boolean().value(0));
        assert_eq!(number(5), Some(Some(-1e-9)));
        for column in 1..6 {
            assert!(batch.column(column).is_null(1), "{column}");
        }
    }

    #[test]
    fn equal_tables_are_equal_files_and_a_table_without_rows_is_one() {
        assert_eq!(awkward().parquet().unwrap(), awkward().parquet().unwrap());
        let mut empty = awkward();
        empty.rows.clear();
        assert!(empty.parquet().unwrap().starts_with(b"PAR1"));
    }
}
