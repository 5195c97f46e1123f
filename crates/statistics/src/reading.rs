//! From logits to probabilities.

use serde::Serialize;

/// The class of the largest logit, the first of equal ones.
pub fn largest(logits: &[f32]) -> usize {
    let mut largest = 0;
    for (class, &logit) in logits.iter().enumerate() {
        if logit > logits[largest] {
            largest = class;
        }
    }
    largest
}

/// How a network's classes relate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// One class excludes the others: probabilities are a softmax, and sum to 1.
    #[default]
    Softmax,
    /// An image may show several classes (multi-label): each logit has a sigmoid of its own.
    Sigmoid,
}

impl Head {
    /// Both, the usual one first.
    pub const ALL: [Self; 2] = [Self::Softmax, Self::Sigmoid];

    /// The name in pipeline.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::Sigmoid => "sigmoid",
        }
    }
}

/// What explanations ask about and removal curves show of the explained class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// Its probability, in [0, 1].
    #[default]
    Probability,
    /// Its logit, of any size: it keeps moving where a probability of nearly 1 stands still, and has no zero that means anything.
    Logit,
}

impl Measured {
    /// Both, the usual one first.
    pub const ALL: [Self; 2] = [Self::Probability, Self::Logit];

    /// The name in pipeline.toml, and the unit.
    pub fn name(self) -> &'static str {
        match self {
            Self::Probability => "probability",
            Self::Logit => "logit",
        }
    }
}

/// How logits become probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Reading {
    /// How the classes relate.
    pub head: Head,
    /// Logits are divided by it (Guo et al. 2017, eq. 9); above 0.
    pub temperature: f64,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            head: Head::Softmax,
            temperature: 1.0,
        }
    }
}

impl Reading {
    /// The probability of each class, in [0, 1].
    pub fn probabilities(self, logits: &[f32]) -> Vec<f32> {
        match self.head {
            Head::Softmax => softmax(logits, self.temperature),
            Head::Sigmoid => logits
                .iter()
                .map(|&logit| sigmoid(f64::from(logit) / self.temperature) as f32)
                .collect(),
        }
    }

    /// Whether a network that gives these logits is right about an image with a label: that class leads, or, where an image may show several
    /// classes, its probability is at least 0.5.
    pub fn is_right(self, logits: &[f32], label: usize) -> bool {
        match self.head {
            Head::Softmax => largest(logits) == label,
            Head::Sigmoid => logits.get(label).is_some_and(|&logit| logit >= 0.0),
        }
    }
}

/// `1 / (1 + exp(-y))`.
fn sigmoid(logit: f64) -> f64 {
    1.0 / (1.0 + (-logit).exp())
}

/// `exp(y_c / T) / sum over k of exp(y_k / T)` with the temperature T, shifted by the largest so that nothing overflows.
fn softmax(logits: &[f32], temperature: f64) -> Vec<f32> {
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

    #[test]
    fn a_sigmoid_reads_each_logit_alone() {
        let reading = Reading {
            head: Head::Sigmoid,
            temperature: 2.0,
        };
        let probabilities = reading.probabilities(&[0.0, 4.0, -4000.0]);
        assert!((probabilities[0] - 0.5).abs() < 1e-7);
        assert!((f64::from(probabilities[1]) - 1.0 / (1.0 + (-2.0_f64).exp())).abs() < 1e-7);
        assert!(probabilities[2].abs() < 1e-7);
        let right = [0, 1, 2, 3].map(|label| reading.is_right(&[0.0, 4.0, -4000.0], label));
        assert_eq!(right, [true, true, false, false]);
        assert!(!Reading::default().is_right(&[0.0, 4.0], 0));
    }
}
