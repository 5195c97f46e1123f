//! A table that is shown in the page and written beside it as CSV, Markdown, LaTeX and Parquet, from the same cells.

mod csv;
mod latex;
mod markdown;
mod parquet;

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

    pub(crate) fn count(count: Option<impl Into<u64>>, reason: &'static str) -> Self {
        count.map_or(Self::Absent(reason), |count| Self::Count(count.into()))
    }

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
            Self::Number(number) => {
                let text = format!("{number:.*}", column.decimals);
                // Nothing is less than nothing to a reader.
                let zero = text.trim_start_matches(['-', '0', '.']).is_empty();
                text.trim_start_matches(if zero { "-" } else { "" })
                    .to_owned()
            }
            other => other.full(),
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

/// A column of a [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Name for programs: full words, lower snake case.
    name: &'static str,
    /// Name for readers, with the unit.
    heading: &'static str,
    /// What its values are, where that is not left to the cells.
    kind: Option<Kind>,
    decimals: usize,
    shown: bool,
    code: bool,
}

impl Column {
    /// A column whose values are of the kind that its cells are; without any, numbers.
    pub(crate) fn new(name: &'static str, heading: &'static str) -> Self {
        Self {
            name,
            heading,
            kind: None,
            decimals: 3,
            shown: true,
            code: false,
        }
    }

    pub(crate) fn text(name: &'static str, heading: &'static str) -> Self {
        Self::new(name, heading).of(Kind::Text)
    }

    pub(crate) fn truth(name: &'static str, heading: &'static str) -> Self {
        Self::new(name, heading).of(Kind::Truth)
    }

    pub(crate) fn count(name: &'static str, heading: &'static str) -> Self {
        Self::new(name, heading).of(Kind::Count)
    }

    pub(crate) fn number(name: &'static str, heading: &'static str) -> Self {
        Self::new(name, heading).of(Kind::Number)
    }

    fn of(self, kind: Kind) -> Self {
        Self {
            kind: Some(kind),
            ..self
        }
    }

    /// With another number of decimals for readers than 3.
    pub(crate) fn decimals(self, decimals: usize) -> Self {
        Self { decimals, ..self }
    }

    /// For readers only if `shown`; always for programs.
    pub(crate) fn shown(self, shown: bool) -> Self {
        Self { shown, ..self }
    }

    /// As code for readers, for digests.
    pub(crate) fn code(self) -> Self {
        Self { code: true, ..self }
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
        let kinds = || self.rows.iter().filter_map(|row| row[place].kind());
        let declared = self.columns[place].kind;
        let Some(first) = declared.or_else(|| kinds().next()) else {
            return Kind::Number;
        };
        kinds().fold(first, |all, kind| match (all, kind) {
            (all, kind) if all == kind => all,
            (Kind::Count | Kind::Number, Kind::Count | Kind::Number) => Kind::Number,
            _ => Kind::Text,
        })
    }
}

#[cfg(test)]
mod testing {
    use super::{Cell, Column, Table};

    /// A table with every kind of column, with and without a value, and with what its formats take for signs.
    pub(super) fn awkward() -> Table {
        let absent = || Cell::Absent("not known");
        Table {
            name: "awkward",
            columns: vec![
                Column::text("image", "Image"),
                Column::text("digest", "Digest").code(),
                Column::count("samples", "Samples"),
                Column::number("auc", "Mean AUC").decimals(2),
                Column::truth("deterministic", "Deterministic"),
                Column::number("hidden", "Hidden").shown(false),
            ],
            rows: vec![
                vec![
                    Cell::Link {
                        text: "<script>".to_owned(),
                        address: "#a".to_owned(),
                    },
                    Cell::text("3fa4"),
                    Cell::Count(12345),
                    Cell::Number(0.2512),
                    Cell::Truth(true),
                    Cell::Number(-1e-9),
                ],
                vec![
                    Cell::text("a | b *c* d_e\nf"),
                    absent(),
                    absent(),
                    absent(),
                    absent(),
                    absent(),
                ],
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_for_readers_and_in_full_for_programs() {
        let column = Column::number("auc", "AUC").decimals(2);
        let shown = [0.125_4, -0.001, -1.256, 0.0, 31.9].map(|number| {
            let cell = Cell::Number(number);
            (cell.rounded(&column), cell.full())
        });
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
    fn a_column_is_of_the_kind_that_its_values_need() {
        let of = |column: Column, cells: &[Cell]| {
            let rows = cells.iter().map(|cell| vec![cell.clone()]).collect();
            Table {
                name: "t",
                columns: vec![column],
                rows,
            }
            .kind(0)
        };
        let (count, number) = (Cell::Count(3), Cell::Number(0.5));
        let absent = Cell::Absent("none");
        assert_eq!(of(Column::new("a", "A"), &[]), Kind::Number);
        assert_eq!(
            of(Column::new("a", "A"), &[absent.clone(), count.clone()]),
            Kind::Count
        );
        assert_eq!(
            of(Column::new("a", "A"), &[count.clone(), number]),
            Kind::Number
        );
        assert_eq!(
            of(Column::new("a", "A"), &[count.clone(), Cell::text("x")]),
            Kind::Text
        );
        assert_eq!(
            of(Column::truth("a", "A"), std::slice::from_ref(&absent)),
            Kind::Truth
        );
        assert_eq!(
            of(Column::count("a", "A"), &[absent, Cell::text("1 to 3")]),
            Kind::Text
        );
    }
}
