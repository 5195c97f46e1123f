//! What all measures have in common, and docs/tables.md.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use schema::{Better, Column, Description, Null, Range};

use crate::kinds;

/// Every table that a stage publishes.
fn tables() -> Vec<Description> {
    let mut tables = schema::tables();
    tables.extend(kinds::ALL.iter().map(|measure| (measure.table)()));
    tables
}

#[test]
fn tables_and_columns_have_names_and_texts_of_their_own() {
    let mut names = BTreeSet::new();
    for table in tables() {
        assert!(names.insert(table.name), "{} is there twice", table.name);
        assert!(table.row.ends_with('.'), "{}", table.name);
        let mut columns = BTreeSet::new();
        for column in table.columns {
            assert!(columns.insert(column.name), "{}", column.name);
            assert!(column.meaning.ends_with('.'), "{}", column.name);
        }
    }
}

/// Comparisons know a measure by the name of its column alone.
#[test]
fn methods_are_compared_by_columns_of_different_names() {
    let mut names = BTreeSet::new();
    for table in tables() {
        for column in table
            .columns
            .iter()
            .filter(|column| column.better.is_some())
        {
            assert!(
                names.insert(column.name),
                "{} is in two tables",
                column.name
            );
        }
    }
}

#[test]
fn a_measure_reads_tables_and_has_the_columns_that_its_rows_are_found_by() {
    for measure in &kinds::ALL {
        assert!(!measure.reads().is_empty(), "{}", measure.title);
        let has = |name| {
            (measure.table)()
                .columns
                .iter()
                .any(|column| column.name == name)
        };
        for key in ["image", "network", "partition", "method"] {
            assert!(has(key), "{} has no column {key}", measure.title);
        }
    }
}

fn docs() -> String {
    let mut text = "# Tables\n\nEvery table in `artifacts/latest`, by the name of its folder. This page is made from the declarations in \
        `crates/schema` and \
        `crates/measures`; the same texts are in the metadata of each Parquet file.\n\nNumbers are finite. A column that may be null says when. \
        Where a table has a column `reason`, this column says why a value of the row is null. Methods are compared by the columns with better \
        values. Where the least relevant goes first, the opposite values are better.\n"
        .to_owned();
    for table in tables() {
        let _ = write!(
            text,
            "\n## `{}`\n\nA row is: {}\n\n| column | type, unit | values | meaning |\n|---|---|---|---|\n",
            table.name, table.row
        );
        for column in table.columns {
            let meaning = column.meaning.replace('|', "\\|");
            let _ = writeln!(
                text,
                "| `{}` | {}, {} | {} | {meaning} |",
                column.name,
                column.kind,
                column.unit,
                values(column),
            );
        }
    }
    text
}

/// Which values a column may have, in words.
fn values(column: &Column) -> String {
    let range = (column.range != Range::FINITE).then(|| column.range.to_string());
    let better = column.better.map(|better| match better {
        Better::Lower => "lower is better".to_owned(),
        Better::Higher => "higher is better".to_owned(),
    });
    let null = match column.null {
        Null::Never => None,
        Null::Free => Some("may be null"),
        Null::Explained => Some("null with a `reason`"),
    };
    let said = [range, better, null.map(str::to_owned)];
    said.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "writes a page of the docs, and never under artifacts/"
)]
fn docs_of_tables_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/tables.md");
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(&path, docs()).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == docs(),
        "docs/tables.md is not what the tables declare. Run `make docs`"
    );
}
