//! The check that every algorithm's settings go through once.

use std::{fmt::Display, ops::RangeInclusive};

use thiserror::Error;

/// A setting outside its range.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("expected {name} between {minimum} and {maximum}, found {found}: {usual} is usual")]
pub struct SettingError {
    /// The setting's name.
    pub name: &'static str,
    /// The smallest value allowed.
    pub minimum: String,
    /// The largest value allowed.
    pub maximum: String,
    /// The value found.
    pub found: String,
    /// The default.
    pub usual: String,
}

/// Refuses a value outside its range; not-a-number lies outside every range.
pub(crate) fn check<T: PartialOrd + Display>(
    name: &'static str,
    found: T,
    range: &RangeInclusive<T>,
    usual: &T,
) -> Result<T, SettingError> {
    if range.contains(&found) {
        return Ok(found);
    }
    Err(SettingError {
        name,
        minimum: range.start().to_string(),
        maximum: range.end().to_string(),
        found: found.to_string(),
        usual: usual.to_string(),
    })
}
