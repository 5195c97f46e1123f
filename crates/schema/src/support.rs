//! What the macro [`table!`](crate::table!) expands to, apart from the struct itself.

use std::sync::Arc;

pub use arrow_array::RecordBatch;
pub use arrow_schema::SchemaRef;

use arrow_array::RecordBatchOptions;
use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{Field, Metadata, Schema};

use crate::{Better, Column, Null, SchemaError, Table};

pub use crate::cell::Cell;

pub fn schema_of<T: Table>() -> SchemaRef {
    let fields: Vec<_> = T::columns()
        .iter()
        .map(|column| Field::new(column.name, column.kind.data_type(), column.nullable()))
        .collect();
    let metadata = T::description()
        .into_iter()
        .fold(Metadata::new(), |all, (key, value)| all.with(key, value));
    Arc::new(Schema::new_with_metadata(fields, metadata))
}

pub fn batch_of<T: Table>(rows: usize, columns: Vec<ArrayRef>) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(T::schema(), columns, &options).expect(
        "the macro makes schema and columns from the same fields, with as many values as rows",
    )
}

/// Checks that a batch has exactly the columns of `T`.
pub fn check<T: Table>(batch: &RecordBatch) -> Result<(), SchemaError> {
    let schema = batch.schema();
    let found: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let expected: Vec<_> = T::columns().iter().map(|column| column.name).collect();
    if found != expected {
        return Err(SchemaError::Columns {
            table: T::NAME,
            expected: expected.join(", "),
            found: found.join(", "),
        });
    }
    let columns = T::columns()
        .iter()
        .zip(schema.fields())
        .zip(batch.columns());
    columns
        .into_iter()
        .try_for_each(|((column, field), array)| check_column(T::NAME, column, field, array))
}

fn check_column(
    table: &'static str,
    expected: &Column,
    field: &Field,
    array: &dyn Array,
) -> Result<(), SchemaError> {
    let column = expected.name;
    if !expected.kind.reads(field.data_type()) {
        let found = field.data_type().to_string();
        return Err(SchemaError::Type {
            table,
            column,
            expected: expected.kind,
            found,
        });
    }
    if expected.nullable() != field.is_nullable() {
        return Err(SchemaError::Nullability {
            table,
            column,
            expected_nullable: expected.nullable(),
        });
    }
    let own_nulls = if expected.nullable() {
        0
    } else {
        array.logical_null_count()
    };
    let item_nulls = array
        .as_list_opt::<i32>()
        .map_or(0, |lists| lists.values().logical_null_count());
    match own_nulls + item_nulls {
        0 => Ok(()),
        nulls => Err(SchemaError::Null {
            table,
            column,
            nulls,
        }),
    }
}

/// Whether one of the columns is nullable and has this name.
pub const fn has_nullable(columns: &[(&str, bool)], name: &str) -> bool {
    let mut place = 0;
    while place < columns.len() {
        let (found, nullable) = columns[place];
        if nullable && equal(found, name) {
            return true;
        }
        place += 1;
    }
    false
}

const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut place = 0;
    while place < a.len() && place < b.len() && a[place] == b[place] {
        place += 1;
    }
    place == a.len() && place == b.len()
}

/// When a column may be null. `rule` is from its declaration.
pub const fn null(nullable: bool, gives_reasons: bool, rule: Option<&str>) -> Null {
    match (nullable, rule) {
        (false, None) => Null::Never,
        (true, None) if gives_reasons => Null::Explained,
        (true, None) => Null::Free,
        (true, Some(rule)) if equal(rule, "free") => Null::Free,
        _ => panic!("a nullable column is `free`, or says nothing"),
    }
}

/// Which values are better.
pub const fn better(rule: Option<&str>) -> Option<Better> {
    match rule {
        None => None,
        Some(rule) if equal(rule, "lower") => Some(Better::Lower),
        Some(rule) if equal(rule, "higher") => Some(Better::Higher),
        Some(_) => panic!("better are `lower` values or `higher` ones"),
    }
}

/// Whether the reversed explanation has the negated value.
pub const fn negated(rule: Option<&str>) -> bool {
    match rule {
        None => false,
        Some(rule) if equal(rule, "negated") => true,
        Some(_) => panic!("the value of a reversed explanation is `negated`, or nothing is said"),
    }
}

/// The one text that is given, if any.
pub const fn first(given: &[&'static str]) -> Option<&'static str> {
    match given {
        [] => None,
        [text, ..] => Some(text),
    }
}
