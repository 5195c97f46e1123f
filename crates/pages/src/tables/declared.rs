//! Tables of the report that are tables of the study, with the columns that `schema` declares.

use statistics::Measured;
use std::borrow::Cow;

use schema::{AnyRows, Column, Value};

use super::common::{image, method};
use crate::results::Results;
use crate::table::{Cell, Kind, Table};

/// Columns that rows are sorted by, in this order, where a table has them.
const ORDER: [&str; 13] = [
    "network",
    "partition",
    "order",
    "replacement",
    "measure",
    "judges",
    "method",
    "other_method",
    "image",
    "run",
    "other_run",
    "depth",
    "samples",
];
/// Columns that only programs get.
const HIDDEN: [&str; 5] = ["reason", "deterministic", "resamples", "exact", "family"];
/// Tables whose areas are of probabilities or logits, as the study says.
const AREAS: [&str; 6] = [
    "scores",
    "gains",
    "stability",
    "area_shares",
    "normalised",
    "sensitivity",
];
/// Units that say nothing to a reader.
const SILENT: [&str; 6] = ["1", "name", "run", "text", "truth value", "the measure's"];

/// The rows of a table in the report's order, every column under its heading with its unit.
pub(crate) fn declared(results: &Results<'_>, rows: &dyn AnyRows) -> Table {
    let columns = rows.table().columns;
    let mut places: Vec<usize> = (0..rows.count()).collect();
    places.sort_by_cached_key(|&place| key(results, columns, &rows.row(place)));
    in_order(results, rows, &places)
}

/// The same in the order of the rows.
pub(crate) fn declared_as_given(results: &Results<'_>, rows: &dyn AnyRows) -> Table {
    let places: Vec<usize> = (0..rows.count()).collect();
    in_order(results, rows, &places)
}

fn in_order(results: &Results<'_>, rows: &dyn AnyRows, places: &[usize]) -> Table {
    let table = rows.table();
    let shown = |column: &Column| {
        let text = heading(table.name, column, results.measured);
        crate::table::Column::new(column.name, text, kind(column), is_shown(results, column))
    };
    let cells = |&place: &usize| {
        let row = rows.row(place);
        let columns = table.columns.iter().enumerate();
        let cells = columns.map(|(at, column)| cell(results, table.columns, &row, at, column));
        cells.collect()
    };
    Table {
        name: table.name,
        columns: table.columns.iter().map(shown).collect(),
        rows: places.iter().map(cells).collect(),
    }
}

/// What rows are sorted by: known networks and methods as the report orders them, then names and numbers.
fn key(results: &Results<'_>, columns: &[Column], row: &[Value<'_>]) -> Vec<(usize, String)> {
    let part = |name: &&str| {
        let known: &[&str] = match *name {
            "network" => &results.networks,
            "method" | "other_method" => &results.methods,
            _ => &[],
        };
        Some(match value(columns, row, name)? {
            Value::Text(text) => (super::common::rank(known, text).0, text.to_owned()),
            value => (
                value.number().map_or(0, |number| number as usize),
                String::new(),
            ),
        })
    };
    ORDER.iter().filter_map(part).collect()
}

fn value<'a>(columns: &[Column], row: &[Value<'a>], name: &str) -> Option<Value<'a>> {
    let place = columns.iter().position(|column| column.name == name)?;
    Some(row[place])
}

fn text<'a>(columns: &[Column], row: &[Value<'a>], name: &str) -> Option<&'a str> {
    match value(columns, row, name)? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// The content of a cell. Images and methods link to their explanations, and a null gives its reason.
