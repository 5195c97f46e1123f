//! A table that is shown in the page and written beside it as CSV, Markdown, LaTeX and Parquet, from the same cells.

mod csv;
mod latex;
mod markdown;
mod parquet;

use std::borrow::Cow;

use maud::{Markup, html};

/// A value, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Text(String),
    /// A text that leads to a place of the page.
    Link {
        text: String,
        address: String,
    },
    Truth(bool),
    Count(u64),
    Number(f64),
    /// Nothing, with the reason in a few words.
    Absent(Cow<'static, str>),
}

/// What a cell can be made from.
macro_rules! cells {
    ($($kind:ident($value:ident: $type:ty) $made:expr;)+) => {
        $(impl From<$type> for Cell {
            fn from($value: $type) -> Self {
                Self::$kind($made)
            }
        })+
    };
}

cells! {
    Text(text: &str) text.to_owned();
    Text(text: &String) text.clone();
    Text(text: String) text;
    Truth(truth: bool) truth;
    Count(count: u32) count.into();
    Count(count: u64) count;
    Count(count: usize) count as u64;
    Number(number: f64) number;
}

/// A value, or the reason why there is none; a number that is not finite is no value.
impl<T: Into<Cell>> From<(Option<T>, &'static str)> for Cell {
    fn from((value, reason): (Option<T>, &'static str)) -> Self {
        value
            .map(Into::into)
            .filter(|cell| !matches!(cell, Self::Number(number) if !number.is_finite()))
            .unwrap_or(Self::Absent(Cow::Borrowed(reason)))
    }
}

impl Cell {
    /// The full value, for a program; empty where there is none.
    fn full(&self) -> String {
        match self {
            Self::Text(text) | Self::Link { text, .. } => text.clone(),
            Self::Truth(truth) => truth.to_string(),
            Self::Count(count) => count.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Absent(_) => String::new(),
        }
    }

    /// The value for a reader, with the decimals of its column; empty where there is none.
    fn rounded(&self, column: &Column) -> String {
        match self {
            Self::Count(count) => grouped(*count),
            Self::Number(number) => fixed(*number, column.decimals),
            other => other.full(),
        }
    }

    fn written(&self, column: &Column, format: &Format) -> String {
        match self {
            Self::Absent(_) => format.absent.to_owned(),
            Self::Text(text) if column.code => (format.code)(text),
            Self::Number(number) if *number < 0.0 => (format.negative)(&self.rounded(column)),
            _ => (format.text)(&self.rounded(column)),
        }
    }

    fn kind(&self) -> Option<Kind> {
        match self {
            Self::Text(_) | Self::Link { .. } => Some(Kind::Text),
            Self::Truth(_) => Some(Kind::Truth),
            Self::Count(_) => Some(Kind::Count),
            Self::Number(_) => Some(Kind::Number),
            Self::Absent(_) => None,
        }
    }

    fn html(&self, column: &Column) -> Markup {
        html! {
            @match self {
                Self::Text(text) if column.code => { td.digest { code { (text) } } }
                Self::Text(_) | Self::Truth(_) => { td { (self.full()) } }
                Self::Link { text, address } => { td { a href=(address) { (text) } } }
                Self::Count(_) | Self::Number(_) => { td.number { (self.rounded(column)) } }
                Self::Absent(reason) => { td.absent { "– (" (reason) ")" } }
            }
        }
    }
}

/// A text in one line, each letter as `write` writes it.
fn escaped(text: &str, write: impl Fn(&mut String, char)) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        write(&mut escaped, if letter.is_control() { ' ' } else { letter });
    }
    escaped
}

/// A number with so many decimals, without a sign where they are all 0: nothing is less than nothing to a reader.
pub(crate) fn fixed(number: f64, decimals: usize) -> String {
    let text = format!("{number:.decimals$}");
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|letter| "0.".contains(letter)) => zero.to_owned(),
        _ => text,
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

/// What the values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Truth,
    Count,
    Number,
}

/// How a text format for readers writes what a cell holds, each in one line.
struct Format {
    text: fn(&str) -> String,
    /// Text of a column of code.
    code: fn(&str) -> String,
    /// A number below 0.
    negative: fn(&str) -> String,
    /// What stands for no value.
    absent: &'static str,
}

