//! Rules that checks of several tables are made from.

use std::fmt::{Debug, Display};

use super::Fault;

pub(super) fn ensure(
    holds: bool,
    expected: impl Display,
    found: impl FnOnce() -> String,
) -> Result<(), Fault> {
    if holds {
        return Ok(());
    }
    Err(Fault {
        expected: expected.to_string(),
        found: found(),
    })
}

pub(super) fn one<T>(rows: &[T]) -> Result<&T, Fault> {
    match rows {
        [row] => Ok(row),
        _ => Err(Fault {
            expected: "1 row".to_owned(),
            found: rows.len().to_string(),
        }),
    }
}

pub(super) fn same<V: Copy + PartialEq + Debug>(
    what: &str,
    found: V,
    expected: V,
) -> Result<(), Fault> {
    ensure(found == expected, format!("{what}: {expected:?}"), || {
        format!("{found:?}")
    })
}

/// Whether a value is the same in all rows.
pub(super) fn uniform<'a, T, V: Copy + PartialEq + Debug>(
    rows: &'a [T],
    value: impl Fn(&'a T) -> V,
) -> Result<(), Fault> {
    rows.windows(2)
        .try_for_each(|pair| same("the same in all rows", value(&pair[1]), value(&pair[0])))
}

pub(super) fn each<V: Display>(
    expected: &str,
    mut values: impl Iterator<Item = V>,
    holds: impl Fn(&V) -> bool,
) -> Result<(), Fault> {
    values.find(|value| !holds(value)).map_or(Ok(()), |value| {
        ensure(false, expected, || value.to_string())
    })
}

pub(super) fn close(what: &str, found: f64, expected: f64, tolerance: f64) -> Result<(), Fault> {
    let expected_text = format!("{what}: {expected}, to {tolerance:e}");
    ensure((found - expected).abs() <= tolerance, expected_text, || {
        found.to_string()
    })
}

/// Whether values are exactly the numbers 0 .. n, each at least once.
pub(super) fn numbers(
    column: &str,
    values: impl Iterator<Item = usize>,
    n: usize,
) -> Result<(), Fault> {
    let mut there = vec![false; n];
    for value in values {
        match there.get_mut(value) {
            Some(there) => *there = true,
            None => return ensure(false, format!("{column} below {n}"), || value.to_string()),
        }
    }
    ensure(n > 0, "at least 1 superpixel", || "none".to_owned())?;
    let missing = there.iter().position(|there| !there);
    same(
        &format!("number below {n} that no {column} is"),
        missing,
        None,
    )
}

/// Whether values are 0, 1, 2 and so on.
pub(super) fn in_order(column: &str, values: impl Iterator<Item = usize>) -> Result<(), Fault> {
    let wrong = values.enumerate().find(|(row, value)| row != value);
    same(
        &format!("row with a {column} that is not its number"),
        wrong,
        None,
    )
}
