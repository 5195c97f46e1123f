//! The action `sanity`: how much of an explanation is left when the network's upper layers are random (Adebayo et al. 2018).

use std::cmp::Ordering;

use removal::Explanation;

/// How alike the relevances of superpixels by two explanations are.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// Spearman's rank correlation; None where all superpixels are equally relevant in one of them, or there is one superpixel.
    pub spearman: Option<f64>,
    /// The same of the absolute relevances.
    pub spearman_absolute: Option<f64>,
    /// Why any of them is None.
    pub reason: Option<String>,
}

/// Of an explanation and the one of the randomized network, of `count` superpixels; `labels` has the superpixel of each pixel of a crop of `size`
/// [height, width].
pub fn likeness(
    trained: Explanation<'_>,
    random: Explanation<'_>,
    labels: &[u16],
    size: [usize; 2],
    count: usize,
) -> Result<Likeness, String> {
    let relevance = |explanation| {
        removal::relevance(explanation, labels, size, count).map_err(|error| error.to_string())
    };
    Ok(compare(&relevance(trained)?, &relevance(random)?))
}

fn compare(trained: &[f64], random: &[f64]) -> Likeness {
    let absolute =
        |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value.abs()).collect() };
    let spearman = statistics::spearman(trained, random);
    let spearman_absolute = statistics::spearman(&absolute(trained), &absolute(random));
    let reason = (spearman.is_none() || spearman_absolute.is_none()).then(|| {
        if trained.len() < 2 {
            return "there is one superpixel";
        }
        match (level(trained), level(random)) {
            (true, _) => "all superpixels are equally relevant to the network as it was trained",
            (false, true) => {
                "all superpixels are equally relevant to the network with random layers"
            }
            (false, false) => "all superpixels are equally relevant but for the sign",
        }
    });
    Likeness {
        spearman,
        spearman_absolute,
        reason: reason.map(str::to_owned),
    }
}

fn level(values: &[f64]) -> bool {
    values
        .windows(2)
        .all(|pair| pair[0].partial_cmp(&pair[1]) == Some(Ordering::Equal))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn relevances_of_opposite_signs_are_alike_in_their_absolute_values_only() {
        let found = compare(&[3.0, -1.0, 2.0, -5.0], &[-3.0, 1.0, -2.0, 5.0]);
        assert_eq!(
            (found.spearman, found.spearman_absolute),
            (Some(-1.0), Some(1.0))
        );
        assert_eq!(found.reason, None);
    }

    #[test]
    fn what_has_no_ranks_has_a_reason() {
        let reason = |trained: &[f64], random: &[f64]| {
            let found = compare(trained, random);
            assert_eq!(found.spearman_absolute, None);
            found.reason.unwrap()
        };
        assert!(reason(&[1.0], &[2.0]).contains("one superpixel"));
        assert!(reason(&[1.0, 1.0], &[2.0, 1.0]).contains("trained"));
        assert!(reason(&[1.0, 2.0], &[0.0, 0.0]).contains("random"));
        assert!(reason(&[1.0, 2.0], &[1.0, -1.0]).contains("sign"));
    }

    #[test]
    fn a_map_is_pooled_over_superpixels_first() {
        let map = |values| Explanation::Map {
            values,
            size: [1, 4],
        };
        let (one, other) = (map(&[1.0, 5.0, 2.0, 4.0]), map(&[5.0, 1.0, 2.0, 4.0]));
        let found = likeness(one, other, &[0, 0, 1, 2], [1, 4], 3);
        assert_eq!(found.unwrap().spearman, Some(1.0));
    }

    proptest! {
        #[test]
        fn an_explanation_is_fully_like_itself(values in prop::collection::vec(-9_i8..9, 2..30)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let found = compare(&values, &values);
            if !level(&values) {
                prop_assert!((found.spearman.unwrap() - 1.0).abs() < 1e-12);
            }
            prop_assert_eq!(found.reason.is_some(), found.spearman.is_none() || found.spearman_absolute.is_none());
        }
    }
}
