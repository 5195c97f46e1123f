//! Artifacts as Parquet files, which `DuckDB`, pandas and polars open as they are.
//!
//! Zstandard throughout; floats as `BYTE_STREAM_SPLIT` without dictionary, which is where they are smallest; text as dictionaries; key-value
//! metadata in a fixed order, because a file's bytes should not change from process to process. The Arrow schema is left out: readers then
//! see plain strings and lists, and small files are a third smaller.

use std::fs::File;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, Type as PhysicalType, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnPath;
use schema::{Column, Kind, Table};

use crate::{ContentId, StoreError, content_id};

/// Rows that are encoded at once, so that no column of a batch reaches the 2^31 bytes or items that Arrow's offsets can count.
const ROWS_AT_ONCE: usize = 512;

/// Level of Zstandard: its own default, a few per cent larger than the highest and much faster.
const ZSTD_LEVEL: i32 = 3;

/// A table's rows as an artifact that is ready to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedTable {
    pub(crate) table: &'static str,
    pub(crate) id: ContentId,
    pub(crate) rows: u64,
    pub(crate) bytes: Vec<u8>,
}

impl EncodedTable {
    /// Name of the table.
    pub fn table(&self) -> &'static str {
        self.table
    }

    /// Id of the content.
    pub fn id(&self) -> ContentId {
        self.id
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The Parquet file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Rows as an artifact. Costs time, not disk: worth doing on the thread that made the rows.
pub fn encode<T: Table>(rows: &[T]) -> Result<EncodedTable, StoreError> {
    let batches: Vec<_> = rows.chunks(ROWS_AT_ONCE).map(T::encode).collect();
    let failed = |error: &dyn std::fmt::Display| StoreError::Encode {
        table: T::NAME,
        detail: error.to_string(),
    };
    let id = content_id(T::NAME, &T::schema(), &batches).map_err(|error| failed(&error))?;
    let written = properties::<T>().and_then(|properties| write(T::schema(), &batches, properties));
    let bytes = written.map_err(|error| failed(&error))?;
    Ok(EncodedTable {
        table: T::NAME,
        id,
        rows: rows.len() as u64,
        bytes,
    })
}

fn write(
    schema: SchemaRef,
    batches: &[RecordBatch],
    properties: WriterProperties,
) -> Result<Vec<u8>, ParquetError> {
    let options = ArrowWriterOptions::new()
        .with_properties(properties)
        .with_skip_arrow_metadata(true);
    let mut bytes = Vec::new();
    let mut writer = ArrowWriter::try_new_with_options(&mut bytes, schema, options)?;
    for batch in batches {
        writer.write(batch)?;
    }
    writer.close()?;
    Ok(bytes)
}

/// The rows of several artifacts of one table as one file, with the descriptions that the first one has.
pub(crate) fn merge(described_by: &File, batches: &[RecordBatch]) -> Result<Vec<u8>, ParquetError> {
    let described = SerializedFileReader::new(described_by.try_clone()?)?;
    let metadata = described.metadata().file_metadata().key_value_metadata();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_key_value_metadata(metadata.cloned());
    let schema = batches
        .first()
        .map_or_else(|| Schema::empty().into(), RecordBatch::schema);
    let leaves = described
        .metadata()
        .file_metadata()
        .schema_descr()
        .columns();
    for leaf in leaves {
        if matches!(
            leaf.physical_type(),
            PhysicalType::FLOAT | PhysicalType::DOUBLE
        ) {
            properties = properties
                .set_column_dictionary_enabled(leaf.path().clone(), false)
                .set_column_encoding(leaf.path().clone(), Encoding::BYTE_STREAM_SPLIT);
        }
    }
    write(schema, batches, properties.build())
}

fn properties<T: Table>() -> Result<WriterProperties, ParquetError> {
    let metadata = T::description()
        .into_iter()
        .map(|(key, value)| KeyValue::new(key, value))
        .collect();
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?))
        .set_key_value_metadata(Some(metadata))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true);
    for column in T::columns() {
        let path = leaf(column);
        properties =
            properties.set_column_dictionary_enabled(path.clone(), dictionary(column.kind));
        if matches!(column.kind, Kind::F32 | Kind::F64 | Kind::ListF32) {
            properties = properties.set_column_encoding(path, Encoding::BYTE_STREAM_SPLIT);
        }
    }
    Ok(properties.build())
}

/// Path of a column's values: a list's are two levels below its name.
fn leaf(column: &Column) -> ColumnPath {
    match column.kind {
        Kind::ListU16 | Kind::ListU32 | Kind::ListF32 => ColumnPath::from(vec![
            column.name.to_owned(),
            "list".to_owned(),
            "element".to_owned(),
        ]),
        _ => ColumnPath::from(column.name),
    }
}

fn dictionary(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Text | Kind::U16 | Kind::U32 | Kind::ListU16 | Kind::ListU32
    )
}

/// The rows of a Parquet file, or what is wrong with it.
pub(crate) fn read(file: &File) -> Result<(SchemaRef, Vec<RecordBatch>), String> {
    attempted(|| try_read(file))
}

/// Name of the table that a Parquet file says it holds, or why it says none.
pub(crate) fn table(file: &File) -> Result<String, String> {
    attempted(|| try_table(file))
}

/// What is read of a file. The reader may panic where a damaged file contradicts itself; a damaged file is an ordinary event here.
fn attempted<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    panics::caught(read).unwrap_or_else(|| Err("its parts contradict each other".to_owned()))
}

fn try_table(file: &File) -> Result<String, String> {
    let file = file.try_clone().map_err(|error| error.to_string())?;
    let reader = SerializedFileReader::new(file).map_err(|error| error.to_string())?;
    let described = reader.metadata().file_metadata().key_value_metadata();
    described
        .into_iter()
        .flatten()
        .find(|pair| pair.key == "table")
        .and_then(|pair| pair.value.clone())
        .ok_or_else(|| "it does not name its table".to_owned())
}

fn try_read(file: &File) -> Result<(SchemaRef, Vec<RecordBatch>), String> {
    let file = file.try_clone().map_err(|error| error.to_string())?;
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let reader = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)
        .map_err(|error| error.to_string())?;
    let schema = reader.schema().clone();
    let batches = reader.build().map_err(|error| error.to_string())?;
    let batches = batches
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    Ok((schema, batches))
}
