//! Inputs of `localization`.

use std::collections::BTreeSet;

use parts::All;
use schema::{Crop, Relevance, Target};
use serde::Serialize;

/// Explanations compared with the masks of objects.
#[derive(Debug, Serialize)]
pub struct Localization {
    /// The crops, which hold the masks.
    pub crops: All<Crop>,
    /// The partitions.
    pub segments: All<schema::Segments>,
    /// The explained classes.
    pub targets: All<Target>,
    /// The explanations.
    pub relevances: All<Relevance>,
    /// Names of the methods whose relevances are more than the places in an order.
    pub measured: BTreeSet<String>,
}
