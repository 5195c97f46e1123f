use super::*;
use proptest::prelude::*;
use sampling::{Seed, samplers};

const DISTANCES: [Distance; 3] = Distance::ALL;

fn masks(samples: usize, superpixels: usize) -> Masks {
    samplers::COIN.masks(Seed::derive(5, &[b"surrogate"]), samples, superpixels)
}

/// The sum of the weights of kept superpixels, plus an intercept.
fn linear(masks: &Masks, intercept: f64, weights: &[f64]) -> Vec<f64> {
    let answer = |sample| {
        let kept = weights
            .iter()
            .enumerate()
            .filter(|(superpixel, _)| masks.kept(sample, *superpixel));
        intercept + kept.map(|(_, weight)| weight).sum::<f64>()
    };
    (0..masks.samples()).map(answer).collect()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!(
            (found - expected).abs() <= tolerance,
            "{index}: {found} for {expected}"
        );
    }
}

fn settings() -> impl Strategy<Value = Settings> {
    let features = prop_oneof![
        Just(Features::All),
        (1usize..12).prop_map(Features::HighestWeights),
        (1usize..12).prop_map(Features::ForwardSelection),
    ];
    let width = prop_oneof![Just(None), (0.3..3.0).prop_map(Some)];
    let alpha = prop_oneof![Just(0.0), 0.0..3.0];
    (prop::sample::select(&DISTANCES), width, alpha, features).prop_map(
        |(distance, kernel_width, alpha, features)| Settings {
            growing: false,
            distance,
            kernel_width,
            alpha,
            features,
        },
    )
}

