//! Wilcoxon's signed-rank test of paired differences, with Pratt's treatment of zeros.

use statrs::distribution::{ContinuousCDF, Normal};

use crate::spearman::average_ranks;

/// Up to this many differences the p-value is exact: the distribution has up to 90,300 places then.
const LARGEST_EXACT: usize = 300;

/// The signed ranks of some differences, and how likely sums as uneven as theirs are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignedRanks {
    /// Sum of the ranks of the differences above 0.
    pub positive: f64,
    /// Sum of the ranks of the differences below 0.
    pub negative: f64,
    /// Two-sided p-value, above 0 and at most 1: 1 where all differences are 0.
    pub p: f64,
    /// Whether `p` is exact, given the zeros and ties; else it is the normal approximation.
    pub exact: bool,
}

impl SignedRanks {
    /// The matched-pairs rank-biserial correlation (Kerby 2014): the share of the ranks that speaks for a positive difference minus the
    /// share that speaks against, from -1 to 1. None where all differences are 0.
    pub fn rank_biserial(&self) -> Option<f64> {
        let sum = self.positive + self.negative;
        (sum > 0.0).then(|| (self.positive - self.negative) / sum)
    }
}

/// Wilcoxon's signed-rank test (Wilcoxon 1945) of the hypothesis that differences are distributed symmetrically around 0.
///
/// Zeros take part in the ranking and not in the sums (Pratt 1959); equal magnitudes share the mean of their ranks. Up to 300 differences
/// the p-value is exact: the ranks are taken as they are, zeros and ties included, and every sign of the others as equally likely, by
/// dynamic programming over the sums. Above, it is the normal approximation with the variance of these very ranks (that is the correction for
/// ties and zeros) and a continuity correction of a half. Two-sided is twice the smaller tail, at most 1.
///
/// None without differences, or where one is not finite.
pub fn wilcoxon(differences: &[f64]) -> Option<SignedRanks> {
    let magnitudes: Vec<f64> = differences.iter().map(|value| value.abs()).collect();
    let ranks = average_ranks(&magnitudes)?;
    if differences.is_empty() {
        return None;
    }
    let sum = |keep: fn(f64) -> bool| -> f64 {
        let pairs = differences.iter().zip(&ranks);
        pairs
            .filter(|(difference, _)| keep(**difference))
            .map(|(_, rank)| rank)
            .sum()
    };
    let [positive, negative] = [sum(|value| value > 0.0), sum(|value| value < 0.0)];
    let signed: Vec<f64> = differences
        .iter()
        .zip(&ranks)
        .filter(|(difference, _)| **difference != 0.0)
        .map(|(_, rank)| *rank)
        .collect();
    let exact = differences.len() <= LARGEST_EXACT;
    let smaller = positive.min(negative);
    let p = match (signed.is_empty(), exact) {
        (true, _) => 1.0,
        (false, true) => exact_p(&signed, smaller),
        (false, false) => approximate_p(&signed, smaller),
    };
    Some(SignedRanks {
        positive,
        negative,
        p,
        exact: exact || signed.is_empty(),
    })
}

/// Twice the chance that ranks with fair signs sum to at most `smaller`.
fn exact_p(ranks: &[f64], smaller: f64) -> f64 {
    // Mean ranks are whole or half numbers.
    let doubled = |rank: f64| (2.0 * rank).round() as usize;
    let total: usize = ranks.iter().map(|rank| doubled(*rank)).sum();
    let mut chances = vec![0.0; total + 1];
    chances[0] = 1.0;
    let mut reached = 0;
    for rank in ranks.iter().map(|rank| doubled(*rank)) {
        reached += rank;
        for sum in (0..=reached).rev() {
            let from = sum.checked_sub(rank).map_or(0.0, |from| chances[from]);
            chances[sum] = f64::midpoint(chances[sum], from);
        }
    }
    let tail: f64 = chances[..=doubled(smaller)].iter().sum();
    (2.0 * tail).min(1.0)
}

fn approximate_p(ranks: &[f64], smaller: f64) -> f64 {
    let mean = ranks.iter().sum::<f64>() / 2.0;
    let variance = ranks.iter().map(|rank| rank * rank).sum::<f64>() / 4.0;
    // The smaller sum is at most the mean; a half nearer to it is the continuity correction.
    let distance = (mean - smaller - 0.5).max(0.0);
    (2.0 * Normal::standard().sf(distance / variance.sqrt())).min(1.0)
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
        assert_eq!((wilcoxon(&[]), wilcoxon(&[1.0, f64::NAN])), (None, None));
    }

    #[test]
    fn differences_of_zero_say_nothing() {
        let found = wilcoxon(&[0.0, -0.0, 0.0]).unwrap();
        assert_eq!(
            (found.p, found.exact, found.rank_biserial()),
            (1.0, true, None)
        );
    }

    #[test]
    fn one_difference_is_never_significant() {
        let found = wilcoxon(&[-2.0]).unwrap();
        assert_eq!((found.p, found.rank_biserial()), (1.0, Some(-1.0)));
    }

    #[test]
    fn ranks_of_one_side_have_a_correlation_of_one() {
        let found = wilcoxon(&[0.5, 1.0, 0.0, 2.0]).unwrap();
        assert_eq!(found.rank_biserial(), Some(1.0));
        // Of 3 fair signs, all equal in 2 of 8 cases.
        assert!(close(found.p, 0.25));
    }

    /// All ways to sign the ranks, one by one.
    fn enumerated(ranks: &[f64], smaller: f64) -> f64 {
        let count = 1_u32 << ranks.len();
        let below = (0..count).filter(|signs| {
            let sum: f64 = (0..ranks.len())
                .filter(|bit| signs >> bit & 1 == 1)
                .map(|bit| ranks[bit])
                .sum();
            sum <= smaller + 1e-9
        });
        (2.0 * below.count() as f64 / f64::from(count)).min(1.0)
    }

    fn differences() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-4_i32..5).prop_map(f64::from), 1..11)
    }

    proptest! {
        #[test]
        fn dynamic_programming_equals_enumeration(values in differences()) {
            let found = wilcoxon(&values).unwrap();
            let magnitudes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
            let ranks = average_ranks(&magnitudes).unwrap();
            let signed: Vec<f64> = values.iter().zip(ranks).filter(|(value, _)| **value != 0.0).map(|(_, rank)| rank).collect();
            prop_assert!((found.p - enumerated(&signed, found.positive.min(found.negative))).abs() < 1e-12);
        }

        #[test]
        fn the_other_way_round_the_sums_change_places(values in differences()) {
            let opposite: Vec<f64> = values.iter().map(|value| -value).collect();
            let [found, other] = [wilcoxon(&values).unwrap(), wilcoxon(&opposite).unwrap()];
            prop_assert_eq!((found.positive, found.negative, found.p), (other.negative, other.positive, other.p));
            prop_assert_eq!(found.rank_biserial().map(|value| -value + 0.0), other.rank_biserial().map(|value| value + 0.0));
        }

        #[test]
        fn the_normal_approximation_is_near_the_exact_value(values in prop::collection::vec(-1.0..1.3_f64, 40..80)) {
            let found = wilcoxon(&values).unwrap();
            let magnitudes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
            let approximate = approximate_p(&average_ranks(&magnitudes).unwrap(), found.positive.min(found.negative));
            prop_assert!((found.p - approximate).abs() < 0.01, "{} {approximate}", found.p);
        }
    }
}
