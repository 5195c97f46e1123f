//! Agreement of rankings: Kendall's tau-b of two, Kendall's W of many.

use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::describe::finite;
use crate::spearman::average_ranks;

/// Kendall's tau-b of paired values, -1 to 1, corrected for ties (Kendall 1945): concordant minus discordant pairs, by the geometric
/// mean of the pairs that are not tied in either list. In n log n steps (Knight 1966).
///
/// None for fewer than 2 pairs, for lists of unequal length, where a value is not finite, or where all values of a list are equal.
pub fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.len() != b.len() {
        return None;
    }
    // Adding 0.0 makes -0.0 a plain zero, so that both zeros are equal.
    let [a, b] = [finite(a)?, finite(b)?]
        .map(|values| values.iter().map(|value| value + 0.0).collect::<Vec<f64>>());
    let mut order: Vec<usize> = (0..a.len()).collect();
    order.sort_by(|&x, &y| a[x].total_cmp(&a[y]).then(b[x].total_cmp(&b[y])));
    let tied_in_a = tied_pairs(order.chunk_by(|&x, &y| equal(a[x], a[y])));
    let tied_in_both = tied_pairs(order.chunk_by(|&x, &y| equal(a[x], a[y]) && equal(b[x], b[y])));
    let mut sorted: Vec<f64> = order.iter().map(|&index| b[index]).collect();
    let discordant = inversions(&mut sorted);
    let tied_in_b = tied_pairs(sorted.chunk_by(|x, y| equal(*x, *y)));
    let pairs = pairs(a.len());
    let [free_in_a, free_in_b] = [pairs - tied_in_a, pairs - tied_in_b];
    // Concordant pairs are those tied in neither list that are not discordant.
    let concordant = pairs + tied_in_both - tied_in_a - tied_in_b - discordant;
    let free = (free_in_a as f64).sqrt() * (free_in_b as f64).sqrt();
    (free > 0.0).then(|| ((concordant as f64 - discordant as f64) / free).clamp(-1.0, 1.0))
}

/// Of numbers without negative zeros.
fn equal(a: f64, b: f64) -> bool {
    a.total_cmp(&b).is_eq()
}

fn pairs(count: usize) -> u64 {
    let count = count as u64;
    count * count.saturating_sub(1) / 2
}

fn tied_pairs<'a, T: 'a>(groups: impl Iterator<Item = &'a [T]>) -> u64 {
    groups.map(|group| pairs(group.len())).sum()
}

/// Sorts, and counts the pairs that stood in falling order.
fn inversions(values: &mut [f64]) -> u64 {
    if values.len() < 2 {
        return 0;
    }
    let middle = values.len() / 2;
    let (left, right) = values.split_at_mut(middle);
    let mut count = inversions(left) + inversions(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut i, mut j) = (0, 0);
    while i < left.len() && j < right.len() {
        if left[i] <= right[j] {
            merged.push(left[i]);
            i += 1;
        } else {
            count += (left.len() - i) as u64;
            merged.push(right[j]);
            j += 1;
        }
    }
    merged.extend_from_slice(&left[i..]);
    merged.extend_from_slice(&right[j..]);
    values.copy_from_slice(&merged);
    count
}

/// How far several judges rank the same things alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Concordance {
    /// Kendall's W: 0 where the mean ranks are all equal, 1 where all judges rank alike.
    pub w: f64,
    /// Chance of a W as large if every judge ranked at random: Friedman's test with its chi-squared approximation, which is coarse for
    /// few judges.
    pub p: f64,
}

/// Kendall's coefficient of concordance W with the correction for ties (Kendall and Babington Smith 1939): 12 S / (m^2 (n^3 - n) - m T), with S the
/// sum of squares of the n things' rank sums around their mean, m judges, and T the sum over all groups of t equal values of t^3 - t.
///
/// `judges` has each judge's values of the same things, smallest first in rank. None for fewer than 2 judges or 2 things, for lists of unequal
/// length, a value that is not finite, or where every judge finds all things equal.
pub fn concordance<J: AsRef<[f64]>>(judges: &[J]) -> Option<Concordance> {
    let things = judges.first()?.as_ref().len();
    let alike = judges.iter().all(|judge| judge.as_ref().len() == things);
    if judges.len() < 2 || things < 2 || !alike {
        return None;
    }
    let mut sums = vec![0.0; things];
    let mut ties = 0.0;
    for judge in judges {
        let mut ranks = average_ranks(judge.as_ref())?;
        sums.iter_mut()
            .zip(&ranks)
            .for_each(|(sum, rank)| *sum += rank);
        ranks.sort_by(f64::total_cmp);
        ties += ranks
            .chunk_by(|a, b| equal(*a, *b))
            .map(|group| cube_less_itself(group.len()))
            .sum::<f64>();
    }
    let [m, n] = [judges.len() as f64, things as f64];
    let mean = m * (n + 1.0) / 2.0;
    let squares: f64 = sums.iter().map(|sum| (sum - mean).powi(2)).sum();
    let largest = m * m * cube_less_itself(things) - m * ties;
    if largest <= 0.0 {
        return None;
    }
    let w = (12.0 * squares / largest).min(1.0);
    let chi_squared = ChiSquared::new(n - 1.0).ok()?;
    Some(Concordance {
        w,
        p: chi_squared.sf(m * (n - 1.0) * w),
    })
}

