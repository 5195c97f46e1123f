//! From relevances to an order of removal, and from an order to masks.

use serde::Serialize;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use sampling::Masks;
use thiserror::Error;

/// Superpixel ids are u16, so an image has at most this many.
const MOST_SUPERPIXELS: usize = u16::MAX as usize + 1;

/// Which superpixels are removed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By relevance, highest first; ties by lower superpixel id.
    #[default]
    MostRelevantFirst,
    /// The exact reverse of [`Order::MostRelevantFirst`]; ties therefore by higher superpixel id.
    LeastRelevantFirst,
}

/// A name that no order has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown order {0:?}: expected most_relevant_first or least_relevant_first")]
pub struct UnknownOrder(pub String);

impl Order {
    /// Both orders.
    pub const ALL: [Self; 2] = [Self::MostRelevantFirst, Self::LeastRelevantFirst];

    /// The name in pipeline.toml and in the column `order`.
    pub fn name(self) -> &'static str {
        match self {
            Self::MostRelevantFirst => "most_relevant_first",
            Self::LeastRelevantFirst => "least_relevant_first",
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Order {
    type Err = UnknownOrder;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|order| order.name() == name)
            .ok_or_else(|| UnknownOrder(name.to_owned()))
    }
}

/// Relevances that cannot be ordered, or ids that are no order.
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
    /// A superpixel is missing, or occurs twice.
    #[error(
        "expected each superpixel from 0 to {last} once, found {superpixel} again or out of range"
    )]
    NotAPermutation {
        /// Highest superpixel id of an order of this length.
        last: usize,
        /// The id that does not belong.
        superpixel: u16,
    },
}

/// The superpixels, the most relevant first; ties by lower superpixel id.
///
/// `relevance` has one value for each superpixel, of any scale; 0.0 and -0.0 tie, and infinities are allowed.
pub fn order(relevance: &[f64]) -> Result<Vec<u16>, OrderError> {
    check_count(relevance.len())?;
    if let Some(superpixel) = relevance.iter().position(|value| value.is_nan()) {
        return Err(OrderError::NotANumber { superpixel });
    }
    let mut superpixels: Vec<u16> = (0..=u16::MAX).take(relevance.len()).collect();
    // The sort is stable: ties stay in the order of ids.
    superpixels.sort_by(|&a, &b| descending(relevance[usize::from(a)], relevance[usize::from(b)]));
    Ok(superpixels)
}

/// The superpixels in the order of their removal, from those with the most relevant first.
#[must_use]
pub fn reversed(mut superpixels: Vec<u16>, order: Order) -> Vec<u16> {
    if order == Order::LeastRelevantFirst {
        superpixels.reverse();
    }
    superpixels
}

/// The place of each superpixel in an order, from 0.
pub fn ranks(order: &[u16]) -> Vec<u32> {
    let mut ranks = vec![0; order.len()];
    for (rank, &superpixel) in (0..).zip(order) {
        ranks[usize::from(superpixel)] = rank;
    }
    ranks
}

/// How many superpixels share their relevance with another one: the part of an order that is set by ids alone.
pub fn tied(relevance: &[f64]) -> usize {
    let mut sorted = relevance.to_vec();
    sorted.sort_by(|&a, &b| descending(a, b));
    // Among falling values, one that is not above the next is equal to it; NaN is equal to none.
    sorted
        .chunk_by(|a, b| a <= b)
        .map(<[f64]>::len)
        .filter(|&equal| equal > 1)
        .sum()
}

/// The masks of a removal: row k keeps all but the first k superpixels of `order`, so there is one row more
/// than superpixels; row 0 is the untouched image and the last keeps nothing.
pub fn step_masks(order: &[u16]) -> Result<Masks, OrderError> {
    check_count(order.len())?;
    let mut kept = vec![true; order.len()];
    let mut masks = Masks::empty(order.len());
    push(&mut masks, &kept);
    for &superpixel in order {
        match kept.get_mut(usize::from(superpixel)) {
            Some(present) if *present => *present = false,
            _ => {
                return Err(OrderError::NotAPermutation {
                    last: order.len() - 1,
                    superpixel,
                });
            }
        }
        push(&mut masks, &kept);
    }
    Ok(masks)
}

