//! The relevances of a study, by explanation.

use std::collections::BTreeMap;
use std::fmt;

use schema::Relevance;

/// What an explanation is about, as rows name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key<'a> {
    /// Name of the image.
    pub image: &'a str,
    /// Name of the network.
    pub network: &'a str,
    /// Name of the partition.
    pub partition: &'a str,
    /// Name of the method.
    pub method: &'a str,
    /// Number of the run, from 0.
    pub run: u32,
}

impl fmt::Display for Key<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            image,
            network,
            partition,
            method,
            run,
        } = self;
        write!(
            formatter,
            "{image}, {network}, {partition}, {method}, run {run}"
        )
    }
}

impl<'a> Key<'a> {
    /// The explanation that a row is of.
    pub fn of(row: &'a Relevance) -> Self {
        Self {
            image: &row.image,
            network: &row.network,
            partition: &row.partition,
            method: &row.method,
            run: row.run,
        }
    }
}

/// The relevance of each superpixel by each explanation of the networks as they were trained, from rows in the order of superpixels.
pub fn by_explanation(rows: &[Relevance]) -> BTreeMap<Key<'_>, Vec<f64>> {
    let mut explanations: BTreeMap<Key<'_>, Vec<f64>> = BTreeMap::new();
    let searched = |row: &&Relevance| row.depth.is_none() && row.replacement.is_none();
    for row in rows.iter().filter(searched) {
        explanations
            .entry(Key::of(row))
            .or_default()
            .push(row.relevance);
    }
    explanations
}

/// The same of networks with random layers, by depth.
pub fn by_depth(rows: &[Relevance]) -> BTreeMap<(Key<'_>, u32), Vec<f64>> {
    let mut explanations: BTreeMap<(Key<'_>, u32), Vec<f64>> = BTreeMap::new();
    for row in rows {
        if let Some(depth) = row.depth {
            explanations
                .entry((Key::of(row), depth))
                .or_default()
                .push(row.relevance);
        }
    }
    explanations
}
