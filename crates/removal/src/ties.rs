//! How far an order is set by ids alone.

/// How many superpixels share their relevance with another one: the part of an order that is set by ids alone. NaN is equal to none.
pub fn tied(relevance: &[f64]) -> usize {
    // Adding 0.0 makes -0.0 a plain zero, so that both zeros are neighbours.
    let mut sorted: Vec<f64> = relevance.iter().map(|value| value + 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    // Among rising values, one that is not below the next is equal to it.
    sorted
        .chunk_by(|a, b| a >= b)
        .map(<[f64]>::len)
        .filter(|&equal| equal > 1)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tied_counts_those_with_an_equal(relevance in prop::collection::vec((-20_i32..20).prop_map(f64::from), 1..60)) {
            let with_equal = |&value: &f64| relevance.iter().filter(|other| (**other - value).abs() < 0.5).count() > 1;
            prop_assert_eq!(tied(&relevance), relevance.iter().filter(|value| with_equal(value)).count());
        }
    }

    #[test]
    fn zeros_of_both_signs_tie_and_nan_ties_with_nothing() {
        assert_eq!(tied(&[-0.0, 0.0, 1.0]), 2);
        assert_eq!(tied(&[f64::NAN, 1.0, -f64::NAN, 1.0]), 2);
    }
}
