//! A randomised orthogonal design with fold-over.

use rand_chacha::rand_core::Rng;

use crate::shuffle::shuffle;
use crate::{Masks, Sampler, Seed};

/// A randomised orthogonal design with fold-over: blocks of twice a power of two n above the number of superpixels, made from n rows of a
/// Hadamard matrix. Each superpixel has a column of its own and a random sign, and each row is followed by its complement;
/// so a block keeps any two superpixels together exactly as often as chance would, and a single mask still is one of fair coins.
pub const HADAMARD: Sampler = Sampler {
    name: "hadamard",
    module: module_path!(),
    parameter: None,
    block: |superpixels| 2 * hadamard_order(superpixels),
    draw: |_, seed, samples, superpixels| hadamard(seed, samples, superpixels).into(),
};

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
