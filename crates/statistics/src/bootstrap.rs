//! Confidence intervals of a mean by resampling: BCa, bias-corrected and accelerated (Efron 1987; Efron and Tibshirani 1993).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use statrs::distribution::{ContinuousCDF, Normal};

use crate::describe::{finite, mean, sorted_quantile};

/// An interval that holds the sought value with the level that it was asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end, at least `low`.
    pub high: f64,
}

/// The BCa interval of the mean of independent values at `level` (above 0, below 1), from `resamples` bootstrap samples.
///
/// Resample r draws from stream r of the `ChaCha8` generator with this seed, so that it depends on nothing else. Equal values give an
/// interval of one point. None for fewer than 2 values, a value that is not finite, no resample, or a level out of range.
pub fn mean_interval(
    values: &[f64],
    level: f64,
    resamples: u32,
    seed: [u8; 32],
) -> Option<Interval> {
    let estimate = mean(values)?;
    if values.len() < 2 || u32::try_from(values.len()).is_err() {
        return None;
    }
    let replicates = (0..resamples).map(|resample| {
        let mut generator = ChaCha8Rng::from_seed(seed);
        generator.set_stream(resample.into());
        // Relative to the estimate, so that resamples of equal values are that value.
        let sum: f64 = (0..values.len())
            .map(|_| values[below(&mut generator, values.len() as u32) as usize] - estimate)
            .sum();
        estimate + sum / values.len() as f64
    });
    bca(estimate, &jackknife(values), replicates.collect(), level)
}

/// The mean without each of the values in turn: one for each of at least 2 values.
pub fn jackknife(values: &[f64]) -> Vec<f64> {
    let [sum, rest] = [values.iter().sum::<f64>(), (values.len() - 1) as f64];
    values.iter().map(|value| (sum - value) / rest).collect()
}

/// The interval from an estimate, its jackknife values and its bootstrap replicates: Efron and Tibshirani 1993, eq. 14.9, with the
/// bias correction of eq. 14.14 (of replicates equal to the estimate, half count as less) and the acceleration of eq. 14.15.
///
/// None without replicates, where a number is not finite, for a level that is not between 0 and 1, or where all replicates lie on one
/// side of the estimate.
pub fn bca(
    estimate: f64,
    jackknife: &[f64],
    mut replicates: Vec<f64>,
    level: f64,
) -> Option<Interval> {
    finite(&replicates)?;
    let normal = Normal::standard();
    if !(level > 0.0 && level < 1.0) || replicates.is_empty() {
        return None;
    }
    replicates.sort_by(f64::total_cmp);
    // A resample of every value once has the estimate as its mean, but for rounding.
    let rounding = 1e-12 * (replicates[replicates.len() - 1] - replicates[0]);
    let below = replicates.partition_point(|value| *value < estimate - rounding);
    let not_above = replicates.partition_point(|value| *value <= estimate + rounding);
    let share = (below + not_above) as f64 / (2 * replicates.len()) as f64;
    if share <= 0.0 || share >= 1.0 {
        return None;
    }
    let bias = normal.inverse_cdf(share);
    let acceleration = acceleration(jackknife)?;
    let end = |tail: f64| {
        let shifted = bias + normal.inverse_cdf(tail);
        let level = normal.cdf(bias + shifted / (1.0 - acceleration * shifted));
        sorted_quantile(&replicates, level)
    };
    let tail = f64::midpoint(1.0, -level);
    Some(Interval {
        low: end(tail)?,
        high: end(1.0 - tail)?,
    })
}

/// A sixth of the skewness of the jackknife values; 0 where they are equal.
fn acceleration(jackknife: &[f64]) -> Option<f64> {
    let centre = mean(jackknife)?;
    let power = |exponent: i32| -> f64 {
        jackknife
            .iter()
            .map(|value| (centre - value).powi(exponent))
            .sum()
    };
    let squares = power(2);
    Some(if squares > 0.0 {
        power(3) / (6.0 * squares.powf(1.5))
    } else {
        0.0
    })
}

