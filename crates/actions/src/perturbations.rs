//! Inputs of `perturbations`.

use serde::Serialize;

use crate::asked::Asked;
use crate::names::Answered;
use crate::weights::Fit;

/// Masks and what a network answers to them.
#[derive(Debug, Serialize)]
pub struct Perturbations {
    /// Names in the row.
    pub names: Answered,
    /// What is evaluated.
    #[serde(flatten)]
    pub asked: Asked,
    /// The fit that decides how many masks are evaluated, where one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fit: Option<Fit>,
}
