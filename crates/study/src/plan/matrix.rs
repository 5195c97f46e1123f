//! Every field that can be flipped, and the kinds of action that are recomputed: those that read it, and no others.
//!
//! Nothing is computed: actions are published with results that depend on what they are about only, so that an action that is
//! recomputed gives what it gave before, unless the test asks for another result. What a line of code changes is `code`'s affair.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use parts::Part;
use serde_json::{Value, json};
use store::{Cost, Environment, Store};

use super::{Plan, State, Subject, facet};
use crate::fixture::Folder;
use crate::{Kind, Sources};

const STUDY: &str = r#"
[study]
seed = 1
runs = 2
artifacts = "artifacts"

[images]
folder = "images"
labels = "labels.csv"
masks = "masks"
classes = "classes.txt"
interpolation = "bilinear"
resize = 256
crop = 224
target = "predicted"
require_correct = true

[networks.one]
architecture = "alexnet"
weights = "one.safetensors"
width = 0.25
layer = "features.11"
temperature = 1.0
mean = [0.5, 0.5, 0.5]
std = [0.2, 0.2, 0.2]

[networks.two]
architecture = "resnet50"
weights = "two.safetensors"

[partitions.quick]
algorithm = "quickshift"
kernel_size = 4
max_dist = 200
ratio = 0.2

[partitions.clusters]
algorithm = "slic"
superpixels = 50
compactness = 10
sigma = 0

[partitions.graph]
algorithm = "felzenszwalb"
scale = 100
sigma = 0.5
min_size = 50

[partitions.squares]
algorithm = "grid"
rows = 7
columns = 6

[methods.cam]
kind = "gradcam"

[methods.lime]
kind = "lime"
samples = 100
sampler = "coin"
precision = "fp32"
distance = "cosine"
kernel_width = 0.25
alpha = 1.0
features = "all"
replacement = "mean"

[methods.shuffled]
kind = "random"
orders = 2
partitions = ["quick"]

[methods.drawn]
kind = "edges"
partitions = ["quick"]

[methods.best]
kind = "oracle"
partitions = ["quick"]

[deletion]
orders = ["most_relevant_first"]
replacements = ["mean", "noisy_linear"]
noise = 0.01

[evaluate]
resamples = 1000
confidence = 0.95
agreement = 0.9

[sanity]
images = 1
depths = 2

[report]
title = "A study"

[compute]
threads = 2
device = "cpu"
"#;

/// The first measure, which stands for all: they differ in what they read, and that is declared once.
const MEASURE: Kind = Kind::Measure(measures::Kind::ALL[0]);

