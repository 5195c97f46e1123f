//! The relevances of a study, by explanation.

use std::collections::BTreeMap;
use std::fmt;

use schema::{CurveStep, Relevance};

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

    /// The explanation that a curve judges.
    pub fn of_curve(step: &'a CurveStep) -> Self {
        Self {
            image: &step.image,
            network: &step.network,
            partition: &step.partition,
            method: &step.method,
            run: step.run,
        }
    }
}

/// The relevance of each superpixel by each explanation of the networks as they were trained, from rows in the order of superpixels.
pub fn by_explanation(rows: &[Relevance]) -> BTreeMap<Key<'_>, Vec<f64>> {
    trained(rows, |searched| searched.is_none())
}

/// The same, with the orders of methods that searched with this replacement.
pub fn judged_with<'a>(rows: &'a [Relevance], replacement: &str) -> BTreeMap<Key<'a>, Vec<f64>> {
    trained(rows, |searched| {
        searched.is_none_or(|searched| searched == replacement)
    })
}

fn trained(rows: &[Relevance], keep: impl Fn(Option<&str>) -> bool) -> BTreeMap<Key<'_>, Vec<f64>> {
    let mut explanations: BTreeMap<Key<'_>, Vec<f64>> = BTreeMap::new();
    let kept = |row: &&Relevance| row.depth.is_none() && keep(row.replacement.as_deref());
    for row in rows.iter().filter(kept) {
        explanations
            .entry(Key::of(row))
            .or_default()
            .push(row.relevance);
    }
    explanations
}

/// Whether no superpixel is more relevant than another.
pub fn equally_relevant(relevance: &[f64]) -> bool {
    relevance.windows(2).all(|pair| {
        pair[0]
            .partial_cmp(&pair[1])
            .is_some_and(std::cmp::Ordering::is_eq)
    })
}

/// The relevance of each superpixel by each explanation of networks with random layers, by depth.
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
