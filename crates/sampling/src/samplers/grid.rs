//! Masks over the cells of a shifted grid (RISE, Petsiuk et al. 2018).

use rand_chacha::rand_core::Rng;

use crate::shuffle::fraction;
use crate::{Drawn, Masks, Sampler, Seed};

/// Masks over the cells of a grid: each cell is kept with this chance, and the whole grid is shifted by less than a cell in each direction (RISE, Petsiuk et al.
/// 2018). Row 0 keeps every cell, so that it is the untouched image.
pub const fn grid(chance: f64) -> Sampler {
    Sampler {
        name: "grid",
        module: module_path!(),
        parameter: Some(chance),
        block: |_| 1,
        draw: |sampler, seed, samples, cells| {
            drawn(sampler.parameter.unwrap_or(0.5), seed, samples, cells)
        },
    }
}

/// Row i is drawn from the start of the seed's stream i.
fn drawn(chance: f64, seed: Seed, samples: usize, cells: usize) -> Drawn {
    let mut drawn = Drawn::from(Masks::empty(cells));
    for sample in 0..samples {
        let mut generator = seed.stream(sample as u64);
        let shifts = generator.next_u32();
        drawn.shifts.push([(shifts >> 16) as u16, shifts as u16]);
        let kept: Vec<bool> = (0..cells)
            .map(|_| fraction(&mut generator) < chance || sample == 0)
            .collect();
        let pushed = drawn.masks.push(&kept);
        pushed.expect("a mask has a bit for each cell");
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_kept_with_their_chance_and_shifts_are_anywhere() {
        let samples = 20_000;
        let drawn = grid(0.3).drawn(Seed::derive(1, &[b"grid"]), samples + 1, 9);
        assert_eq!(drawn.masks.kept_count(0), 9);
        let kept = |cell: usize| {
            (1..=samples)
                .filter(|&row| drawn.masks.kept(row, cell))
                .count()
        };
        // Five standard deviations of a count of mean 6000.
        assert!((0..9).all(|cell| (kept(cell) as f64 - 6000.0).abs() < 325.0));
        for axis in 0..2 {
            let sum: f64 = drawn
                .shifts
                .iter()
                .map(|shift| f64::from(shift[axis]))
                .sum();
            let mean = sum / 20_001.0 / 65_536.0;
            assert!(
                (mean - 0.5).abs() < 5.0 * (1.0 / 12.0_f64).sqrt() / 141.4,
                "{mean}"
            );
        }
    }
}
