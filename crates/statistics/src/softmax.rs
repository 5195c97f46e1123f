//! From logits to probabilities.

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
