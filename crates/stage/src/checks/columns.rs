//! What every column declares of its values.

use schema::{Bound, Column, Null, Range, Value};

use super::Fault;
use super::rules::ensure;

/// Rounding of sums in f64.
pub(super) const ROUNDING: f64 = 1e-9;

/// The column that says why others are null.
const REASON: &str = "reason";

/// Whether each value of a row is in its column's range, and nulls are explained.
pub(super) fn inspect(columns: &[Column], row: &[Value<'_>]) -> Result<(), Fault> {
    let mut each = columns.iter().zip(row);
    each.try_for_each(|(column, value)| in_range(column, *value, row, columns))?;
    explained(columns, row)
}

fn in_range(
    column: &Column,
    value: Value<'_>,
    row: &[Value<'_>],
    columns: &[Column],
) -> Result<(), Fault> {
    // A bound that is null holds nothing.
    let other = |name| {
        let place = columns.iter().position(|other| other.name == name);
        let number = place.and_then(|place| row[place].number());
        number.unwrap_or(f64::NAN)
    };
    let end = |bound| match bound {
        Bound::Open => None,
        Bound::Number(number) => Some(number),
        Bound::Column(name) => Some(other(name)),
        Bound::Logarithm(name) => Some(other(name).ln()),
    };
    let [low, high] = [end(column.range.low), end(column.range.high)];
    let holds = |number: f64| {
        number.is_finite()
            && low.is_none_or(|low| number >= low - ROUNDING)
            && high.is_none_or(|high| number <= high + ROUNDING)
    };
    let wrong = match value {
        Value::Numbers(numbers) => {
            let mut numbers = numbers.iter().copied().map(f64::from);
            numbers.find(|number| !holds(*number))
        }
        value => value.number().filter(|number| !holds(*number)),
    };
    wrong.map_or(Ok(()), |number| {
        ensure(false, expected(column.name, column.range), || {
            number.to_string()
        })
    })
}

fn expected(name: &str, range: Range) -> String {
    if range == Range::FINITE {
        format!("a finite {name}")
    } else {
        format!("{name} {range}")
    }
}

/// Whether a row says why a value of it is null, and only then.
fn explained(columns: &[Column], row: &[Value<'_>]) -> Result<(), Fault> {
    let Some(place) = columns.iter().position(|column| column.name == REASON) else {
        return Ok(());
    };
    let said = match row[place] {
        Value::Text(reason) => {
            ensure(!reason.is_empty(), "a reason in words", || {
                "none".to_owned()
            })?;
            true
        }
        _ => false,
    };
    let mut nulls = columns
        .iter()
        .zip(row)
        .filter(|(column, value)| column.null == Null::Explained && matches!(value, Value::Null));
    let null = nulls.next().map(|(column, _)| column.name);
    let expected = "a reason where a value is null, and only there";
    // A reason that must be there always is for the row, and not for a null.
    let holds = !columns[place].nullable() || said == null.is_some();
    ensure(holds, expected, || match null {
        Some(name) => format!("none for {name}"),
        None => "one without a null".to_owned(),
    })
}
