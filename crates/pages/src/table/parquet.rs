//! Tables for programs that read columns.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, RecordBatch, RecordBatchOptions, StringArray, UInt64Array,
};
use arrow_schema::{ArrowError, DataType, Field, Schema};
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
        self.write_parquet().map_err(|source| ReportError::Parquet {
            table: self.name,
            source,
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
        let places = 0..self.columns.len();
        let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = places
            .map(|place| {
                let (kind, array) = self.array(place);
                (Field::new(self.columns[place].name, kind, true), array)
            })
            .unzip();
        let options = RecordBatchOptions::new().with_row_count(Some(self.rows.len()));
        RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
    }

    fn array(&self, place: usize) -> (DataType, ArrayRef) {
        let cells = self.rows.iter().map(|row| &row[place]);
        match self.kind(place) {
            Kind::Count => {
                let counts = cells.map(|cell| match cell {
                    Cell::Count(count) => Some(*count),
                    _ => None,
                });
                (DataType::UInt64, Arc::new(counts.collect::<UInt64Array>()))
            }
            Kind::Number => {
                let numbers = cells.map(|cell| match cell {
                    Cell::Number(number) => Some(*number),
                    Cell::Count(count) => Some(*count as f64),
                    _ => None,
                });
                (
                    DataType::Float64,
                    Arc::new(numbers.collect::<Float64Array>()),
                )
            }
            Kind::Truth => {
                let truths = cells.map(|cell| match cell {
                    Cell::Truth(truth) => Some(*truth),
                    _ => None,
                });
                (
                    DataType::Boolean,
                    Arc::new(truths.collect::<BooleanArray>()),
                )
            }
            Kind::Text => {
                let texts = cells.map(|cell| match cell {
                    Cell::Absent(_) => None,
                    cell => Some(cell.full()),
                });
                (DataType::Utf8, Arc::new(texts.collect::<StringArray>()))
            }
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