fn cell(
    results: &Results<'_>,
    columns: &[Column],
    row: &[Value<'_>],
    at: usize,
    column: &Column,
) -> Cell {
    let about = |name| text(columns, row, name);
    match (row[at], about("network")) {
        (Value::Text(name), Some(network)) if column.name == "image" => {
            image(results, name, network)
        }
        (Value::Text(name), Some(network))
            if column.name.ends_with("method") && about("image").is_none() =>
        {
            method(name, network, about("partition"))
        }
        (Value::Text(text), _) => text.into(),
        (Value::Truth(truth), _) => truth.into(),
        (Value::Count(count), _) => count.into(),
        (Value::Number(number), _) => number.into(),
        (Value::Null | Value::Numbers(_) | Value::Other, _) => {
            let reason = about("reason").unwrap_or("does not apply");
            Cell::Absent(Cow::Owned(reason.to_owned()))
        }
    }
}

fn kind(column: &Column) -> Kind {
    match column.kind {
        schema::Kind::Boolean => Kind::Truth,
        schema::Kind::U16 | schema::Kind::U32 => Kind::Count,
        schema::Kind::F32 | schema::Kind::F64 => Kind::Number,
        _ => Kind::Text,
    }
}

/// A part of the condition that is the same in the whole study is said once, and not in every row.
fn is_shown(results: &Results<'_>, column: &Column) -> bool {
    match column.name {
        "partition" => results.varying.partition,
        "order" => results.varying.order,
        "replacement" => results.varying.replacement,
        _ if is_list(column) => false,
        name => !HIDDEN.contains(&name),
    }
}

/// A list is for programs, which find it in the study's own table.
fn is_list(column: &Column) -> bool {
    matches!(
        column.kind,
        schema::Kind::ListU16 | schema::Kind::ListU32 | schema::Kind::ListF32
    )
}

/// The heading of a column, with the unit where it says more.
fn heading(table: &str, column: &Column, measured: Measured) -> String {
    let unit = if AREAS.contains(&table) {
        column.unit.replace("probability", measured.name())
    } else {
        column.unit.to_owned()
    };
    let mut heading = column
        .heading
        .map_or_else(|| spelled(column.name), str::to_owned);
    let said = heading.to_lowercase();
    if !SILENT.contains(&&*unit) && !said.contains(&unit) {
        heading.extend([", ", &unit.replace(" x ", " × ")]);
    }
    heading
}

/// A name as words.
fn spelled(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    let first = letters
        .next()
        .map(|letter| letter.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use schema::{Sanity, Summary};

    use super::*;
    use crate::testing::{IMAGES, study, summary};

    fn row(method: &str, measure: &str) -> Summary {
        Summary {
            measure: measure.to_owned(),
            low: None,
            high: None,
            reason: Some("one image".to_owned()),
            ..summary(method, 0.5, 1)
        }
    }

    #[test]
    fn methods_stand_in_the_report_s_order_and_measures_by_name() {
        let mut inputs = study(&IMAGES, 2);
        inputs.methods.reverse();
        inputs.summaries = vec![
            row("gradcam", "pointing"),
            row("lime", "pointing"),
            row("gradcam", "auc"),
        ];
        let table = declared(&Results::new(&inputs), &inputs.summaries);
        let any = row("gradcam", "auc");
        let found: Vec<_> = table
            .rows
            .iter()
            .map(|row| (row[2].clone(), row[5].clone()))
            .collect();
        let expected = [
            ("gradcam", "auc"),
            ("lime", "pointing"),
            ("gradcam", "pointing"),
        ];
        let cells = |(name, measure): (&str, &str)| {
            (
                method(name, &any.network, Some(&any.partition)),
                Cell::from(measure),
            )
        };
        assert_eq!(found, expected.map(cells));
        let low = table
            .columns
            .iter()
            .position(|column| column.name == "low")
            .unwrap();
        assert_eq!(table.rows[0][low], Cell::Absent("one image".into()));
    }

    #[test]
    fn headings_say_the_unit_unless_they_do_already() {
        let of = |columns: &'static [Column], name: &str| {
            let column = columns.iter().find(|column| column.name == name).unwrap();
            heading("stability", column, Measured::Probability)
        };
        let columns = <Summary as schema::Table>::columns();
        assert_eq!(of(columns, "images"), "Images");
        assert_eq!(of(columns, "std_over_images"), "Std over images");
        let columns = <schema::Stability as schema::Table>::columns();
        assert_eq!(of(columns, "auc"), "Mean AUC, probability × superpixels");
        let auc = columns.iter().find(|column| column.name == "auc").unwrap();
        let logits = heading("stability", auc, Measured::Logit);
        assert_eq!(logits, "Mean AUC, logit × superpixels");
        let columns = <Sanity as schema::Table>::columns();
        assert_eq!(of(columns, "random_layers"), "Random layers");
    }
}
