//! Three photographs and a trained network, whose values lie beside the repository: all quantities from the crop to the areas.

use std::path::PathBuf;

use deletion::curves::curves;
use imaging::{Preparation, Rgb, decode, prepare};
use methods::Sign;
use networks::{Classifier, Methods, Normalisation, Precision, Question};
use occlusion::{Noise, Scene};
use removal::{Order, Replacement};
use sampling::Masks;
use superpixels::{Algorithm, Felzenszwalb, Quickshift, Slic};
use surrogate::{Distance, Features, Settings};

use super::numbers::{Numbers, difference, relative};
use super::table::{Table, Tolerance};
use super::{fits, preparation, superpixels as partitions};
use crate::study_folder::repository;

const NAMES: [&str; 3] = ["labrador", "tabby", "tiger"];
const NETWORK: &str = "mobilenet_v2.pt";
const SIDE: usize = 224;
const MEAN: [f64; 3] = [0.5; 3];

/// One photograph with everything that is known about it.
struct Photograph<'a> {
    file: Numbers,
    classifier: &'a Classifier,
    crop: Rgb,
    labels: Vec<u16>,
    superpixels: usize,
    target: usize,
}

pub(super) fn table() -> Option<Table> {
    let shared = repository().join("../shared");
    let network = shared.join("networks").join(NETWORK);
    let reference = shared.join("reference");
    if !network.exists() || !reference.exists() {
        return None;
    }
    let classifier = classifier(&network);
    let mut table = Table::default();
    for name in NAMES {
        let photograph = Photograph::read(&reference, name, &classifier, &mut table);
        photograph.network(&mut table);
        photograph.partitions(&mut table);
        photograph.grad_cam(&mut table);
        photograph.lime(&mut table);
        photograph.removal(&mut table);
    }
    Some(table)
}

fn classifier(path: &PathBuf) -> Classifier {
    let bytes = std::fs::read(path).unwrap();
    let (network, _) = networks::load_script(
        path,
        &bytes,
        [SIDE, SIDE],
        &Methods::default(),
        Precision::Fp32,
    )
    .unwrap();
    let normalisation = Normalisation {
        mean: MEAN.map(|value| value as f32),
        std: [0.5; 3],
    };
    Classifier::new(network, normalisation)
}

impl<'a> Photograph<'a> {
    fn read(
        folder: &std::path::Path,
        name: &str,
        classifier: &'a Classifier,
        table: &mut Table,
    ) -> Self {
        let file = Numbers::read(&folder.join(name).with_extension("safetensors"));
        let bytes = std::fs::read(folder.join(name).with_extension("png")).unwrap();
        let crop = prepare(&decode(&bytes).unwrap(), &Preparation::default());
        preparation::note(table, crop.pixels(), file.image("crop_rgb_u8").pixels());
        let labels: Vec<u16> = labels(&file, "quickshift_k4_d200_r0.2");
        let logits = file.f32s("logits");
        let target = (0..logits.len()).max_by(|&a, &b| logits[a].total_cmp(&logits[b]));
        Self {
            superpixels: usize::from(*labels.iter().max().unwrap()) + 1,
            target: target.unwrap(),
            file,
            classifier,
            crop,
            labels,
        }
    }

    fn network(&self, table: &mut Table) {
        let found = self.classifier.logits(&self.crop).unwrap();
        table.note(
            format!("logits of {NETWORK}, of the largest"),
            "PyTorch",
            relative(&found, &self.file.f32s("logits")),
            Tolerance::AtMost(1e-4),
        );
    }

    fn partitions(&self, table: &mut Table) {
        let quickshift = Algorithm::Quickshift(Quickshift::new(4.0, 200.0, 0.2).unwrap());
        let slic = Algorithm::Slic(Slic::new(50, 10.0, 0.0).unwrap());
        let felzenszwalb = Algorithm::Felzenszwalb(Felzenszwalb::new(100.0, 0.5, 50).unwrap());
        for (name, algorithm, tensor) in [
            ("quickshift", quickshift, "quickshift_k4_d200_r0.2"),
            ("slic", slic, "slic_50"),
            ("felzenszwalb", felzenszwalb, "felzenszwalb_s100"),
        ] {
            partitions::note(
                table,
                name,
                algorithm,
                &self.crop,
                &labels(&self.file, tensor),
            );
        }
    }

    fn grad_cam(&self, table: &mut Table) {
        let layer = self
            .classifier
            .gradients(&[(&self.crop, self.target)])
            .unwrap()
            .remove(0);
        let [_, height, width] = layer.shape;
        let arrays = cam::Layer::new(&layer.activations, &layer.gradients, layer.shape).unwrap();
        let weights = methods::kinds::gradcam::channel_weights(&arrays);
        let map = Sign::Positive.of(methods::kinds::gradcam::map(&arrays));
        let enlarged = cam::enlarge(&map, [height, width], [SIDE, SIDE]).unwrap();
        let pooled = cam::pool(&enlarged, &self.labels, self.superpixels).unwrap();
        let mut note = |quantity: &str, difference| {
            let quantity = format!("Grad-CAM of {NETWORK}: {quantity}, of the largest");
            table.note(quantity, "autograd", difference, Tolerance::AtMost(1e-5));
        };
        let expected = |tensor| self.file.f32s(tensor);
        note(
            "channel weights",
            relative(&weights, &expected("gradcam_channel_weights")),
        );
        note("map", relative(&map, &expected("gradcam_7x7")));
        note(
            "enlarged map",
            relative(&enlarged, &expected("gradcam_224")),
        );
        note(
            "mean over superpixels",
            relative(&pooled, &expected("gradcam_superpixel")),
        );
    }

