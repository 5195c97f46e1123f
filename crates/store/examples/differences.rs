//! How far the numbers of two runs of a study are apart: `differences OLD NEW`, two folders such as `artifacts/latest`.
//!
//! Prints one JSON object: for each table and each column of floats the largest difference, and the largest value. For `weights` it also has the
//! largest difference in standard errors of the first run. Rows are compared where everything but floats is equal; `others` counts the rest,
//! such as the steps of a curve whose order changed. scripts/checks/gpu.py compares devices with it.

use std::collections::BTreeMap;
use std::error::Error;
use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;

/// Rounding of a standard error must not make a difference infinite.
const SMALLEST_ERROR: f64 = 1e-9;

#[derive(Debug, Default, Serialize)]
struct Column {
    difference: f64,
    largest: f64,
}

#[derive(Debug, Default, Serialize)]
struct Table {
    rows: usize,
    others: usize,
    columns: BTreeMap<String, Column>,
    #[serde(skip_serializing_if = "Option::is_none")]
    standard_errors: Option<f64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [old, new] = &arguments[..] else {
        return Err("usage: differences OLD NEW".into());
    };
    let mut tables = BTreeMap::new();
    for name in names(old)? {
        if !old.join(&name).is_dir() {
            continue;
        }
        let table: &mut Table = tables.entry(name.display().to_string()).or_default();
        for file in names(&old.join(&name))? {
            let (old, new) = (old.join(&name).join(&file), new.join(&name).join(&file));
            table.add(&read(&old)?, &read(&new)?)?;
        }
    }
    println!("{}", serde_json::to_string(&tables)?);
    Ok(())
}

/// What is in a folder, in order.
fn names(folder: &Path) -> Result<Vec<OsString>, Box<dyn Error>> {
    let entries = folder.read_dir()?.collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<OsString> = entries.iter().map(std::fs::DirEntry::file_name).collect();
    names.sort();
    Ok(names)
}

fn read(path: &Path) -> Result<RecordBatch, Box<dyn Error>> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path)?)?.build()?;
    let batches = reader.collect::<Result<Vec<_>, _>>()?;
    let schema = batches.first().ok_or("a file without rows")?.schema();
    Ok(arrow_select::concat::concat_batches(&schema, &batches)?)
}

impl Table {
    fn add(&mut self, old: &RecordBatch, new: &RecordBatch) -> Result<(), Box<dyn Error>> {
        let schema = old.schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        let pairs =
            names.map(|name| Ok((name, old.column_by_name(name), new.column_by_name(name))));
        let pairs = pairs.collect::<Result<Vec<_>, Box<dyn Error>>>()?;
        let column = |batch: Option<&ArrayRef>| batch.cloned().ok_or("a column is missing");
        let rows = old.num_rows().min(new.num_rows());
        let mut same = vec![true; rows];
        let mut floats = Vec::new();
        for (name, old, new) in pairs {
            let (old, new) = (column(old)?, column(new)?);
            if is_float(old.data_type()) {
                floats.push((name, old, new));
                continue;
            }
            for (row, same) in same.iter_mut().enumerate() {
                *same &= old.slice(row, 1) == new.slice(row, 1);
            }
        }
        self.rows += rows;
        self.others += same.iter().filter(|same| !**same).count();
        self.others += old.num_rows().max(new.num_rows()) - rows;
        let same: Vec<usize> = (0..rows).filter(|&row| same[row]).collect();
        let errors = floats.iter().find(|(name, ..)| *name == "standard_error");
        for (name, old, new) in &floats {
            let column = self.columns.entry((*name).to_owned()).or_default();
            for &row in &same {
                let (old, new) = (values(old, row), values(new, row));
                for (old, new) in old.iter().zip(&new) {
                    column.difference = column.difference.max((old - new).abs());
                    column.largest = column.largest.max(old.abs());
                    if let (&"weight", Some((_, errors, _))) = (name, errors)
                        && let Some(&error) = values(errors, row).first()
                    {
                        let apart = (old - new).abs() / error.max(SMALLEST_ERROR);
                        let most = self.standard_errors.get_or_insert(0.0);
                        *most = most.max(apart);
                    }
                }
            }
        }
        Ok(())
    }
}

fn is_float(kind: &DataType) -> bool {
    match kind {
        DataType::List(item) => is_float(item.data_type()),
        kind => kind.is_floating(),
    }
}

/// The floats of a row, none for a null.
fn values(column: &ArrayRef, row: usize) -> Vec<f64> {
    if column.is_null(row) {
        return Vec::new();
    }
    let values = match column.data_type() {
        DataType::List(_) => column.as_list::<i32>().value(row),
        _ => column.slice(row, 1),
    };
    match values.data_type() {
        DataType::Float32 => {
            let values = values.as_primitive::<Float32Type>().values();
            values.iter().copied().map(f64::from).collect()
        }
        _ => values.as_primitive::<Float64Type>().values().to_vec(),
    }
}
