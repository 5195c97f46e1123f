//! The tables that stages exchange: one file and one struct each, one documented field a column. Measures of explanations have theirs in `measures`.
//!
//! A row is a plain struct; [`Table`] turns rows into an Arrow record batch and back, and knows what every [`Column`] may hold. This crate says what a
//! table *is*; checks of rows against other tables are for the stage that makes them, and files are `store`'s.
//!
//! Arrays are lists, row-major, with `height` and `width` columns beside them. Text is dictionary-encoded in memory, because it repeats from row to
//! row; [`Table::decode`] takes plain text too. There are no Arrow extension types: files whose shapes differ could not be read together by pandas or
//! polars.

mod cell;
mod column;
#[doc(hidden)]
pub mod support;
mod table;

pub use cell::Kind;
pub use column::{Better, Bound, Column, Null, Range, Value};
pub use table::{AnyRows, Description, SchemaError, Table};

/// Declares a module for each table, and lists the tables.
macro_rules! tables {
    ($($module:ident::$row:ident,)+) => {
        $(mod $module; pub use $module::$row;)+

        /// What each table is, in the order in which they are made.
        pub fn tables() -> Vec<Description> {
            vec![$(Description::of::<$row>()),+]
        }
    };
}

tables! {
    crops::Crop,
    segments::Segments,
    logits::Logits,
    targets::Target,
    saliency::Saliency,
    perturbations::Perturbations,
    weights::Weight,
    relevances::Relevance,
    curves::CurveStep,
    deletions::Deletion,
    scores::Score,
    exclusions::Exclusion,
    gains::Gain,
    agreement::Agreement,
    needed_samples::NeededSamples,
    sanity::Sanity,
    comparisons::Comparison,
    summaries::Summary,
    stability::Stability,
    variance_components::VarianceComponents,
    concordance::Concordance,
    decisions::Decision,
    separations::Separation,
}
