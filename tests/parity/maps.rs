//! White-box methods beside pytorch-grad-cam, captum and their definitions.

use std::path::Path;

use imaging::Rgb;
use methods::kinds::{
    ablationcam, eigencam, gradcam_plus_plus, gradient, gradient_attention, input_x_gradient,
    integrated_gradients, layercam, rollout, scorecam, smoothgrad,
};
use methods::{Baseline, Map, Mapping, Reads, Sample, Sign};
use networks::{CHANNELS, Classifier, GraphFile, Normalisation, Precision};
use sampling::Seed;

use super::fixture;
use super::networks::full;
use super::numbers::{Numbers, relative};
use super::table::{Table, Tolerance};
use crate::study_folder::repository;

/// Of the largest value.
const TOLERANCE: Tolerance = Tolerance::AtMost(1e-5);

/// The map of an image for a class.
pub(super) fn map(
    (method, mapping): (&Map, Mapping),
    classifier: &Classifier,
    image: &Rgb,
    target: usize,
) -> Vec<f32> {
    let asked = [gradcam::saliency::Asked {
        crop: image.clone(),
        target,
        seed: Seed([0; 32]),
    }];
    let made = gradcam::saliency::saliency((method, &mapping), classifier, &asked, &|| false);
    made.unwrap().remove(0).map.values
}

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&repository().join("crates/gradcam/fixtures/maps.safetensors"));
    let alexnet = Alexnet {
        classifier: full("alexnet"),
        image: Numbers::read(&fixture("networks.safetensors")).image("image"),
        target: file.integers("alexnet.target")[0],
        file: &file,
    };
    alexnet.cams(table);
    alexnet.gradients(table);
    let square = file.image("square");
    integrated(table, &file, &square);
    for network in ["deit", "dinov3"] {
        let path = repository().join(format!("crates/graph/fixtures/{network}.pt2"));
        let classifier = attending(&path, square.width());
        let target = file.integers(&format!("{network}.target"))[0];
        for method in [&rollout::METHOD, &gradient_attention::METHOD] {
            let found = map((method, Sign::Signed.into()), &classifier, &square, target);
            let expected = file.f32s(&format!("{network}.{}", method.kind));
            let quantity = format!("{} of {network}.pt2: map, of the largest", method.title);
            table.note(
                quantity,
                "its definition",
                relative(&found, &expected),
                TOLERANCE,
            );
        }
    }
}

/// At two baselines, in a network without ReLU.
fn integrated(table: &mut Table, file: &Numbers, square: &Rgb) {
    let path = repository().join("crates/graph/fixtures/deit.pt2");
    let bytes = std::fs::read(&path).unwrap();
    let graph = GraphFile::exported(&path, &bytes, square.width(), None);
    let (network, _) = graph.load(Precision::Fp32).unwrap();
    let classifier = Classifier::new(network, Normalisation::IMAGENET);
    let target = file.integers("deit.target")[0];
    let method = &integrated_gradients::METHOD;
    let baselines = [
        (Baseline::Zero, "deit.integrated_gradients"),
        (Baseline::Black, "deit.integrated_gradients.black"),
    ];
    for (baseline, tensor) in baselines {
        let mapping = Mapping {
            points: Some(8),
            baseline: Some(baseline),
            ..Sign::Signed.into()
        };
        let found = some(&map((method, mapping), &classifier, square, target));
        let quantity = format!("{} of deit.pt2: map, of the largest", method.title);
        let apart = relative(&found, &file.f32s(tensor));
        table.note(quantity, "captum", apart, TOLERANCE);
    }
}

fn attending(path: &Path, side: usize) -> Classifier {
    let bytes = std::fs::read(path).unwrap();
    let file = GraphFile::exported(path, &bytes, side, None).attending(side);
    Classifier::new(
        file.load(Precision::Fp32).unwrap().0,
        Normalisation::IMAGENET,
    )
}

struct Alexnet<'a> {
    classifier: Classifier,
    image: Rgb,
    target: usize,
    file: &'a Numbers,
}

impl Alexnet<'_> {
    fn note(
        &self,
        table: &mut Table,
        method: &Map,
        tensor: &str,
        against: &'static str,
        found: &[f32],
    ) {
        let expected = self.file.f32s(&format!("alexnet.{tensor}"));
        let quantity = format!("{} of alexnet: map, of the largest", method.title);
        table.note(quantity, against, relative(found, &expected), TOLERANCE);
    }

    fn cams(&self, table: &mut Table) {
        let of = |method, sign: Sign| {
            map(
                (method, sign.into()),
                &self.classifier,
                &self.image,
                self.target,
            )
        };
        for method in [
            &gradcam_plus_plus::METHOD,
            &layercam::METHOD,
            &scorecam::METHOD,
            &ablationcam::METHOD,
        ] {
            let found = of(method, Sign::Positive);
            self.note(table, method, method.kind, "pytorch-grad-cam", &found);
        }
        let mut found = of(&eigencam::METHOD, Sign::Signed);
        let expected = self.file.f32s("alexnet.eigencam");
        // The package's sign is that of its singular value decomposition.
        if found[0] * expected[0] < 0.0 {
            for value in &mut found {
                *value = -*value;
            }
        }
        self.note(
            table,
            &eigencam::METHOD,
            "eigencam",
            "pytorch-grad-cam",
            &found,
        );
    }

    fn gradients(&self, table: &mut Table) {
        let of = |method: &Map, sign: Sign| {
            let mapping = Mapping {
                points: Some(1),
                ..sign.into()
            };
            some(&map(
                (method, mapping),
                &self.classifier,
                &self.image,
                self.target,
            ))
        };
        let mut note = |method: &Map, tensor: &str, found: &[f32]| {
            self.note(table, method, tensor, "captum", found);
        };
        let method = &gradient::METHOD;
        note(method, "gradient", &of(method, Sign::Absolute));
        let method = &input_x_gradient::METHOD;
        note(method, "input_x_gradient", &of(method, Sign::Signed));
        note(&smoothgrad::METHOD, "smoothgrad", &some(&self.smoothgrad()));
    }

    /// With the noise of the oracle in place of that of a seed.
    fn smoothgrad(&self) -> Vec<f32> {
        let Reads::Inputs(inputs) = smoothgrad::METHOD.run else {
            panic!("SmoothGrad takes gradients at inputs")
        };
        let mapping = Mapping {
            points: Some(2),
            ..Sign::Absolute.into()
        };
        let (input, target) = (self.classifier.input(&self.image), self.target);
        let sample = Sample {
            input: &input,
            baseline: &[],
            seed: Seed([0; 32]),
        };
        let noisy = |place: usize| {
            let values = input.iter().enumerate();
            let noisy = values.map(|(number, &value)| {
                let noise = (0.37 * number as f64 + place as f64).sin();
                (f64::from(value) + 0.1 * noise) as f32
            });
            (noisy.collect(), target)
        };
        let mut sums = vec![0.0; input.len()];
        let size = [self.image.height(), self.image.width()];
        let mut add = |place: usize, gradient: &[f32]| {
            (inputs.add)(&mapping, &sample, place, gradient, &mut sums);
        };
        let done = self
            .classifier
            .input_gradients(2, size, &noisy, &mut add, &|| false);
        done.unwrap();
        mapping.over_channels(&sums, CHANNELS).0
    }
}

/// Every 7th value, as the oracle keeps them.
fn some(map: &[f32]) -> Vec<f32> {
    map.iter().skip(3).step_by(7).copied().collect()
}
