//! Masks near the untouched image (GLIME, Tan et al. 2023).

use crate::shuffle::{fraction, shuffle};
use crate::{Masks, Sampler, Seed};

/// Masks of k of d superpixels, k from 0 to d - 1, with a chance proportional to C(d, k) exp((k - d) / width^2); which superpixels are kept is drawn
/// uniformly (GLIME-Binomial, Tan et al. 2023, section 4). `width` is above 0.
///
/// The untouched image (k = d) is row 0 and is never drawn: with a small width every other mask then removes one superpixel.
pub const fn local(width: f64) -> Sampler {
    Sampler {
        name: "local",
        module: module_path!(),
        parameter: Some(width),
        block: |_| 1,
        draw: |sampler, seed, samples, superpixels| {
            let width = sampler.parameter.unwrap_or(1.0);
            masks(width, seed, samples, superpixels).into()
        },
    }
}

/// Row i is drawn from the start of the seed's stream i.
fn masks(width: f64, seed: Seed, samples: usize, superpixels: usize) -> Masks {
    let sizes = sizes(width, superpixels);
    let mut masks = Masks::empty(superpixels);
    for sample in 0..samples {
        let mut packed = vec![u8::MAX; masks.row_bytes()];
        if sample > 0 && superpixels > 0 {
            let mut generator = seed.stream(sample as u64);
            let chance = fraction(&mut generator);
            let kept = sizes
                .partition_point(|&below| below <= chance)
                .min(superpixels - 1);
            let mut order: Vec<usize> = (0..superpixels).collect();
            shuffle(&mut order, &mut generator);
            for &removed in &order[kept..] {
                packed[removed / 8] &= !(1 << (removed % 8));
            }
        }
        masks.push_packed(&packed);
    }
    masks
}

/// The chance that at most k superpixels are kept, for k from 0 to d - 1.
fn sizes(width: f64, superpixels: usize) -> Vec<f64> {
    let mut log = 0.0;
    let logs: Vec<f64> = (0..superpixels)
        .map(|kept| {
            let before = log;
            // C(d, k + 1) / C(d, k), and one superpixel more is kept.
            log += ((superpixels - kept) as f64 / (kept + 1) as f64).ln() + width.powi(-2);
            before
        })
        .collect();
    let largest = logs.iter().copied().fold(f64::MIN, f64::max);
    let total: f64 = logs.iter().map(|log| (log - largest).exp()).sum();
    let mut sum = 0.0;
    let shares = logs.iter().map(|log| {
        sum += (log - largest).exp() / total;
        sum
    });
    shares.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_their_chances() {
        let (width, samples) = (0.8_f64, 20_000);
        let masks = local(width).masks(Seed::derive(1, &[b"local"]), samples + 1, 5);
        let binomials = [1.0, 5.0, 10.0, 10.0, 5.0];
        let share = |kept: usize| binomials[kept] * ((kept as f64 - 5.0) / width.powi(2)).exp();
        let total: f64 = (0..5).map(share).sum();
        for kept in 0..5 {
            let found = (1..=samples)
                .filter(|&row| masks.kept_count(row) == kept)
                .count();
            let chance = share(kept) / total;
            let expected = chance * samples as f64;
            let allowed = 5.0 * (expected * (1.0 - chance)).sqrt();
            assert!(
                (found as f64 - expected).abs() < allowed,
                "{kept}: {found}, {expected}"
            );
        }
    }

    #[test]
    fn a_small_width_removes_one_superpixel_at_a_time_and_each_alike() {
        let masks = local(0.05).masks(Seed::derive(2, &[b"local"]), 5001, 10);
        let mut counts = [0; 10];
        for row in 1..5001 {
            assert_eq!(masks.kept_count(row), 9);
            counts[(0..10).find(|&one| !masks.kept(row, one)).unwrap()] += 1;
        }
        // Five standard deviations of a count of mean 500.
        assert!(
            counts.iter().all(|&count: &i32| (count - 500).abs() < 107),
            "{counts:?}"
        );
    }
}
