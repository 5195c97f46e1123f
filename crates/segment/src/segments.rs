//! The action `segments`: a crop cut into superpixels.

use actions::Segments;
use parts::{ActionError, Rows, Superpixels};

/// Cuts a crop; the labels are exactly 0..n.
pub fn run(
    inputs: &Segments,
    rows: &Rows<'_>,
) -> Result<(schema::Segments, Superpixels), ActionError> {
    let rgb = rows.load(&inputs.pixels)?;
    let names = &inputs.names;
    let cut = inputs.algorithm.partition(&rgb).map_err(|error| {
        ActionError::Failed(format!("partition `{}`: {error}", names.partition))
    })?;
    let row = schema::Segments {
        image: names.image.clone(),
        partition: names.partition.clone(),
        algorithm: inputs.algorithm.name().to_owned(),
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
    Ok((row, part))
}
