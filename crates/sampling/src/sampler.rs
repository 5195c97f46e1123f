//! Samplers: how masks are drawn.

use std::fmt;
use std::str::FromStr;

use rand_chacha::rand_core::Rng;
use thiserror::Error;

use crate::{Masks, Seed};

/// A rule that draws masks. Whatever the rule, row 0 is all ones: the untouched image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Sampler {
    /// Every superpixel of every mask by a fair coin of its own (Ribeiro et al. 2016, the reference implementation).
    #[default]
    Coin,
}

/// A name that no sampler has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown sampler {0:?}: expected one of coin")]
pub struct UnknownSampler(pub String);

impl Sampler {
    /// Every sampler, in the order in which they are documented.
    pub const ALL: [Self; 1] = [Self::Coin];

    /// The name in pipeline.toml and in the column `sampler`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Coin => "coin",
        }
    }

    /// Draws `samples` masks over `superpixels` superpixels.
    ///
    /// The first n rows are the same for every `samples` of at least n.
    pub fn masks(self, seed: Seed, samples: usize, superpixels: usize) -> Masks {
        match self {
            Self::Coin => coin(seed, samples, superpixels),
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
            let few = Sampler::Coin.masks(seed, samples, superpixels);
            let many = Sampler::Coin.masks(seed, samples + more, superpixels);
            prop_assert_eq!(few.bytes(), &many.bytes()[..few.bytes().len()]);
        }

        #[test]
        fn first_row_is_the_untouched_image(seed in seed(), samples in 1usize..9, superpixels in 0usize..70) {
            prop_assert_eq!(Sampler::Coin.masks(seed, samples, superpixels).kept_count(0), superpixels);
        }

        #[test]
        fn drawn_masks_are_well_formed(seed in seed(), samples in 0usize..60, superpixels in 0usize..70) {
            let masks = Sampler::Coin.masks(seed, samples, superpixels);
            let checked = Masks::from_bytes(samples, superpixels, masks.bytes().to_vec());
            prop_assert_eq!(checked, Ok(masks));
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
    fn coin_is_fair_for_every_superpixel_and_for_neighbours() {
        let samples = 20_001;
        let masks = Sampler::Coin.masks(Seed::derive(1, &[b"fair"]), samples, 13);
        // Five standard deviations of a fair count, and of the count of equal neighbours.
        let allowed = 5.0 * (samples as f64).sqrt() / 2.0;
        for superpixel in 0..13 {
            let kept = (1..samples)
                .filter(|&sample| masks.kept(sample, superpixel))
                .count();
            assert!(
                (kept as f64 - 10_000.0).abs() < allowed,
                "superpixel {superpixel} is kept {kept} times"
            );
            let next = (superpixel + 1) % 13;
            let equal = (1..samples)
                .filter(|&sample| masks.kept(sample, superpixel) == masks.kept(sample, next))
                .count();
            assert!(
                (equal as f64 - 10_000.0).abs() < allowed,
                "{superpixel} and {next} agree {equal} times"
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
