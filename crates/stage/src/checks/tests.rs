//! Each fault that the checks are for, planted into rows that pass.

use schema::{
    Comparison, Crop, CurveStep, Deletion, Exclusion, Gain, Logits, Perturbations, Relevance,
    Saliency, Sanity, Score, Segments, Stability, Target, Weight,
};

use statistics::{Head, Measured, Reading};

use super::tables::masks;
use super::*;

const SIZE: [u32; 2] = [2, 3];

fn at(temperature: f64) -> Reading {
    Reading {
        temperature,
        ..Reading::default()
    }
}

fn probability() -> Untouched<'static> {
    Untouched {
        measured: Measured::Probability,
        answer: target().probability,
        precision: "fp32",
    }
}

fn png([height, width]: [u32; 2]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes
}

fn crop() -> Crop {
    Crop {
        image: "mug-07".into(),
        image_digest: "00".into(),
        source_height: 20,
        source_width: 40,
        height: SIZE[0],
        width: SIZE[1],
        rgb: png(SIZE),
        truth_mask: Some(png(SIZE)),
    }
}

fn segments() -> Segments {
    Segments {
        image: "mug-07".into(),
        partition: "coarse".into(),
        algorithm: "grid".into(),
        superpixels: 3,
        height: SIZE[0],
        width: SIZE[1],
        labels: vec![0, 1, 1, 2, 2, 2],
    }
}

fn logits() -> Logits {
    Logits {
        image: "mug-07".into(),
        network: "alexnet".into(),
        predicted_class: 1,
        probability: 0.731_058_6,
        logits: vec![2.0, 3.0],
    }
}

fn target() -> Target {
    Target {
        image: "mug-07".into(),
        network: "alexnet".into(),
        target_class: 0,
        target_label: "key".into(),
        true_class: Some(1),
        true_label: Some("mug".into()),
        correct: Some(true),
        probability: 0.268_941_43,
    }
}

fn saliency() -> Saliency {
    Saliency {
        image: "mug-07".into(),
        network: "alexnet".into(),
        method: "gradcam".into(),
        run: 0,
        layer: "features.11".into(),
        target_class: 0,
        height: 1,
        width: 2,
        map: vec![0.0, 0.5],
        completeness_residual: None,
    }
}

fn perturbations() -> Perturbations {
    Perturbations {
        image: "mug-07".into(),
        network: "alexnet".into(),
        partition: Some("coarse".into()),
        method: "lime".into(),
        run: 0,
        sampler: "coin".into(),
        precision: "fp32".into(),
        target_class: 0,
        samples: 2,
        superpixels: 3,
        masks: vec![0b111, 0b010],
        probabilities: vec![0.268_94, 0.1],
        enumerated: 0,
        repeats: Vec::new(),
        shifts: Vec::new(),
        reference_samples: Vec::new(),
        reference_probabilities: Vec::new(),
        reference_certain: 0,
    }
}

fn weights() -> Vec<Weight> {
    let row = |superpixel: u16, weight, rank| Weight {
        image: "mug-07".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: "lime".into(),
        run: 0,
        superpixel,
        weight,
        standard_error: (superpixel > 0).then_some(0.1),
        rank,
        intercept: Some(0.1),
        r2: Some(0.9),
        local_prediction: Some(0.3),
    };
    vec![row(0, -0.1, 2), row(1, 0.2, 0), row(2, 0.2, 1)]
}

fn curve() -> Vec<CurveStep> {
    let row = |step, superpixel, removed_area, probability: f32| CurveStep {
        image: "mug-07".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: "lime".into(),
        run: 0,
        order: "most_relevant_first".into(),
        replacement: "mean".into(),
        step,
        superpixel,
        removed_area,
        probability,
        logit: 1.0,
        largest_probability: Some(1.0 - probability),
        entropy: Some(
            -probability * probability.ln() - (1.0 - probability) * (1.0 - probability).ln(),
        ),
    };
    vec![
        row(0, None, 0.0, 0.268_94),
        row(1, Some(2), 0.5, 0.2),
        row(2, Some(0), 0.6, 0.2),
        row(3, Some(1), 1.0, 0.1),
    ]
}

