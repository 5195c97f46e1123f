//! Correction of p-values for their number.

use crate::describe::finite;

/// P-values adjusted so that the chance of any false rejection among them is at most the level at which they are read
/// (Holm 1979), in the order of the input: the largest, over all that are not larger, of p times the number of those not smaller, at most 1.
/// None where a value is not finite.
pub fn holm(p: &[f64]) -> Option<Vec<f64>> {
    let mut order: Vec<usize> = (0..finite(p)?.len()).collect();
    order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (place, index) in order.into_iter().enumerate() {
        largest = largest.max(p[index] * (p.len() - place) as f64);
        adjusted[index] = largest.min(1.0);
    }
    Some(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn none_and_one_stay_as_they_are() {
        assert_eq!((holm(&[]), holm(&[0.3])), (Some(vec![]), Some(vec![0.3])));
        assert_eq!(holm(&[0.1, f64::NAN]), None);
    }

    proptest! {
        #[test]
        fn adjusted_values_keep_their_order_and_are_not_smaller(p in prop::collection::vec(0.0..=1.0_f64, 1..20)) {
            let adjusted = holm(&p).unwrap();
            for (a, before) in p.iter().enumerate() {
                prop_assert!(adjusted[a] >= *before && adjusted[a] <= 1.0);
                for (b, other) in p.iter().enumerate() {
                    prop_assert!(before > other || adjusted[a] <= adjusted[b]);
                }
            }
        }
    }
}
