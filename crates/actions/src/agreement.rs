//! Inputs of `agreement`.

use std::collections::{BTreeMap, BTreeSet};

use parts::All;
use serde::Serialize;

use crate::weights::Fit;

/// How far the runs of an explanation agree, by number of samples.
#[derive(Debug, Serialize)]
pub struct Agreement {
    /// The answers to masks; a group holds the runs of an explanation.
    pub perturbations: All<schema::Perturbations>,
    /// How each method is fitted, by its name.
    pub fits: BTreeMap<String, Fit>,
    /// The superpixels, in a study with masks that belong to no partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segments: Option<All<schema::Segments>>,
    /// The partitions on which each method is judged whose masks belong to none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub partitions: BTreeMap<String, BTreeSet<String>>,
    /// The mean rank correlation that counts as agreement.
    pub level: f64,
}
