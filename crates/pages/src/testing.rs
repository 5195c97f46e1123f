//! A study for tests: two networks, a method with maps and one with weights, non-square crops, and names that need care.

use imaging::{Rgb, encode_png};
use schema::{
    Crop, CurveStep, Decision, Exclusion, Relevance, Saliency, Score, Segments, Summary, Target,
    Weight,
};

use crate::{Artifact, Inputs, Method, Network, Provenance, StageCost};

/// Sides of a crop in pixels.
pub(crate) const HEIGHT: usize = 20;
pub(crate) const WIDTH: usize = 30;
/// Upright stripes.
pub(crate) const SUPERPIXELS: usize = 5;
/// Names that break HTML, SQL or CSV where they are not escaped.
pub(crate) const IMAGES: [&str; 3] = ["<script>", "jack-o'-lantern", "mug, \"blue\" & round"];
const NETWORKS: [&str; 2] = ["alexnet", "resnet <b>50</b>"];
const CLASS: &str = "jack-o'-lantern & <i>lamp</i>";

/// The same pseudo-random number from 0 to 1 for the same words.
fn share(words: &[&str], number: u32) -> f64 {
    let digest = words
        .concat()
        .bytes()
        .fold(u64::from(number) + 7, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    (digest % 1009) as f64 / 1009.0
}

/// A study of these images with this many runs of `lime`.
pub(crate) fn study(images: &[&str], runs: u32) -> Inputs {
    let mut inputs = Inputs {
        title: "Selectivity of <b>bold</b> claims".to_owned(),
        classes: vec![CLASS.to_owned()],
        networks: NETWORKS.map(network).to_vec(),
        methods: vec![method("gradcam", None), method("lime", Some("mean"))],
        replacements: vec!["mean".to_owned()],
        exclusions: vec![exclusion()],
        provenance: provenance(),
        ..Inputs::default()
    };
    for image in images {
        inputs.crops.push(crop(image));
        inputs.segments.push(segments(image));
        for network in NETWORKS {
            inputs.targets.push(target(image, network));
            inputs.saliency.push(saliency(image, network));
            add_pooled(&mut inputs, image, network);
            add_removal(&mut inputs, image, network, "gradcam", 0);
            for run in 0..runs {
                add_weights(&mut inputs, image, network, run);
                add_removal(&mut inputs, image, network, "lime", run);
            }
        }
    }
    inputs
}

fn network(name: &str) -> Network {
    Network {
        name: name.to_owned(),
        architecture: "alexnet".to_owned(),
        width: Some(1.0),
        digest: "3f".repeat(32),
        mean: [0.485, 0.456, 0.406],
    }
}

fn method(name: &str, replacement: Option<&str>) -> Method {
    Method {
        name: name.to_owned(),
        kind: name.to_owned(),
        title: name.to_owned(),
        access: if name == "gradcam" {
            "gradients"
        } else {
            "queries"
        }
        .to_owned(),
        control: false,
        chance: false,
        measured: true,
        replacement: replacement.map(str::to_owned),
    }
}

fn exclusion() -> Exclusion {
    Exclusion {
        image: "blur-<1>".to_owned(),
        reason: "alexnet calls it a key".to_owned(),
        network: Some("alexnet".to_owned()),
        predicted_label: Some("key".to_owned()),
        true_label: None,
        partition: None,
        method: None,
    }
}

fn provenance() -> Provenance {
    Provenance {
        settings: "[study]\nseed = 1 # <b>\n".to_owned(),
        latest: "artifacts/latest".to_owned(),
        versions: vec![("libtorch".to_owned(), "2.11.0".to_owned())],
        devices: vec!["cpu".to_owned()],
        costs: vec![StageCost {
            stage: "lime".to_owned(),
            actions: 24,
            wall_seconds: 12.25,
            forward_passes: 60_024,
            backward_passes: 0,
            own_forward_passes: 60_024,
            ..StageCost::default()
        }],
        artifacts: vec![
            Artifact {
                table: "scores".to_owned(),
                id: "5c".repeat(32),
                rows: 30,
                date: "2026-11-23T08:00:00Z".to_owned(),
                device: "cpu".to_owned(),
                ..Artifact::default()
            },
            Artifact {
                table: "curves".to_owned(),
                id: "7e".repeat(32),
                rows: 6,
                image: Some("<script>".to_owned()),
                network: Some("alexnet".to_owned()),
                partition: Some("stripes".to_owned()),
                method: Some("gradcam".to_owned()),
                run: Some(0),
                order: Some("most_relevant_first".to_owned()),
                replacement: Some("mean".to_owned()),
                date: "2026-11-23T07:30:00Z".to_owned(),
                device: "cpu".to_owned(),
            },
        ],
    }
}

fn crop(image: &str) -> Crop {
    let level = |place: usize| (share(&[image], place as u32) * 255.0) as u8;
    let pixels = (0..HEIGHT * WIDTH * 3).map(level).collect();
    Crop {
        image: image.to_owned(),
        image_digest: "ab".repeat(32),
        source_height: 300,
        source_width: 361,
        height: HEIGHT as u32,
        width: WIDTH as u32,
        rgb: encode_png(&Rgb::new(HEIGHT, WIDTH, pixels).unwrap()),
        truth_mask: None,
    }
}

fn segments(image: &str) -> Segments {
    let stripe = |pixel: usize| (pixel % WIDTH * SUPERPIXELS / WIDTH) as u16;
    Segments {
        image: image.to_owned(),
        partition: "stripes".to_owned(),
        algorithm: "grid".to_owned(),
        superpixels: SUPERPIXELS as u32,
        height: HEIGHT as u32,
        width: WIDTH as u32,
        labels: (0..HEIGHT * WIDTH).map(stripe).collect(),
    }
}

fn target(image: &str, network: &str) -> Target {
    Target {
        image: image.to_owned(),
        network: network.to_owned(),
        target_class: 0,
        target_label: CLASS.to_owned(),
        true_class: None,
        true_label: None,
        correct: None,
        probability: 0.9,
    }
}

fn saliency(image: &str, network: &str) -> Saliency {
    Saliency {
        image: image.to_owned(),
        network: network.to_owned(),
        method: "gradcam".to_owned(),
        run: 0,
        layer: "features.11".to_owned(),
        target_class: 0,
        height: 2,
        width: 3,
        map: (0..6)
            .map(|place| share(&[image, network], place) as f32)
            .collect(),
        completeness_residual: None,
    }
}

/// Relevances of Grad-CAM, whatever its map shows.
fn add_pooled(inputs: &mut Inputs, image: &str, network: &str) {
    let pooled = |superpixel: u16| Relevance {
        method: "gradcam".to_owned(),
        run: 0,
        relevance: share(&[image, network, "pooled"], u32::from(superpixel)),
        ..relevance(image, network, superpixel)
    };
    let rows = (0..SUPERPIXELS as u16).map(pooled);
    inputs.relevances.extend(rows);
}

/// A relevance of 0 by `lime`.
fn relevance(image: &str, network: &str, superpixel: u16) -> Relevance {
    Relevance {
        image: image.to_owned(),
        network: network.to_owned(),
        partition: "stripes".to_owned(),
        method: "lime".to_owned(),
        run: 0,
        depth: None,
        replacement: None,
        superpixel,
        relevance: 0.0,
        rank: u32::from(superpixel),
        standard_error: None,
    }
}

fn add_weights(inputs: &mut Inputs, image: &str, network: &str, run: u32) {
    let weight = |superpixel: u16| Weight {
        image: image.to_owned(),
        network: network.to_owned(),
        partition: "stripes".to_owned(),
        method: "lime".to_owned(),
        run,
        superpixel,
        weight: share(&[image, network, "weight"], run * 9 + u32::from(superpixel)) - 0.5,
        standard_error: None,
        rank: u32::from(superpixel),
        intercept: Some(0.1),
        r2: Some(0.75),
        local_prediction: Some(0.9),
    };
    let rows: Vec<Weight> = (0..SUPERPIXELS as u16).map(weight).collect();
    let relevances = rows.iter().map(|row| Relevance {
        run,
        relevance: row.weight,
        ..relevance(image, network, row.superpixel)
    });
    inputs.relevances.extend(relevances);
    inputs.weights.extend(rows);
}

/// A curve that falls from 0.9, and its score.
fn add_removal(inputs: &mut Inputs, image: &str, network: &str, method: &str, run: u32) {
    let decay = 0.3 + 0.6 * share(&[image, network, method], run);
    let step = |step: u32| CurveStep {
        image: image.to_owned(),
        network: network.to_owned(),
        partition: "stripes".to_owned(),
        method: method.to_owned(),
        run,
        order: "most_relevant_first".to_owned(),
        replacement: "mean".to_owned(),
        step,
        superpixel: step
            .checked_sub(1)
            .map(|first| ((first + run) % SUPERPIXELS as u32) as u16),
        removed_area: f64::from(step) / SUPERPIXELS as f64,
        probability: (0.9 * decay.powi(step as i32)) as f32,
        logit: 0.0,
        largest_probability: Some(1.0),
        entropy: Some(0.0),
    };
    let curve: Vec<CurveStep> = (0..=SUPERPIXELS as u32).map(step).collect();
    let pairs = curve.windows(2);
    let auc: f64 = pairs
        .map(|pair| f64::from(pair[0].probability + pair[1].probability) / 2.0)
        .sum();
    let auc_mean = auc / SUPERPIXELS as f64;
    inputs.scores.push(Score {
        image: image.to_owned(),
        network: network.to_owned(),
        partition: "stripes".to_owned(),
        method: method.to_owned(),
        run,
        deterministic: method == "gradcam",
        order: "most_relevant_first".to_owned(),
        replacement: "mean".to_owned(),
        steps: SUPERPIXELS as u32,
        tied: Some(0),
        auc,
        auc_mean,
        auc_relative: Some(auc_mean / 0.9),
        auc_area: auc_mean,
        reason: None,
    });
    inputs.curves.extend(curve);
}

/// Changes order and replacement in every row that has them.
pub(crate) fn judge_by(inputs: &mut Inputs, order: &str, replacement: &str) {
    for row in &mut inputs.scores {
        (row.order, row.replacement) = (order.to_owned(), replacement.to_owned());
    }
    for row in &mut inputs.curves {
        (row.order, row.replacement) = (order.to_owned(), replacement.to_owned());
    }
}

/// The mean area of a method in `alexnet`, with an interval of a half to each side.
pub(crate) fn summary(method: &str, mean: f64, place: u32) -> Summary {
    Summary {
        network: "alexnet".to_owned(),
        partition: "stripes".to_owned(),
        method: method.to_owned(),
        order: Some("most_relevant_first".to_owned()),
        replacement: Some("mean".to_owned()),
        measure: "auc".to_owned(),
        better: "lower".to_owned(),
        images: 3,
        mean: Some(mean),
        low: Some(mean - 0.5),
        high: Some(mean + 0.5),
        level: 0.95,
        resamples: 10_000,
        std_over_images: Some(1.0),
        mean_rank: Some(f64::from(place)),
        place: Some(place),
        groups: Some("a".to_owned()),
        reason: None,
    }
}

/// A decision about two methods of `alexnet` under the study's condition.
pub(crate) fn decision(question: &str, [method, runner_up]: [&str; 2], verdict: &str) -> Decision {
    Decision {
        question: question.to_owned(),
        network: "alexnet".to_owned(),
        partition: "stripes".to_owned(),
        method: method.to_owned(),
        runner_up: Some(runner_up.to_owned()),
        measure: "auc".to_owned(),
        order: Some("most_relevant_first".to_owned()),
        replacement: Some("mean".to_owned()),
        verdict: verdict.to_owned(),
        difference: Some(-1.0),
        low: Some(-1.5),
        high: Some(-0.5),
        p_adjusted: Some(0.05),
        wins: 2,
        images: 3,
        flips_when: None,
        reason: Some("the interval includes 0".to_owned()),
    }
}