fn score() -> Score {
    Score {
        image: "mug-07".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: "lime".into(),
        run: 0,
        deterministic: false,
        order: "most_relevant_first".into(),
        replacement: "mean".into(),
        steps: 3,
        tied: Some(0),
        auc: 0.6,
        auc_mean: 0.2,
        auc_relative: Some(0.7),
        auc_area: 0.2,
        reason: None,
    }
}

/// Panics unless the rows of one table are refused with words that hold `text`, after a fault is planted into them.
fn refused<T, R>(rows: &R, check: impl Fn(&R) -> Result<(), Violation>, faults: Faults<'_, R>)
where
    R: Clone + std::ops::Deref<Target = [T]>,
{
    assert_eq!(check(rows), Ok(()));
    for (text, plant) in faults {
        let mut faulty = rows.clone();
        plant(&mut faulty);
        let message = check(&faulty).expect_err(text).to_string();
        assert!(message.contains(text), "no {text:?} in {message}");
        assert!(message.contains("Nothing was published"), "{message}");
    }
}

type Faults<'a, R> = &'a [(&'a str, fn(&mut R))];

#[test]
fn a_crop_is_one_picture_of_its_size() {
    refused(
        &vec![crop()],
        |rows| check(rows, ()),
        &[
            (
                "its rows of crops are wrong: expected 1 row, found 0",
                Vec::clear,
            ),
            ("1 row, found 2", |rows| rows.push(crop())),
            ("the size in rgb", |rows| rows[0].rgb = png([3, 2])),
            ("the size in rgb", |rows| rows[0].rgb.clear()),
            ("the size in truth_mask", |rows| {
                rows[0].truth_mask = Some(png([3, 2]));
            }),
        ],
    );
}

#[test]
fn labels_are_exactly_the_superpixels_of_the_crop() {
    refused(
        &vec![segments()],
        |rows| check(rows, &crop()),
        &[
            ("1 row", Vec::clear),
            ("image: \"mug-07\"", |rows| rows[0].image = "key-00".into()),
            ("height and width: [2, 3], found [3, 2]", |rows| {
                [rows[0].height, rows[0].width] = [3, 2];
            }),
            ("labels: 6, found 5", |rows| rows[0].labels.truncate(5)),
            ("labels below 3, found 3", |rows| rows[0].labels[0] = 3),
            (
                "number below 3 that no labels is: None, found Some(0)",
                |rows| rows[0].labels[0] = 1,
            ),
        ],
    );
}

#[test]
fn the_probability_of_logits_is_their_softmax_at_the_largest() {
    refused(
        &vec![logits()],
        |rows| check(rows, (2, at(1.0))),
        &[
            ("1 row", Vec::clear),
            ("logits: 2, found 1", |rows| rows[0].logits.truncate(1)),
            ("a finite logits, found NaN", |rows| {
                rows[0].logits[0] = f32::NAN;
            }),
            ("predicted_class: Some(1)", |rows| {
                rows[0].predicted_class = 0;
            }),
            ("the softmax of the logits", |rows| {
                rows[0].probability += 3e-6;
            }),
        ],
    );
}

#[test]
fn a_softmax_is_checked_without_overflow() {
    let logits = Logits {
        logits: vec![1000.0, -1000.0],
        predicted_class: 0,
        probability: 1.0,
        ..logits()
    };
    assert_eq!(check(std::slice::from_ref(&logits), (2, at(1.0))), Ok(()));
    let target = Target {
        target_class: 1,
        true_class: None,
        true_label: None,
        correct: None,
        probability: 0.0,
        ..target()
    };
    assert_eq!(check(&[target], (&logits, at(1.0))), Ok(()));
}

#[test]
fn a_softmax_is_that_of_the_logits_divided_by_the_temperature() {
    let logits = Logits {
        logits: vec![2.0, 0.0],
        predicted_class: 0,
        probability: 0.731_058_6,
        ..logits()
    };
    assert_eq!(check(std::slice::from_ref(&logits), (2, at(2.0))), Ok(()));
    assert!(check(&[logits], (2, at(1.0))).is_err());
}

#[test]
fn behind_a_sigmoid_each_logit_is_read_alone_and_several_labels_are_right() {
    let reading = Reading {
        head: Head::Sigmoid,
        temperature: 1.0,
    };
    let logits = Logits {
        logits: vec![1.0, 2.0],
        predicted_class: 1,
        probability: 0.880_797,
        ..logits()
    };
    assert_eq!(check(std::slice::from_ref(&logits), (2, reading)), Ok(()));
    assert!(check(std::slice::from_ref(&logits), (2, at(1.0))).is_err());
    let target = Target {
        target_class: 1,
        true_class: Some(0),
        correct: Some(true),
        probability: 0.880_797,
        ..target()
    };
    assert_eq!(
        check(std::slice::from_ref(&target), (&logits, reading)),
        Ok(())
    );
    assert!(check(&[target], (&logits, at(1.0))).is_err());
    let curve = curve().into_iter().map(|step| CurveStep {
        largest_probability: None,
        entropy: None,
        ..step
    });
    let curve: Vec<CurveStep> = curve.collect();
    assert_eq!(check(&curve, (&segments(), &self::target(), 2)), Ok(()));
}

#[test]
fn a_target_has_the_probability_of_its_class_and_the_label_that_is_known() {
    refused(
        &vec![target()],
        |rows| check(rows, (&logits(), at(1.0))),
        &[
            ("1 row", Vec::clear),
            ("image", |rows| rows[0].image = "key-00".into()),
            ("network: \"alexnet\"", |rows| {
                rows[0].network = "resnet50".into();
            }),
            ("correct: Some(true)", |rows| rows[0].correct = Some(false)),
            ("correct: Some(true), found None", |rows| {
                rows[0].correct = None;
            }),
            ("true_label", |rows| rows[0].true_label = None),
            ("the softmax of the logits", |rows| rows[0].target_class = 1),
            ("a class below 2, found 2", |rows| rows[0].target_class = 2),
        ],
    );
}

#[test]
fn a_map_is_finite_and_not_negative() {
    refused(
        &vec![saliency()],
        |rows| check(rows, &target()),
        &[
            ("1 row", Vec::clear),
            ("image", |rows| rows[0].image = "key-00".into()),
            ("network", |rows| rows[0].network = "resnet50".into()),
            ("target_class: 0, found 1", |rows| rows[0].target_class = 1),
            ("values in the map: 2, found 3", |rows| {
                rows[0].map.push(0.0);
            }),
        ],
    );
}

#[test]
fn rows_that_were_asked_again_start_with_the_untouched_image_in_the_reference_precision() {
    let mut mixed = perturbations();
    mixed.precision = "mixed".into();
    mixed.probabilities[0] += 0.01;
    mixed.reference_samples = vec![0, 1];
    mixed.reference_probabilities = perturbations().probabilities;
    mixed.reference_certain = 1;
    refused(
        &vec![mixed],
        |rows| check(rows, (Some(&segments()), &target(), probability())),
        &[
            (
                "whether rows were re-evaluated in fp32: true, found false",
                |rows| {
                    rows[0].reference_samples.clear();
                    rows[0].reference_probabilities.clear();
                    rows[0].reference_certain = 0;
                },
            ),
            (
                "whether rows were re-evaluated in fp32: false, found true",
                |rows| {
                    rows[0].precision = "bf16".into();
                },
            ),
            ("reference_samples: 2, found 1", |rows| {
                rows[0].reference_samples.truncate(1);
            }),
            ("reference_samples of the rows, found 2", |rows| {
                rows[0].reference_samples[1] = 2;
            }),
            ("different reference_samples: 2, found 1", |rows| {
                rows[0].reference_samples[1] = 0;
            }),
            ("the first of reference_samples: 0, found 1", |rows| {
                rows[0].reference_samples.swap(0, 1);
            }),
            ("reference_certain", |rows| rows[0].reference_certain = 3),
            ("the untouched image at row 0", |rows| {
                rows[0].reference_probabilities[0] += 2e-4;
            }),
            ("the untouched image at row 0", |rows| {
                rows[0].probabilities[0] += 0.4;
            }),
        ],
    );
}

#[test]
fn masks_are_packed_as_they_are_described_and_row_0_is_the_untouched_image() {
    refused(
        &vec![perturbations()],
        |rows| check(rows, (Some(&segments()), &target(), probability())),
        &[
            ("1 row", Vec::clear),
            ("image", |rows| rows[0].image = "key-00".into()),
            ("network", |rows| rows[0].network = "resnet50".into()),
            ("partition", |rows| rows[0].partition = Some("fine".into())),
            ("target_class", |rows| rows[0].target_class = 1),
            ("superpixels: 3, found 4", |rows| rows[0].superpixels = 4),
            ("probabilities: 2, found 1", |rows| {
                rows[0].probabilities.truncate(1);
            }),
            ("probabilities from 0 to 1, found 1.5", |rows| {
                rows[0].probabilities[1] = 1.5;
            }),
            ("bytes of masks: 2, found 3", |rows| rows[0].masks.push(0)),
            ("mask 0: Some([7]), found Some([5])", |rows| {
                rows[0].masks[0] = 0b101;
            }),
            (
                "bits after its last superpixel: None, found Some(1)",
                |rows| rows[0].masks[1] = 0b1010,
            ),
            ("the untouched image at row 0", |rows| {
                rows[0].probabilities[0] += 2e-4;
            }),
            ("mask 0", |rows| {
                rows[0].samples = 0;
                rows[0].masks.clear();
                rows[0].probabilities.clear();
            }),
        ],
    );
}

#[test]
fn masks_of_whole_bytes_have_no_padding() {
    assert_eq!(masks(&[255, 255, 0, 128], 2, 16), Ok(()));
    assert_eq!(masks(&[255, 1, 0, 0], 2, 9), Ok(()));
    assert!(masks(&[255, 1, 0, 2], 2, 9).is_err());
    assert!(masks(&[], 0, 0).is_err());
}

#[test]
fn weights_are_finite_and_ranked() {
    refused(
        &weights(),
        |rows| check(rows, 3),
        &[
            ("rows: 3, found 2", |rows| rows.truncate(2)),
            ("the same in all rows", |rows| {
                rows[1].network = "resnet50".into();
            }),
            ("the same in all rows", |rows| rows[2].r2 = Some(0.8)),
            ("row with a superpixel that is not its number", |rows| {
                rows.swap(0, 1);
            }),
            ("rank below 3, found 3", |rows| rows[0].rank = 3),
            ("number below 3 that no rank is", |rows| rows[0].rank = 1),
            ("ranks by falling value", |rows| {
                (rows[0].rank, rows[1].rank) = (0, 2);
            }),
            ("ranks by falling value", |rows| {
                (rows[1].rank, rows[2].rank) = (1, 0);
            }),
        ],
    );
}

fn relevances() -> Vec<Relevance> {
    let row = |superpixel, relevance, rank| Relevance {
        image: "mug-07".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: "edges".into(),
        run: 0,
        depth: None,
        replacement: None,
        superpixel,
        relevance,
        rank,
        standard_error: Some(0.5),
    };
    // Of equals any may come first.
    vec![row(0, 0.1, 2), row(1, 0.1, 1), row(2, 0.2, 0)]
}

#[test]
fn relevances_have_each_superpixel_once_and_ranks_by_falling_relevance() {
    refused(
        &relevances(),
        |rows| check(rows, &segments()),
        &[
            ("rows: 3, found 2", |rows| rows.truncate(2)),
            ("the same in all rows", |rows| rows[1].run = 1),
            ("the same in all rows", |rows| {
                rows[1].replacement = Some("mean".into());
            }),
            ("the same in all rows", |rows| {
                rows[1].network = "net".into();
            }),
            ("the same in all rows", |rows| rows[1].depth = Some(1)),
            ("partition", |rows| {
                for row in rows {
                    row.partition = "fine".into();
                }
            }),
            ("image", |rows| {
                for row in rows {
                    row.image = "key-00".into();
                }
            }),
            ("superpixel", |rows| rows.swap(0, 1)),
            ("rank", |rows| rows[1].rank = 0),
            ("ranks by falling value", |rows| {
                rows[0].rank = 0;
                rows[2].rank = 2;
            }),
        ],
    );
}

#[test]
fn every_superpixel_is_removed_alone_once() {
    let row = |superpixel| Deletion {
        image: "mug-07".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        replacement: "mean".into(),
        superpixel,
        probability: 0.25,
        logit: 1.0,
    };
    refused(
        &[0, 1, 2].map(row).to_vec(),
        |rows| check(rows, (&segments(), &target())),
        &[
            ("rows: 3, found 2", |rows| rows.truncate(2)),
            ("rows: 3, found 0", Vec::clear),
            ("the same in all rows", |rows| {
                rows[1].replacement = "black".into();
            }),
            ("the same in all rows", |rows| {
                rows[1].network = "net".into();
            }),
            ("image", |rows| {
                for row in rows {
                    row.image = "key-00".into();
                }
            }),
            ("partition", |rows| {
                for row in rows {
                    row.partition = "fine".into();
                }
            }),
            ("superpixel", |rows| rows.swap(0, 1)),
            ("probability", |rows| rows[2].probability = 1.5),
            ("logit", |rows| rows[2].logit = f32::NAN),
        ],
    );
}

#[test]
fn a_curve_starts_at_the_untouched_image_and_removes_each_superpixel_once() {
    refused(
        &curve(),
        |rows| check(rows, (&segments(), &target(), 2)),
        &[
            ("rows: 4, found 3", |rows| rows.truncate(3)),
            ("rows: 4, found 0", Vec::clear),
            ("the same in all rows", |rows| rows[1].run = 1),
            ("the same in all rows", |rows| {
                rows[1].image = "key-00".into();
            }),
            ("image", |rows| {
                for row in rows {
                    row.image = "key-00".into();
                }
            }),
            ("network", |rows| {
                for row in rows {
                    row.network = "net".into();
                }
            }),
            ("partition", |rows| {
                for row in rows {
                    row.partition = "fine".into();
                }
            }),
            ("row with a step that is not its number", |rows| {
                rows.swap(1, 2);
            }),
            ("superpixel of step 0: None, found Some(1)", |rows| {
                rows[0].superpixel = Some(1);
            }),
            ("superpixels that go: 3, found 2", |rows| {
                rows[1].superpixel = None;
            }),
            ("superpixel below 3, found 3", |rows| {
                rows[1].superpixel = Some(3);
            }),
            (
                "number below 3 that no superpixel is: None, found Some(2)",
                |rows| rows[1].superpixel = Some(0),
            ),
            ("first and last removed_area", |rows| {
                rows[0].removed_area = 0.1;
            }),
            ("first and last removed_area", |rows| {
                rows[3].removed_area = 0.9;
            }),
            ("a removed_area that rises", |rows| {
                rows[1].removed_area = 0.6;
            }),
            ("a largest_probability from 0.69999", |rows| {
                rows[2].probability = 0.7;
                rows[2].largest_probability = Some(0.6);
            }),
            ("a largest_probability from 0.5", |rows| {
                rows[2].largest_probability = Some(0.4);
            }),
            ("a largest_probability from", |rows| {
                rows[2].largest_probability = Some(1.1);
            }),
            ("whether there is an entropy", |rows| rows[2].entropy = None),
            ("an entropy from", |rows| {
                rows[2].entropy = rows[2].entropy.map(|entropy| entropy + 1e-3);
            }),
            ("an entropy from", |rows| {
                let largest = rows[2].largest_probability;
                rows[2].entropy = largest.map(|largest| -largest.ln() - 1e-3);
            }),
            ("the untouched image at step 0", |rows| {
                rows[0].probability -= 2e-4;
            }),
        ],
    );
}

#[test]
fn there_is_a_score_for_every_curve_and_its_areas_agree() {
    refused(
        &vec![score()],
        |rows| check(rows, (1, Measured::Probability)),
        &[
            ("rows: 1, found 0", Vec::clear),
            ("auc / steps", |rows| rows[0].auc = 0.7),
            ("finite auc_area, found NaN", |rows| {
                rows[0].auc_area = f64::NAN;
            }),
            ("mean areas from 0 to 1, found 1.5", |rows| {
                rows[0].auc_area = 1.5;
            }),
            ("none for tied", |rows| rows[0].tied = None),
        ],
    );
    let of_logits = Score {
        auc: -6.0,
        auc_mean: -2.0,
        auc_area: 1.5,
        ..score()
    };
    assert_eq!(check(&[of_logits], (1, Measured::Logit)), Ok(()));
}

#[test]
fn an_exclusion_says_why() {
    let exclusion = Exclusion {
        image: "mug-07".into(),
        reason: "a network gets it wrong".into(),
        network: None,
        predicted_label: None,
        true_label: None,
        partition: None,
        method: None,
    };
    assert_eq!(check::<Exclusion>(&[], ()), Ok(()));
    refused(
        &vec![exclusion],
        |rows| check(rows, ()),
        &[("a reason", |rows| rows[0].reason.clear())],
    );
}

#[test]
fn an_output_takes_no_rows_that_are_refused() {
    let error = crate::Output::new(&[logits()], (3, at(1.0))).unwrap_err();
    assert_eq!(error.status(), 1);
    assert!(!error.is_fatal(), "the other actions go on");
    assert!(
        error.to_string().contains("its rows of logits are wrong"),
        "{error}"
    );
    let gain = Gain {
        symmetric_gain: f64::INFINITY,
        ..gain()
    };
    let error = crate::Output::measured(&vec![gain])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("finite symmetric_gain, found inf"),
        "{error}"
    );
}

fn gain() -> Gain {
    Gain {
        image: "mug-07".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: "lime".into(),
        run: 0,
        replacement: "mean".into(),
        deletion_auc_mean: 0.25,
        insertion_auc_mean: 0.75,
        symmetric_gain: 0.5,
        symmetric_gain_relative: Some(0.6),
        symmetric_gain_area: 0.4,
        reason: None,
    }
}

#[test]
fn a_gain_is_the_difference_of_two_areas() {
    refused(
        &vec![gain()],
        |rows| check(rows, (2, Measured::Probability)),
        &[
            ("at most 1 rows", |rows| rows.push(gain())),
            ("gains from -1 to 1, found 1.5", |rows| {
                rows[0].symmetric_gain_area = 1.5;
            }),
            ("difference of the areas", |rows| {
                rows[0].symmetric_gain = 0.4;
            }),
        ],
    );
}

#[test]
fn a_comparison_agrees_with_itself() {
    let comparison = Comparison {
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: "gradcam".into(),
        other_method: "lime".into(),
        order: Some("most_relevant_first".into()),
        replacement: Some("mean".into()),
        measure: "auc".into(),
        better: "lower".into(),
        images: 5,
        mean: Some(3.0),
        other_mean: Some(2.0),
        difference: Some(1.0),
        low: Some(0.5),
        high: Some(1.5),
        level: 0.95,
        resamples: 100,
        p: Some(0.02),
        exact: Some(true),
        p_adjusted: Some(0.04),
        family: 2,
        rank_biserial: Some(0.9),
        standardised_difference: Some(1.2),
        wins: 1,
        losses: 3,
        ties: 1,
        reason: None,
    };
    refused(
        &vec![comparison],
        |rows| check(rows, ()),
        &[
            ("the difference of the means", |rows| {
                rows[0].difference = Some(-1.0);
            }),
            ("p_adjusted from `p` to 1, found 0.01", |rows| {
                rows[0].p_adjusted = Some(0.01);
            }),
            ("low at most `high`, found 0.5", |rows| rows[0].high = None),
            ("high at least `low`, found 1.5", |rows| rows[0].low = None),
            ("wins, losses and ties", |rows| rows[0].ties = 0),
            ("none for standardised_difference", |rows| {
                rows[0].standardised_difference = None;
            }),
        ],
    );
}

#[test]
fn a_deterministic_method_does_not_vary_over_runs() {
    let stable = Stability {
        image: "mug-07".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: "gradcam".into(),
        order: "most_relevant_first".into(),
        replacement: "mean".into(),
        deterministic: true,
        runs: 1,
        auc: 3.0,
        auc_std: Some(0.0),
        auc_relative: Some(0.5),
        auc_relative_std: Some(0.0),
        reason: None,
    };
    refused(
        &vec![stable],
        |rows| check(rows, ()),
        &[("no deviation of a deterministic", |rows| {
            rows[0].auc_std = Some(0.1);
        })],
    );
}

#[test]
fn rows_of_sanity_name_the_layers_that_are_random() {
    let row = |depth, random_layers| Sanity {
        image: "mug-07".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: "gradcam".into(),
        run: 0,
        depth,
        random_layers: Some(random_layers),
        layers: Some(8),
        lowest_random_layer: Some("features.0".into()),
        spearman: Some(0.5),
        spearman_absolute: Some(0.5),
        reason: None,
    };
    refused(
        &vec![row(1, 4), row(2, 8)],
        |rows| check(rows, 2),
        &[
            ("rows of a depth more or less: 0, found 1", |rows| {
                rows.truncate(1);
            }),
            ("depths from 1 to 2, found 3", |rows| rows[1].depth = 3),
            ("what is known of layers", |rows| {
                rows[0].random_layers = None;
            }),
            ("what is known of layers", |rows| {
                rows[0].lowest_random_layer = None;
            }),
            ("all layers are random at the last depth", |rows| {
                rows[1].random_layers = Some(7);
            }),
        ],
    );
}

schema::table! {
    /// A row with a column of every rule.
    #[table = "rules"]
    #[nulls = reason]
    pub struct Rules {
        /// A share.
        #[unit = "1"]
        #[range(0 ..= 1)]
        pub share: Option<f64>,
        /// Any number.
        #[unit = "1"]
        pub any: f64,
        /// All that there are.
        #[unit = "1"]
        pub all: u32,
        /// Some of them.
        #[unit = "1"]
        #[range(1 ..= all)]
        #[null = free]
        pub some: Option<u32>,
        /// Their entropy.
        #[unit = "nats"]
        #[range(0 ..= ln(all))]
        pub entropy: f64,
        /// Shares.
        #[unit = "1"]
        #[range(-1 ..)]
        pub several: Vec<f32>,
    }
}

#[test]
fn columns_hold_what_they_declare() {
    let row = Rules {
        share: Some(1.0 + 1e-12),
        any: -7.0,
        all: 3,
        some: Some(3),
        entropy: 3.0_f64.ln(),
        several: vec![-1.0, 9.0],
        reason: None,
    };
    assert_eq!(
        check_columns(&vec![Rules {
            some: None,
            ..row.clone()
        }]),
        Ok(())
    );
    let explained = Rules {
        share: None,
        reason: Some("no image".into()),
        ..row.clone()
    };
    assert_eq!(check_columns(&vec![explained]), Ok(()));
    refused(
        &vec![row],
        check_columns,
        &[
            ("share from 0 to 1, found 1.1", |rows| {
                rows[0].share = Some(1.1);
            }),
            ("share from 0 to 1, found NaN", |rows| {
                rows[0].share = Some(f64::NAN);
            }),
            ("a finite any, found inf", |rows| {
                rows[0].any = f64::INFINITY;
            }),
            ("some from 1 to `all`, found 4", |rows| {
                rows[0].some = Some(4);
            }),
            ("some from 1 to `all`, found 0", |rows| {
                rows[0].some = Some(0);
            }),
            ("entropy from 0 to ln `all`, found 1.1", |rows| {
                rows[0].entropy = 1.1;
            }),
            ("several at least -1, found -2", |rows| {
                rows[0].several[1] = -2.0;
            }),
            ("several at least -1, found NaN", |rows| {
                rows[0].several[0] = f32::NAN;
            }),
            ("only there, found none for share", |rows| {
                rows[0].share = None;
            }),
            ("only there, found one without a null", |rows| {
                rows[0].reason = Some("why not".into());
            }),
            ("a reason in words, found none", |rows| {
                rows[0].share = None;
                rows[0].reason = Some(String::new());
            }),
        ],
    );
}
