//! Controls, orders, replacements and partitions in a study, and that a curve does not depend on which others it is made with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use schema::{CurveStep, Gain, Relevance, Score, Separation, Table};
use store::Store;

use crate::study_folder::{Finished, StudyFolder};

const GREEDY: &str = r#"
[methods.greedy]
kind = "greedy"
partitions = ["coarse"]
"#;
const ORACLE: &str = r#"
[methods.oracle]
kind = "oracle"
"#;
const CONTROLS: &str = r#"
[methods.random]
kind = "random"
orders = 2

[methods.edges]
kind = "edges"

[partitions.fine]
algorithm = "grid"
rows = 4
columns = 5

[deletion]"#;

/// Both networks, one image, two partitions, both orders, all controls; the oracle has no order on one of the partitions.
fn folder() -> StudyFolder {
    let folder = StudyFolder::new();
    for part in ["images", "masks"] {
        fs::remove_file(folder.path(part).join("mug-01.png")).unwrap();
    }
    fs::write(
        folder.path("labels.csv"),
        "path,label\nimages/key-00.png,key\n",
    )
    .unwrap();
    folder.change("rows = 3\ncolumns = 4", "rows = 2\ncolumns = 3");
    folder.change("\n[deletion]", &[GREEDY, ORACLE, CONTROLS].concat());
    folder.change(
        "[\"most_relevant_first\"]",
        "[\"most_relevant_first\", \"least_relevant_first\"]",
    );
    folder
}

/// That study with everything up to date, and what was said meanwhile.
static MADE: LazyLock<(StudyFolder, Finished)> = LazyLock::new(|| {
    let folder = folder();
    let finished = folder.make_all();
    (folder, finished)
});

/// The same with another replacement beside the mean colour.
static REPLACED: LazyLock<StudyFolder> = LazyLock::new(|| {
    let folder = MADE.0.copy();
    folder.change("[\"mean\"]", "[\"mean\", \"noisy_linear\"]");
    folder.make_all();
    folder
});

pub(crate) fn all<T: Table>(folder: &StudyFolder) -> Vec<T> {
    let store = Store::browse(folder.path("artifacts"));
    let names = folder.latest(T::NAME);
    let read = |name: &String| {
        let link = folder.path("artifacts/latest").join(T::NAME).join(name);
        let object = fs::canonicalize(link).unwrap();
        let id = object.file_stem().unwrap().to_str().unwrap();
        store.read::<T>(&id.parse().unwrap()).unwrap()
    };
    names.iter().flat_map(read).collect()
}

#[test]
fn controls_have_orders_and_curves_like_explanations_and_the_oracle_is_below_all() {
    let (folder, finished) = &*MADE;
    assert!(
        finished
            .stderr
            .contains("oracle has no order on fine of 1 of 1 images"),
        "{}",
        finished.stderr
    );
    // For each network: coarse has Grad-CAM, 2 LIME, 2 random, edges, greedy, oracle; fine has no greedy and no oracle.
    assert_eq!(folder.latest("relevances").len(), 2 * (8 + 6));
    assert_eq!(folder.latest("curves").len(), 2 * (8 + 6) * 2);
    let scores: Vec<Score> = all(folder);
    assert_eq!(scores.len(), 2 * (8 + 6) * 2);

    let mut least: BTreeMap<&str, f64> = BTreeMap::new();
    for score in scores.iter().filter(|score| score.method == "oracle") {
        if score.order == "most_relevant_first" {
            least.insert(&score.network, score.auc);
        }
    }
    assert_eq!(least.len(), 2);
    let coarse = |score: &&Score| score.partition == "coarse";
    for score in scores.iter().filter(coarse) {
        assert!(
            score.auc >= least[&*score.network] - 1e-5,
            "{} {}: {} is below the oracle's {}",
            score.network,
            score.method,
            score.auc,
            least[&*score.network]
        );
    }
    // Greedy's first step is the best one.
    let curves: Vec<CurveStep> = all(folder);
    let first = |step: &&CurveStep| {
        step.step == 1 && step.partition == "coarse" && step.order == "most_relevant_first"
    };
    for network in ["alexnet", "resnet50"] {
        let of_network = || {
            curves
                .iter()
                .filter(first)
                .filter(|step| step.network == network)
        };
        let greedy = of_network().find(|step| step.method == "greedy").unwrap();
        for step in of_network() {
            assert!(
                greedy.probability <= step.probability + 1e-6,
                "{}",
                step.method
            );
        }
    }
    // Controls that ask no network have the same order for both.
    let places: Vec<Relevance> = all(folder);
    let order = |network: &str, method: &str| -> Vec<(String, u32, u16, u32)> {
        places
            .iter()
            .filter(|place| place.network == network && place.method == method)
            .map(|place| {
                (
                    place.partition.clone(),
                    place.run,
                    place.superpixel,
                    place.rank,
                )
            })
            .collect()
    };
    for method in ["random", "edges"] {
        assert_eq!(order("alexnet", method), order("resnet50", method));
    }
    assert!(
        places
            .iter()
            .all(|place| place.replacement.is_some()
                == ["greedy", "oracle"].contains(&&*place.method))
    );
}

