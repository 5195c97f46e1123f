//! The tables that stages exchange: one file and one struct each, one documented field a column.
//!
//! A row is a plain struct; [`Table`] turns rows into an Arrow record batch and back, and knows every column's type, unit and
//! meaning. This crate says what a table *is*; whether rows are sensible is for the stage that makes them, and files are `store`'s.
//!
//! Keys that a table has as they apply: `image` (path below the image folder without its ending, `/` as `__`), `network`,
//! `partition`, `method` (names given in pipeline.toml) and `run` (from 0). Arrays are lists, row-major, with `height` and `width`
//! beside them. Text is dictionary-encoded in memory, because it repeats from row to row; [`Table::decode`] takes plain text too.
//! There are no Arrow extension types: files whose shapes differ could not be read together by pandas or polars.

mod agreement;
mod cell;
mod comparisons;
mod complexity;
mod concordance;
mod crops;
mod curves;
mod exclusions;
mod gains;
mod localization;
mod logits;
mod needed_samples;
mod perturbations;
mod relevances;
mod saliency;
mod sanity;
mod scores;
mod segments;
mod stability;
mod summaries;
mod table;
mod targets;
mod variance_components;
mod weights;

pub use agreement::Agreement;
pub use cell::Kind;
pub use comparisons::Comparison;
pub use complexity::Complexity;
pub use concordance::Concordance;
pub use crops::Crop;
pub use curves::CurveStep;
pub use exclusions::Exclusion;
pub use gains::Gain;
pub use localization::Localization;
pub use logits::Logits;
pub use needed_samples::NeededSamples;
pub use perturbations::Perturbations;
pub use relevances::Relevance;
pub use saliency::Saliency;
pub use sanity::Sanity;
pub use scores::Score;
pub use segments::Segments;
pub use stability::Stability;
pub use summaries::Summary;
pub use table::{Column, SchemaError, Table};
pub use targets::Target;
pub use variance_components::VarianceComponents;
pub use weights::Weight;
