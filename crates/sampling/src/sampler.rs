//! Samplers: how masks are drawn.

use serde::Serialize;
use std::fmt;
use std::str::FromStr;

use rand_chacha::rand_core::Rng;
use thiserror::Error;

use crate::{Masks, Seed};

/// A rule that draws masks. Whatever the rule, row 0 is all ones: the untouched image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Sampler {
    /// Every superpixel of every mask by a fair coin of its own (Ribeiro et al. 2016, the reference implementation).
    #[default]
    Coin,
    /// Pairs: a mask of fair coins, and after it its complement.
    Paired,
    /// A randomised orthogonal design with fold-over: blocks of twice a power of two n above the number of superpixels, made from n rows of a
    /// Hadamard matrix. Each superpixel has a column of its own and a random sign, and each row is followed by its complement;
    /// so a block keeps any two superpixels together exactly as often as chance would, and a single mask still is one of fair coins.
    Hadamard,
}

/// A name that no sampler has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown sampler {0:?}: expected one of coin, paired, hadamard")]
pub struct UnknownSampler(pub String);

impl Sampler {
    /// Every sampler, in the order in which they are documented.
    pub const ALL: [Self; 3] = [Self::Coin, Self::Paired, Self::Hadamard];

    /// The name in pipeline.toml and in the column `sampler`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coin => "coin",
            Self::Paired => "paired",
            Self::Hadamard => "hadamard",
        }
    }

    /// How many masks are drawn together: 1, a pair, or a block.
    pub fn block(self, superpixels: usize) -> usize {
        match self {
            Self::Coin => 1,
            Self::Paired => 2,
            Self::Hadamard => 2 * hadamard_order(superpixels),
        }
    }

    /// For each of `samples` masks a number that it shares with the masks drawn together with it; row 0 is on its own.
    pub fn clusters(self, samples: usize, superpixels: usize) -> Vec<usize> {
        let block = self.block(superpixels);
        let rest = (1..samples).map(|sample| 1 + (sample - 1) / block);
        (0..samples.min(1)).chain(rest).collect()
    }

    /// Draws `samples` masks over `superpixels` superpixels.
    ///
    /// The first n rows are the same for every `samples` of at least n.
    pub fn masks(self, seed: Seed, samples: usize, superpixels: usize) -> Masks {
        match self {
            Self::Coin => coin(seed, samples, superpixels),
            Self::Paired => paired(seed, samples, superpixels),
            Self::Hadamard => hadamard(seed, samples, superpixels),
        }
    }
}

impl fmt::Display for Sampler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Sampler {
    type Err = UnknownSampler;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|sampler| sampler.name() == name)
            .ok_or_else(|| UnknownSampler(name.to_owned()))
    }
}

/// Row i is the start of the seed's stream i, so that a row is found without drawing those before it.
fn coin(seed: Seed, samples: usize, superpixels: usize) -> Masks {
    let mut masks = Masks::empty(superpixels);
    let mut row = vec![u8::MAX; masks.row_bytes()];
    for sample in 0..samples {
        if sample > 0 {
            seed.stream(sample as u64).fill_bytes(&mut row);
        }
        masks.push_packed(&row);
    }
    masks
}

/// Rows 2i + 1 and 2i + 2 are the start of stream i + 1 and its complement.
fn paired(seed: Seed, samples: usize, superpixels: usize) -> Masks {
    let mut masks = Masks::empty(superpixels);
    let mut row = vec![u8::MAX; masks.row_bytes()];
    for sample in 0..samples {
        match sample {
            0 => {}
            _ if sample % 2 == 1 => seed.stream(sample.div_ceil(2) as u64).fill_bytes(&mut row),
            _ => row.iter_mut().for_each(|byte| *byte = !*byte),
        }
        masks.push_packed(&row);
    }
    masks
}

/// The order of the Hadamard matrix: the least power of two above the number of superpixels, at least 2.
fn hadamard_order(superpixels: usize) -> usize {
    (superpixels + 1).next_power_of_two().max(2)
}