/// The kinds whose key holds the digest of a network's weights, or a setting of the network.
const NETWORK: [Kind; 6] = [
    Kind::Logits,
    Kind::Saliency,
    Kind::Perturbations,
    Kind::Relevances,
    Kind::Curves,
    Kind::Deletions,
];
/// Settings of one network, and what they become.
const NETWORK_SETTINGS: [(&str, &str); 3] = [
    ("width = 0.25", "width = 0.5"),
    ("mean = [0.5, 0.5, 0.5]", "mean = [0.5, 0.5, 0.4]"),
    ("std = [0.2, 0.2, 0.2]", "std = [0.2, 0.3, 0.2]"),
];
/// Where a number of samples becomes open, alpha grows with it.
const OPEN: &[Kind] = &[
    Kind::Perturbations,
    Kind::Weights,
    Kind::Relevances,
    Kind::Agreement,
];
/// Other settings, what they become, and which kinds read them.
const SETTINGS: [(&str, &str, &[Kind]); 40] = [
    (
        "seed = 1",
        "seed = 2",
        &[
            Kind::Perturbations,
            Kind::Relevances,
            Kind::Curves,
            Kind::Deletions,
            Kind::Comparisons,
        ],
    ),
    (
        "noise = 0.01",
        "noise = 0.02",
        &[Kind::Relevances, Kind::Curves, Kind::Deletions],
    ),
    // What is not removed alone is in no row, so that nothing else changes.
    ("noise = 0.01", "noise = 0.01\nsingles = false", &[]),
    (
        "kind = \"edges\"",
        "kind = \"greedy\"",
        &[
            Kind::Relevances,
            Kind::Curves,
            Kind::Scores,
            MEASURE,
            Kind::Comparisons,
        ],
    ),
    ("resize = 256", "resize = 255", &[Kind::Crops]),
    ("resize = 256", "resize = \"squash\"", &[Kind::Crops]),
    (
        "interpolation = \"bilinear\"",
        "interpolation = \"bicubic\"",
        &[Kind::Crops],
    ),
    (
        "layer = \"features.11\"",
        "layer = \"features.12\"",
        &[Kind::Saliency, Kind::Relevances],
    ),
    (
        "temperature = 1.0",
        "temperature = 1.5",
        &[
            Kind::Logits,
            Kind::Targets,
            Kind::Perturbations,
            Kind::Relevances,
            Kind::Curves,
            Kind::Deletions,
        ],
    ),
    (
        "std = [0.2, 0.2, 0.2]\n\n[networks.two]",
        "std = [0.2, 0.2, 0.2]\nmeasured = \"logit\"\n\n[networks.two]\nmeasured = \"logit\"",
        &[Kind::Perturbations, Kind::Relevances, Kind::Scores],
    ),
    (
        "target = \"predicted\"",
        "target = \"true\"",
        &[Kind::Targets],
    ),
    (
        "require_correct = true",
        "require_correct = false",
        &[Kind::Scores],
    ),
    ("crop = 224", "crop = 223", &[Kind::Crops]),
    ("kernel_size = 4", "kernel_size = 5", &[Kind::Segments]),
    ("max_dist = 200", "max_dist = 100", &[Kind::Segments]),
    ("ratio = 0.2", "ratio = 0.3", &[Kind::Segments]),
    ("superpixels = 50", "superpixels = 49", &[Kind::Segments]),
    ("compactness = 10", "compactness = 11", &[Kind::Segments]),
    ("sigma = 0\n", "sigma = 1\n", &[Kind::Segments]),
    ("scale = 100", "scale = 90", &[Kind::Segments]),
    ("sigma = 0.5", "sigma = 0.6", &[Kind::Segments]),
    ("min_size = 50", "min_size = 40", &[Kind::Segments]),
    ("rows = 7", "rows = 8", &[Kind::Segments]),
    ("columns = 6", "columns = 5", &[Kind::Segments]),
    (
        "samples = 100",
        "samples = 101",
        &[Kind::Perturbations, Kind::Relevances],
    ),
    ("samples = 100", "samples = { most = 100, top = 3 }", OPEN),
    (
        "samples = 100",
        "samples = { most = 100, standard_error = 0.1 }",
        OPEN,
    ),
    // The ridge has to know which samples were drawn together.
    (
        "sampler = \"coin\"",
        "sampler = \"paired\"",
        &[
            Kind::Perturbations,
            Kind::Weights,
            Kind::Relevances,
            Kind::Agreement,
        ],
    ),
    (
        "precision = \"fp32\"",
        "precision = \"mixed\"",
        &[Kind::Perturbations, Kind::Relevances],
    ),
    (
        "replacement = \"mean\"",
        "replacement = \"blur\"",
        // Whom a replacement favours is said there.
        &[Kind::Perturbations, Kind::Relevances, Kind::Comparisons],
    ),
    (
        "kernel_width = 0.25",
        "kernel_width = 0.3",
        &[Kind::Weights, Kind::Relevances, Kind::Agreement],
    ),
    (
        "distance = \"cosine\"",
        "distance = \"l2\"",
        &[Kind::Weights, Kind::Relevances, Kind::Agreement],
    ),
    (
        "alpha = 1.0",
        "alpha = 2.0",
        &[Kind::Weights, Kind::Relevances, Kind::Agreement],
    ),
    (
        "features = \"all\"",
        "features = { count = 3, selection = \"highest_weights\" }",
        &[Kind::Weights, Kind::Relevances, Kind::Agreement],
    ),
    ("resamples = 1000", "resamples = 2000", &[Kind::Comparisons]),
    (
        "confidence = 0.95",
        "confidence = 0.9",
        &[Kind::Comparisons],
    ),
    ("agreement = 0.9", "agreement = 0.8", &[Kind::Agreement]),
    (
        "images = 1",
        "images = 2",
        &[Kind::Relevances, Kind::Sanity],
    ),
    (
        "depths = 2",
        "depths = 1",
        &[Kind::Relevances, Kind::Sanity],
    ),
    (
        "kind = \"gradcam\"",
        "kind = \"gradcam\"\npartitions = [\"quick\"]",
        &[Kind::Scores, Kind::Sanity, MEASURE],
    ),
];
/// Values that are read of an earlier action, and by which kinds.
const FACETS: [(Kind, &str, &[Kind]); 9] = [
    (
        Kind::Crops,
        parts::Pixels::FACET,
        &[
            Kind::Segments,
            Kind::Logits,
            Kind::Saliency,
            Kind::Perturbations,
            Kind::Relevances,
            Kind::Curves,
            Kind::Deletions,
        ],
    ),
    (
        Kind::Segments,
        parts::Labels::FACET,
        &[
            Kind::Perturbations,
            Kind::Relevances,
            Kind::Curves,
            Kind::Deletions,
        ],
    ),
    (Kind::Segments, facet::SUPERPIXELS, &[Kind::Relevances]),
    (Kind::Logits, parts::LogitValues::FACET, &[Kind::Targets]),
    (
        Kind::Targets,
        facet::TARGET_CLASS,
        &[
            Kind::Saliency,
            Kind::Perturbations,
            Kind::Relevances,
            Kind::Curves,
            Kind::Deletions,
        ],
    ),
    (Kind::Saliency, parts::Map::FACET, &[Kind::Relevances]),
    (Kind::Perturbations, parts::Answers::FACET, &[Kind::Weights]),
    (
        Kind::Weights,
        parts::SurrogateWeights::FACET,
        &[Kind::Relevances],
    ),
    (
        Kind::Relevances,
        parts::RemovalOrder::FACET,
        &[Kind::Curves],
    ),
];

