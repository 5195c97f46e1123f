//! Inputs of `targets`.

use std::sync::Arc;

use parts::{LogitValues, Read};
use serde::Serialize;
use statistics::Reading;

use crate::names::Seen;

/// The class that is explained.
#[derive(Debug, Serialize)]
pub struct Targets {
    /// Names in the row.
    pub names: Seen,
    /// What the network answered.
    pub logits: Read<LogitValues>,
    /// How logits become probabilities.
    pub reading: Reading,
    /// Which class is explained.
    pub rule: Rule,
    /// The class of the image's label, where it has one.
    pub label: Option<usize>,
    /// The names of the classes.
    pub classes: ClassNames,
}

/// Which class is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The class that the network predicts for the untouched crop.
    Predicted,
    /// The class of the image's label.
    True,
}

config::choice!(Rule, "target": Predicted => "predicted", True => "true");

/// The names of the classes, in the order of the networks' outputs.
#[derive(Clone, Debug, Serialize)]
pub struct ClassNames {
    /// BLAKE3 of the names, in hexadecimal digits.
    pub digest: String,
    /// The names.
    #[serde(skip)]
    pub names: Arc<[String]>,
}
