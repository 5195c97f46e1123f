//! Agreement of two explanations in what stands at their top, and in signs.

use crate::describe::finite;

/// The Jaccard index of the `k` largest values of two lists, 0 to 1: how many places are among both, by how many are among either (Jaccard 1901).
/// Among equal values the earlier places are taken, as an order of removal takes them.
///
/// None for lists of unequal length, a value that is not finite, a `k` of 0, or one not below the length: all places are at the top then.
pub fn jaccard_of_top(a: &[f64], b: &[f64], k: usize) -> Option<f64> {
    if a.len() != b.len() || k == 0 || k >= a.len() {
        return None;
    }
    let [a, b] = [top(finite(a)?, k), top(finite(b)?, k)];
    let both = a.iter().zip(&b).filter(|(a, b)| **a && **b).count();
    Some(both as f64 / (2 * k - both) as f64)
}

/// Which places hold the `k` largest values.
fn top(values: &[f64], k: usize) -> Vec<bool> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    // Adding 0.0 makes -0.0 a plain zero, so that both zeros are equal.
    order.sort_by(|&x, &y| (values[y] + 0.0).total_cmp(&(values[x] + 0.0)));
    let mut there = vec![false; values.len()];
    order[..k].iter().for_each(|&place| there[place] = true);
    there
}

/// The share of places, 0 to 1, where one list is above 0 and the other below. None without places, for lists of unequal length, or where a
/// value is not finite.
pub fn sign_changes(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() || a.is_empty() {
        return None;
    }
    let opposite = |(a, b): (&f64, &f64)| (*a > 0.0 && *b < 0.0) || (*a < 0.0 && *b > 0.0);
    let pairs = finite(a)?.iter().zip(finite(b)?);
    Some(pairs.filter(|pair| opposite(*pair)).count() as f64 / a.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_top_of_two_lists_is_compared_as_sets() {
        let a = [9.0, 8.0, 7.0, 1.0, 0.0];
        assert_eq!(jaccard_of_top(&a, &[7.0, 9.0, 8.0, 0.0, 1.0], 3), Some(1.0));
        assert_eq!(jaccard_of_top(&a, &[0.0, 1.0, 2.0, 3.0, 4.0], 3), Some(0.2));
        assert_eq!(jaccard_of_top(&a, &[0.0, 1.0, 2.0, 3.0, 4.0], 2), Some(0.0));
    }

    #[test]
    fn of_equal_values_the_earlier_are_at_the_top() {
        assert_eq!(
            jaccard_of_top(&[0.0, -0.0, 0.0], &[2.0, 1.0, 0.0], 2),
            Some(1.0)
        );
    }

    #[test]
    fn signs_change_between_above_and_below_0_only() {
        assert_eq!(
            sign_changes(&[1.0, -1.0, 0.0, 2.0], &[-1.0, -2.0, 3.0, 0.0]),
            Some(0.25)
        );
    }

    #[test]
    fn what_is_not_defined_is_none() {
        assert_eq!(
            (
                jaccard_of_top(&[1.0, 2.0], &[1.0, 2.0], 2),
                jaccard_of_top(&[1.0], &[1.0], 0)
            ),
            (None, None)
        );
        assert_eq!(
            (
                jaccard_of_top(&[1.0, 2.0], &[1.0], 1),
                jaccard_of_top(&[1.0, f64::NAN], &[1.0, 2.0], 1)
            ),
            (None, None)
        );
        assert_eq!(
            (
                sign_changes(&[], &[]),
                sign_changes(&[1.0], &[]),
                sign_changes(&[1.0], &[f64::NAN])
            ),
            (None, None, None)
        );
    }

    proptest! {
        #[test]
        fn lists_agree_fully_with_themselves_and_alike_both_ways(
            pairs in prop::collection::vec(((-3_i32..4).prop_map(f64::from), (-3_i32..4).prop_map(f64::from)), 2..20), k in 1_usize..8,
        ) {
            let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            prop_assert_eq!(jaccard_of_top(&a, &b, k), jaccard_of_top(&b, &a, k));
            prop_assert_eq!(sign_changes(&a, &b), sign_changes(&b, &a));
            prop_assert_eq!(jaccard_of_top(&a, &a, k), (k < a.len()).then_some(1.0));
            prop_assert_eq!(sign_changes(&a, &a), Some(0.0));
        }
    }
}