/// Block b draws from stream b + 1: which columns of Sylvester's matrix, which signs, and in which order its rows come, so that the first rows
/// of a block are a random part of it.
fn hadamard(seed: Seed, samples: usize, superpixels: usize) -> Masks {
    let order = hadamard_order(superpixels);
    let mut masks = Masks::empty(superpixels);
    if samples > 0 {
        masks.push_packed(&vec![u8::MAX; superpixels.div_ceil(8)]);
    }
    for block in 1_u64.. {
        if masks.samples() >= samples {
            break;
        }
        let mut generator = seed.stream(block);
        // Column 0 is constant.
        let mut columns: Vec<usize> = (1..order).collect();
        shuffle(&mut columns, &mut generator);
        let signs: Vec<u32> = (0..superpixels).map(|_| generator.next_u32() & 1).collect();
        let mut rows: Vec<usize> = (0..order).collect();
        shuffle(&mut rows, &mut generator);
        for (row, complement) in rows.into_iter().flat_map(|row| [(row, 0), (row, 1)]) {
            if masks.samples() == samples {
                break;
            }
            // The sign of Sylvester's matrix at (row, column) is the parity of the bits that they share.
            let kept = columns
                .iter()
                .zip(&signs)
                .map(|(column, sign)| (row & column).count_ones() + sign + complement);
            let kept: Vec<bool> = kept.map(|sum| sum % 2 == 1).collect();
            masks
                .push(&kept)
                .expect("a sign for each superpixel makes as many bits");
        }
    }
    masks
}

/// Fisher and Yates; each place is drawn from 64 random bits, whose bias is below 2^-40 for any list that fits into memory here.
fn shuffle(list: &mut [usize], generator: &mut impl Rng) {
    for last in (1..list.len()).rev() {
        let place = (u128::from(generator.next_u64()) * (last as u128 + 1)) >> 64;
        list.swap(last, place as usize);
    }
}

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

    fn seed() -> impl Strategy<Value = Seed> {
        any::<[u8; 32]>().prop_map(Seed)
    }

    proptest! {
        #[test]
        fn more_samples_extend_and_never_change(
            seed in seed(), samples in 0usize..60, more in 0usize..60, superpixels in 0usize..70,
        ) {
            for sampler in Sampler::ALL {
                let few = sampler.masks(seed, samples, superpixels);
                let many = sampler.masks(seed, samples + more, superpixels);
                prop_assert_eq!(few.bytes(), &many.bytes()[..few.bytes().len()]);
            }
        }

        #[test]
        fn first_row_is_the_untouched_image(seed in seed(), samples in 1usize..9, superpixels in 0usize..70) {
            for sampler in Sampler::ALL {
                prop_assert_eq!(sampler.masks(seed, samples, superpixels).kept_count(0), superpixels);
            }
        }

        #[test]
        fn drawn_masks_are_well_formed(seed in seed(), samples in 0usize..60, superpixels in 0usize..70) {
            for sampler in Sampler::ALL {
                let masks = sampler.masks(seed, samples, superpixels);
                let checked = Masks::from_bytes(samples, superpixels, masks.bytes().to_vec());
                prop_assert_eq!(checked, Ok(masks));
            }
        }

        #[test]
        fn what_is_drawn_together_is_a_mask_and_its_complement(
            seed in seed(), pairs in 1usize..40, superpixels in 1usize..70,
        ) {
            for sampler in [Sampler::Paired, Sampler::Hadamard] {
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
            let block = Sampler::Hadamard.block(superpixels);
            let masks = Sampler::Hadamard.masks(seed, 1 + block, superpixels);
            for first in 0..superpixels {
                for second in 0..first {
                    let alike = (1..=block).filter(|&row| masks.kept(row, first) == masks.kept(row, second));
                    prop_assert_eq!(alike.count(), block / 2);
                }
            }
        }

        #[test]
        fn clusters_are_what_is_drawn_together(samples in 0usize..400, superpixels in 1usize..40) {
            for sampler in Sampler::ALL {
                let clusters = sampler.clusters(samples, superpixels);
                prop_assert_eq!(clusters.len(), samples);
                prop_assert!(clusters.is_sorted());
                let first_block = clusters.iter().filter(|&&cluster| cluster == 1).count();
                prop_assert_eq!(first_block, sampler.block(superpixels).min(samples.saturating_sub(1)));
            }
        }

        #[test]
        fn the_second_order_has_every_sample_but_the_untouched_image_once(seed in seed(), samples in 0usize..90) {
            let mut order = second_order(seed, 0, samples);
            order.sort_unstable();
            prop_assert_eq!(order, (1..samples).collect::<Vec<_>>());
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
        let masks = Sampler::Coin.masks(seed, 4, 20);
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
        for sampler in Sampler::ALL {
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
        for sampler in [Sampler::Paired, Sampler::Hadamard] {
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

    #[test]
    fn names_are_read_back() {
        for sampler in Sampler::ALL {
            assert_eq!(sampler.to_string().parse(), Ok(sampler));
        }
        assert_eq!(
            "coins".parse::<Sampler>(),
            Err(UnknownSampler("coins".to_owned()))
        );
    }
}