/// A column of a [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Name for programs: full words, lower snake case.
    pub(crate) name: &'static str,
    /// Name for readers, with the unit.
    heading: Cow<'static, str>,
    /// What its values are, as far as the cells agree.
    kind: Kind,
    decimals: usize,
    shown: bool,
    code: bool,
}

impl Column {
    /// A column whose numbers are shown with 3 decimals.
    pub(crate) fn new(
        name: &'static str,
        heading: impl Into<Cow<'static, str>>,
        kind: Kind,
        shown: bool,
    ) -> Self {
        Self {
            name,
            heading: heading.into(),
            kind,
            decimals: 3,
            shown,
            code: false,
        }
    }
}

/// Rows of cells under columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Table {
    /// Name of its files without an ending.
    pub(crate) name: &'static str,
    pub(crate) columns: Vec<Column>,
    /// As many cells in each as there are columns.
    pub(crate) rows: Vec<Vec<Cell>>,
}

impl Table {
    /// The table in a box of its own that scrolls sideways where the page is narrow.
    pub(crate) fn html(&self) -> Markup {
        let shown = self.shown();
        html! {
            div.scroll tabindex="0" role="region" aria-label=(self.name.replace('_', " ")) {
                table {
                    thead { tr {
                        @for &place in &shown {
                            th.number[self.right(place)] scope="col" { (self.columns[place].heading) }
                        }
                    } }
                    tbody { @for row in &self.rows { tr {
                        @for &place in &shown { (row[place].html(&self.columns[place])) }
                    } } }
                }
            }
        }
    }

    /// The headings and then the rows as `format` writes them for readers: of each the shown columns alone.
    fn written(&self, format: &Format) -> impl Iterator<Item = Vec<String>> {
        let shown = self.shown();
        let headings = shown
            .iter()
            .map(|&place| (format.text)(&self.columns[place].heading))
            .collect();
        let cells = move |row: &Vec<Cell>| {
            let cell = |&place: &usize| row[place].written(&self.columns[place], format);
            shown.iter().map(cell).collect()
        };
        std::iter::once(headings).chain(self.rows.iter().map(cells))
    }

    /// Places of the columns that readers see.
    fn shown(&self) -> Vec<usize> {
        let places = 0..self.columns.len();
        places.filter(|&place| self.columns[place].shown).collect()
    }

    /// Whether a column's values stand at the right, with the heading.
    fn right(&self, place: usize) -> bool {
        matches!(self.kind(place), Kind::Count | Kind::Number)
    }

    /// What all values of a column can be written as. Text among its cells makes any column one of text.
    fn kind(&self, place: usize) -> Kind {
        let kinds = self.rows.iter().filter_map(|row| row[place].kind());
        kinds.fold(self.columns[place].kind, |all, kind| match (all, kind) {
            (all, kind) if all == kind => all,
            (Kind::Count | Kind::Number, Kind::Count | Kind::Number) => Kind::Number,
            _ => Kind::Text,
        })
    }
}

/// A table that is built column by column, with a cell for every subject.
pub(crate) struct Builder<S> {
    subjects: Vec<S>,
    table: Table,
}

impl<S: Copy> Builder<S> {
    /// A table with a row for each subject.
    pub(crate) fn new(name: &'static str, subjects: Vec<S>) -> Self {
        let table = Table {
            name,
            columns: Vec::new(),
            rows: vec![Vec::new(); subjects.len()],
        };
        Self { subjects, table }
    }

    pub(crate) fn build(self) -> Table {
        self.table
    }

