//! The control `oracle`: no order of the superpixels has a smaller area.

use parts::ActionError;
use sampling::{Masks, Seed};

use crate::orders::{Ask, Ranking, Search, Searched, priorities};
use crate::plugin::{Plugin, Role};

/// Most superpixels that all subsets are asked of: 4,096 masks.
pub const MOST_SUPERPIXELS: usize = 12;

/// A search of all orders.
pub static METHOD: Searched = Plugin {
    kind: "oracle",
    module: module_path!(),
    title: "Oracle",
    about: "Finds the order of least area by evaluating every subset of at most 12 superpixels.",
    role: Role::Control,
    deterministic: true,
    measured: false,
    settings: Vec::new,
    read: |_| (),
    run: Search {
        most: Some(MOST_SUPERPIXELS),
        queries: |superpixels| 1 << superpixels,
        find: oracle,
    },
};

/// The order whose curve has the least area (`auc`, and so `auc_mean` and `auc_relative`), by dynamic programming over all subsets
/// (Held and Karp 1962): the least sum of probabilities on a way from the untouched image to a subset is the subset's own and the least
/// among those of the subsets with one superpixel more. Equal ways are told apart by the seed.
///
/// `ask` is asked once, for 2^n masks of n superpixels.
///
/// # Panics
/// If `ask` gives fewer probabilities than masks.
pub fn oracle(superpixels: usize, seed: Seed, ask: Ask<'_>) -> Result<Ranking, ActionError> {
    if !(1..=MOST_SUPERPIXELS).contains(&superpixels) {
        return Err(ActionError::Failed(format!(
            "the oracle evaluates every subset of 1 to {MOST_SUPERPIXELS} superpixels, but the partition has {superpixels}: choose a coarser one \
             with `partitions`"
        )));
    }
    let subsets = 1_usize << superpixels;
    let rows = (0..subsets).map(|kept| {
        (0..superpixels)
            .map(|one| kept >> one & 1 == 1)
            .collect::<Vec<_>>()
    });
    let masks = Masks::from_rows(superpixels, rows).expect("a row has all superpixels");
    let answers = ask(&masks)?;
    let priorities = priorities(seed, superpixels);

    // From the whole set down, so that all larger sets are done; `last` is the superpixel that went last on the best way.
    let mut least = vec![0.0; subsets];
    let mut last = vec![None; subsets];
    for kept in (0..subsets).rev() {
        let ways = (0..superpixels).filter(|one| kept >> one & 1 == 0);
        last[kept] = ways.min_by(|&a, &b| {
            let before = |one: usize| least[kept | 1 << one];
            f64::total_cmp(&before(a), &before(b))
                // The order is read from its end: of equals, the one that the seed puts first goes last here.
                .then_with(|| priorities[b].cmp(&priorities[a]))
        });
        let before = last[kept].map_or(0.0, |one| least[kept | 1 << one]);
        least[kept] = before + f64::from(answers[kept]);
    }
    let mut order = Vec::with_capacity(superpixels);
    let mut kept = 0;
    while let Some(one) = last[kept] {
        order.push(one as u16);
        kept |= 1 << one;
    }
    order.reverse();
    Ok(Ranking::of_order(order))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Sum of the answers along an order.
    fn sum(order: &[u16], answers: &[f32]) -> f64 {
        let mut kept = answers.len() - 1;
        let mut sum = f64::from(answers[kept]);
        for one in order {
            kept &= !(1 << one);
            sum += f64::from(answers[kept]);
        }
        sum
    }

    /// All orders of some superpixels (Heap 1963).
    fn orders(superpixels: &mut [u16], count: usize, found: &mut Vec<Vec<u16>>) {
        if count <= 1 {
            found.push(superpixels.to_vec());
            return;
        }
        for turn in 0..count {
            orders(superpixels, count - 1, found);
            let other = if count.is_multiple_of(2) { turn } else { 0 };
            superpixels.swap(other, count - 1);
        }
    }

    proptest! {
        #[test]
        fn no_order_has_a_smaller_area(answers in prop::collection::vec(0.0_f32..1.0, 32)) {
            let ranking = oracle(5, Seed::derive(5, &[]), &mut |masks| {
                assert_eq!(masks.samples(), 32);
                Ok(answers.clone())
            });
            let least = sum(&ranking.unwrap().order, &answers);
            let mut all = Vec::new();
            orders(&mut [0, 1, 2, 3, 4], 5, &mut all);
            prop_assert_eq!(all.len(), 120);
            for order in all {
                prop_assert!(least <= sum(&order, &answers) + 1e-12);
            }
        }

        #[test]
        fn the_row_of_a_mask_is_the_subset_that_it_keeps(superpixels in 1_usize..=8) {
            let mut rows = 0;
            oracle(superpixels, Seed::derive(5, &[]), &mut |masks| {
                for sample in 0..masks.samples() {
                    let kept: usize = (0..superpixels).filter(|&one| masks.kept(sample, one)).map(|one| 1 << one).sum();
                    assert_eq!(kept, sample);
                }
                rows = masks.samples();
                Ok(vec![0.5; rows])
            }).unwrap();
            prop_assert_eq!(rows, 1 << superpixels);
        }
    }

    #[test]
    fn a_flat_network_leaves_the_order_to_the_seed() {
        let order = |seed| {
            let mut ask = |masks: &Masks| Ok(vec![0.5; masks.samples()]);
            oracle(6, Seed::derive(seed, &[]), &mut ask).unwrap().order
        };
        assert_eq!(order(1), crate::orders::shuffled(Seed::derive(1, &[]), 6));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn too_many_superpixels_are_refused_before_anything_is_asked() {
        for found in [0, 13, 48] {
            let refused = oracle(found, Seed::derive(1, &[]), &mut |_| panic!("asked"));
            let said = refused.unwrap_err().to_string();
            assert!(
                said.contains(&format!("the partition has {found}")),
                "{said}"
            );
        }
    }
}
