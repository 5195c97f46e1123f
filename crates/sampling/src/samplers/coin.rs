//! Every superpixel of every mask by a fair coin of its own.

use rand_chacha::rand_core::Rng;

use crate::{Masks, Sampler, Seed};

/// Every superpixel of every mask by a fair coin of its own (Ribeiro et al. 2016, the reference implementation).
pub const COIN: Sampler = Sampler {
    name: "coin",
    module: module_path!(),
    parameter: None,
    block: |_| 1,
    draw: |_, seed, samples, superpixels| coin(seed, samples, superpixels).into(),
};

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