fn folder() -> Folder {
    let folder = Folder::new();
    folder.write("pipeline.toml", STUDY);
    for image in ["a", "b"] {
        folder.write(&format!("images/{image}.png"), image);
        folder.write(&format!("masks/{image}.png"), image);
    }
    folder.write("labels.csv", "path,label\na.png,mug\nb.png,key\n");
    folder.write("classes.txt", "mug\nkey\n");
    for network in ["one", "two"] {
        folder.write(&format!("{network}.safetensors"), network);
    }
    folder
}

/// A facet of an action that is to have another value than it usually has.
type Other<'a> = Option<(Kind, &'a str)>;

/// Brings a study up to date, and says of each kind what was made.
pub(crate) fn settle(folder: &Folder, other: Other<'_>) -> BTreeMap<Kind, BTreeSet<Subject>> {
    settle_with(folder, other, 12)
}

/// The same with so many superpixels in every image.
fn settle_with(
    folder: &Folder,
    other: Other<'_>,
    superpixels: u32,
) -> BTreeMap<Kind, BTreeSet<Subject>> {
    let study = folder.study().unwrap();
    let sources = Sources::read(&study).unwrap();
    let store = Store::open(&study.artifacts).unwrap();
    let mut made = BTreeMap::new();
    for kind in Kind::ALL {
        let plan = Plan::new(&study, &sources, &store, kind).unwrap();
        let mut subjects = BTreeSet::new();
        let mut actions = Vec::new();
        for action in plan.of(kind) {
            match &action.state {
                State::Done { .. } => {}
                State::Waiting => panic!("{kind} waits"),
                State::Due { preimage, .. } => {
                    subjects.insert(action.subject.clone());
                    actions.push(published(
                        kind,
                        &action.subject,
                        preimage,
                        other,
                        superpixels,
                    ));
                }
            }
        }
        for result in store.publish_many(&actions) {
            result.unwrap();
        }
        if kind == Kind::Report {
            let key = actions
                .first()
                .map(|action| action.preimage.key().to_string());
            let files = key.map(|key| (super::REPORT_KEY.to_owned(), key.into_bytes()));
            store.publish_report(&Vec::from_iter(files)).unwrap();
        }
        if !subjects.is_empty() {
            made.insert(kind, subjects);
        }
    }
    made
}

