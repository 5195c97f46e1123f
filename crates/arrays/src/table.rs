//! Explanations in a Parquet file, one a row, as pandas, polars and pyarrow write them.

use std::fs::File;
use std::sync::Arc;

use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;

use crate::ArrayError;
use crate::answer::{Entry, Kind, Shape};

/// What a file has beside the values of its explanations.
const ABOUT: [&str; 7] = [
    "digest",
    "target_class",
    "run",
    "height",
    "width",
    "seconds",
    "passes",
];

fn damaged(_: ParquetError) -> ArrayError {
    ArrayError::damaged("it")
}

fn open(file: &File) -> Result<SerializedFileReader<File>, ArrayError> {
    let file = file.try_clone().map_err(ArrayError::Read)?;
    SerializedFileReader::new(file).map_err(|_| ArrayError::Format {
        expected: "a whole Parquet file",
    })
}

fn columns(reader: &SerializedFileReader<File>) -> Vec<String> {
    let schema = reader.metadata().file_metadata().schema();
    let fields = schema.get_fields().iter();
    fields.map(|field| field.name().to_owned()).collect()
}

/// The rows, of some columns.
fn rows(
    reader: &SerializedFileReader<File>,
    wanted: impl Fn(&str) -> bool,
) -> Result<impl Iterator<Item = Result<Row, ArrayError>> + '_, ArrayError> {
    let schema = reader.metadata().file_metadata().schema();
    let fields = schema.get_fields().iter();
    let fields = fields.filter(|field| wanted(field.name()));
    let projected = Type::group_type_builder(schema.name())
        .with_fields(fields.map(Arc::clone).collect())
        .build()
        .map_err(damaged)?;
    let rows = reader.get_row_iter(Some(projected)).map_err(damaged)?;
    Ok(rows.map(|row| row.map_err(damaged)))
}

/// The kind of explanation, and each with its digest.
pub(crate) fn entries(file: &File) -> Result<(Kind, Vec<(String, Entry)>), ArrayError> {
    let reader = open(file)?;
    let found = columns(&reader);
    let names = found.iter().map(String::as_str);
    let kind = Kind::of(&names.collect::<Vec<_>>())?;
    let is_map = kind == Kind::Maps;
    let has = |name: &str| found.iter().any(|column| column == name);
    let needed = ABOUT.iter().take(2).chain(&["height", "width"]);
    for &name in needed.filter(|name| is_map || !matches!(**name, "height" | "width")) {
        if !has(name) {
            return Err(ArrayError::Missing {
                array: name,
                found: found.join(", "),
                remedy: match name {
                    "height" | "width" => {
                        "a map is a list of numbers, row by row, with columns for its height and width beside it"
                    }
                    _ => "copy that column from targets.csv",
                },
            });
        }
    }
    let about = |name: &str| ABOUT.contains(&name) || (!is_map && name == kind.array());
    let rows = rows(&reader, about)?.enumerate();
    let entries = rows.map(|(place, row)| entry(kind, place, &row?));
    Ok((kind, entries.collect::<Result<_, _>>()?))
}

fn entry(kind: Kind, place: usize, row: &Row) -> Result<(String, Entry), ArrayError> {
    let cell = |name: &str| {
        let mut columns = row.get_column_iter();
        let cell = columns.find(|(column, _)| *column == name);
        cell.map(|(_, field)| field)
            .filter(|field| !matches!(field, Field::Null))
    };
    let wrong = |name: &str, expected| ArrayError::Value {
        array: name.to_owned(),
        place,
        found: cell(name).map_or("null".to_owned(), Field::to_string),
        expected,
    };
    let number = |name: &'static str| match cell(name) {
        None => Ok(None),
        Some(field) => whole(field)
            .map(Some)
            .ok_or_else(|| wrong(name, "a whole number")),
    };
    let needed = |name| number(name)?.ok_or_else(|| wrong(name, "a whole number"));
    let size = |name| {
        let found = usize::try_from(needed(name)?).ok();
        found.ok_or_else(|| wrong(name, "a number of pixels"))
    };
    let digest = match cell("digest") {
        Some(Field::Str(text)) => text.clone(),
        Some(Field::Bytes(bytes)) => String::from_utf8_lossy(bytes.data()).into_owned(),
        _ => return Err(wrong("digest", "the digest in targets.csv")),
    };
    let run = number("run")?.unwrap_or(0);
    let seconds =
        cell("seconds").map(|field| float(field).ok_or_else(|| wrong("seconds", "a number")));
    let entry = Entry {
        target_class: needed("target_class")?,
        run: usize::try_from(run).map_err(|_| wrong("run", "a number from 0"))?,
        seconds: seconds.transpose()?,
        passes: number("passes")?,
        shape: match kind {
            Kind::Maps => Shape::Map([size("height")?, size("width")?]),
            Kind::Relevances => match cell(kind.array()) {
                Some(Field::ListInternal(list)) => Shape::Superpixels(list.len()),
                _ => return Err(wrong(kind.array(), "a list of numbers")),
            },
        },
    };
    Ok((digest, entry))
}

/// Gives the values of explanations in turn, with their place.
pub(crate) fn each(
    file: &File,
    kind: Kind,
    wanted: &dyn Fn(usize) -> bool,
    each: &mut dyn FnMut(usize, Vec<f64>),
) -> Result<(), ArrayError> {
    let reader = open(file)?;
    let name = kind.array();
    for (place, row) in rows(&reader, |column| column == name)?.enumerate() {
        let row = row?;
        if !wanted(place) {
            continue;
        }
        let value = |found: &str| ArrayError::Value {
            array: name.to_owned(),
            place,
            found: found.to_owned(),
            expected: "a list of numbers",
        };
        let cell = row.get_column_iter().next().map(|(_, field)| field);
        let Some(Field::ListInternal(list)) = cell else {
            return Err(value("no list"));
        };
        let values = list.elements().iter().map(float);
        let values: Option<Vec<f64>> = values.collect();
        each(
            place,
            values.ok_or_else(|| value("a list with other values"))?,
        );
    }
    Ok(())
}

fn whole(field: &Field) -> Option<i64> {
    match *field {
        Field::Byte(number) => Some(number.into()),
        Field::Short(number) => Some(number.into()),
        Field::Int(number) => Some(number.into()),
        Field::Long(number) => Some(number),
        Field::UByte(number) => Some(number.into()),
        Field::UShort(number) => Some(number.into()),
        Field::UInt(number) => Some(number.into()),
        Field::ULong(number) => number.try_into().ok(),
        _ => None,
    }
}

fn float(field: &Field) -> Option<f64> {
    match *field {
        Field::Float16(number) => Some(number.to_f64()),
        Field::Float(number) => Some(number.into()),
        Field::Double(number) => Some(number),
        _ => whole(field).map(|number| number as f64),
    }
}
