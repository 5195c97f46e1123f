//! The control `random`: an order that nothing but a seed decides.

use config::Declared;
use sampling::Seed;

use crate::orders::{Drawn, Ranking, shuffled};
use crate::plugin::{MOST_RUNS, Plugin, Role};

/// An order that nothing but a seed decides.
pub static METHOD: Drawn = Plugin {
    kind: "random",
    module: module_path!(),
    title: "Random order",
    about: "Draws random orders; a method that is no better says nothing about the network.",
    role: Role::Chance,
    deterministic: false,
    measured: false,
    settings: Settings::settings,
    read: |section| Settings::read(section).orders,
    run: random,
};

config::settings! {
    /// What `random` takes.
    struct Settings {
        /// How many orders are drawn, as runs 0, 1, ...; independent of the study's `runs`.
        orders: u32 [1..=MOST_RUNS] = 10;
    }
}

/// An order drawn uniformly from all orders of `superpixels`, of which there are at most 65,536.
pub fn random(superpixels: usize, seed: Seed) -> Ranking {
    Ranking::of_order(shuffled(seed, superpixels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_superpixel_is_in_an_order_once(seed: u64, superpixels in 1_usize..300) {
            let mut order = random(superpixels, Seed::derive(seed, &[])).order;
            order.sort_unstable();
            prop_assert_eq!(order, (0..superpixels as u16).collect::<Vec<_>>());
        }

        #[test]
        fn relevances_fall_along_the_order(seed: u64, superpixels in 1_usize..300) {
            let ranking = random(superpixels, Seed::derive(seed, &[]));
            let along: Vec<f64> = ranking.order.iter().map(|&one| ranking.relevance[usize::from(one)]).collect();
            prop_assert!(along.windows(2).all(|pair| pair[0] > pair[1]));
        }
    }

    #[test]
    fn all_orders_of_three_are_as_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..6000 {
            *counts
                .entry(random(3, Seed::derive(seed, &[])).order)
                .or_insert(0) += 1;
        }
        assert_eq!(counts.len(), 6);
        // 1000 each; a standard deviation is 29.
        assert!(
            counts.values().all(|count| (870..1130).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn orders_stay_as_they_were_published() {
        assert_eq!(
            random(8, Seed::derive(7, &[b"image"])).order,
            [0, 7, 3, 4, 2, 6, 5, 1],
        );
    }
}
