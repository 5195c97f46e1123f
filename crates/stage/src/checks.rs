//! What rows must be before they are published, beyond what their types say.
//!
//! An [`crate::Output`] takes no rows without a check, so a stage cannot forget it. Ranges, finiteness and reasons for nulls follow from the columns'
//! declarations in `schema`. A [`Checked`] table adds what its rows must agree with in other tables, computed from the rows that the action read, so
//! that a bug in the action's own arithmetic is seen.

mod columns;
mod rules;
mod tables;

use schema::{AnyRows, Table};

pub use tables::{PRECISION_TOLERANCE, SOFTMAX_TOLERANCE, UNTOUCHED_TOLERANCE, Untouched};

/// A table whose rows can be checked.
pub trait Checked: Table {
    /// What the rows must agree with: of the tables that the action read, or numbers of them.
    type Given<'a>;

    /// The first thing about the rows of one action that cannot be right, beyond the values of single columns.
    fn inspect(rows: &[Self], given: Self::Given<'_>) -> Result<(), Fault>;
}

/// Something about rows that cannot be right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    expected: String,
    found: String,
}

/// An action's rows cannot be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "its rows of {table} are wrong: expected {expected}, found {found}. Nothing was published. Rerun the stage. If the error stays, the network's \
     answers change between calls, or this is a bug in the program: please report it"
)]
pub struct Violation {
    table: &'static str,
    expected: String,
    found: String,
}

impl Fault {
    fn in_table(self, table: &'static str) -> Violation {
        Violation {
            table,
            expected: self.expected,
            found: self.found,
        }
    }
}

/// Checks the rows of one action.
pub(crate) fn check<T: Checked>(rows: &[T], given: T::Given<'_>) -> Result<(), Violation> {
    check_columns(&rows)?;
    T::inspect(rows, given).map_err(|fault| fault.in_table(T::NAME))
}

/// Checks each value of the rows against what its column declares.
pub(crate) fn check_columns<R: AnyRows + ?Sized>(rows: &R) -> Result<(), Violation> {
    let table = rows.table();
    (0..rows.count())
        .try_for_each(|row| columns::inspect(table.columns, &rows.row(row)))
        .map_err(|fault| fault.in_table(table.name))
}

#[cfg(test)]
mod tests;
