//! The action `targets`: the class whose probability is explained and measured.

use actions::{Rule, Targets};
use parts::{ActionError, Rows};
use statistics::{largest, softmax};

/// Chooses the class, from what the network answered to the untouched crop.
pub fn run(inputs: &Targets, rows: &Rows<'_>) -> Result<schema::Target, ActionError> {
    let logits = rows.load(&inputs.logits)?;
    let choice = choose(inputs.rule, largest(&logits), inputs.label).ok_or_else(|| {
        ActionError::failed(
            "it has no label, and the study explains the true class: add it to the label file",
        )
    })?;
    let names = &inputs.classes.names;
    let label = |class: usize| names.get(class).cloned().unwrap_or_default();
    let probabilities = softmax(&logits, inputs.temperature);
    let probability = probabilities.get(choice.target_class).copied();
    Ok(schema::Target {
        image: inputs.names.image.clone(),
        network: inputs.names.network.clone(),
        target_class: choice.target_class as u32,
        target_label: label(choice.target_class),
        true_class: inputs.label.map(|class| class as u32),
        true_label: inputs.label.map(label),
        correct: choice.correct,
        probability: probability.ok_or_else(|| {
            let count = logits.len();
            ActionError::Failed(format!(
                "its label is class {}, and the network has {count} classes from 0",
                choice.target_class
            ))
        })?,
    })
}

/// The class that is explained, and whether the network gets the image right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Choice {
    target_class: usize,
    /// Whether the predicted class is the label's; none without a label.
    correct: Option<bool>,
}

/// Chooses the class; none where the rule asks for a label that the image does not have.
fn choose(rule: Rule, predicted: usize, label: Option<usize>) -> Option<Choice> {
    let target_class = match rule {
        Rule::Predicted => predicted,
        Rule::True => label?,
    };
    Some(Choice {
        target_class,
        correct: label.map(|label| label == predicted),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_is_the_prediction_or_the_label() {
        let choice = |target_class, correct| {
            Some(Choice {
                target_class,
                correct,
            })
        };
        let chosen = |rule, label| choose(rule, 3, label);
        assert_eq!(chosen(Rule::Predicted, Some(4)), choice(3, Some(false)));
        assert_eq!(chosen(Rule::True, Some(4)), choice(4, Some(false)));
        assert_eq!(chosen(Rule::Predicted, None), choice(3, None));
        assert_eq!(chosen(Rule::True, None), None);
    }
}