/// A number from 0 to `count` - 1, each as likely (Lemire 2019).
fn below(generator: &mut ChaCha8Rng, count: u32) -> u32 {
    loop {
        let product = u64::from(generator.next_u32()) * u64::from(count);
        // The lowest products fall more often than the others by one; those are drawn again.
        if product as u32 >= count.wrapping_neg() % count {
            return (product >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SEED: [u8; 32] = [7; 32];

    #[test]
    fn what_is_not_defined_is_none() {
        assert_eq!(mean_interval(&[], 0.95, 100, SEED), None);
        assert_eq!(mean_interval(&[1.0], 0.95, 100, SEED), None);
        assert_eq!(mean_interval(&[1.0, f64::NAN], 0.95, 100, SEED), None);
        assert_eq!(mean_interval(&[1.0, 2.0], 0.95, 0, SEED), None);
        assert_eq!(mean_interval(&[1.0, 2.0], 1.0, 100, SEED), None);
    }

    #[test]
    fn equal_values_have_an_interval_of_one_point() {
        let point = Interval {
            low: 0.1,
            high: 0.1,
        };
        assert_eq!(mean_interval(&[0.1; 7], 0.95, 100, SEED), Some(point));
    }

    #[test]
    fn numbers_below_a_count_are_drawn_evenly() {
        let mut generator = ChaCha8Rng::from_seed(SEED);
        let mut counts = [0_i32; 7];
        for _ in 0..70_000 {
            counts[below(&mut generator, 7) as usize] += 1;
        }
        // Five standard deviations of a binomial with p = 1/7.
        assert!(
            counts.iter().all(|count| (count - 10_000).abs() < 465),
            "{counts:?}"
        );
    }

    /// The share of intervals that hold the true mean is the level, within five standard deviations of such a share.
    #[test]
    fn intervals_cover_the_mean_as_often_as_they_say() {
        let mut generator = ChaCha8Rng::from_seed([9; 32]);
        let normal = Normal::standard();
        let held = (0..400_u32)
            .filter(|round| {
                let draw = |generator: &mut ChaCha8Rng| {
                    let uniform =
                        f64::midpoint(f64::from(generator.next_u32()), 0.5) / 2_f64.powi(31);
                    normal.inverse_cdf(uniform)
                };
                let values: Vec<f64> = (0..40).map(|_| draw(&mut generator)).collect();
                let mut seed = SEED;
                seed[..4].copy_from_slice(&round.to_le_bytes());
                let interval = mean_interval(&values, 0.9, 1000, seed).unwrap();
                (interval.low..=interval.high).contains(&0.0)
            })
            .count();
        assert!((330..=390).contains(&held), "{held} of 400");
    }

    proptest! {
        #[test]
        fn an_interval_moves_with_its_values(
            values in prop::collection::vec(-5.0..5.0_f64, 3..20), shift in -9.0..9.0_f64, scale in 0.1..9.0_f64,
        ) {
            let interval = |values: &[f64]| mean_interval(values, 0.95, 200, SEED).unwrap();
            let moved: Vec<f64> = values.iter().map(|value| scale * value + shift).collect();
            let [plain, moved] = [interval(&values), interval(&moved)];
            prop_assert!((scale * plain.low + shift - moved.low).abs() < 1e-9);
            prop_assert!((scale * plain.high + shift - moved.high).abs() < 1e-9);
        }

        #[test]
        fn a_higher_level_has_a_longer_interval(values in prop::collection::vec(-5.0..5.0_f64, 3..20)) {
            let interval = |level| mean_interval(&values, level, 500, SEED).unwrap();
            let [narrow, wide] = [interval(0.8), interval(0.95)];
            prop_assert!(wide.low <= narrow.low && narrow.low <= narrow.high && narrow.high <= wide.high);
        }
    }
}
