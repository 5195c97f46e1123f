//! The rows of CSV files in which people list images: labels and manifests.

use std::ops::Range;

use csv::{ReaderBuilder, StringRecord, Trim};

use config::Source;

/// The header of a file, and the rows below it.
pub(crate) struct Listing {
    /// The names of the columns; none in an empty file.
    pub(crate) header: StringRecord,
    pub(crate) rows: Vec<Row>,
}

/// A row with as many fields as the header, without spaces around them.
pub(crate) struct Row {
    /// From its line to the end of the file.
    pub(crate) line: Range<usize>,
    pub(crate) fields: StringRecord,
}

impl Listing {
    /// Reads a file. `wrong` is given the line of each row that has another number of fields than the header, with what is wrong and how to fix it.
    pub(crate) fn read(source: &Source, mut wrong: impl FnMut(Range<usize>, String, &str)) -> Self {
        let text = &source.text;
        let mut reader = ReaderBuilder::new()
            .flexible(true)
            .trim(Trim::All)
            .from_reader(text.as_bytes());
        let header = reader.headers().cloned().unwrap_or_default();
        let mut rows = Vec::new();
        for fields in reader.records().filter_map(Result::ok) {
            let start = fields.position().map_or(0, |place| place.byte() as usize);
            let line = skip_blank_lines(text, start)..text.len();
            if fields.len() == header.len() {
                rows.push(Row { line, fields });
                continue;
            }
            let title = format!(
                "a row must have {} fields, and this one has {}",
                header.len(),
                fields.len()
            );
            wrong(
                line,
                title,
                "put quotes around a path or label that contains a comma",
            );
        }
        Self { header, rows }
    }

    /// The place of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }
}

/// A record's position is that of the empty lines before it, which the parser skips.
fn skip_blank_lines(text: &str, start: usize) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    start + rest.len() - rest.trim_start_matches(['\r', '\n']).len()
}
