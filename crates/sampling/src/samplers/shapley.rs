//! The masks of Kernel SHAP (Lundberg and Lee 2017), as the package shap draws them.

use std::collections::BTreeMap;

use rand_chacha::ChaCha8Rng;

use crate::shapley::{is_paired, size_weights};
use crate::shuffle::{fraction, shuffle};
use crate::{Drawn, Masks, Sampler, Seed};

/// The untouched image, the image without any superpixel, and then masks by the kernel of Shapley values: from the smallest and largest sizes inwards
/// all masks of a size while there are enough samples for them, then pairs of a mask and its complement of the remaining sizes.
///
/// A size is enumerated where the samples that it would get are at least as many as its masks, as in shap 0.51. Enumerated masks come in an order
/// that the seed decides, each followed by its complement. A mask that is drawn repeatedly has one row: `repeats` counts the draws.
pub const SHAPLEY: Sampler = Sampler {
    name: "shapley",
    module: module_path!(),
    parameter: None,
    block: |_| 2,
    draw: |_, seed, samples, superpixels| drawn(seed, samples, superpixels),
};

/// Rows that are always there.
const ENDS: usize = 2;
/// Draws for each sample that is left, at most: masks that were drawn before cost a draw and no sample.
const DRAWS: usize = 4;

fn drawn(seed: Seed, samples: usize, superpixels: usize) -> Drawn {
    let mut rows = Rows {
        masks: Masks::empty(superpixels),
        repeats: Vec::new(),
    };
    for kept in [true, false].into_iter().take(samples) {
        rows.add(&vec![kept; superpixels]);
    }
    let mut left = samples.saturating_sub(ENDS);
    if superpixels <= 30 {
        left = left.min((1_usize << superpixels) - ENDS.min(1 << superpixels));
    }
    let weights = size_weights(superpixels);
    let mut sizes = weights.iter().zip(1..);
    // The share of the sizes that are not enumerated.
    let mut share = 1.0;
    let mut enumerated_sizes = 0;
    for (&weight, size) in &mut sizes {
        let paired = is_paired(size, superpixels);
        let count = binomial(superpixels, size) * if paired { 2.0 } else { 1.0 };
        let expected = left as f64 * weight / share;
        if expected / count < 1.0 - 1e-8 {
            break;
        }
        left -= count as usize;
        share -= weight;
        enumerated_sizes = size;
        let mut all = combinations(superpixels, size);
        let mut order: Vec<usize> = (0..all.len()).collect();
        shuffle(&mut order, &mut seed.stream(size as u64));
        for place in order {
            rows.add_pair(std::mem::take(&mut all[place]), paired);
        }
    }
    let enumerated = rows.masks.samples() - ENDS.min(rows.masks.samples());
    if enumerated_sizes < weights.len() {
        let rest = &weights[enumerated_sizes..];
        rows.draw(&mut seed.stream(0), rest, enumerated_sizes, left);
    }
    Drawn {
        masks: rows.masks,
        enumerated,
        repeats: rows.repeats,
        shifts: Vec::new(),
    }
}

/// C(count, size); infinite where it is too large for a number.
fn binomial(count: usize, size: usize) -> f64 {
    let factors = (0..size).map(|place| (count - place) as f64 / (place + 1) as f64);
    factors.product::<f64>().round()
}

/// All masks that keep `size` of `count` superpixels.
fn combinations(count: usize, size: usize) -> Vec<Vec<bool>> {
    let mut all = Vec::new();
    let mut chosen: Vec<usize> = (0..size).collect();
    loop {
        let mut mask = vec![false; count];
        for &kept in &chosen {
            mask[kept] = true;
        }
        all.push(mask);
        // The last place that can move on, and those behind it close up.
        let movable = (0..size).rfind(|&place| chosen[place] < count - size + place);
        let Some(place) = movable else {
            return all;
        };
        let next = chosen[place] + 1;
        for (offset, kept) in chosen[place..].iter_mut().enumerate() {
            *kept = next + offset;
        }
    }
}

struct Rows {
    masks: Masks,
    repeats: Vec<u32>,
}

