//! Each superpixel removed alone.

use crate::{Masks, Sampler, Seed};

/// The untouched image, and then each superpixel removed alone, in order. No more than these.
pub const SINGLES: Sampler = Sampler {
    name: "singles",
    module: module_path!(),
    parameter: None,
    block: |_| 1,
    draw: |_, seed, samples, superpixels| singles(seed, samples, superpixels).into(),
};

fn singles(_: Seed, samples: usize, superpixels: usize) -> Masks {
    let mut masks = Masks::empty(superpixels);
    for row in 0..samples.min(superpixels + 1) {
        let mut packed = vec![u8::MAX; masks.row_bytes()];
        if let Some(removed) = row.checked_sub(1) {
            packed[removed / 8] &= !(1 << (removed % 8));
        }
        masks.push_packed(&packed);
    }
    masks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_superpixel_is_removed_once() {
        let masks = SINGLES.masks(Seed([1; 32]), 99, 10);
        assert_eq!(masks.samples(), 11);
        for row in 1..11 {
            let removed: Vec<usize> = (0..10).filter(|&one| !masks.kept(row, one)).collect();
            assert_eq!(removed, [row - 1]);
        }
        assert_eq!(SINGLES.masks(Seed([1; 32]), 3, 10).samples(), 3);
    }
}
