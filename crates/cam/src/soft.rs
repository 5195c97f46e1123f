//! Soft masks. Apart from the enlargement of maps, so that the keys of answers to such masks do not depend on that.

use crate::taps::{Tap, write};

/// Writes a soft mask (RISE, Petsiuk et al. 2018, section 3.2): a grid of `side` x `side` cells, enlarged bilinearly to `side` + 1 cells of ceil(length / `side`)
/// pixels (mirrored at the centres of the outer cells, as the published code has it from scikit-image), and cut to `size` behind a shift, in 65,536ths of a cell. Values are in [0, 1] where those of the grid are.
///
/// # Panics
/// If `grid` has not `side` x `side` values, at least one, or `mask` not [size\[0\], size\[1\]].
pub fn soft_mask(grid: &[f32], side: usize, shift: [u16; 2], size: [usize; 2], mask: &mut [f32]) {
    assert_eq!((grid.len(), mask.len()), (side * side, size[0] * size[1]));
    let taps = |axis: usize| -> Vec<Tap> {
        let cell = size[axis].div_ceil(side);
        let first = (cell * usize::from(shift[axis])) >> 16;
        (first..first + size[axis])
            .map(|position| Tap::mirrored(position, side, (side + 1) * cell))
            .collect()
    };
    write(grid, side, &taps(0), &taps(1), mask);
}
