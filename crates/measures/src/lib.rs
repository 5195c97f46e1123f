//! The measures: what explanations and their curves are judged by, computed from tables alone.
//!
//! A measure is one file in `kinds`: a table with its columns' ranges and which values are better, where its formula comes from, what it reads, and the
//! function that computes its rows. [`kinds::ALL`] lists the measures. Keys, checks, docs/tables.md, comparisons of methods and the report's tables
//! follow from that; nothing else in the workspace names a single measure.

mod curves;
mod explanations;
pub mod kinds;
mod measure;

pub use curves::answers;
pub use explanations::{Key, by_depth, by_explanation, equally_relevant, judged_with};
pub use kinds::Kind;
pub use measure::{Declared, Measure, Ready, Tables};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
