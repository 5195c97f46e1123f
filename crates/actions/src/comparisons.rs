//! Inputs of `comparisons`.

use std::collections::{BTreeMap, BTreeSet};

use parts::{All, AnyAll};
use schema::Score;
use serde::Serialize;

/// The results of the measures for the methods.
#[derive(Debug, Serialize)]
pub struct Comparisons {
    /// The areas under curves.
    pub scores: All<Score>,
    /// The other tables by whose columns methods are compared, by name.
    pub measures: BTreeMap<&'static str, AnyAll>,
    /// The columns of these tables by which methods are compared, each with the values that are better: `lower` or `higher`.
    pub better: BTreeMap<&'static str, &'static str>,
    /// The columns of which a reversed explanation has the negated value.
    pub negated: BTreeSet<&'static str>,
    /// The columns by which answers are checked, each with what it asks.
    pub questions: BTreeMap<&'static str, &'static str>,
    /// Names of the methods of which every run gives the same.
    pub deterministic: BTreeSet<String>,
    /// What decisions must know of each method.
    pub methods: BTreeMap<String, Compared>,
    /// What removed pixels become, the one that answers are about first.
    pub replacements: Vec<String>,
    /// Of the whole study; each interval has random numbers of its own.
    pub seed: u64,
    /// Bootstrap resamples of an interval.
    pub resamples: u32,
    /// Level of intervals.
    pub confidence: f64,
}

/// What decisions must know of a method.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    /// Its kind.
    pub kind: &'static str,
    /// Whether it explains the network, and is no control.
    pub explains: bool,
    /// Whether it draws orders by chance.
    pub chance: bool,
    /// Whether it searches for an order by the removals that judge it.
    pub searches: bool,
    /// What removed superpixels show while it explains, where it removes any.
    pub shows: Option<&'static str>,
}
