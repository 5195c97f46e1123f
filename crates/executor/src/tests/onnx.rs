//! Networks from ONNX files compared with what ONNX Runtime computed with them, and with what PyTorch computed before they were exported;
//! `scripts/oracles/onnx_graphs.py` and `graphs.py` wrote both.

use std::path::PathBuf;

use graph::onnx::{Content, read};
use safetensors::SafeTensors;

use super::fixtures::Fixture;
use super::*;

/// Those that are `.pt2` files too.
const EXPORTED: [&str; 8] = [
    "convnext",
    "deit",
    "efficientnet",
    "mobilenet",
    "resnet",
    "rest",
    "swin",
    "vit",
];
/// Those that were written operator by operator.
const WRITTEN: [&str; 2] = ["channels_last", "older"];

fn file(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../graph/fixtures"));
    std::fs::read(folder.join(name)).unwrap()
}

fn opened(name: &str) -> Executor {
    let bytes = file(&format!("{name}.onnx"));
    let content = Content::whole(&bytes).unwrap();
    crate::open_onnx(&read(&content, None).unwrap()).unwrap()
}

/// The logits of ONNX Runtime.
fn expected(name: &str) -> Tensor {
    let bytes = file("onnx.safetensors");
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let view = tensors.tensor(name).unwrap();
    let shape: Vec<i64> = view.shape().iter().map(|&side| side as i64).collect();
    Tensor::from_data_size(view.data(), &shape, Kind::Float)
}

fn run(executor: &Executor, images: Tensor) -> Tensor {
    let given = [(executor.graph().input, images)];
    tch::no_grad(|| executor.run(&given, &executor.outputs()).unwrap().remove(0))
}

#[test]
fn networks_compute_what_onnx_runtime_computes() {
    for name in EXPORTED.into_iter().chain(WRITTEN) {
        let (images, expected) = (Fixture::read("vit").images(), expected(name));
        let prepared = opened(name).prepared(SINGLE, &[]).unwrap();
        for (how, executor) in [("plain", opened(name)), ("prepared", prepared)] {
            let difference = difference(&run(&executor, images.shallow_clone()), &expected);
            // Those written by hand have norms over few numbers, which enlarge rounding.
            let most = if WRITTEN.contains(&name) { 1e-4 } else { 1e-5 };
            assert!(difference < most, "{name} {how} {difference}");
        }
    }
}

/// So Grad-CAM is that of the same network as `.pt2`.
#[test]
fn layers_and_their_gradients_are_those_of_pytorch() {
    for name in EXPORTED {
        Fixture::read(name).assert_equal(name, || opened(name));
    }
}

/// The same layer is read by default as of the same network as `.pt2`.
#[test]
fn the_default_layer_is_that_of_other_files() {
    for name in EXPORTED {
        let fixture = Fixture::read(name);
        let images = fixture.images();
        let usual = |executor: &Executor| {
            let shapes = executor.shapes(&images).unwrap();
            let layer = executor.default_layer(&shapes, &images).unwrap();
            layer.unwrap()
        };
        let (found, expected) = (usual(&opened(name)), usual(&fixture.executor()));
        assert_eq!(
            (found.layout, &found.shape),
            (expected.layout, &expected.shape),
            "{name}"
        );
        // What the network itself computes is called as its exporter likes.
        if name != "rest" {
            assert_eq!(found.name, expected.name, "{name}");
        }
    }
}

#[test]
fn batches_of_any_size_are_answered() {
    for name in EXPORTED.into_iter().chain(WRITTEN) {
        let images = Fixture::read("vit").images();
        let executor = opened(name).prepared(SINGLE, &[]).unwrap();
        let all = run(&executor, images.repeat([4, 1, 1, 1]).narrow(0, 0, 7));
        let one = run(&executor, images.narrow(0, 1, 1));
        for row in [1, 3, 5] {
            let difference = difference(&all.narrow(0, row, 1), &one);
            assert!(difference < 1e-5, "{name} {difference}");
        }
    }
}
