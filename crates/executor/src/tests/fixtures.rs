//! Networks from `.pt2` files beside what PyTorch computed with them; `scripts/oracles/graphs.py` wrote both.

use std::path::PathBuf;

use safetensors::SafeTensors;

use super::*;

pub(super) const NAMES: [&str; 11] = [
    "convnext",
    "deit",
    "detached",
    "dinov3",
    "efficientnet",
    "half",
    "mobilenet",
    "resnet",
    "rest",
    "swin",
    "vit",
];

/// A network, the value of the layer that was watched, and what PyTorch gave: logits, activation, gradient.
pub(super) struct Fixture {
    bytes: Vec<u8>,
    pub layer: String,
    pub expected: [Tensor; 3],
}

impl Fixture {
    pub(super) fn read(name: &str) -> Self {
        let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../graph/fixtures"));
        let expected = std::fs::read(folder.join(name).with_extension("safetensors")).unwrap();
        let (_, metadata) = SafeTensors::read_metadata(&expected).unwrap();
        let tensors = SafeTensors::deserialize(&expected).unwrap();
        let tensor = |name: &str| {
            let view = tensors.tensor(name).unwrap();
            let shape: Vec<i64> = view.shape().iter().map(|&side| side as i64).collect();
            Tensor::from_data_size(view.data(), &shape, Kind::Float)
        };
        Self {
            bytes: std::fs::read(folder.join(name).with_extension("pt2")).unwrap(),
            layer: metadata.metadata().as_ref().unwrap()["layer"].clone(),
            expected: ["logits", "activation", "gradient"].map(tensor),
        }
    }

    pub(super) fn executor(&self) -> Executor {
        crate::open(&graph::pt2::read(&self.bytes).unwrap()).unwrap()
    }

    /// The images of `scripts/oracles/graphs.py`.
    pub(super) fn images(&self) -> Tensor {
        let side = graph::pt2::read(&self.bytes).unwrap().size[0].unwrap_or(32);
        let number = |index: u64| {
            let mut mixed = ((index + 1) * 2_654_435_761 + 40_503) & 0xFFFF_FFFF;
            mixed = ((mixed ^ (mixed >> 15)) * 2_246_822_519) & 0xFFFF_FFFF;
            (mixed as f64 / f64::from(1_u32 << 31) - 1.0) as f32
        };
        let numbers: Vec<f32> = (0..(2 * 3 * side * side) as u64).map(number).collect();
        Tensor::from_slice(&numbers).view([2, 3, side, side])
    }

    /// Checks what PyTorch computed against a network's executor, plain and prepared: logits, and the activation and gradient at the layer.
    pub(super) fn assert_equal(&self, name: &str, open: impl Fn() -> Executor) {
        let plain = open();
        let layer = plain.graph().find(&self.layer).unwrap();
        let prepared = open().prepared(SINGLE, &[layer]).unwrap();
        for (how, executor) in [("plain", plain), ("prepared", prepared)] {
            let found = through(&executor, layer, &self.images());
            let pairs = found.iter().zip(&self.expected);
            for ((found, expected), what) in pairs.zip(["logits", "activation", "gradient"]) {
                let difference = difference(found, expected);
                assert!(difference < 1e-5, "{name} {how} {what} {difference}");
            }
        }
    }
}

#[test]
fn networks_from_files_compute_what_pytorch_computes() {
    for name in NAMES {
        let fixture = Fixture::read(name);
        fixture.assert_equal(name, || fixture.executor());
    }
}

#[test]
fn prepared_networks_from_files_give_what_plain_ones_give() {
    for name in NAMES {
        let fixture = Fixture::read(name);
        let plain = fixture.executor();
        let layer = plain.graph().find(&fixture.layer).unwrap();
        // In f64 the first run is prepared without any watched value, so that everything is folded that can be.
        let prepared = fixture.executor().prepared(DOUBLE, &[]).unwrap();
        let images = fixture.images();
        let run = |executor: &Executor| {
            executor.run(
                &[(executor.graph().input, images.shallow_clone())],
                &executor.outputs(),
            )
        };
        let (expected, found) = (run(&plain).unwrap(), run(&prepared).unwrap());
        assert!(difference(&found[0], &expected[0]) < 1e-5, "{name}");
        let bf16 = fixture.executor().prepared(BF16, &[layer]).unwrap();
        let found = run(&bf16).unwrap();
        assert_eq!(found[0].kind(), Kind::Float);
        assert!(
            difference(&found[0], &expected[0]) < 0.15,
            "{name} {}",
            difference(&found[0], &expected[0])
        );
    }
}

/// What is given in the middle is laid out as it would be on the way.
#[test]
fn the_halves_of_networks_from_files_give_their_logits() {
    for name in NAMES {
        let fixture = Fixture::read(name);
        let layer = fixture.executor().graph().find(&fixture.layer).unwrap();
        let executor = fixture.executor().prepared(SINGLE, &[layer]).unwrap();
        let given = [(executor.graph().input, fixture.images())];
        let whole = executor.run(&given, &executor.outputs()).unwrap();
        let [logits, ..] = through(&executor, layer, &fixture.images());
        assert!(
            logits.equal(&whole[0]),
            "{name} {}",
            difference(&logits, &whole[0])
        );
    }
}

#[test]
fn only_chains_of_what_onednn_has_are_in_its_layout() {
    // The only convolution of `half` is such a chain.
    for name in NAMES.into_iter().filter(|&name| name != "half") {
        let executor = Fixture::read(name)
            .executor()
            .prepared(SINGLE, &[])
            .unwrap();
        assert!(
            executor.channels_last && executor.styles.iter().all(|style| !style.onednn),
            "{name}"
        );
    }
    for name in KINDS {
        let executor = plain(&built(name), Kind::Float)
            .prepared(SINGLE, &[])
            .unwrap();
        assert!(!executor.channels_last, "{name}");
    }
}

#[test]
fn batches_of_any_size_are_answered() {
    for name in NAMES {
        let fixture = Fixture::read(name);
        let executor = fixture.executor().prepared(SINGLE, &[]).unwrap();
        let run = |images: Tensor| {
            executor
                .run(&[(executor.graph().input, images)], &executor.outputs())
                .unwrap()
                .remove(0)
        };
        let all = run(fixture.images().repeat([4, 1, 1, 1]).narrow(0, 0, 7));
        let one = run(fixture.images().narrow(0, 1, 1));
        for row in [1, 3, 5] {
            assert!(difference(&all.narrow(0, row, 1), &one) < 1e-5, "{name}");
        }
    }
}