#[test]
fn least_relevant_first_is_the_reverse_of_most_for_every_method() {
    let (folder, _) = &*MADE;
    let mut removed: BTreeMap<(String, String, String, u32, String), Vec<u16>> = BTreeMap::new();
    for step in all::<CurveStep>(folder) {
        let key = (
            step.network,
            step.partition,
            step.method,
            step.run,
            step.order,
        );
        removed.entry(key).or_default().extend(step.superpixel);
    }
    let mut methods = BTreeSet::new();
    for (key, order) in &removed {
        let mut least = key.clone();
        least.4 = "least_relevant_first".to_owned();
        if key.4 == "most_relevant_first" {
            let reversed: Vec<u16> = removed[&least].iter().rev().copied().collect();
            assert_eq!(order, &reversed, "{key:?}");
            methods.insert(key.2.clone());
        }
    }
    assert_eq!(methods.len(), 6);
}

/// The oracle's order is the best there is, and so at least as good as any other on every image; who searched is named.
#[test]
fn measures_are_tested_by_orders_of_known_worth() {
    let rows: Vec<Separation> = all(&MADE.0);
    let of = |measure: &str, groups: [&str; 2]| {
        let rows = rows.iter().filter(move |row| {
            row.measure == measure
                && [&*row.above, &*row.below] == groups
                && row.partition == "coarse"
                && row.order.as_deref() != Some("least_relevant_first")
                && row.method.is_none()
        });
        rows.collect::<Vec<_>>()
    };
    for measure in ["auc", "auc_log", "single_deletion", "saco_superpixels"] {
        for groups in [
            ["searched", "methods"],
            ["methods", "random"],
            ["random", "reversed"],
        ] {
            let found = of(measure, groups);
            assert_eq!(
                found.len(),
                2,
                "{measure}, {groups:?}: one for each network"
            );
            assert!(found.iter().all(|row| row.images == 1 && row.low.is_none()));
        }
    }
    for row in of("auc", ["searched", "methods"]) {
        assert!(row.separation >= Some(0.5), "{row:?}");
        let favoured = row.favoured.as_deref().unwrap();
        assert!(
            favoured.contains("oracle searched by such removals"),
            "{favoured}"
        );
        assert!(
            favoured.contains("lime evaluated with the same replacement"),
            "{favoured}"
        );
    }
    assert_eq!(of("infidelity", ["random", "reversed"]).len(), 0);
}