/// An action with a result that depends on what it is about only.
fn published(
    kind: Kind,
    subject: &Subject,
    preimage: &store::Preimage,
    other: Other<'_>,
    superpixels: u32,
) -> store::Action {
    let about = format!("{kind} {subject:?}");
    let names = kind.facets();
    let value = |name: &str| match (other == Some((kind, name)), name) {
        (_, facet::CORRECT) => json!(true),
        (_, facet::CASCADE) => {
            json!({"random_layers": 1, "layers": 2, "lowest_random_layer": "fc"})
        }
        (is_other, facet::TARGET_CLASS) => json!(i32::from(is_other)),
        (is_other, facet::SUPERPIXELS) => json!(superpixels - u32::from(is_other)),
        (is_other, _) => json!(format!("{about} {is_other}")),
    };
    let row = schema::Exclusion {
        image: about.clone(),
        reason: String::new(),
        network: None,
        predicted_label: None,
        true_label: None,
        partition: None,
        method: None,
    };
    let tables = match kind {
        Kind::Report => Vec::new(),
        _ => vec![store::encode(&[row]).unwrap()],
    };
    let facets: BTreeMap<String, Value> = names
        .iter()
        .map(|name| ((*name).to_owned(), value(name)))
        .collect();
    store::Action {
        preimage: preimage.clone(),
        tables,
        facets,
        cost: Cost::default(),
        environment: Environment::here("cpu", None, "matrix"),
    }
}

/// The kinds of action that are recomputed after a change, besides the report.
fn made_after(change: impl FnOnce(&Folder), other: Other<'_>) -> Vec<Kind> {
    let folder = folder();
    settle(&folder, None);
    change(&folder);
    let made = settle(&folder, other).into_keys();
    let other = |kind: &Kind| matches!(kind, Kind::Measure(_)) && *kind != MEASURE;
    made.filter(|kind| *kind != Kind::Report && !other(kind))
        .collect()
}

fn remove(folder: &Folder, kind: Kind) {
    std::fs::remove_dir_all(folder.path("artifacts/actions").join(kind.name())).unwrap();
}

#[test]
fn a_second_look_makes_nothing() {
    let folder = folder();
    assert_eq!(settle(&folder, None).len(), Kind::ALL.len());
    assert_eq!(settle(&folder, None), BTreeMap::new());
}

#[test]
fn every_setting_is_in_the_keys_of_exactly_the_kinds_that_read_it() {
    for (old, new, kinds) in SETTINGS {
        let made = made_after(|folder| folder.edit(old, new), None);
        assert_eq!(made, kinds, "{old} to {new}");
    }
    for (old, new) in NETWORK_SETTINGS {
        assert_eq!(
            made_after(|folder| folder.edit(old, new), None),
            NETWORK,
            "{old} to {new}"
        );
    }
}

#[test]
fn every_value_that_is_read_of_an_earlier_action_is_in_the_keys_of_its_readers() {
    for (kind, name, readers) in FACETS {
        let made = made_after(|folder| remove(folder, kind), Some((kind, name)));
        let expected: Vec<Kind> = [kind].iter().chain(readers).copied().collect();
        assert_eq!(made, expected, "{kind}, {name}");
        // The same result as before stops there.
        assert_eq!(
            made_after(|folder| remove(folder, kind), None),
            [kind],
            "{kind}"
        );
    }
}

