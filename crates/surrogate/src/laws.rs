//! What must hold in the long run: repeated fits to freshly drawn masks of a function that no linear model fits.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use sampling::{Masks, Sampler, Seed, samplers, second_order, stratum};

use crate::{Correction, Distance, Explanation, Settings, correction_size, fit, fit_corrected};

const SUPERPIXELS: usize = 8;
const SAMPLES: usize = 500;
const REPEATS: u64 = 2000;
/// The pair that the function below treats alike.
const SYMMETRIC: [usize; 2] = [1, 2];
/// The superpixel that it does not look at.
const IGNORED: usize = 7;

/// A probability with interactions between superpixels.
fn answer(masks: &Masks, sample: usize) -> f64 {
    let kept = |superpixel| f64::from(u8::from(masks.kept(sample, superpixel)));
    let [one, other] = SYMMETRIC.map(kept);
    let score = 1.5 * kept(0) + 0.8 * (one + other) - 1.1 * kept(3) * kept(4)
        + 0.9 * kept(5) * (one + other)
        - 0.5 * kept(6)
        - 1.0;
    1.0 / (1.0 + (-score).exp())
}

/// For every distance, the repeats.
static REPEATED: LazyLock<Vec<(Distance, Vec<Explanation>)>> = LazyLock::new(|| {
    let all = Distance::ALL.into_iter();
    all.map(|distance| (distance, repeats(distance))).collect()
});

fn repeats(distance: Distance) -> Vec<Explanation> {
    let settings = Settings {
        distance,
        ..Settings::default()
    };
    let explain = |repeat: u64| {
        let seed = Seed::derive(repeat, &[b"laws"]);
        let masks = samplers::COIN.masks(seed, SAMPLES, SUPERPIXELS);
        let answers: Vec<f64> = (0..SAMPLES).map(|sample| answer(&masks, sample)).collect();
        fit(&masks, &answers, &settings).unwrap()
    };
    (0..REPEATS).map(explain).collect()
}

/// The mean over repeats of a superpixel's weight, and the standard error of that mean.
fn long_run(repeats: &[Explanation], superpixel: usize) -> [f64; 2] {
    let weights = || repeats.iter().map(|found| found.weights[superpixel]);
    let count = repeats.len() as f64;
    let mean = weights().sum::<f64>() / count;
    let variance = weights().map(|weight| (weight - mean).powi(2)).sum::<f64>() / (count - 1.0);
    [mean, (variance / count).sqrt()]
}

#[test]
fn standard_errors_cover_the_long_run_weight() {
    for (distance, repeats) in &*REPEATED {
        for superpixel in 0..SUPERPIXELS {
            let [expected, _] = long_run(repeats, superpixel);
            let within = |found: &&Explanation| {
                let error = found.standard_errors[superpixel].unwrap();
                (found.weights[superpixel] - expected).abs() <= 1.96 * error
            };
            let share = repeats.iter().filter(within).count() as f64 / REPEATS as f64;
            assert!(
                (0.93..=0.97).contains(&share),
                "{distance}, superpixel {superpixel}: {share} of the 95 % intervals hold the long-run weight"
            );
        }
    }
}

#[test]
fn an_ignored_superpixel_has_no_weight_beyond_its_standard_error() {
    for (distance, repeats) in &*REPEATED {
        let [weight, error] = long_run(repeats, IGNORED);
        assert!(
            weight.abs() <= 3.0 * error,
            "{distance}: {weight} ± {error}"
        );
    }
}

#[test]
fn a_symmetric_pair_has_equal_weights_in_the_mean() {
    for (distance, repeats) in &*REPEATED {
        let [[one, first], [other, second]] =
            SYMMETRIC.map(|superpixel| long_run(repeats, superpixel));
        // The two weights of one repeat are hardly correlated, so their errors add.
        let error = first.hypot(second);
        assert!(
            (one - other).abs() <= 3.0 * error,
            "{distance}: {one} and {other} ± {error}"
        );
        assert!(
            one > 10.0 * first,
            "{distance}: {one} ± {first} says nothing"
        );
    }
}

/// The published number of samples, at which a growing penalty is the one that coin has.
const USUAL_SAMPLES: usize = 1000;

