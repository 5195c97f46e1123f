//! The action `sanity`: how much of an explanation is left when the network's upper layers are random (Adebayo et al. 2018).

use std::cmp::Ordering;

use actions::Sanity;
use parts::{ActionError, Rows};
use rayon::prelude::*;

use measures::{Key, by_depth, by_explanation};

/// A row for each explanation of the images that are checked, and each depth.
pub fn run(inputs: &Sanity, rows: &Rows<'_>) -> Result<Vec<schema::Sanity>, ActionError> {
    let groups = inputs.relevances.groups.par_iter();
    let checked = groups.filter(|group| inputs.images.contains(&group.image));
    let of_image = |group| {
        let relevances = rows.group(&inputs.relevances, group)?.concat();
        let (trained, random) = (by_explanation(&relevances), by_depth(&relevances));
        let explaining = |(key, _): &(&Key<'_>, &Vec<f64>)| {
            key.run == 0 && inputs.explaining.contains(key.method)
        };
        let mut made = Vec::new();
        for (key, relevance) in trained.iter().filter(explaining) {
            for depth in 1..=inputs.depths {
                let random = random.get(&(*key, depth)).map(Vec::as_slice);
                made.push(row(inputs, key, depth, relevance, random));
            }
        }
        Ok(made)
    };
    let made = checked.map(of_image);
    Ok(made.collect::<Result<Vec<_>, ActionError>>()?.concat())
}

/// An explanation compared with that of the network with random layers, where there is one.
fn row(
    inputs: &Sanity,
    key: &Key<'_>,
    depth: u32,
    trained: &[f64],
    random: Option<&[f64]>,
) -> schema::Sanity {
    let program = "the network is a TorchScript program, whose layers have no names";
    let likeness = random.map(|random| compare(trained, random));
    let likeness = likeness.unwrap_or_else(|| Likeness {
        spearman: None,
        spearman_absolute: None,
        reason: Some(program.to_owned()),
    });
    let of_network = inputs.cascades.get(key.network);
    let cascade = of_network.and_then(|cascades| cascades.get(&depth));
    schema::Sanity {
        image: key.image.to_owned(),
        network: key.network.to_owned(),
        partition: key.partition.to_owned(),
        method: key.method.to_owned(),
        run: key.run,
        depth,
        random_layers: cascade.map(|cascade| cascade.random_layers),
        layers: cascade.map(|cascade| cascade.layers),
        lowest_random_layer: cascade.map(|cascade| cascade.lowest_random_layer.clone()),
        spearman: likeness.spearman,
        spearman_absolute: likeness.spearman_absolute,
        reason: likeness.reason,
    }
}

/// How alike the relevances of superpixels by two explanations are.
#[derive(Clone, Debug, PartialEq)]
struct Likeness {
    /// Spearman's rank correlation; None where all superpixels are equally relevant in one of them, or there is one superpixel.
    spearman: Option<f64>,
    /// The same of the absolute relevances.
    spearman_absolute: Option<f64>,
    /// Why any of them is None.
    reason: Option<String>,
}

/// How alike the relevances by two networks are.
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
            (false, false) => "all superpixels are equally relevant except for the sign",
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