#[test]
fn every_file_is_in_the_keys_of_what_reads_it() {
    let write =
        |path: &'static str, text: &'static str| move |folder: &Folder| folder.write(path, text);
    let image = made_after(write("images/a.png", "another"), None);
    // Random numbers come from it: masks, orders, noise.
    assert_eq!(
        image,
        [
            Kind::Crops,
            Kind::Perturbations,
            Kind::Relevances,
            Kind::Curves,
            Kind::Deletions
        ]
    );
    assert_eq!(
        made_after(write("masks/a.png", "another"), None),
        [Kind::Crops]
    );
    assert_eq!(
        made_after(write("one.safetensors", "another"), None),
        NETWORK
    );
    let labels = "path,label\na.png,key\nb.png,key\n";
    assert_eq!(
        made_after(write("labels.csv", labels), None),
        [Kind::Targets]
    );
    let classes = made_after(write("classes.txt", "mug\nkey\nlamp\n"), None);
    assert_eq!(classes, [Kind::Targets, Kind::Scores]);
}

#[test]
fn a_changed_image_or_network_makes_only_its_own_again() {
    let folder = folder();
    settle(&folder, None);
    folder.write("images/b.png", "another");
    let made = settle(&folder, None);
    for kind in [
        Kind::Crops,
        Kind::Perturbations,
        Kind::Relevances,
        Kind::Curves,
        Kind::Deletions,
    ] {
        assert!(
            made[&kind].iter().all(|subject| subject.image == Some(1)),
            "{kind}"
        );
    }
    folder.write("two.safetensors", "another");
    let made = settle(&folder, None);
    for kind in NETWORK {
        let of_two = |subject: &Subject| {
            subject
                .network
                .as_ref()
                .is_some_and(|name| name.as_str() == "two")
        };
        assert!(made[&kind].iter().all(of_two), "{kind}");
    }
}

#[test]
fn nothing_else_is_in_a_key() {
    for (what, old, new) in [
        ("threads", "threads = 2", "threads = 1"),
        ("a comment", "[report]", "# what for\n[report]"),
        (
            "the order of keys",
            "rows = 7\ncolumns = 6",
            "columns = 6\nrows = 7",
        ),
        ("a written default", "alpha = 1.0\n", ""),
        ("the title", "A study", "Another"),
        ("the device", "device = \"cpu\"", "device = \"auto\""),
        (
            "the size of an input",
            "[networks.two]\n",
            "[networks.two]\ninput_size = 224\n",
        ),
    ] {
        assert_eq!(
            made_after(|folder| folder.edit(old, new), None),
            [],
            "{what}"
        );
    }
    let touched = made_after(|folder| touch_all(&folder.path(".")), None);
    assert_eq!(touched, [], "the times of files");
}

#[test]
fn the_folders_are_in_no_key() {
    let (one, other) = (folder(), folder());
    settle(&one, None);
    settle(&other, None);
    let keys = |folder: &Folder| {
        let study = folder.study().unwrap();
        let sources = Sources::read(&study).unwrap();
        let store = Store::browse(&study.artifacts);
        let plan = Plan::new(&study, &sources, &store, Kind::Report).unwrap();
        plan.all().map(super::Action::key).collect::<Vec<_>>()
    };
    assert_eq!(keys(&one), keys(&other));
}

fn touch_all(folder: &Path) {
    let now = std::time::SystemTime::now() - std::time::Duration::from_secs(100);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == "artifacts") {
            continue;
        }
        if path.is_dir() {
            touch_all(&path);
        } else {
            std::fs::File::open(&path)
                .unwrap()
                .set_modified(now)
                .unwrap();
        }
    }
}

