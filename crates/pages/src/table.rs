//! A table that is shown in the page and written as CSV, from the same cells.

use maud::{Markup, html};

use crate::ReportError;

/// A value, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    /// The name of an image, and its number among the images with scores.
    Image(String, usize),
    Count(u64),
    Number(f64),
    /// Nothing, with the reason in a few words.
    Absent(&'static str),
}

impl Cell {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn number(number: Option<f64>, reason: &'static str) -> Self {
        number
            .filter(|number| number.is_finite())
            .map_or(Self::Absent(reason), Self::Number)
    }

    pub(crate) fn optional_text(text: Option<&String>, reason: &'static str) -> Self {
        text.map_or(Self::Absent(reason), |text| Self::Text(text.clone()))
    }

    /// The full value, for a program; empty where there is none.
    fn csv(&self) -> String {
        match self {
            Self::Text(text) | Self::Image(text, _) => text.clone(),
            Self::Count(count) => count.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Absent(_) => String::new(),
        }
    }

    /// Whether it stands at the right of its column, with the heading.
    fn right(&self) -> bool {
        matches!(self, Self::Count(_) | Self::Number(_))
    }

    fn html(&self, column: &Column) -> Markup {
        html! {
            @match self {
                Self::Text(text) if column.code => { td.digest { code { (text) } } }
                Self::Text(text) => { td { (text) } }
                Self::Image(name, number) => { td { a href={ "#image-" (number) } { (name) } } }
                Self::Count(count) => { td.number { (grouped(*count)) } }
                Self::Number(number) => { td.number { (format!("{number:.*}", column.decimals)) } }
                Self::Absent(reason) => { td.absent { "– (" (reason) ")" } }
            }
        }
    }
}

/// A count with thin spaces between its thousands.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) && digits.len() > 4 {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// A column of a [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Name in the CSV: full words, lower snake case.
    name: &'static str,
    heading: &'static str,
    decimals: usize,
    shown: bool,
    code: bool,
}

impl Column {
    pub(crate) fn new(name: &'static str, heading: &'static str) -> Self {
        Self {
            name,
            heading,
            decimals: 3,
            shown: true,
            code: false,
        }
    }

    /// With another number of decimals in the page than 3.
    pub(crate) fn decimals(self, decimals: usize) -> Self {
        Self { decimals, ..self }
    }

    /// In the page only if `shown`; always in the CSV.
    pub(crate) fn shown(self, shown: bool) -> Self {
        Self { shown, ..self }
    }

    /// As code in the page, for digests.
    pub(crate) fn code(self) -> Self {
        Self { code: true, ..self }
    }
}

/// Rows of cells under columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// Name of the CSV without its ending.
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
    /// As many cells in each as there are columns.
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The table in a box of its own that scrolls sideways where the page is narrow.
    pub(crate) fn html(&self) -> Markup {
        let shown = |row: &'_ [Cell]| -> Vec<Markup> {
            let cells = row.iter().zip(&self.columns);
            cells
                .filter(|(_, column)| column.shown)
                .map(|(cell, column)| cell.html(column))
                .collect()
        };
        let right = |place: usize| self.rows.iter().any(|row| row[place].right());
        html! {
            div.scroll tabindex="0" role="region" aria-label=(self.name.replace('_', " ")) {
                table {
                    thead { tr {
                        @for (place, column) in self.columns.iter().enumerate().filter(|(_, column)| column.shown) {
                            th.number[right(place)] scope="col" { (column.heading) }
                        }
                    } }
                    tbody { @for row in &self.rows { tr { @for cell in shown(row) { (cell) } } } }
                }
            }
        }
    }

    /// The table as UTF-8 CSV with a header row, by RFC 4180 but with line feeds; every number in full.
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
                .write_record(row.iter().map(Cell::csv))
                .map_err(failed)?;
        }
        writer
            .into_inner()
            .map_err(|error| failed(error.into_error().into()))
    }
}
