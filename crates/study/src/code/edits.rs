//! What an edit of this workspace makes due in a study. Nothing is computed: keys say which code they hold.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;
use store::Store;

use super::DIGESTS;
use super::tests::{checksum, here, reached};
use crate::fixture::Folder;
use crate::plan::matrix::settle;
use crate::plan::{Plan, Subject};
use crate::{Kind, Sources};

const STUDY: &str = r#"
[study]
seed = 1
runs = 1
artifacts = "artifacts"

[images]
folder = "images"
labels = "labels.csv"
masks = "masks"
classes = "classes.txt"

[networks.alex]
architecture = "alexnet"
weights = "alex.safetensors"

[networks.res]
architecture = "resnet50"
weights = "res.safetensors"

[networks.program]
architecture = "torchscript"
weights = "program.pt"
features = "features"
head = "head"

[partitions.quick]
algorithm = "quickshift"

[partitions.squares]
algorithm = "grid"

[methods.cam]
kind = "gradcam"

[methods.lime]
kind = "lime"

[methods.open]
kind = "lime"
samples = { most = 100, top = 3 }
sampler = "paired"

[methods.random]
kind = "random"

[methods.edges]
kind = "edges"

[methods.greedy]
kind = "greedy"

[deletion]
orders = ["most_relevant_first"]
replacements = ["mean"]

[sanity]
images = 1
depths = 1
"#;

/// An action of the study, and the code that its key holds.
type Made = (Kind, Subject, BTreeSet<String>);

/// All actions of a study.
fn actions() -> Vec<Made> {
    let folder = Folder::new();
    folder.write("pipeline.toml", STUDY);
    for (path, text) in [
        ("images/a.png", "a"),
        ("masks/a.png", "a"),
        ("labels.csv", "path,label\na.png,mug\n"),
        ("classes.txt", "mug\nkey\n"),
        ("alex.safetensors", "alex"),
        ("res.safetensors", "res"),
        ("program.pt", "program"),
    ] {
        folder.write(path, text);
    }
    settle(&folder, None);
    let study = folder.study().unwrap();
    let sources = Sources::read(&study).unwrap();
    let store = Store::open(&study.artifacts).unwrap();
    let plan = Plan::new(&study, &sources, &store, Kind::Report).unwrap();
    let made = plan.all().map(|action| {
        let record = plan.record(action).unwrap();
        let preimage: Value = serde_json::from_str(&record.preimage.canonical()).unwrap();
        let (code, inputs) = (&preimage["code"], preimage["inputs"].as_object().unwrap());
        let own = DIGESTS.iter().find(|(_, digest)| code == digest);
        let named = inputs.keys().filter_map(|name| name.strip_prefix("code."));
        let units = named.chain(own.map(|(unit, _)| *unit));
        (
            action.kind,
            action.subject.clone(),
            units.map(str::to_owned).collect(),
        )
    });
    made.collect()
}

/// The kinds of actions that are due after an edit reached some code; where not all of a kind are, also of what.
fn due(actions: &[Made], reached: &[String]) -> Vec<String> {
    let is_due = |made: &&Made| reached.iter().any(|unit| made.2.contains(unit));
    let due = Kind::ALL.into_iter().filter_map(|kind| {
        let all = || actions.iter().filter(|made| made.0 == kind);
        let some: Vec<&Made> = all().filter(is_due).collect();
        if some.is_empty() {
            return None;
        }
        let names = |made: &&Made| {
            let Subject {
                network,
                partition,
                method,
                depth,
                ..
            } = &made.1;
            let text = |name: Option<String>| name.unwrap_or_default();
            [
                text(network.as_ref().map(ToString::to_string)),
                text(partition.as_ref().map(ToString::to_string)),
                text(method.as_ref().map(ToString::to_string)),
                depth.map_or("trained", |_| "random").to_owned(),
            ]
        };
        let mut text = kind.name().to_owned();
        for part in 0..4 {
            let of = |made: &mut dyn Iterator<Item = &Made>| -> BTreeSet<String> {
                made.map(|made| names(&made)[part].clone()).collect()
            };
            let found = of(&mut some.iter().copied());
            if found != of(&mut all()) {
                let _ = write!(text, "[{}]", Vec::from_iter(found).join(" "));
            }
        }
        Some(text)
    });
    due.collect()
}

