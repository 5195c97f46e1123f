//! The action `logits`: a network's answer to an untouched crop.

use imaging::Rgb;
use networks::{Classifier, NetworkError};

/// What a network makes of a crop.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The class of the largest logit, the first of equal ones.
    pub predicted_class: usize,
    /// One for each class.
    pub logits: Vec<f32>,
    /// The softmax of the logits, divided by the temperature, computed in f64.
    pub probabilities: Vec<f32>,
}

/// Asks about one crop.
pub fn logits(classifier: &Classifier, crop: &Rgb) -> Result<Answer, NetworkError> {
    let logits = classifier.logits(crop)?;
    let mut predicted_class = 0;
    for (class, &logit) in logits.iter().enumerate() {
        if logit > logits[predicted_class] {
            predicted_class = class;
        }
    }
    Ok(Answer {
        predicted_class,
        probabilities: softmax(&logits, classifier.temperature()),
        logits,
    })
}

/// `exp(y_c / T) / sum over k of exp(y_k / T)` with the temperature T, shifted by the largest so that nothing overflows.
pub fn softmax(logits: &[f32], temperature: f64) -> Vec<f32> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers: Vec<f64> = logits
        .iter()
        .map(|&logit| (f64::from(logit - largest) / temperature).exp())
        .collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| (power / sum) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_softmax_sums_to_one_and_does_not_overflow() {
        let probabilities = softmax(&[1000.0, 1000.0, -1000.0], 1.0);
        assert_eq!(probabilities, [0.5, 0.5, 0.0]);
    }

    #[test]
    fn a_temperature_divides_the_logits() {
        assert_eq!(
            softmax(&[3.0, 0.0, -6.0], 3.0),
            softmax(&[1.0, 0.0, -2.0], 1.0)
        );
    }
}
