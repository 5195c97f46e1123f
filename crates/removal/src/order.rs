//! From relevances to an order.

use thiserror::Error;

/// Relevances that cannot be ordered.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OrderError {
    /// A relevance is not a number.
    #[error(
        "the relevance of superpixel {superpixel} is NaN: expected a number; the explanation that gave it is broken"
    )]
    NotANumber {
        /// Superpixel with that relevance.
        superpixel: usize,
    },
    /// There are no superpixels, or more than u16 can number.
    #[error("expected 1 to 65536 superpixels, found {0}: use another partition")]
    Count(usize),
}

/// The superpixels, the most relevant first; ties by lower superpixel id.
///
/// `relevance` has one value for each superpixel, of any scale; 0.0 and -0.0 tie, and infinities are allowed.
pub fn order(relevance: &[f64]) -> Result<Vec<u16>, OrderError> {
    if let Some(superpixel) = relevance.iter().position(|value| value.is_nan()) {
        return Err(OrderError::NotANumber { superpixel });
    }
    let mut superpixels: Vec<u16> = (0..=u16::MAX).take(relevance.len()).collect();
    if superpixels.is_empty() || superpixels.len() < relevance.len() {
        return Err(OrderError::Count(relevance.len()));
    }
    // Adding 0.0 makes -0.0 a plain zero. The sort is stable: ties stay in the order of ids.
    let value = |superpixel: u16| relevance[usize::from(superpixel)] + 0.0;
    superpixels.sort_by(|&a, &b| value(b).total_cmp(&value(a)));
    Ok(superpixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn most(relevance: &[f64]) -> Vec<u16> {
        order(relevance).unwrap()
    }

    /// Few different values, so that ties are common.
    fn relevance() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec((-20_i32..20).prop_map(f64::from), 1..60)
    }

    proptest! {
        #[test]
        fn order_falls_in_relevance_and_ties_rise_in_id(relevance in relevance()) {
            let order = most(&relevance);
            prop_assert_eq!(order.len(), relevance.len());
            for pair in order.windows(2) {
                let [first, second] = [relevance[usize::from(pair[0])], relevance[usize::from(pair[1])]];
                prop_assert!(first > second || first.to_bits() == second.to_bits() && pair[0] < pair[1]);
            }
        }

        /// Whole numbers times powers of two, so that no rounding makes or breaks a tie.
        #[test]
        fn scale_and_shift_leave_the_order(relevance in relevance(), scale in -8_i32..8, shift in -99_i32..99) {
            let moved: Vec<f64> = relevance.iter().map(|value| value * 2_f64.powi(scale) + f64::from(shift)).collect();
            prop_assert_eq!(most(&moved), most(&relevance));
        }
    }

    #[test]
    fn zeros_of_both_signs_tie() {
        assert_eq!(most(&[-0.0, 0.0, -0.0]), [0, 1, 2]);
    }

    #[test]
    fn nan_is_an_error() {
        let found = order(&[1.0, f64::NAN]);
        assert_eq!(found, Err(OrderError::NotANumber { superpixel: 1 }));
    }

    #[test]
    fn counts_outside_u16_are_errors() {
        assert_eq!(order(&[]), Err(OrderError::Count(0)));
        assert_eq!(most(&vec![0.0; 65_536]).last(), Some(&u16::MAX));
        assert_eq!(order(&vec![0.0; 65_537]), Err(OrderError::Count(65_537)));
    }
}
