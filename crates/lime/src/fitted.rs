//! The action `relevances` of a method that fits a surrogate: its signed weights.

use actions::Explained;
use parts::ActionError;
use removal::{order, ranks};
use schema::Relevance;

/// The relevance of each superpixel: its weight, with the weight's standard error.
pub fn relevances(
    names: &Explained,
    weights: &[(f64, Option<f64>)],
) -> Result<Vec<Relevance>, ActionError> {
    let relevance: Vec<f64> = weights.iter().map(|&(weight, _)| weight).collect();
    let ranks = ranks(&order(&relevance).map_err(ActionError::failed)?);
    let row = |(superpixel, (&(relevance, standard_error), rank))| Relevance {
        image: names.image.clone(),
        network: names.network.clone(),
        partition: names.partition.clone(),
        method: names.method.clone(),
        run: names.run,
        depth: names.depth,
        replacement: None,
        superpixel,
        relevance,
        rank,
        standard_error,
    };
    Ok((0..).zip(weights.iter().zip(ranks)).map(row).collect())
}
