//! What a column declares of its values: unit, meaning, range, when they are null, and what is better.

use std::fmt;

use crate::Kind;

/// Description of one column. Checks of rows, docs/tables.md and the report's tables follow from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Name: full words, lower snake case.
    pub name: &'static str,
    /// Unit of a value, such as `pixels`; `1` for a pure number.
    pub unit: &'static str,
    /// What a value means, in one sentence.
    pub meaning: &'static str,
    /// Type of a value.
    pub kind: Kind,
    /// Whether, and how, a value may be absent.
    pub null: Null,
    /// The values that a number, or each number of a list, may have.
    pub range: Range,
    /// Which values are better where methods are compared by this column; none where they are not.
    pub better: Option<Better>,
    /// Whether an explanation whose relevances change sign has the value with the other sign.
    pub negated: bool,
    /// What the column asks of an explanation, in words, where the report checks its answer by it.
    pub question: Option<&'static str>,
    /// Heading for readers, without the unit; none where the name says it.
    pub heading: Option<&'static str>,
}

impl Column {
    /// Whether a value may be absent.
    pub fn nullable(&self) -> bool {
        self.null != Null::Never
    }
}

/// When a value may be absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Null {
    /// Never.
    Never,
    /// When its meaning says so.
    Free,
    /// Where the column `reason` of the row says why. That column is null in every other row.
    Explained,
}

/// The values from `low` to `high`, both included. Numbers are finite whatever their range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Range {
    /// The lowest value.
    pub low: Bound,
    /// The highest value.
    pub high: Bound,
}

/// An end of a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// No end.
    Open,
    /// This number.
    Number(f64),
    /// What the column of this name holds in the same row.
    Column(&'static str),
    /// The natural logarithm of that.
    Logarithm(&'static str),
}

impl Range {
    /// All finite numbers.
    pub const FINITE: Self = Self {
        low: Bound::Open,
        high: Bound::Open,
    };
}

impl fmt::Display for Range {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.low, self.high) {
            (Bound::Open, Bound::Open) => formatter.write_str("finite"),
            (low, Bound::Open) => write!(formatter, "at least {low}"),
            (Bound::Open, high) => write!(formatter, "at most {high}"),
            (low, high) => write!(formatter, "from {low} to {high}"),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open => Ok(()),
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Column(name) => write!(formatter, "`{name}`"),
            Self::Logarithm(name) => write!(formatter, "ln `{name}`"),
        }
    }
}

/// Which values of a measure are better. Of a removal in the order `least_relevant_first` it is the other ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Better {
    /// Lower ones.
    Lower,
    /// Higher ones.
    Higher,
}

impl Better {
    /// `lower` or `higher`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
        }
    }
}

/// A value of a row, as far as checks and readers need it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Null,
    /// A text.
    Text(&'a str),
    /// A truth value.
    Truth(bool),
    /// A number that counts or names something.
    Count(u32),
    /// A number.
    Number(f64),
    /// A list of numbers.
    Numbers(&'a [f32]),
    /// Bytes, or a list of counts.
    Other,
}

impl Value<'_> {
    /// The value as one number.
    pub fn number(self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(count.into()),
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}

/// The [`Range`] between two ends, each a number, the name of a column or the logarithm of a column; an end may be missing.
#[macro_export]
macro_rules! range {
    () => { $crate::Range::FINITE };
    ($low:literal ..= $high:literal) => { $crate::range!(@ Number($low as f64), Number($high as f64)) };
    ($low:literal ..= $high:ident) => { $crate::range!(@ Number($low as f64), Column(stringify!($high))) };
    ($low:literal ..= ln($high:ident)) => { $crate::range!(@ Number($low as f64), Logarithm(stringify!($high))) };
    ($low:literal ..) => { $crate::range!(@ Number($low as f64), Open) };
    ($low:ident ..= $high:literal) => { $crate::range!(@ Column(stringify!($low)), Number($high as f64)) };
    ($low:ident ..) => { $crate::range!(@ Column(stringify!($low)), Open) };
    (..= $high:literal) => { $crate::range!(@ Open, Number($high as f64)) };
    (..= $high:ident) => { $crate::range!(@ Open, Column(stringify!($high))) };
    (@ $low:ident $(($low_end:expr))?, $high:ident $(($high_end:expr))?) => {
        $crate::Range {
            low: $crate::Bound::$low $(($low_end))?,
            high: $crate::Bound::$high $(($high_end))?,
        }
    };
}
