//! Inputs of `scores`.

use std::collections::BTreeSet;

use parts::{All, Told};
use schema::{CurveStep, Logits, Relevance, Target};
use serde::Serialize;
use statistics::Measured;

use crate::targets::ClassNames;

/// The areas under all curves, and the images that were dropped.
#[derive(Debug, Serialize)]
pub struct Scores {
    /// The curves.
    pub curves: All<CurveStep>,
    /// The relevances behind them.
    pub relevances: All<Relevance>,
    /// The explained classes.
    pub targets: All<Target>,
    /// The networks' answers, for the labels in `exclusions`.
    pub logits: All<Logits>,
    /// What of the explained class the areas are of.
    pub areas_of: Measured,
    /// Names of the methods of which every run gives the same.
    pub deterministic: BTreeSet<String>,
    /// Names of the methods whose relevances are more than the places in an order.
    pub measured: BTreeSet<String>,
    /// Whether an image that a network gets wrong is dropped.
    pub require_correct: bool,
    /// The names of the classes.
    pub classes: ClassNames,
    /// Where a search has no order.
    pub too_fine: Told<Vec<TooFine>>,
}

/// A partition of an image that has more superpixels than a search takes.
#[derive(Clone, Debug, Serialize)]
pub struct TooFine {
    /// Name of the image.
    pub image: String,
    /// Name of the partition.
    pub partition: String,
    /// Name of the method.
    pub method: String,
    /// How many superpixels there are.
    pub superpixels: u32,
    /// How many the method takes.
    pub most: u32,
}