proptest! {
    #[test]
    fn planted_linear_function_is_recovered_at_alpha_0(
        weights in prop::collection::vec(-1.0..1.0, 1..20), intercept in -1.0..1.0, l2 in any::<bool>(),
    ) {
        let masks = masks(150, weights.len());
        let settings = Settings { distance: DISTANCES[usize::from(l2)], alpha: 0.0, ..Settings::default() };
        let found = fit(&masks, &linear(&masks, intercept, &weights), &settings).unwrap();
        assert_close(&found.weights, &weights, 1e-10);
        assert_close(&[found.intercept, found.r2], &[intercept, 1.0], 1e-10);
        assert_close(&[found.local_prediction], &[intercept + weights.iter().sum::<f64>()], 1e-10);
        prop_assert!(found.standard_errors.iter().all(|error| error.unwrap() < 1e-9));
    }

    #[test]
    fn superpixels_that_go_together_share_their_weight(
        answers in prop::collection::vec(0.0..1.0_f64, 60), settings in settings(),
    ) {
        let settings = Settings { features: Features::All, ..settings };
        let single = masks(60, 6);
        let row = |sample| (0..7).map(|superpixel| single.kept(sample, superpixel % 6)).collect::<Vec<_>>();
        let doubled = Masks::from_rows(7, (0..60).map(row)).unwrap();
        let found = fit(&doubled, &answers, &settings).unwrap();
        assert_close(&found.weights[..1], &found.weights[6..], 1e-9);
        let errors = [found.standard_errors[0].unwrap(), found.standard_errors[6].unwrap()];
        assert_close(&errors[..1], &errors[1..], 1e-9);
    }

    #[test]
    fn weights_follow_their_superpixels(
        answers in prop::collection::vec(0.0..1.0_f64, 60), settings in settings(),
        order in Just((0..9).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let straight = masks(60, 9);
        let row = |sample| order.iter().map(|&superpixel| straight.kept(sample, superpixel)).collect::<Vec<_>>();
        let shuffled = Masks::from_rows(9, (0..60).map(row)).unwrap();
        let expected = fit(&straight, &answers, &settings).unwrap();
        let found = fit(&shuffled, &answers, &settings).unwrap();
        let expected: Vec<f64> = order.iter().map(|&superpixel| expected.weights[superpixel]).collect();
        assert_close(&found.weights, &expected, 1e-9);
    }

    #[test]
    fn scaling_and_shifting_probabilities_scales_the_weights(
        answers in prop::collection::vec(0.0..1.0_f64, 60), settings in settings(),
        scale in 0.1..9.0, shift in -2.0..2.0,
    ) {
        let masks = masks(60, 9);
        let plain = fit(&masks, &answers, &settings).unwrap();
        let moved: Vec<f64> = answers.iter().map(|answer| scale * answer + shift).collect();
        let moved = fit(&masks, &moved, &settings).unwrap();
        let expected: Vec<f64> = plain.weights.iter().map(|weight| scale * weight).collect();
        assert_close(&moved.weights, &expected, 1e-9);
        assert_close(&[moved.intercept, moved.r2], &[scale * plain.intercept + shift, plain.r2], 1e-9);
        for (moved, plain) in moved.standard_errors.iter().zip(&plain.standard_errors) {
            assert_close(&[moved.unwrap_or(-1.0)], &[plain.map_or(-1.0, |error| scale * error)], 1e-9);
        }
    }

    #[test]
    fn sparse_explanations_have_as_many_weights_as_asked(
        answers in prop::collection::vec(0.0..1.0_f64, 60), count in 1usize..15, forward in any::<bool>(),
    ) {
        let features = if forward { Features::ForwardSelection(count) } else { Features::HighestWeights(count) };
        let found = fit(&masks(60, 9), &answers, &Settings { features, ..Settings::default() }).unwrap();
        prop_assert_eq!(found.standard_errors.iter().flatten().count(), count.min(9));
        for (weight, error) in found.weights.iter().zip(&found.standard_errors) {
            prop_assert_eq!(error.is_some(), weight.abs() > 0.0);
        }
    }
}

#[test]
fn equal_probabilities_give_no_weight_and_no_error() {
    let found = fit(&masks(30, 4), &[0.3_f32; 30], &Settings::default()).unwrap();
    assert_eq!(found.weights, [0.0; 4]);
    assert_eq!(found.standard_errors, [Some(0.0); 4]);
    assert_close(
        &[found.intercept, found.local_prediction, found.r2],
        &[f64::from(0.3_f32); 2]
            .into_iter()
            .chain([1.0])
            .collect::<Vec<_>>(),
        0.0,
    );
}

#[test]
fn one_sample_or_one_superpixel_is_enough() {
    for alpha in [0.0, 1.0] {
        let settings = Settings {
            alpha,
            ..Settings::default()
        };
        let one_sample = fit(&masks(1, 5), &[0.7], &settings).unwrap();
        assert_eq!(
            (one_sample.weights, one_sample.intercept),
            (vec![0.0; 5], 0.7)
        );
        let masks = Masks::from_rows(1, [[true], [false], [false]]).unwrap();
        let one_superpixel = fit(&masks, &[0.9, 0.1, 0.1], &settings).unwrap();
        assert!(one_superpixel.weights[0] > 0.0);
    }
}

#[test]
fn fewer_samples_than_superpixels_give_the_least_norm_at_alpha_0() {
    let settings = Settings {
        alpha: 0.0,
        ..Settings::default()
    };
    let masks = Masks::from_rows(3, [[true, true, true], [false, false, true]]).unwrap();
    let found = fit(&masks, &[0.8, 0.2], &settings).unwrap();
    assert_close(&found.weights, &[0.3, 0.3, 0.0], 1e-12);
}

#[test]
fn superpixel_that_never_varies_has_no_standard_error() {
    let rows = (0..30).map(|sample| [true, sample % 3 == 0]);
    let answers: Vec<f64> = (0..30).map(|sample| f64::from(sample % 7) / 7.0).collect();
    let found = fit(
        &Masks::from_rows(2, rows).unwrap(),
        &answers,
        &Settings::default(),
    )
    .unwrap();
    assert!(found.standard_errors[0].is_none() && found.standard_errors[1].is_some());
}

#[test]
fn fewer_than_20_clusters_give_no_standard_error() {
    let answers: Vec<f64> = (0..40).map(|sample| f64::from(sample % 7) / 7.0).collect();
    let known = |clusters: usize| {
        let clusters: Vec<usize> = (0..40).map(|sample| sample % clusters).collect();
        let found =
            fit_clustered(&masks(40, 4), &answers, &clusters, &Settings::default()).unwrap();
        found.standard_errors.iter().flatten().count()
    };
    assert_eq!([known(19), known(20), known(40)], [0, 4, 4]);
}

/// Twice the same samples are no new knowledge when each pair is one cluster: twice the score, half the inverse.
#[test]
fn repeated_samples_in_one_cluster_leave_the_standard_error() {
    let once = masks(40, 4);
    let answers: Vec<f64> = (0..40).map(|sample| f64::from(sample % 7) / 7.0).collect();
    let twice = Masks::from_bytes(80, 4, once.bytes().repeat(2)).unwrap();
    let clusters: Vec<usize> = (0..80).map(|sample| sample % 40).collect();
    let settings = Settings {
        alpha: 0.0,
        ..Settings::default()
    };
    let expected = fit(&once, &answers, &settings).unwrap();
    let found = fit_clustered(&twice, &answers.repeat(2), &clusters, &settings).unwrap();
    let plain = |errors: Vec<Option<f64>>| errors.into_iter().flatten().collect::<Vec<_>>();
    assert_close(
        &plain(found.standard_errors),
        &plain(expected.standard_errors),
        1e-12,
    );
}

#[test]
fn bad_input_is_an_error() {
    let masks = masks(30, 4);
    let with = |settings: Settings| fit(&masks, &[0.5; 30], &settings);
    let plain = Settings::default();
    for (setting, settings) in [
        (
            "alpha",
            Settings {
                alpha: -1.0,
                ..plain
            },
        ),
        (
            "alpha",
            Settings {
                alpha: f64::NAN,
                ..plain
            },
        ),
        (
            "kernel_width",
            Settings {
                kernel_width: Some(0.0),
                ..plain
            },
        ),
        (
            "the number of features",
            Settings {
                features: Features::HighestWeights(0),
                ..plain
            },
        ),
    ] {
        assert!(
            matches!(with(settings), Err(SurrogateError::Setting { setting: found, .. }) if found == setting)
        );
    }
    let length = SurrogateError::Length {
        quantity: "probability",
        samples: 30,
        found: 29,
    };
    assert_eq!(fit(&masks, &[0.5; 29], &plain), Err(length));
    let mut broken = [0.5; 30];
    broken[7] = f64::INFINITY;
    assert_eq!(
        fit(&masks, &broken, &plain),
        Err(SurrogateError::Probability {
            sample: 7,
            found: f64::INFINITY
        })
    );
    let empty = SurrogateError::Empty {
        samples: 0,
        superpixels: 4,
    };
    assert_eq!(fit::<f64>(&Masks::empty(4), &[], &plain), Err(empty));
    let nothing_kept = Masks::from_rows(2, [[false, false]]).unwrap();
    let narrow = Settings {
        kernel_width: Some(1e-3),
        ..plain
    };
    assert_eq!(
        fit(&nothing_kept, &[0.5], &narrow),
        Err(SurrogateError::NoWeight { width: 1e-3 })
    );
}