#[test]
fn every_sampler_aims_at_the_weights_of_coin() {
    let repeats = |sampler: Sampler| {
        let settings = Settings {
            growing: sampler != samplers::COIN,
            ..Settings::default()
        };
        let explain = |repeat: u64| {
            let seed = Seed::derive(repeat, &[b"aim"]);
            let masks = sampler.masks(seed, USUAL_SAMPLES, SUPERPIXELS);
            let answers: Vec<f64> = (0..USUAL_SAMPLES)
                .map(|sample| answer(&masks, sample))
                .collect();
            fit(&masks, &answers, &settings).unwrap()
        };
        (0..REPEATS).map(explain).collect::<Vec<_>>()
    };
    let coin = repeats(samplers::COIN);
    for sampler in [samplers::PAIRED, samplers::HADAMARD] {
        let found = repeats(sampler);
        for superpixel in 0..SUPERPIXELS {
            let [[expected, of_mean], [weight, also]] =
                [&coin, &found].map(|repeats| long_run(repeats, superpixel));
            // The error of one fit is that of the mean of all times the root of their number; the means themselves are known
            // to within three of theirs.
            let of_one = of_mean * (REPEATS as f64).sqrt();
            let bias = (weight - expected).abs() - 3.0 * of_mean.hypot(also);
            assert!(
                bias < of_one / 10.0,
                "{sampler}, superpixel {superpixel}: {weight} for {expected} ± {of_one}"
            );
            assert!(
                also < 1.1 * of_mean,
                "{sampler}, superpixel {superpixel}: less precise than coin"
            );
        }
    }
}

#[test]
fn a_growing_penalty_shrinks_alike_whatever_the_number_of_samples() {
    // The mean over enough repeats that masks do not matter.
    let weight = |samples: usize, growing: bool| {
        let settings = Settings {
            alpha: 30.0,
            growing,
            ..Settings::default()
        };
        let explain = |repeat: usize| {
            let masks = samplers::COIN.masks(
                Seed::derive(repeat as u64, &[b"shrink"]),
                samples,
                SUPERPIXELS,
            );
            let answers: Vec<f64> = (0..samples).map(|sample| answer(&masks, sample)).collect();
            fit(&masks, &answers, &settings).unwrap().weights[0]
        };
        let repeats = 300_000 / samples;
        (0..repeats).map(explain).sum::<f64>() / repeats as f64
    };
    let [few, usual, many] = [300, USUAL_SAMPLES, 30_000].map(|samples| weight(samples, true));
    assert!((few - usual).abs() < 0.02 && (many - usual).abs() < 0.02);
    assert!((usual - weight(USUAL_SAMPLES, false)).abs() < 0.002);
    assert!(weight(300, false) < usual - 0.03 && weight(30_000, false) > usual + 0.03);
}

/// Sizes follow from pilots, and differences are skewed, so that the two strata's sums go together: little enough to be left out.
#[test]
fn the_choice_of_samples_asked_again_adds_the_variance_that_is_told() {
    const ASKED: usize = 400;
    let settings = Settings::default();
    let masks = samplers::COIN.masks(Seed::derive(1, &[b"again"]), ASKED, SUPERPIXELS);
    let clusters: Vec<usize> = (0..ASKED).collect();
    let cheap: Vec<f64> = (0..ASKED).map(|sample| answer(&masks, sample)).collect();
    let difference = |sample: usize| 0.1 * (sample as f64 * 78.233).sin().powi(14);
    let reference: Vec<f32> = (0..ASKED)
        .map(|sample| (cheap[sample] + difference(sample)) as f32)
        .collect();
    let again = |samples: &[usize]| -> Vec<f32> {
        samples.iter().map(|&sample| reference[sample]).collect()
    };
    let expected = fit(&masks, &reference, &settings).unwrap();
    let alone = fit(&masks, &cheap, &settings).unwrap();
    let squared = |error: Option<f64>| error.unwrap().powi(2);
    let (mut actual, mut told, mut sizes) = (0.0, 0.0, BTreeSet::new());
    for repeat in 0..REPEATS / 4 {
        let order = second_order(Seed::derive(repeat, &[b"order"]), 0, ASKED);
        let of = |wanted: usize| {
            order
                .iter()
                .copied()
                .filter(move |&sample| stratum(sample) == wanted)
        };
        let mut samples: Vec<usize> = [0]
            .into_iter()
            .chain(of(0).take(15))
            .chain(of(1).take(16))
            .collect();
        let pilot = Correction {
            samples: &samples,
            probabilities: &again(&samples),
            certain: 1,
        };
        let [even, odd] = correction_size(&masks, &cheap, &pilot, &clusters, &settings, 8).unwrap();
        sizes.insert([even, odd]);
        samples.extend(of(0).skip(15).take(even).chain(of(1).skip(16).take(odd)));
        let all = Correction {
            samples: &samples,
            probabilities: &again(&samples),
            certain: 1,
        };
        let found = fit_corrected(&masks, &cheap, &all, &clusters, &settings).unwrap();
        for superpixel in 0..SUPERPIXELS {
            actual += (found.weights[superpixel] - expected.weights[superpixel]).powi(2);
            told += squared(found.standard_errors[superpixel])
                - squared(alone.standard_errors[superpixel]);
        }
    }
    assert!(sizes.len() > 20, "{sizes:?}");
    let ratio = actual / told;
    assert!((0.9..1.1).contains(&ratio), "{ratio} times what is told");
}
