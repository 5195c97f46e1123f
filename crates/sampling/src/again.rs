//! Which samples are re-evaluated in fp32.

use crate::Seed;
use crate::shuffle::shuffle;

/// Groups that samples are asked again from, each by itself: those of even number and those of odd, so that of a mask and its complement one
/// is in each. Here, because who asks and who fits have to agree, and the key of who asks must not depend on fits.
pub const STRATA: usize = 2;

/// The group of a sample.
pub fn stratum(sample: usize) -> usize {
    sample % STRATA
}

/// The numbers from 1 to `samples` - 1 in a random order that is independent of the masks, and of that of every other `known`, the samples
/// that were asked again before: in which order those of each stratum are asked again.
pub fn second_order(seed: Seed, known: usize, samples: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (1..samples).collect();
    shuffle(&mut order, &mut seed.stream(u64::MAX - known as u64));
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_second_order_has_every_sample_but_the_untouched_image_once(
            seed in any::<[u8; 32]>().prop_map(Seed), samples in 0usize..90,
        ) {
            let mut order = second_order(seed, 0, samples);
            order.sort_unstable();
            prop_assert_eq!(order, (1..samples).collect::<Vec<_>>());
        }
    }
}
