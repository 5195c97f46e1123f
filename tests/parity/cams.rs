//! Grad-CAM beside autograd, pytorch-grad-cam and captum.

use cam::Dims;
use networks::{Classifier, Normalisation};

use super::fixture;
use super::networks::{full, script};
use super::numbers::{Numbers, relative};
use super::table::{Table, Tolerance};

/// Of the largest value of each quantity.
const TOLERANCE: Tolerance = Tolerance::AtMost(1e-5);
const TARGETS: usize = 2;

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("networks.safetensors"));
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
            compare_one(
                table,
                &file,
                &classifier,
                &format!("{name}.{index}"),
                target,
            );
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
    let layer = classifier.gradients(&image, target).unwrap();
    let [channels, height, width] = layer.shape;
    let dims = Dims {
        channels,
        height,
        width,
    };
    let weights = cam::channel_weights(&layer.gradients, dims).unwrap();
    let map = gradcam::saliency::saliency(classifier, &image, target)
        .unwrap()
        .values;
    let enlarged = cam::enlarge(&map, [height, width], [image.height(), image.width()]).unwrap();
    let network = case.split('.').next().unwrap();
    let mut note = |quantity: &str, against, found: &[f32], tensor: &str| {
        let tensor = format!("{case}.{tensor}");
        if file.has(&tensor) {
            let quantity = format!("Grad-CAM of {network}: {quantity}, of the largest");
            table.note(
                quantity,
                against,
                relative(found, &file.f32s(&tensor)),
                TOLERANCE,
            );
        }
    };
    note("channel weights", "autograd", &weights, "channel_weights");
    note("map", "autograd", &map, "map");
    note("map", "pytorch-grad-cam", &map, "grad_cam");
    note("map", "captum", &map, "captum");
    note("enlarged map", "autograd", &enlarged, "enlarged");
}
