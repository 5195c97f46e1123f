//! The action `relevances` of a method that makes a map: the mean of the map over each superpixel.

use actions::Explained;
use parts::{ActionError, Map, Superpixels};
use removal::{order, ranks};
use schema::Relevance;

/// The relevance of each superpixel: the mean over its pixels of the map, enlarged to the crop.
pub fn relevances(
    names: &Explained,
    map: &Map,
    superpixels: &Superpixels,
) -> Result<Vec<Relevance>, ActionError> {
    let Superpixels {
        count,
        size,
        labels,
    } = superpixels;
    let enlarged = cam::enlarge(&map.values, [map.height, map.width], *size);
    let enlarged = enlarged.map_err(ActionError::failed)?;
    let relevance = cam::pool(&enlarged, labels, *count).map_err(ActionError::failed)?;
    rows(names, relevance)
}

/// A row for each superpixel, ranked by its relevance.
pub fn rows(names: &Explained, relevance: Vec<f64>) -> Result<Vec<Relevance>, ActionError> {
    let ranks = ranks(&order(&relevance).map_err(ActionError::failed)?);
    let row = |(superpixel, (relevance, rank))| Relevance {
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
        standard_error: None,
    };
    Ok((0..)
        .zip(relevance.into_iter().zip(ranks))
        .map(row)
        .collect())
}
