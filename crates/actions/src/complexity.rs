//! Inputs of `complexity`.

use std::collections::BTreeSet;

use parts::All;
use schema::Relevance;
use serde::Serialize;

/// On how few superpixels explanations are concentrated.
#[derive(Debug, Serialize)]
pub struct Complexity {
    /// The explanations.
    pub relevances: All<Relevance>,
    /// Names of the methods whose relevances are more than the places in an order.
    pub measured: BTreeSet<String>,
}
