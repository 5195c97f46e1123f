//! The action `logits`: a network's answer to an untouched crop.

use actions::Logits;
use networks::Classifier;
use parts::{ActionError, Rows};
use statistics::largest;

/// Evaluates the network on one crop.
pub fn run(
    inputs: &Logits,
    rows: &Rows<'_>,
    classifier: &Classifier,
) -> Result<schema::Logits, ActionError> {
    let crop = rows.load(&inputs.pixels)?;
    let logits = classifier.logits(&crop).map_err(ActionError::failed)?;
    let predicted_class = largest(&logits);
    Ok(schema::Logits {
        image: inputs.names.image.clone(),
        network: inputs.names.network.clone(),
        predicted_class: predicted_class as u32,
        probability: inputs.reading.probabilities(&logits)[predicted_class],
        logits,
    })
}