#[test]
fn growth_makes_only_what_is_new() {
    let grow = |change: &dyn Fn(&Folder), new: &dyn Fn(&Subject) -> bool| {
        let folder = folder();
        settle(&folder, None);
        change(&folder);
        for (kind, subjects) in settle(&folder, None) {
            let whole = kind > Kind::Curves;
            assert!(whole || subjects.iter().all(new), "{kind}: {subjects:?}");
        }
    };
    grow(
        &|folder| {
            folder.write("images/c.png", "c");
            folder.write(
                "labels.csv",
                "path,label\na.png,mug\nb.png,key\nc.png,key\n",
            );
        },
        &|subject| subject.image == Some(2),
    );
    grow(
        &|folder| {
            folder.write("three.safetensors", "three");
            folder.edit(
                "[partitions.quick]",
                "[networks.three]\narchitecture = \"alexnet\"\nweights = \"three.safetensors\"\n\n[partitions.quick]",
            );
        },
        &|subject| {
            subject
                .network
                .as_ref()
                .is_some_and(|name| name.as_str() == "three")
        },
    );
    grow(
        &|folder| {
            folder.edit(
                "[deletion]",
                "[methods.more]\nkind = \"lime\"\n\n[deletion]",
            );
        },
        &|subject| {
            subject
                .method
                .as_ref()
                .is_some_and(|name| name.as_str() == "more")
        },
    );
    grow(&|folder| folder.edit("runs = 2", "runs = 3"), &|subject| {
        subject.run == Some(2)
    });
    grow(
        &|folder| folder.edit("orders = 2", "orders = 3"),
        &|subject| subject.run == Some(2),
    );
    grow(
        &|folder| {
            let grid = "[partitions.coarse]\nalgorithm = \"grid\"\nrows = 2\ncolumns = 2\n\n";
            folder.edit("[methods.cam]", &format!("{grid}[methods.cam]"));
        },
        &|subject| {
            subject
                .partition
                .as_ref()
                .is_some_and(|name| name.as_str() == "coarse")
        },
    );
    grow(
        &|folder| {
            folder.edit(
                "replacements = [\"mean\",",
                "replacements = [\"mean\", \"black\",",
            );
        },
        &|subject| {
            subject
                .replacement
                .is_some_and(|replacement| crate::Choice::name(replacement) == "black")
        },
    );
}

#[test]
fn nothing_is_explained_while_an_image_may_yet_be_dropped() {
    let folder = folder();
    settle(&folder, None);
    remove(&folder, Kind::Targets);
    let study = folder.study().unwrap();
    let sources = Sources::read(&study).unwrap();
    let store = Store::open(&study.artifacts).unwrap();
    // The number of actions of the first image that wait and that are done, once the first network has said that it is right, and the
    // second one what is given.
    let explained = |second: Option<bool>| {
        let plan = Plan::new(&study, &sources, &store, Kind::Targets).unwrap();
        let due = plan.of(Kind::Targets).filter_map(|action| {
            let State::Due { preimage, .. } = &action.state else {
                return None;
            };
            let is_second = action.subject.network.as_ref()?.as_str() == "two";
            let correct = if is_second { second? } else { true };
            let mut made = published(Kind::Targets, &action.subject, preimage, None, 12);
            made.facets
                .insert(facet::CORRECT.to_owned(), json!(correct));
            (action.subject.image == Some(0)).then_some(made)
        });
        for published in store.publish_many(&due.collect::<Vec<_>>()) {
            published.unwrap();
        }
        let plan = Plan::new(&study, &sources, &store, Kind::Curves).unwrap();
        let explained = plan
            .all()
            .filter(|action| action.subject.image == Some(0) && action.subject.method.is_some());
        let (done, others): (Vec<_>, Vec<_>) = explained.partition(|action| action.is_done());
        let waits = others
            .iter()
            .all(|action| matches!(action.state, State::Waiting));
        assert!(waits);
        (others.len(), done.len())
    };
    let (waiting, done) = explained(None);
    assert!(waiting > 0 && done == 0, "{waiting} {done}");
    assert_eq!(explained(Some(true)), (0, waiting));
    remove(&folder, Kind::Targets);
    assert_eq!(explained(Some(false)), (0, 0));
}