/// Whether curves that are made one after another, in runs of their own, have the ids of those made together.
#[test]
fn a_curve_that_is_made_alone_has_the_id_that_it_has_in_a_group() {
    let alone = folder();
    // A search is long, and its curves are made like all others.
    for search in [GREEDY, ORACLE] {
        alone.change(search, "");
    }
    alone.change("[\"mean\"]", "[\"noisy_linear\"]");
    alone.change(
        "[\"most_relevant_first\", \"least_relevant_first\"]",
        "[\"least_relevant_first\"]",
    );
    alone.change("runs = 2", "runs = 1");
    alone.change("orders = 2", "orders = 1");
    // Each with other neighbours than in the other study, and at another place of a batch.
    alone.make_all();
    alone.change("runs = 1", "runs = 2");
    alone.change("orders = 1", "orders = 2");
    alone.make_all();
    alone.change(
        "[\"least_relevant_first\"]",
        "[\"least_relevant_first\", \"most_relevant_first\"]",
    );
    alone.make_all();
    let curves = |folder: &StudyFolder| -> BTreeMap<String, String> {
        let names = folder.latest("curves").into_iter();
        let names = names.filter(|name| name.contains("noisy_linear"));
        names
            .map(|name| {
                let link = folder.path("artifacts/latest/curves").join(&name);
                let object = fs::canonicalize(link).unwrap();
                (
                    name,
                    object.file_name().unwrap().to_str().unwrap().to_owned(),
                )
            })
            .collect()
    };
    let mut together = curves(&REPLACED);
    assert_eq!(together.len(), 2 * (8 + 6) * 2);
    together.retain(|name, _| !name.contains("greedy") && !name.contains("oracle"));
    assert_eq!(together, curves(&alone));
}

#[test]
fn another_replacement_makes_its_own_curves_and_searches_and_no_others() {
    let (before, folder) = (&MADE.0, &REPLACED);
    let ids = before.ids();
    let (orders, curves) = (before.keys("relevances").len(), before.keys("curves").len());
    assert!(folder.ids().is_superset(&ids), "a former result is gone");
    // Greedy and oracle, on one partition, in two networks.
    assert_eq!(folder.keys("relevances").len(), orders + 4);
    assert_eq!(folder.keys("curves").len(), 2 * curves);
    for kind in ["perturbations", "weights", "saliency"] {
        let before = ids
            .iter()
            .filter(|id| id.starts_with(&format!("actions/{kind}/")));
        assert_eq!(folder.keys(kind).len(), before.count(), "{kind}");
    }
}

#[test]
fn equal_masks_are_asked_once_and_the_records_say_both_numbers() {
    let (folder, _) = &*MADE;
    let (mut own, mut computed) = (0, 0);
    for key in folder.keys("curves") {
        let text = fs::read_to_string(folder.path("artifacts").join(key)).unwrap();
        let number = |name: &str| -> u64 {
            let (_, after) = text.split_once(&format!("\"{name}\": ")).unwrap();
            after[..after.find([',', '\n']).unwrap()].parse().unwrap()
        };
        own += number("forward_passes");
        computed += number("computed_forward_passes");
    }
    let curves: Vec<CurveStep> = all(folder);
    assert_eq!(own, curves.len() as u64);
    let mut masks = BTreeSet::new();
    let mut gone = BTreeSet::new();
    for step in &curves {
        match step.superpixel {
            None => gone.clear(),
            Some(superpixel) => gone.extend([superpixel]),
        }
        masks.insert((&step.network, &step.partition, gone.clone()));
    }
    assert_eq!(computed, masks.len() as u64);
}

/// A network of zeros ignores its input, so no order is better than another: every method gets what chance gets.
#[test]
fn a_network_that_ignores_its_input_puts_every_method_at_random() {
    let folder = folder();
    folder.change("[images]\n", "[images]\nrequire_correct = false\n");
    for network in ["alexnet", "resnet50"] {
        let file = folder.path(&format!("{network}.safetensors"));
        let mut bytes = fs::read(&file).unwrap();
        // Eight bytes say how long the header is; the values come after it. A batch norm's variance of 0 is one of 1e-5 and does no harm.
        let header = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        bytes[8 + header..].fill(0);
        fs::write(file, bytes).unwrap();
    }
    folder.make_all();
    let scores: Vec<Score> = all(&folder);
    let methods: BTreeSet<&str> = scores.iter().map(|score| &*score.method).collect();
    assert_eq!(
        methods,
        ["edges", "gradcam", "greedy", "lime", "oracle", "random"].into()
    );
    for score in &scores {
        // Ten classes, and all are equally likely at every step.
        assert!((score.auc_mean - 0.1).abs() < 1e-6, "{}", score.method);
        assert!((score.auc_relative.unwrap() - 1.0).abs() < 1e-6);
    }
    let gains: Vec<Gain> = all(&folder);
    assert!(!gains.is_empty());
    assert!(gains.iter().all(|gain| gain.symmetric_gain.abs() < 1e-6));
}
