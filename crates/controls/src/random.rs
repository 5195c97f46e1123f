//! The control `random`: an order that nothing but a seed decides.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sampling::Seed;

use crate::Ranking;

/// An order drawn uniformly from all orders of `superpixels`, of which there are at most 65,536.
pub fn random(seed: Seed, superpixels: usize) -> Ranking {
    Ranking::of_order(shuffled(seed, superpixels))
}

/// Fisher and Yates' shuffle, from the end.
pub(crate) fn shuffled(seed: Seed, superpixels: usize) -> Vec<u16> {
    let mut generator = ChaCha8Rng::from_seed(seed.0);
    let mut order: Vec<u16> = (0..=u16::MAX).take(superpixels).collect();
    for last in (1..order.len()).rev() {
        let chosen = below(&mut generator, last as u32 + 1);
        order.swap(last, chosen as usize);
    }
    order
}

/// A number from 0 to `end` - 1, each as likely: numbers of the last, incomplete round are drawn again.
fn below(generator: &mut ChaCha8Rng, end: u32) -> u32 {
    let rounds = u32::MAX - u32::MAX % end;
    loop {
        let number = generator.next_u32();
        if number < rounds {
            return number % end;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_superpixel_is_in_an_order_once(seed: u64, superpixels in 1_usize..300) {
            let mut order = random(Seed::derive(seed, &[]), superpixels).order;
            order.sort_unstable();
            prop_assert_eq!(order, (0..superpixels as u16).collect::<Vec<_>>());
        }

        #[test]
        fn relevances_fall_along_the_order(seed: u64, superpixels in 1_usize..300) {
            let ranking = random(Seed::derive(seed, &[]), superpixels);
            let along: Vec<f64> = ranking.order.iter().map(|&one| ranking.relevance[usize::from(one)]).collect();
            prop_assert!(along.windows(2).all(|pair| pair[0] > pair[1]));
        }
    }

    #[test]
    fn all_orders_of_three_are_as_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for seed in 0..6000 {
            *counts
                .entry(random(Seed::derive(seed, &[]), 3).order)
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
            random(Seed::derive(7, &[b"image"]), 8).order,
            [0, 7, 3, 4, 2, 6, 5, 1],
        );
    }
}