fn push(masks: &mut Masks, kept: &[bool]) {
    masks
        .push(kept)
        .expect("rows and set are both as wide as the order");
}

/// Highest first; NaN, which `order` has refused and `tied` never counts, is last.
fn descending(a: f64, b: f64) -> Ordering {
    b.partial_cmp(&a)
        .unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()))
}

fn check_count(superpixels: usize) -> Result<(), OrderError> {
    if (1..=MOST_SUPERPIXELS).contains(&superpixels) {
        Ok(())
    } else {
        Err(OrderError::Count(superpixels))
    }
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

        #[test]
        fn least_is_the_exact_reverse_of_most(relevance in relevance()) {
            let most = most(&relevance);
            let mut least = reversed(most.clone(), Order::LeastRelevantFirst);
            least.reverse();
            prop_assert_eq!(&least, &most);
            prop_assert_eq!(reversed(most.clone(), Order::MostRelevantFirst), most);
        }

        /// Whole numbers times powers of two, so that no rounding makes or breaks a tie.
        #[test]
        fn scale_and_shift_leave_the_order(relevance in relevance(), scale in -8_i32..8, shift in -99_i32..99) {
            let moved: Vec<f64> = relevance.iter().map(|value| value * 2_f64.powi(scale) + f64::from(shift)).collect();
            prop_assert_eq!(most(&moved), most(&relevance));
            prop_assert_eq!(tied(&moved), tied(&relevance));
        }

        #[test]
        fn each_step_removes_the_next_superpixel(relevance in relevance()) {
            let order = most(&relevance);
            let masks = step_masks(&order).unwrap();
            prop_assert_eq!(masks.samples(), order.len() + 1);
            for step in 0..=order.len() {
                for (place, &superpixel) in order.iter().enumerate() {
                    prop_assert_eq!(masks.kept(step, usize::from(superpixel)), place >= step);
                }
            }
        }

        #[test]
        fn tied_counts_those_with_an_equal(relevance in relevance()) {
            let with_equal = |&value: &f64| relevance.iter().filter(|other| (**other - value).abs() < 0.5).count() > 1;
            prop_assert_eq!(tied(&relevance), relevance.iter().filter(|value| with_equal(value)).count());
        }
    }

    #[test]
    fn zeros_of_both_signs_tie() {
        assert_eq!(most(&[-0.0, 0.0, -0.0]), [0, 1, 2]);
        assert_eq!(tied(&[-0.0, 0.0, 1.0]), 2);
    }

    #[test]
    fn nan_is_an_error_and_never_a_tie() {
        let found = order(&[1.0, f64::NAN]);
        assert_eq!(found, Err(OrderError::NotANumber { superpixel: 1 }));
        assert_eq!(tied(&[f64::NAN, 1.0, f64::NAN, 1.0]), 2);
    }

    #[test]
    fn counts_outside_u16_are_errors() {
        assert_eq!(order(&[]), Err(OrderError::Count(0)));
        assert_eq!(step_masks(&[]), Err(OrderError::Count(0)));
        assert_eq!(most(&vec![0.0; 65_536]).last(), Some(&u16::MAX));
        assert_eq!(order(&vec![0.0; 65_537]), Err(OrderError::Count(65_537)));
    }

    #[test]
    fn repeated_and_foreign_superpixels_are_errors() {
        assert_eq!(
            step_masks(&[0, 2, 0]),
            Err(OrderError::NotAPermutation {
                last: 2,
                superpixel: 0
            })
        );
        assert_eq!(
            step_masks(&[0, 3, 1]),
            Err(OrderError::NotAPermutation {
                last: 2,
                superpixel: 3
            })
        );
    }

    #[test]
    fn names_are_read_back() {
        for order in Order::ALL {
            assert_eq!(order.to_string().parse(), Ok(order));
        }
        assert_eq!(
            "most".parse::<Order>(),
            Err(UnknownOrder("most".to_owned()))
        );
    }
}
