//! Sizes of effects.

use crate::{mean, standard_deviation};

/// The standardised mean difference of pairs, `d_z`: the mean of the differences by their standard deviation, ddof 1 (Cohen 1988; Lakens 2013).
/// None for fewer than 2 differences, or where all are equal.
pub fn standardised_difference(differences: &[f64]) -> Option<f64> {
    let deviation = standard_deviation(differences)?;
    (deviation > 0.0).then_some(mean(differences)? / deviation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_counted_in_standard_deviations() {
        assert_eq!(standardised_difference(&[1.0, 3.0, 5.0]), Some(1.5));
        assert_eq!(standardised_difference(&[-1.0, 1.0]), Some(0.0));
    }

    #[test]
    fn what_is_not_defined_is_none() {
        assert_eq!(
            (
                standardised_difference(&[1.0]),
                standardised_difference(&[0.0, 0.0])
            ),
            (None, None)
        );
    }
}
