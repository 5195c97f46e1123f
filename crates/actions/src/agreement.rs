//! Inputs of `agreement`.

use std::collections::BTreeMap;

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
    /// The mean rank correlation that counts as agreement.
    pub level: f64,
}