impl Rows {
    fn add(&mut self, mask: &[bool]) {
        let pushed = self.masks.push(mask);
        pushed.expect("a mask has a bit for each superpixel");
        self.repeats.push(1);
    }

    /// Adds a mask, and its complement where that is of another size.
    fn add_pair(&mut self, mut mask: Vec<bool>, paired: bool) {
        self.add(&mask);
        if paired {
            for kept in &mut mask {
                *kept = !*kept;
            }
            self.add(&mask);
        }
    }

    /// Draws masks of the sizes above `enumerated`, until `left` are new.
    fn draw(
        &mut self,
        generator: &mut ChaCha8Rng,
        weights: &[f64],
        enumerated: usize,
        mut left: usize,
    ) {
        let superpixels = self.masks.superpixels();
        // A pair counts twice, so a size is drawn half as often as its weight says.
        let weights = weights.iter().zip(enumerated + 1..);
        let weights = weights.map(|(weight, size)| {
            weight
                / if is_paired(size, superpixels) {
                    2.0
                } else {
                    1.0
                }
        });
        let total: f64 = weights.clone().sum();
        let mut sum = 0.0;
        let below: Vec<f64> = weights
            .map(|weight| {
                sum += weight / total;
                sum
            })
            .collect();
        let mut known: BTreeMap<Vec<bool>, usize> = BTreeMap::new();
        for _ in 0..DRAWS * left {
            if left == 0 {
                break;
            }
            let chance = fraction(generator);
            let place = below.partition_point(|&below| below <= chance);
            let size = enumerated + 1 + place.min(below.len() - 1);
            let mut order: Vec<usize> = (0..superpixels).collect();
            shuffle(&mut order, generator);
            let mut mask = vec![false; superpixels];
            order[..size].iter().for_each(|&kept| mask[kept] = true);
            let paired = is_paired(size, superpixels);
            if let Some(&row) = known.get(&mask) {
                self.repeats[row] += 1;
                if let Some(complement) = self.repeats.get_mut(row + 1).filter(|_| paired) {
                    *complement += 1;
                }
                continue;
            }
            known.insert(mask.clone(), self.masks.samples());
            // The last sample may have no room for a complement.
            let both = paired && left > 1;
            self.add_pair(mask, both);
            left -= if both { 2 } else { 1 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_mask_of_few_superpixels_is_enumerated_once() {
        for superpixels in 0..8 {
            let drawn = SHAPLEY.drawn(Seed([3; 32]), 5000, superpixels);
            let all = 1_usize << superpixels;
            assert_eq!(drawn.masks.samples(), all.max(2), "{superpixels}");
            assert_eq!(drawn.enumerated, all.saturating_sub(2));
            let rows: std::collections::BTreeSet<&[u8]> = (0..drawn.masks.samples())
                .map(|row| drawn.masks.row(row))
                .collect();
            assert_eq!(rows.len(), all);
        }
    }

    /// Of 12 superpixels with 200 samples shap 0.51 enumerates 24 masks of sizes 1 and 11, and 132 would not fit.
    #[test]
    fn sizes_are_enumerated_while_samples_last_as_in_shap() {
        let drawn = SHAPLEY.drawn(Seed([3; 32]), 202, 12);
        assert_eq!(drawn.masks.samples(), 202);
        assert_eq!(drawn.enumerated, 24);
        let sizes: Vec<usize> = (2..26).map(|row| drawn.masks.kept_count(row)).collect();
        assert!(sizes.chunks(2).all(|pair| pair == [1, 11]));
    }

    proptest! {
        #[test]
        fn what_is_drawn_is_a_mask_and_its_complement(seed in any::<[u8; 32]>().prop_map(Seed), pairs in 20usize..60) {
            // Of 13 superpixels every size has a complement of another one.
            let drawn = SHAPLEY.drawn(seed, 2 + 2 * pairs, 13);
            let first = 2 + drawn.enumerated;
            for row in (first..drawn.masks.samples()).step_by(2) {
                for superpixel in 0..13 {
                    prop_assert_ne!(drawn.masks.kept(row, superpixel), drawn.masks.kept(row + 1, superpixel));
                }
                prop_assert_eq!(drawn.repeats[row], drawn.repeats[row + 1]);
            }
        }
    }
}