/// (File, old text, new text); an empty old text adds at the end.
const MORE: &str = "fn more() {}";
const EDITS: [(&str, &str, &str); 40] = [
    ("crates/cam/src/pool.rs", "sum / pixels as f64", "sum"),
    ("crates/cam/src/layer.rs", "", MORE),
    ("crates/config/src/lib.rs", "", MORE),
    ("crates/methods/src/kinds.rs", "", MORE),
    ("crates/methods/src/kinds/gradcam.rs", "", MORE),
    ("crates/methods/src/kinds/greedy.rs", "", MORE),
    ("crates/methods/src/kinds/lime.rs", "", MORE),
    ("crates/infer/src/targets.rs", "", MORE),
    ("crates/removal/src/order.rs", "", MORE),
    (
        "crates/removal/src/areas.rs",
        "auc_mean: auc / (",
        "auc_mean: auc * (",
    ),
    ("crates/removal/src/steps.rs", "", MORE),
    ("crates/sampling/src/samplers/hadamard.rs", "& 1", "& 2"),
    (
        "crates/sampling/src/samplers/coin.rs",
        "sample > 0",
        "sample > 1",
    ),
    ("crates/sampling/src/samplers.rs", "", MORE),
    ("crates/sampling/src/seed.rs", "", MORE),
    ("crates/imaging/src/decode.rs", "", MORE),
    ("crates/imaging/src/blur.rs", "", MORE),
    ("crates/checkpoint/src/torch.rs", "", MORE),
    ("crates/networks/src/loading/weights.rs", "", MORE),
    ("crates/graph/src/builders/resnet.rs", "", MORE),
    ("crates/graph/src/op.rs", "", MORE),
    ("crates/executor/src/operators.rs", "", MORE),
    ("crates/networks/src/families/graphed.rs", "", MORE),
    ("crates/networks/src/families/script.rs", "", MORE),
    ("crates/networks/src/painter.rs", "", MORE),
    ("crates/networks/src/randomized.rs", "", MORE),
    ("crates/networks/src/lib.rs", "", MORE),
    ("crates/architectures/src/lib.rs", "", MORE),
    (
        "crates/networks/src/error.rs",
        "#[error(\"",
        "#[error(\"sadly: ",
    ),
    ("crates/interpolation/src/system.rs", "", MORE),
    ("crates/surrogate/src/kernel.rs", "", MORE),
    ("crates/statistics/src/holm.rs", "", MORE),
    ("crates/measures/src/explanations.rs", "", MORE),
    ("crates/pages/src/style.css", "", "p {}"),
    ("crates/stage/src/session.rs", "", MORE),
    ("crates/schema/src/lib.rs", "", MORE),
    ("Cargo.lock", "zip", ""),
    ("Cargo.lock", "png", ""),
    ("Cargo.lock", "thiserror", ""),
    ("Cargo.lock", "tch", ""),
];

/// Edits that change no answer of a network.
const NO_PASS: [&str; 10] = [
    "crates/cam/src/pool.rs",
    "crates/methods/src/kinds.rs",
    "crates/removal/src/areas.rs",
    "crates/sampling/src/samplers/hadamard.rs",
    "crates/imaging/src/decode.rs",
    "crates/checkpoint/src/torch.rs",
    "crates/networks/src/loading/weights.rs",
    "crates/networks/src/error.rs",
    "crates/architectures/src/lib.rs",
    "Cargo.lock zip",
];

#[test]
fn an_edit_makes_due_what_uses_it_and_nothing_else() {
    let (workspace, plain) = here();
    assert_eq!(plain.len(), DIGESTS.len());
    let actions = actions();
    let mut text = String::new();
    for (path, old, new) in EDITS {
        let (what, reached) = if path == "Cargo.lock" {
            let (old, new) = (checksum(old), format!("another {old}"));
            let what = new.replace("another", path);
            (what, reached(&workspace, &plain, path, &old, &new))
        } else {
            let what = if old.is_empty() || new == MORE {
                path.to_owned()
            } else {
                format!("{path} {new}")
            };
            (what, reached(&workspace, &plain, path, old, new))
        };
        let due = due(&actions, &reached);
        let _ = writeln!(text, "{what}: {}", due.join(" "));
        let passes = ["logits", "perturbations", "curves"];
        let passes = due
            .iter()
            .any(|kind| passes.iter().any(|pass| kind.starts_with(pass)));
        let none = NO_PASS.iter().any(|edit| what.starts_with(edit));
        assert!(!(none && passes), "{what}: {due:?}");
    }
    insta::with_settings!({
        description => "The kinds of actions that each edit makes due; where not all of a kind are, in brackets of what. To accept: \
                        INSTA_UPDATE=always cargo test --release -p study an_edit_makes_due",
        omit_expression => true,
    }, {
        insta::assert_snapshot!("edits", text);
    });
}