    /// Adds a column by its kind, its name for programs and its heading for readers, with the unit.
    pub(crate) fn column<C: Into<Cell>>(
        mut self,
        kind: Kind,
        [name, heading]: [&'static str; 2],
        value: impl Fn(S) -> C,
    ) -> Self {
        for (row, &subject) in self.table.rows.iter_mut().zip(&self.subjects) {
            row.push(value(subject).into());
        }
        self.table
            .columns
            .push(Column::new(name, heading, kind, true));
        self
    }

    /// Gives the last column another number of decimals for readers than 3.
    pub(crate) fn decimals(self, decimals: usize) -> Self {
        self.change(|column| column.decimals = decimals)
    }

    /// Shows the last column to readers only if `shown`; programs always get it.
    pub(crate) fn shown(self, shown: bool) -> Self {
        self.change(|column| column.shown = shown)
    }

    /// Shows the last column as code, for digests.
    pub(crate) fn code(self) -> Self {
        self.change(|column| column.code = true)
    }

    fn change(mut self, change: impl FnOnce(&mut Column)) -> Self {
        self.table.columns.last_mut().map(change);
        self
    }
}

/// Adds columns to a [`Builder`]. A line has a column's kind, its name for programs, its heading for readers with the unit, changes to the column if
/// there are any, and the value that a row has there: what a [`Cell`] can be made from.
macro_rules! columns {
    ($table:expr, |$row:ident| $($kind:ident $name:ident $heading:literal $(.$change:ident($($argument:expr),*))* => $value:expr;)*) => {
        $table $(
            .column($crate::table::Kind::$kind, [stringify!($name), $heading], |$row| $value)
            $(.$change($($argument),*))*
        )*
    };
}
pub(crate) use columns;

#[cfg(test)]
mod testing {
    use super::{Builder, Cell, Table};

    /// A table with every kind of column, with and without a value, and with what its formats take for signs.
    pub(super) fn awkward() -> Table {
        const UNKNOWN: &str = "not known";
        let link = Cell::Link {
            text: "<script>".to_owned(),
            address: "#a".to_owned(),
        };
        let images = [link, "a | b *c* d_e\nf".into()];
        columns! { Builder::new("awkward", vec![true, false]), |first|
            Text image "Image" => images[usize::from(!first)].clone();
            Text digest "Digest".code() => (first.then_some("3fa4"), UNKNOWN);
            Count samples "Samples" => (first.then_some(12345_u32), UNKNOWN);
            Number auc "Mean AUC".decimals(2) => (first.then_some(0.2512), UNKNOWN);
            Truth deterministic "Deterministic" => (first.then_some(true), UNKNOWN);
            Number hidden "Hidden".shown(false) => (first.then_some(-1e-9), UNKNOWN);
        }
        .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_for_readers_and_in_full_for_programs() {
        let numbers = Builder::new("t", vec![0.125_4, -0.001, -1.256, 0.0, 31.9]);
        let table = columns! { numbers, |number| Number auc "AUC".decimals(2) => number; }.build();
        let cells = table.rows.iter().map(|row| &row[0]);
        let shown: Vec<_> = cells
            .map(|cell| (cell.rounded(&table.columns[0]), cell.full()))
            .collect();
        let expected = [
            ("0.13", "0.1254"),
            ("0.00", "-0.001"),
            ("-1.26", "-1.256"),
            ("0.00", "0"),
            ("31.90", "31.9"),
        ];
        assert_eq!(shown, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn a_number_that_is_not_finite_is_no_value() {
        assert_eq!(
            Cell::from((Some(f64::NAN), "none")),
            Cell::Absent("none".into())
        );
        assert_eq!(Cell::from((Some(0.5), "none")), Cell::Number(0.5));
    }

    #[test]
    fn a_column_is_of_the_kind_that_its_values_need() {
        let cells = [
            Cell::Count(3),
            Cell::Number(0.5),
            Cell::from("x"),
            Cell::Absent("none".into()),
        ];
        let of = |places: &[usize]| {
            let cell = |place: usize| cells[place].clone();
            let builder = Builder::new("t", places.to_vec());
            columns! { builder, |place| Count a "A" => cell(place); }
                .build()
                .kind(0)
        };
        let [count, number, text, absent] = [0, 1, 2, 3];
        assert_eq!(of(&[]), Kind::Count);
        assert_eq!(of(&[absent, count]), Kind::Count);
        assert_eq!(of(&[count, number]), Kind::Number);
        assert_eq!(of(&[absent, text]), Kind::Text);
    }
}
