//! Removal curves and their areas beside the deletion metric of RISE and Quantus' Selectivity; docs/removal.md says where
//! their definitions differ from ours, and the comparisons here are those differences, taken back.

use deletion::curves::{Step, curves};
use networks::Normalisation;
use occlusion::{Noise, Scene};
use removal::{Areas, Replacement};
use superpixels::Grid;

use super::fixture;
use super::networks::script;
use super::numbers::{Numbers, difference};
use super::table::{Table, Tolerance};

const GRID: [usize; 2] = [4, 6];
const MEAN: f32 = 0.5;
const TOLERANCE: Tolerance = Tolerance::AtMost(1e-5);
/// The mean colour is 127.5 levels, of which 8 bits make 128.
const ROUNDED_GRAY: Tolerance = Tolerance::AtMost(5e-3);

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("removal.safetensors"));
    let mut note = |quantity: &str, against, difference, tolerance| {
        table.note(quantity, against, difference, tolerance);
    };

    let (found, areas) = ours(&file, Replacement::Gray);
    let against = "RISE, with 8-bit gray";
    note(
        "deletion curve",
        against,
        difference(&found, &file.f64s("rise.scores_8_bit")),
        TOLERANCE,
    );
    let area = file.f64s("rise.auc_8_bit")[0];
    note(
        "auc_mean",
        against,
        (areas.auc_mean - area).abs(),
        TOLERANCE,
    );
    let unrounded = difference(&found, &file.f64s("rise.scores"));
    note("deletion curve", "RISE", unrounded, ROUNDED_GRAY);
    let area = file.f64s("rise.auc")[0];
    note(
        "auc_mean",
        "RISE",
        (areas.auc_mean - area).abs(),
        ROUNDED_GRAY,
    );

    let (found, areas) = ours(&file, Replacement::Black);
    let against = "Quantus' Selectivity";
    assert!(
        (file.f64s("quantus.black")[0] - black()).abs() < 1e-6,
        "its black is not ours"
    );
    let scores = difference(&found[1..], &file.f64s("quantus.scores"));
    note("deletion curve after step 0", against, scores, TOLERANCE);
    let first = f64::midpoint(found[0].into(), found[1].into());
    let area = (areas.auc - first - file.f64s("quantus.auc")[0]).abs();
    note("auc less its first trapezoid", against, area, TOLERANCE);
}

fn black() -> f64 {
    (0.0 - f64::from(MEAN)) / 0.5
}

/// Our curve and its areas for the relevances of the file.
fn ours(file: &Numbers, replacement: Replacement) -> (Vec<f32>, Areas) {
    let image = file.image("image");
    let normalisation = Normalisation {
        mean: [MEAN; 3],
        std: [0.5; 3],
    };
    let classifier = script(normalisation, [image.height(), image.width()]);
    let logits = classifier.logits(&image).unwrap();
    let target = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
    let partition = Grid::new(GRID[0], GRID[1])
        .unwrap()
        .partition(&image)
        .unwrap();
    let scene = Scene {
        crop: &image,
        labels: partition.labels(),
        superpixels: partition.count(),
        replacement,
        mean: [MEAN.into(); 3],
        noise: Noise::default(),
        target: target.unwrap(),
    };
    let order = removal::order(&file.f64s("rise.relevance")).unwrap();
    let steps = curves(&classifier, &scene, &[order], &|| false)
        .unwrap()
        .remove(0)
        .steps;
    let of = |read: fn(&Step) -> f64| steps.iter().map(read).collect::<Vec<_>>();
    let probabilities: Vec<f32> = steps.iter().map(|step| step.probability).collect();
    let areas = removal::areas(&probabilities, &of(|step| step.removed_area)).unwrap();
    (probabilities, areas)
}
