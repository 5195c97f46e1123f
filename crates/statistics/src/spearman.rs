//! Correlation of values and of their ranks.

use crate::describe::{finite, mean};

/// Spearman's rank correlation of paired values, -1 to 1: Pearson's correlation of their average ranks.
///
/// None for fewer than 2 pairs, for lists of unequal length, or where all values of a list are equal.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&average_ranks(a)?, &average_ranks(b)?)
}

/// The rank of each value among all, from 1 for the smallest; equal values share the mean of their ranks.
/// None where a value is not finite.
pub fn average_ranks(values: &[f64]) -> Option<Vec<f64>> {
    let mut order: Vec<usize> = (0..finite(values)?.len()).collect();
    // Adding 0.0 makes -0.0 a plain zero, so that both zeros are equal.
    let value = |index: usize| values[index] + 0.0;
    order.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for equal in order.chunk_by(|&a, &b| value(a).total_cmp(&value(b)).is_eq()) {
        let rank = before as f64 + f64::midpoint(1.0, equal.len() as f64);
        for &index in equal {
            ranks[index] = rank;
        }
        before += equal.len();
    }
    Some(ranks)
}

/// Pearson's correlation of paired values, -1 to 1.
///
/// None for fewer than 2 pairs, for lists of unequal length, or where all values of a list are equal.
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() {
        return None;
    }
    let [mean_a, mean_b] = [mean(a)?, mean(b)?];
    let product = |x: &[f64], mean_x: f64, y: &[f64], mean_y: f64| -> f64 {
        x.iter()
            .zip(y)
            .map(|(x, y)| (x - mean_x) * (y - mean_y))
            .sum()
    };
    let squares = product(a, mean_a, a, mean_a) * product(b, mean_b, b, mean_b);
    (squares > 0.0).then(|| (product(a, mean_a, b, mean_b) / squares.sqrt()).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Against scipy 1.17: `spearmanr` and `rankdata` of the same values, with ties in both.
    #[test]
    fn values_with_ties_equal_scipy() {
        let a = [0.5, -1.0, 0.5, 2.0, 7.0, 7.0, -3.0];
        let b = [1.0, 0.0, 2.0, 2.0, 5.0, 3.0, 4.0];
        assert_eq!(
            average_ranks(&a),
            Some(vec![3.5, 2.0, 3.5, 5.0, 6.5, 6.5, 1.0])
        );
        assert!((spearman(&a, &b).unwrap() - 0.394_512_015_836_945_9).abs() < 1e-12);
    }

    #[test]
    fn what_is_not_defined_is_none() {
        assert_eq!(
            (spearman(&[1.0], &[2.0]), spearman(&[1.0, 2.0], &[1.0])),
            (None, None)
        );
        assert_eq!(
            (
                spearman(&[1.0, 2.0], &[3.0, 3.0]),
                spearman(&[1.0, 2.0], &[f64::NAN, 3.0])
            ),
            (None, None)
        );
        assert_eq!(
            (spearman(&[], &[]), average_ranks(&[-0.0, 0.0])),
            (None, Some(vec![1.5, 1.5]))
        );
    }

    fn pairs() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        let value = || (-9_i32..9).prop_map(f64::from);
        prop::collection::vec((value(), value()), 2..30).prop_map(|pairs| pairs.into_iter().unzip())
    }

    proptest! {
        #[test]
        fn correlation_is_symmetric_and_keeps_under_rising_functions((a, b) in pairs()) {
            let straight = spearman(&a, &b);
            prop_assert_eq!(straight, spearman(&b, &a));
            let cubes: Vec<f64> = a.iter().map(|value| value.powi(3)).collect();
            prop_assert_eq!(straight, spearman(&cubes, &b));
            let negatives: Vec<f64> = a.iter().map(|value| -value).collect();
            match (straight, spearman(&negatives, &b)) {
                (Some(straight), Some(negative)) => prop_assert!((straight + negative).abs() < 1e-12),
                both => prop_assert_eq!(both, (None, None)),
            }
        }

        #[test]
        fn values_correlate_fully_with_themselves((a, _) in pairs()) {
            if let Some(correlation) = spearman(&a, &a) {
                prop_assert!((correlation - 1.0).abs() < 1e-12);
            }
        }

        #[test]
        fn ranks_keep_their_sum((a, _) in pairs()) {
            let count = a.len() as f64;
            prop_assert!((average_ranks(&a).unwrap().iter().sum::<f64>() - count * (count + 1.0) / 2.0).abs() < 1e-9);
        }
    }
}
