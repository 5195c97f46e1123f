//! Inputs of `sanity`.

use std::collections::{BTreeMap, BTreeSet};

use parts::All;
use schema::Relevance;
use serde::{Deserialize, Serialize};

/// What is left of explanations where layers are random.
#[derive(Debug, Serialize)]
pub struct Sanity {
    /// The explanations, of the networks as they were trained and with random layers.
    pub relevances: All<Relevance>,
    /// Names of the methods that explain.
    pub explaining: BTreeSet<String>,
    /// Names of the images that are checked.
    pub images: BTreeSet<String>,
    /// Into how many steps the way from the output to the input is divided.
    pub depths: u32,
    /// Which layers are random, by network and depth; a network without an entry has no layers to go by.
    pub cascades: BTreeMap<String, BTreeMap<u32, Cascade>>,
}

/// Which layers are random at a depth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cascade {
    /// How many layers are random.
    pub random_layers: u32,
    /// How many layers the network has.
    pub layers: u32,
    /// The random layer that is nearest to the input, such as `layer4.0`.
    pub lowest_random_layer: String,
}
