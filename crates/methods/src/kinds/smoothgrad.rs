//! `SmoothGrad` (Smilkov et al. 2017).

use config::{Declared, Limits};
use sampling::{Normal, Seed};

use crate::inputs::{Inputs, Sample};
use crate::maps::{Map, Mapping, Reads, Sign};
use crate::plugin::{Plugin, Role};

/// `SmoothGrad`.
pub static METHOD: Map = Plugin {
    kind: "smoothgrad",
    module: module_path!(),
    title: "SmoothGrad",
    about: "Adds Gaussian noise to the normalised input several times, and takes the mean of the gradients there (Smilkov et al. 2017). Absolute \
            values are taken of each gradient, before the mean, as captum's `NoiseTunnel` around `Saliency` does. captum's noise has an absolute \
            width: `stdevs` is `noise` times the range of the input.",
    role: Role::Explanation,
    deterministic: false,
    measured: true,
    settings: Settings::settings,
    read: |section| Settings::read(section).mapping(),
    run: Reads::Inputs(Inputs { at, add }),
};

config::settings! {
    /// What `SmoothGrad` takes.
    struct Settings {
        /// Number of noisy inputs.
        points: u32 [1..=10_000, "inputs"] = 50;
        /// Standard deviation of the noise, as a fraction of the normalised input's range (largest minus smallest value).
        noise: f64 [Limits::above(0.0, 10.0)] = 0.15;
        /// What happens to negative values: `positive` sets them to 0 in the map, `absolute` takes absolute values of each channel and pixel before
        /// any sum.
        relevance: Sign = Sign::Absolute;
    }
}

impl Settings {
    fn mapping(&self) -> Mapping {
        Mapping {
            points: Some(self.points),
            noise: Some(self.noise),
            ..self.relevance.into()
        }
    }
}

/// The input with noise.
fn at(mapping: &Mapping, sample: &Sample<'_>, place: usize) -> Vec<f32> {
    let values = || sample.input.iter().copied();
    let largest = values().fold(f32::NEG_INFINITY, f32::max);
    let smallest = values().fold(f32::INFINITY, f32::min);
    let deviation = mapping.noise.unwrap_or_default() * f64::from(largest - smallest);
    let noise = noise(sample.seed, place).map(|noise| deviation * noise);
    values()
        .zip(noise)
        .map(|(value, noise)| (f64::from(value) + noise) as f32)
        .collect()
}

/// Standard normal numbers, the same for a seed and a place.
fn noise(seed: Seed, place: usize) -> impl Iterator<Item = f64> {
    let mut normal = Normal::of(seed, place as u64);
    std::iter::repeat_with(move || normal.draw())
}

fn add(mapping: &Mapping, _: &Sample<'_>, _: usize, gradient: &[f32], sums: &mut [f64]) {
    let share = 1.0 / f64::from(mapping.points.unwrap_or(1));
    for (sum, &value) in sums.iter_mut().zip(gradient) {
        let value = match mapping.relevance {
            Sign::Absolute => value.abs(),
            Sign::Signed | Sign::Positive => value,
        };
        *sum += share * f64::from(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(relevance: Sign) -> Mapping {
        let settings = Settings {
            points: 2,
            noise: 0.15,
            relevance,
        };
        settings.mapping()
    }

    #[test]
    fn noise_is_as_wide_as_it_is_said_and_comes_from_the_seed() {
        let input: Vec<f32> = (0..30_000).map(|index| (index % 5) as f32).collect();
        let sample = Sample {
            input: &input,
            baseline: &[],
            seed: Seed([7; 32]),
        };
        let mapping = settings(Sign::Absolute);
        let [first, second] = [0, 1].map(|place| at(&mapping, &sample, place));
        assert_eq!(first, at(&mapping, &sample, 0));
        assert_ne!(first, second);
        let noise = first.iter().zip(&input).map(|(&a, &b)| f64::from(a - b));
        let square = noise.clone().map(|noise| noise * noise).sum::<f64>() / 30_000.0;
        let mean = noise.sum::<f64>() / 30_000.0;
        // The range is 4, so the deviation is 0.6; four standard errors.
        assert!(mean.abs() < 4.0 * 0.6 / 30_000_f64.sqrt(), "{mean}");
        assert!((square.sqrt() / 0.6 - 1.0).abs() < 4.0 / 60_000_f64.sqrt());
    }

    #[test]
    fn the_mean_is_of_gradients_or_of_their_absolute_values() {
        let sample = Sample {
            input: &[0.0; 2],
            baseline: &[],
            seed: Seed([7; 32]),
        };
        let mean = |relevance| {
            let mut sums = [0.0; 2];
            for (place, gradient) in [[1.0, -2.0], [-3.0, -4.0]].iter().enumerate() {
                add(&settings(relevance), &sample, place, gradient, &mut sums);
            }
            sums
        };
        let means = [(Sign::Signed, [-1.0, -3.0]), (Sign::Absolute, [2.0, 3.0])];
        for (sign, expected) in means {
            let apart = mean(sign).into_iter().zip(expected);
            assert!(apart.map(|(a, b): (f64, f64)| (a - b).abs()).sum::<f64>() < 1e-12);
        }
    }
}
