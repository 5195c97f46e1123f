//! The action `segments`: a crop cut into superpixels by an algorithm.

use actions::Partitioned;
use parts::{ActionError, Pixels, Read, Rows, Superpixels};
use superpixels::{Algorithm, Partition};

/// Cuts a crop; the labels are exactly 0..n.
pub fn run(
    names: &Partitioned,
    pixels: &Read<Pixels>,
    algorithm: &Algorithm,
    rows: &Rows<'_>,
) -> Result<(schema::Segments, Superpixels), ActionError> {
    let rgb = rows.load(pixels)?;
    let cut = algorithm.partition(&rgb).map_err(|error| {
        ActionError::Failed(format!("partition `{}`: {error}", names.partition))
    })?;
    Ok(row(names, algorithm.name(), &cut))
}

/// The row of a partition, and what later actions read of it.
pub(crate) fn row(
    names: &Partitioned,
    algorithm: &str,
    cut: &Partition,
) -> (schema::Segments, Superpixels) {
    let row = schema::Segments {
        image: names.image.clone(),
        partition: names.partition.clone(),
        algorithm: algorithm.to_owned(),
        superpixels: cut.count() as u32,
        height: cut.height() as u32,
        width: cut.width() as u32,
        labels: cut.labels().to_vec(),
    };
    let part = Superpixels {
        count: cut.count(),
        size: [cut.height(), cut.width()],
        labels: row.labels.clone(),
    };
    (row, part)
}
