//! The action `targets`: the class whose probability is explained and measured.

/// Which class is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The class that the network predicts for the untouched crop.
    Predicted,
    /// The class of the image's label.
    True,
}

/// The class that is explained, and whether the network gets the image right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The class.
    pub target_class: usize,
    /// Whether the predicted class is the label's; none without a label.
    pub correct: Option<bool>,
}

/// Chooses the class; none where the rule asks for a label that the image does not have.
pub fn choose(rule: Rule, predicted: usize, label: Option<usize>) -> Option<Choice> {
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
        let choice = |rule, label| choose(rule, 3, label);
        assert_eq!(
            choice(Rule::Predicted, Some(4)),
            Some(Choice {
                target_class: 3,
                correct: Some(false)
            })
        );
        assert_eq!(
            choice(Rule::True, Some(4)),
            Some(Choice {
                target_class: 4,
                correct: Some(false)
            })
        );
        assert_eq!(
            choice(Rule::Predicted, None),
            Some(Choice {
                target_class: 3,
                correct: None
            })
        );
        assert_eq!(choice(Rule::True, None), None);
    }
}
