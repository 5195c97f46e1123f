//! From an order to the masks of its removal.

use sampling::Masks;
use thiserror::Error;

use crate::Order;

/// Superpixels that are no order.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StepsError {
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

/// The superpixels in the order of their removal, from those with the most relevant first.
#[must_use]
pub fn reversed(mut superpixels: Vec<u16>, order: Order) -> Vec<u16> {
    if order == Order::LeastRelevantFirst {
        superpixels.reverse();
    }
    superpixels
}

/// The masks of a removal: row k keeps all but the first k superpixels of `order`, so there is one row more
/// than superpixels; row 0 is the untouched image and the last keeps nothing.
pub fn step_masks(order: &[u16]) -> Result<Masks, StepsError> {
    if order.is_empty() || order.len() > usize::from(u16::MAX) + 1 {
        return Err(StepsError::Count(order.len()));
    }
    let mut kept = vec![true; order.len()];
    let mut masks = Masks::empty(order.len());
    push(&mut masks, &kept);
    for &superpixel in order {
        match kept.get_mut(usize::from(superpixel)) {
            Some(present) if *present => *present = false,
            _ => {
                return Err(StepsError::NotAPermutation {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn least_is_the_exact_reverse_of_most(relevance in prop::collection::vec(-9.0..9.0, 1..60)) {
            let most = order(&relevance).unwrap();
            let mut least = reversed(most.clone(), Order::LeastRelevantFirst);
            least.reverse();
            prop_assert_eq!(&least, &most);
            prop_assert_eq!(reversed(most.clone(), Order::MostRelevantFirst), most);
        }

        #[test]
        fn each_step_removes_the_next_superpixel(relevance in prop::collection::vec(-9.0..9.0, 1..60)) {
            let order = order(&relevance).unwrap();
            let masks = step_masks(&order).unwrap();
            prop_assert_eq!(masks.samples(), order.len() + 1);
            for step in 0..=order.len() {
                for (place, &superpixel) in order.iter().enumerate() {
                    prop_assert_eq!(masks.kept(step, usize::from(superpixel)), place >= step);
                }
            }
        }
    }

    #[test]
    fn none_repeated_and_foreign_superpixels_are_errors() {
        assert_eq!(step_masks(&[]), Err(StepsError::Count(0)));
        assert_eq!(
            step_masks(&[0, 2, 0]),
            Err(StepsError::NotAPermutation {
                last: 2,
                superpixel: 0
            })
        );
        assert_eq!(
            step_masks(&[0, 3, 1]),
            Err(StepsError::NotAPermutation {
                last: 2,
                superpixel: 3
            })
        );
    }
}
