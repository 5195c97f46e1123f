//! The action `targets`: the class whose probability is explained and measured.

use actions::{Rule, Targets};
use parts::{ActionError, Rows};
use statistics::largest;

/// Chooses the class, from what the network answered to the untouched crop.
pub fn run(inputs: &Targets, rows: &Rows<'_>) -> Result<schema::Target, ActionError> {
    let logits = rows.load(&inputs.logits)?;
    let target_class = match inputs.rule {
        Rule::Predicted => Some(largest(&logits)),
        Rule::True => inputs.label,
    };
    let target_class = target_class.ok_or_else(|| {
        ActionError::failed(
            "it has no label, but the study explains the true class: add the image to the label file",
        )
    })?;
    let names = &inputs.classes.names;
    let label = |class: usize| names.get(class).cloned().unwrap_or_default();
    let probabilities = inputs.reading.probabilities(&logits);
    let probability = probabilities.get(target_class).copied();
    Ok(schema::Target {
        image: inputs.names.image.clone(),
        network: inputs.names.network.clone(),
        target_class: target_class as u32,
        target_label: label(target_class),
        true_class: inputs.label.map(|class| class as u32),
        true_label: inputs.label.map(label),
        correct: inputs
            .label
            .map(|class| inputs.reading.is_right(&logits, class)),
        probability: probability.ok_or_else(|| {
            let count = logits.len();
            ActionError::Failed(format!(
                "its label is class {target_class}, but the network has only {count} classes, counted from 0"
            ))
        })?,
    })
}
