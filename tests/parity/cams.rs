//! Grad-CAM and `HiResCAM` beside autograd, pytorch-grad-cam and captum.

use std::path::Path;

use cam::Layer;
use methods::Sign;
use methods::kinds::gradcam::{METHOD, channel_weights};
use methods::kinds::hirescam;
use networks::{Classifier, GraphFile, Normalisation, Precision};

use super::fixture;
use super::maps::map;
use super::networks::{full, script};
use super::numbers::{Numbers, relative};
use super::table::{Table, Tolerance};

/// Of the largest value of each quantity.
const TOLERANCE: Tolerance = Tolerance::AtMost(1e-5);
const TARGETS: usize = 2;

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("networks.safetensors"));
    let hirescams = Numbers::read(&fixture("hirescam.safetensors"));
    for name in ["alexnet", "resnet50", "script"] {
        let classifier = match name {
            "script" => script(Normalisation::IMAGENET, [128, 160]),
            _ => full(name),
        };
        for (index, target) in file
            .integers(&format!("{name}.targets"))
            .into_iter()
            .enumerate()
        {
            let case = format!("{name}.{index}");
            compare_one(table, &file, &classifier, &case, target);
            compare_hirescam(table, (&file, &hirescams), &classifier, &case, target);
        }
        assert_eq!(file.integers(&format!("{name}.targets")).len(), TARGETS);
    }
}

fn compare_one(
    table: &mut Table,
    file: &Numbers,
    classifier: &Classifier,
    case: &str,
    target: usize,
) {
    let image = file.image("image");
    let layer = classifier.gradients(&[(&image, target)]).unwrap().remove(0);
    let [_, height, width] = layer.shape;
    let arrays = Layer::new(&layer.activations, &layer.gradients, layer.shape).unwrap();
    let weights = channel_weights(&arrays);
    let map = map((&METHOD, Sign::Positive.into()), classifier, &image, target);
    let enlarged = cam::enlarge(&map, [height, width], [image.height(), image.width()]).unwrap();
    let network = case.split('.').next().unwrap();
    let mut note = |quantity: &str, against, found: &[f32], tensor: &str| {
        let quantity = format!("Grad-CAM of {network}: {quantity}, of the largest");
        let expected = file.f32s(&format!("{case}.{tensor}"));
        table.note(quantity, against, relative(found, &expected), TOLERANCE);
    };
    note("channel weights", "autograd", &weights, "channel_weights");
    note("map", "autograd", &map, "map");
    note("map", "pytorch-grad-cam", &map, "grad_cam");
    note("map", "captum", &map, "captum");
    // The first target's only, for the size of the file.
    if case.ends_with(".0") {
        let scaled = scaled(&enlarged);
        note("enlarged map", "PyTorch", &enlarged, "enlarged");
        note(
            "enlarged map, scaled",
            "pytorch-grad-cam",
            &scaled,
            "grad_cam_enlarged",
        );
    }
}

/// `HiResCAM` of `AlexNet` beside its references; of ResNet-50, whose layer feeds global pooling and one linear layer, beside Grad-CAM.
fn compare_hirescam(
    table: &mut Table,
    (cams, hirescams): (&Numbers, &Numbers),
    classifier: &Classifier,
    case: &str,
    target: usize,
) {
    let image = cams.image("image");
    let found = || {
        map(
            (&hirescam::METHOD, Sign::Positive.into()),
            classifier,
            &image,
            target,
        )
    };
    let network = case.split('.').next().unwrap();
    let mut note = |against, expected: &[f32]| {
        let quantity = format!("HiResCAM of {network}: map, of the largest");
        table.note(quantity, against, relative(&found(), expected), TOLERANCE);
    };
    match network {
        "alexnet" => {
            note("autograd", &hirescams.f32s(&format!("{case}.map")));
            note(
                "pytorch-grad-cam",
                &hirescams.f32s(&format!("{case}.hirescam")),
            );
        }
        "resnet50" => note("Grad-CAM by autograd", &cams.f32s(&format!("{case}.map"))),
        _ => {}
    }
}

/// Grad-CAM of vision transformers in .pt2 files, at their default layers, beside the package with its reshape transforms.
pub(super) fn compare_tokens(table: &mut Table, folder: &Path, networks: &[&str]) {
    let file = Numbers::read(&folder.join("token_cams.safetensors"));
    let image = file.image("image");
    for name in networks {
        let path = folder.join(format!("{name}.pt2"));
        let bytes =
            std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let graph = GraphFile::exported(&path, &bytes, image.width(), None);
        let (network, _) = graph.load(Precision::Fp32).unwrap();
        let classifier = Classifier::new(network, Normalisation::IMAGENET);
        let target = file.integers(&format!("{name}.target"))[0];
        let found = map(
            (&METHOD, Sign::Positive.into()),
            &classifier,
            &image,
            target,
        );
        let expected = file.f32s(&format!("{name}.map"));
        table.note(
            format!("Grad-CAM of {name}.pt2: map, of the largest"),
            "pytorch-grad-cam",
            relative(&found, &expected),
            TOLERANCE,
        );
    }
}

/// From 0 to 1, as the package leaves its maps.
fn scaled(map: &[f32]) -> Vec<f32> {
    let least = map.iter().copied().fold(f32::INFINITY, f32::min);
    let most = map.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    map.iter()
        .map(|value| (value - least) / (most - least))
        .collect()
}
