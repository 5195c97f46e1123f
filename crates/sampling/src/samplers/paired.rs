//! Pairs: a mask of fair coins, and after it its complement.

use rand_chacha::rand_core::Rng;

use crate::{Masks, Sampler, Seed};

/// Pairs: a mask of fair coins, and after it its complement.
pub const PAIRED: Sampler = Sampler {
    name: "paired",
    module: module_path!(),
    parameter: None,
    block: |_| 2,
    draw: |_, seed, samples, superpixels| paired(seed, samples, superpixels).into(),
};

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
