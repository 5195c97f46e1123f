//! The samplers, one file each. No file that a code digest covers names this one: inputs name the sampler that is used.

mod coin;
mod grid;
mod hadamard;
mod local;
mod paired;
mod shapley;
mod singles;

pub use coin::COIN;
pub use grid::grid;
pub use hadamard::HADAMARD;
pub use local::local;
pub use paired::PAIRED;
pub use shapley::SHAPLEY;
pub use singles::SINGLES;

use crate::Sampler;

/// Every sampler that a person can choose, in the order in which they are documented. Other samplers belong to their method.
pub const ALL: [Sampler; 3] = [COIN, PAIRED, HADAMARD];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Drawn, Masks, Seed};
    use proptest::prelude::*;

    /// Those of methods too.
    fn every() -> impl Iterator<Item = Sampler> {
        ALL.into_iter()
            .chain([SINGLES, SHAPLEY, local(0.7), grid(0.5)])
    }

    fn seed() -> impl Strategy<Value = Seed> {
        any::<[u8; 32]>().prop_map(Seed)
    }

    proptest! {
        #[test]
        fn more_samples_extend_and_never_change(
            seed in seed(), samples in 0usize..60, more in 0usize..60, superpixels in 0usize..70,
        ) {
            for sampler in ALL {
                let few = sampler.masks(seed, samples, superpixels);
                let many = sampler.masks(seed, samples + more, superpixels);
                prop_assert_eq!(few.bytes(), &many.bytes()[..few.bytes().len()]);
            }
        }

        #[test]
        fn first_row_is_the_untouched_image(seed in seed(), samples in 1usize..9, superpixels in 0usize..70) {
            for sampler in every() {
                prop_assert_eq!(sampler.masks(seed, samples, superpixels).kept_count(0), superpixels);
            }
        }

        #[test]
        fn drawn_masks_are_well_formed(seed in seed(), samples in 0usize..60, superpixels in 0usize..70) {
            for sampler in every() {
                let Drawn { masks, enumerated, repeats, .. } = sampler.drawn(seed, samples, superpixels);
                prop_assert!(masks.samples() <= samples && enumerated <= masks.samples());
                prop_assert!(masks.samples() == samples || !ALL.contains(&sampler));
                prop_assert!(repeats.is_empty() || repeats.len() == masks.samples());
                let checked = Masks::from_bytes(masks.samples(), superpixels, masks.bytes().to_vec());
                prop_assert_eq!(checked, Ok(masks));
            }
        }

        #[test]
        fn what_is_drawn_together_is_a_mask_and_its_complement(
            seed in seed(), pairs in 1usize..40, superpixels in 1usize..70,
        ) {
            for sampler in [PAIRED, HADAMARD] {
                let masks = sampler.masks(seed, 1 + 2 * pairs, superpixels);
                for pair in 0..pairs {
                    for superpixel in 0..superpixels {
                        let [one, other] = [1, 2].map(|row| masks.kept(2 * pair + row, superpixel));
                        prop_assert_ne!(one, other);
                    }
                }
            }
        }

        #[test]
        fn a_hadamard_block_keeps_every_pair_of_superpixels_alike(seed in seed(), superpixels in 2usize..70) {
            let block = HADAMARD.block(superpixels);
            let masks = HADAMARD.masks(seed, 1 + block, superpixels);
            for first in 0..superpixels {
                for second in 0..first {
                    let alike = (1..=block).filter(|&row| masks.kept(row, first) == masks.kept(row, second));
                    prop_assert_eq!(alike.count(), block / 2);
                }
            }
        }

        #[test]
        fn clusters_are_what_is_drawn_together(samples in 0usize..400, superpixels in 1usize..40) {
            for sampler in ALL {
                let clusters = sampler.clusters(samples, superpixels);
                prop_assert_eq!(clusters.len(), samples);
                prop_assert!(clusters.is_sorted());
                let first_block = clusters.iter().filter(|&&cluster| cluster == 1).count();
                prop_assert_eq!(first_block, sampler.block(superpixels).min(samples.saturating_sub(1)));
            }
        }
    }

    /// Stored studies hold these masks: a change here makes every one of them wrong. Checked once against BLAKE3 and
    /// `ChaCha` (8 rounds, block 0 of stream = row) written out in Python.
    #[test]
    fn one_known_stream() {
        let seed = Seed::derive(
            42,
            &[b"digest", b"quickshift", b"lime", &3u32.to_le_bytes()],
        );
        let masks = COIN.masks(seed, 4, 20);
        let expected = [
            0xff, 0xff, 0x0f, 0x7b, 0x18, 0x03, 0x2c, 0x2b, 0x0c, 0x20, 0x4d, 0x08,
        ];
        assert_eq!(masks.bytes(), expected);
    }

    #[test]
    fn every_sampler_is_fair_for_every_superpixel_and_for_neighbours() {
        let samples = 20_001;
        // Five standard deviations of a fair count, and of the count of equal neighbours.
        let allowed = 5.0 * (samples as f64).sqrt() / 2.0;
        for sampler in ALL {
            let masks = sampler.masks(Seed::derive(1, &[b"fair"]), samples, 13);
            for superpixel in 0..13 {
                let kept = (1..samples)
                    .filter(|&sample| masks.kept(sample, superpixel))
                    .count();
                assert!(
                    (kept as f64 - 10_000.0).abs() < allowed,
                    "{sampler}: superpixel {superpixel} is kept {kept} times"
                );
                let next = (superpixel + 1) % 13;
                let equal = (1..samples)
                    .filter(|&sample| masks.kept(sample, superpixel) == masks.kept(sample, next))
                    .count();
                assert!(
                    (equal as f64 - 10_000.0).abs() < 2.0_f64.sqrt() * allowed,
                    "{sampler}: {superpixel} and {next} agree {equal} times"
                );
            }
        }
    }

    /// Over many seeds each place of a block is a mask of fair coins: of three superpixels all eight masks come equally often.
    #[test]
    fn a_single_mask_of_a_block_is_one_of_fair_coins() {
        let seeds = 16_000;
        for sampler in [PAIRED, HADAMARD] {
            let mut counts = [[0_u32; 8]; 4];
            for seed in 0..seeds {
                let masks = sampler.masks(Seed::derive(seed, &[b"single"]), 5, 3);
                for (row, counts) in counts.iter_mut().enumerate() {
                    counts[usize::from(masks.row(row + 1)[0])] += 1;
                }
            }
            // Five standard deviations of a count of mean 2000.
            let fair = |count: u32| (f64::from(count) - 2000.0).abs() < 5.0 * 1750_f64.sqrt();
            assert!(
                counts.as_flattened().iter().all(|&count| fair(count)),
                "{sampler}: {counts:?}"
            );
        }
    }
}