    fn lime(&self, table: &mut Table) {
        let masks = fits::masks(&self.file, "lime_masks");
        let probabilities = self.file.f64s("lime_probs");
        table.note(
            format!("probabilities of {NETWORK} for given masks"),
            "the lime package",
            self.asked(&masks, &probabilities),
            Tolerance::AtMost(1e-5),
        );
        let expected = |tensor| self.file.f64s(tensor);
        let (distances, kernel) = (expected("lime_distances"), expected("lime_kernel"));
        fits::note_kernel(table, &masks, Distance::Cosine, &distances, &kernel);
        let fit = |features| {
            let settings = Settings {
                features,
                ..Settings::default()
            };
            surrogate::fit(&masks, &probabilities, &settings).unwrap()
        };
        let summary = ["lime_intercept", "lime_r2", "lime_local_pred"];
        let summary = summary.map(|tensor| expected(tensor)[0]);
        let all = fit(Features::All);
        fits::note_fit(table, Features::All, &all, &expected("lime_coef"), &summary);
        let five = fit(Features::ForwardSelection(5));
        table.note(
            "LIME, forward_selection: ridge coefficients",
            "the lime package",
            difference(&five.weights, &self.chosen()),
            Tolerance::AtMost(1e-8),
        );
    }

    /// How far the network's answers to masks are from the published ones.
    fn asked(&self, masks: &Masks, expected: &[f64]) -> f64 {
        let replacement = imaging::own_mean(&self.crop, &self.labels, self.superpixels);
        let question = Question {
            crop: &self.crop,
            replacement: &replacement,
            labels: &self.labels,
            masks,
            target: self.target,
        };
        let answers = self.classifier.ask(&question, &|| false).unwrap();
        difference(&answers.probabilities, expected)
    }

    /// The published weights of the five chosen superpixels, with 0 for the others.
    fn chosen(&self) -> Vec<f64> {
        let mut weights = vec![0.0; self.superpixels];
        let chosen = self.file.integers("lime_forward5_features");
        for (superpixel, weight) in chosen.into_iter().zip(self.file.f64s("lime_forward5_coef")) {
            weights[superpixel] = weight;
        }
        weights
    }

    fn removal(&self, table: &mut Table) {
        let map = cam::enlarge(&self.file.f32s("gradcam_7x7"), [7, 7], [SIDE, SIDE]).unwrap();
        let pooled = cam::pool(&map, &self.labels, self.superpixels).unwrap();
        let weights = self.file.f64s("lime_coef");
        for (name, relevance) in [("gradcam", pooled), ("lime", weights)] {
            let order = removal::order(&relevance).unwrap();
            let expected: Vec<u16> = self
                .file
                .integers(&format!("{name}_order"))
                .into_iter()
                .map(|superpixel| superpixel as u16)
                .collect();
            let moved = order.iter().zip(&expected).filter(|(a, b)| a != b).count();
            let quantity = "order of removal, superpixels out of place";
            table.note(quantity, "NumPy", moved as f64, Tolerance::AtMost(0.0));
            self.curves(table, name, &relevance);
        }
    }

    fn curves(&self, table: &mut Table, name: &str, relevance: &[f64]) {
        for (kind, order) in [
            ("deletion", Order::MostRelevantFirst),
            ("insertion", Order::LeastRelevantFirst),
        ] {
            let scene = Scene {
                crop: &self.crop,
                labels: &self.labels,
                superpixels: relevance.len(),
                replacement: Replacement::Mean,
                mean: MEAN,
                noise: Noise::default(),
                target: self.target,
            };
            let order = removal::reversed(removal::order(relevance).unwrap(), order);
            let steps = curves(self.classifier, &scene, &[order], &|| false)
                .unwrap()
                .remove(0)
                .steps;
            let mut found: Vec<f32> = steps.iter().map(|step| step.probability).collect();
            let removed: Vec<f64> = steps.iter().map(|step| step.removed_area).collect();
            let areas = removal::areas(&found, &removed).unwrap();
            if kind == "insertion" {
                found.reverse();
            }
            let tensor = |quantity: &str| format!("{name}_{kind}_{quantity}");
            let mut note = |quantity: &str, difference| {
                let quantity = format!("{kind} {quantity}");
                table.note(
                    quantity,
                    "PyTorch and NumPy",
                    difference,
                    Tolerance::AtMost(1e-5),
                );
            };
            note(
                "curve",
                difference(&found, &self.file.f64s(&tensor("curve"))),
            );
            let mean = self.file.f64s(&tensor("auc_normalised"))[0];
            note("auc_mean", (areas.auc_mean - mean).abs());
            let steps = (found.len() - 1) as f64;
            note(
                "auc by n",
                (areas.auc - self.file.f64s(&tensor("auc"))[0]).abs() / steps,
            );
        }
    }
}

/// Superpixel labels, which the reference keeps as 32-bit integers.
fn labels(file: &Numbers, tensor: &str) -> Vec<u16> {
    file.integers(tensor)
        .into_iter()
        .map(|label| label as u16)
        .collect()
}
