//! Logits beside torchvision's and PyTorch's: full width with weights by a formula, narrow ones from `.pth` files, and a program.

use std::path::Path;

use networks::{
    Architecture, Classifier, GraphFile, Methods, Network, Normalisation, Precision, Width,
};

use super::fixture;
use super::formula;
use super::numbers::{Numbers, relative};
use super::table::{Table, Tolerance};

/// Of a network's logits, relative to the largest.
pub(super) const LOGITS: Tolerance = Tolerance::AtMost(1e-4);
/// Width of the networks in the `.pth` files.
const NARROW: f64 = 1.0 / 32.0;
/// Endings of those files, in words.
const FORMS: [(&str, &str); 2] = [("", ".pth"), ("_legacy", ".pth in the older form")];

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("networks.safetensors"));
    let image = file.image("image");
    let mut note = |quantity: String, against, classifier: &Classifier, expected: &str| {
        let found = classifier.logits(&image).unwrap();
        table.note(
            quantity,
            against,
            relative(&found, &file.f32s(expected)),
            LOGITS,
        );
    };
    for name in ["alexnet", "resnet50"] {
        let quantity = format!("logits of {name} at full width, of the largest");
        note(
            quantity,
            "torchvision",
            &full(name),
            &format!("{name}.logits"),
        );
    }
    for name in ["alexnet", "resnet50"] {
        for (ending, form) in FORMS {
            let path = fixture(&format!("{name}_narrow{ending}.pth"));
            let quantity = format!("logits of a narrow {name} from {form}, of the largest");
            let classifier = load(&path, name, NARROW);
            note(
                quantity,
                "torchvision",
                &classifier,
                &format!("{name}_narrow.logits"),
            );
        }
    }
    let quantity = "logits of a TorchScript network, of the largest".to_owned();
    note(
        quantity,
        "PyTorch",
        &script(Normalisation::IMAGENET, [128, 160]),
        "script.logits",
    );
}

/// A torchvision network at full width, read from a safetensors file of formula weights.
pub(super) fn full(name: &str) -> Classifier {
    let architecture = name.parse().unwrap();
    let bytes = formula::weight_file(architecture, 1.0, 1000);
    classifier(Path::new("formula.safetensors"), &bytes, architecture, 1.0)
}

/// A network in a weight file.
pub(super) fn load(path: &Path, name: &str, width: f64) -> Classifier {
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    classifier(path, &bytes, name.parse().unwrap(), width)
}

fn classifier(path: &Path, bytes: &[u8], architecture: Architecture, width: f64) -> Classifier {
    let network = network(path, bytes, architecture, width);
    Classifier::new(network, Normalisation::IMAGENET)
}

pub(super) fn network(
    path: &Path,
    bytes: &[u8],
    architecture: Architecture,
    width: f64,
) -> Network {
    let width = Width::new(width).unwrap();
    let file = GraphFile::weights(path, bytes, architecture, width);
    file.load(Precision::Fp32).unwrap().0
}

/// The program of scripts/oracles/torchscript.py.
pub(crate) fn script(normalisation: Normalisation, input: [usize; 2]) -> Classifier {
    let path = fixture("script.pt");
    let bytes = std::fs::read(&path).unwrap();
    Classifier::new(
        networks::load_script(&path, &bytes, input, &Methods::default(), Precision::Fp32)
            .unwrap()
            .0,
        normalisation,
    )
}