#[test]
fn dropping_an_image_makes_only_the_measures_again() {
    let made = made_after(
        |folder| std::fs::remove_file(folder.path("images/b.png")).unwrap(),
        None,
    );
    // The results of this test hold no rows, so that those that read them stay as they are.
    let read = [Kind::Scores, Kind::Agreement, Kind::Sanity, MEASURE];
    assert_eq!(made, read);
}

/// The curves and orders of the oracle, by partition.
fn of_oracle(folder: &Folder) -> Vec<(Kind, String)> {
    let study = folder.study().unwrap();
    let sources = Sources::read(&study).unwrap();
    let store = Store::open(&study.artifacts).unwrap();
    let plan = Plan::new(&study, &sources, &store, Kind::Curves).unwrap();
    let mut found: Vec<_> = [Kind::Relevances, Kind::Curves]
        .into_iter()
        .flat_map(|kind| plan.of(kind))
        .filter(|action| {
            action
                .subject
                .method
                .as_ref()
                .is_some_and(|name| name.as_str() == "best")
        })
        .map(|action| {
            let partition = action.subject.partition.as_ref().unwrap();
            (action.kind, partition.to_string())
        })
        .collect();
    found.dedup();
    found
}

#[test]
fn a_method_is_judged_on_its_own_partitions_and_the_oracle_where_there_are_few_superpixels() {
    let folder = folder();
    // Nothing is known yet of how many superpixels there are.
    let of = |names: &[&str]| -> Vec<(Kind, String)> {
        [Kind::Relevances, Kind::Curves]
            .into_iter()
            .flat_map(|kind| names.iter().map(move |name| (kind, (*name).to_owned())))
            .collect()
    };
    assert_eq!(of_oracle(&folder), of(&["quick"]));
    settle(&folder, None);
    // They turned out to be 12.
    assert_eq!(of_oracle(&folder), of(&["quick"]));
    folder.edit(
        "kind = \"oracle\"\npartitions = [\"quick\"]",
        "kind = \"oracle\"\npartitions = [\"quick\", \"clusters\"]",
    );
    settle(&folder, Some((Kind::Segments, facet::SUPERPIXELS)));
    assert!(
        of_oracle(&folder)
            .iter()
            .any(|(_, name)| name == "clusters")
    );
}

#[test]
fn the_oracle_has_no_order_of_more_than_12_superpixels_and_the_study_goes_on() {
    let folder = folder();
    let made = settle_with(&folder, None, 13);
    assert_eq!(of_oracle(&folder), []);
    assert!(made.contains_key(&Kind::Report), "the study ends elsewhere");
    let curves = &made[&Kind::Curves];
    assert!(!curves.is_empty());
}

#[test]
fn a_key_holds_the_code_of_the_plug_ins_that_its_inputs_name_and_of_no_others() {
    let folder = folder();
    settle(&folder, None);
    folder.edit("sampler = \"coin\"", "sampler = \"paired\"");
    let study = folder.study().unwrap();
    let sources = Sources::read(&study).unwrap();
    let store = Store::open(&study.artifacts).unwrap();
    let plan = Plan::new(&study, &sources, &store, Kind::Perturbations).unwrap();
    let module = |sampler: &str| format!("sampling::samplers::{sampler}");
    let mut seen = 0;
    for action in plan.of(Kind::Perturbations) {
        let State::Due { preimage, .. } = &action.state else {
            continue;
        };
        let held = |sampler: &str| {
            let held = preimage
                .inputs()
                .get(&format!("code.{}", module(sampler)))?;
            held.as_str()
        };
        assert_eq!(held("paired"), crate::code::digest(&module("paired")));
        assert_eq!(held("coin"), None);
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn every_sampler_names_the_module_whose_code_its_keys_hold() {
    for sampler in sampling::samplers::ALL {
        let value = serde_json::to_value(sampler).unwrap();
        let module = value["module"].as_str().unwrap();
        assert_eq!(module, format!("sampling::samplers::{sampler}"));
        assert!(crate::code::digest(module).is_some(), "{module}");
    }
}