fn cube_less_itself(count: usize) -> f64 {
    let count = count as f64;
    count.powi(3) - count
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-12
    }

    #[test]
    fn what_is_not_defined_is_none() {
        assert_eq!(
            (kendall(&[1.0], &[2.0]), kendall(&[1.0, 2.0], &[1.0])),
            (None, None)
        );
        assert_eq!(
            (kendall(&[1.0, 1.0], &[2.0, 3.0]), kendall(&[], &[])),
            (None, None)
        );
        assert_eq!(kendall(&[1.0, f64::NAN], &[2.0, 3.0]), None);
        assert_eq!(concordance::<Vec<f64>>(&[]), None);
        assert_eq!(concordance(&[[1.0, 2.0]]), None);
        assert_eq!(concordance(&[[1.0], [2.0]]), None);
        assert_eq!(concordance(&[[1.0, 1.0], [2.0, 2.0]]), None);
        assert_eq!(concordance(&[vec![1.0, 2.0], vec![1.0]]), None);
        assert_eq!(concordance(&[[1.0, 2.0], [1.0, f64::INFINITY]]), None);
    }

    #[test]
    fn judges_who_agree_have_a_concordance_of_one_and_opposite_ones_of_zero() {
        assert!(close(
            concordance(&[[1.0, 5.0, 9.0], [0.1, 0.2, 0.3]]).unwrap().w,
            1.0
        ));
        assert!(close(
            concordance(&[[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).unwrap().w,
            0.0
        ));
    }

    fn lists() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        let value = || (-4_i32..5).prop_map(f64::from);
        prop::collection::vec((value(), value()), 2..40).prop_map(|pairs| pairs.into_iter().unzip())
    }

    /// Straight from the definition, in n^2 steps.
    fn by_pairs(a: &[f64], b: &[f64]) -> Option<f64> {
        let [mut agreement, mut free_in_a, mut free_in_b] = [0.0, 0.0, 0.0_f64];
        for i in 0..a.len() {
            for j in 0..i {
                let sign = |difference: f64| {
                    if difference == 0.0 {
                        0.0
                    } else {
                        difference.signum()
                    }
                };
                let [x, y] = [sign(a[i] - a[j]), sign(b[i] - b[j])];
                agreement += x * y;
                free_in_a += x * x;
                free_in_b += y * y;
            }
        }
        let free = (free_in_a * free_in_b).sqrt();
        (free > 0.0).then(|| agreement / free)
    }

    proptest! {
        #[test]
        fn sorting_counts_what_pairs_count((a, b) in lists()) {
            match (kendall(&a, &b), by_pairs(&a, &b)) {
                (Some(found), Some(expected)) => prop_assert!((found - expected).abs() < 1e-12),
                both => prop_assert_eq!(both, (None, None)),
            }
        }

        #[test]
        fn tau_is_symmetric_and_turns_its_sign_with_one_list((a, b) in lists()) {
            prop_assert_eq!(kendall(&a, &b), kendall(&b, &a));
            let opposite: Vec<f64> = b.iter().map(|value| -value).collect();
            let negative = kendall(&a, &opposite).map(|tau| -tau + 0.0);
            prop_assert_eq!(kendall(&a, &b).map(|tau| tau + 0.0), negative);
        }

        #[test]
        fn concordance_lies_between_0_and_1_and_does_not_depend_on_the_order_of_judges(
            judges in prop::collection::vec(prop::collection::vec((-3_i32..4).prop_map(f64::from), 4), 2..8),
        ) {
            let reversed: Vec<&Vec<f64>> = judges.iter().rev().collect();
            match (concordance(&judges), concordance(&reversed)) {
                (Some(found), Some(other)) => {
                    prop_assert!((-1e-12..=1.0).contains(&found.w) && (0.0..=1.0).contains(&found.p));
                    prop_assert!((found.w - other.w).abs() < 1e-12);
                }
                both => prop_assert_eq!(both, (None, None)),
            }
        }
    }
}
