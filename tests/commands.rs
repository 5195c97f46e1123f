//! The commands of `pipeline` that look after the cache.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pipeline::reasons::{planned_subject, subject};
use store::{Record, Store};
use study::plan::{Plan, reads::reads};
use study::{Kind, Sources, Study};

use crate::study_folder::{Finished, StudyFolder, copy_entries, program};

/// A study of one network, with everything up to date.
fn small_study() -> StudyFolder {
    static MADE: LazyLock<StudyFolder> = LazyLock::new(|| {
        let folder = settings_of_small_study();
        folder.make_all();
        folder
    });
    MADE.copy()
}

fn settings_of_small_study() -> StudyFolder {
    let folder = StudyFolder::new();
    folder.change(
        "[networks.resnet50]\narchitecture = \"resnet50\"\nweights = \"resnet50.safetensors\"\nwidth = 0.25\n",
        "",
    );
    folder
}

/// Runs a command, which must end with this status.
fn pipeline(folder: &StudyFolder, arguments: &[&str], status: i32) -> Finished {
    let finished = folder.run("pipeline", arguments);
    assert_eq!(
        finished.status, status,
        "{arguments:?}: {}",
        finished.stderr
    );
    finished
}

/// Runs a command and finds these words in what it prints.
fn says(folder: &StudyFolder, arguments: &[&str], words: &[&str]) {
    let finished = pipeline(folder, arguments, 0);
    for words in words {
        let text = &finished.stdout;
        assert!(
            text.contains(words),
            "{arguments:?}: no {words:?} in\n{text}"
        );
    }
}

fn object(folder: &StudyFolder, name: &str) -> PathBuf {
    fs::canonicalize(folder.path("artifacts/latest").join(name)).unwrap()
}

fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 0x10;
    fs::remove_file(path).unwrap();
    fs::write(path, &bytes).unwrap();
}

const WEIGHTS: &str = "weights/alexnet.mug-01.coarse.lime.run01.parquet";
const CURVES: &str = "curves/alexnet.mug-01.coarse.lime.run01.most_relevant_first.mean.parquet";

#[test]
fn why_tells_old_and_new_what_is_stale_and_what_that_cost() {
    let folder = small_study();
    let weights = format!("artifacts/latest/{WEIGHTS}");
    says(
        &folder,
        &["why", &weights],
        &[
            "up to date",
            "settings.fit.fitting.surrogate.alpha",
            "read by: 1 relevances",
        ],
    );
    let id = object(&folder, WEIGHTS);
    let id = id.file_stem().unwrap().to_str().unwrap();
    says(&folder, &["why", &id[..12]], &["weights of mug-01", id]);

    folder.change("samples = 32", "samples = 32\nalpha = 20.0");
    let changed = [
        "was 1.0, is 20.0",
        "makes stale: 1 relevances",
        "1 curves",
        "1 scores",
        "last cost",
    ];
    says(&folder, &["why", &weights], &changed);
    says(
        &folder,
        &["why", &format!("latest/{CURVES}")],
        &["waits", "weights of mug-01, alexnet, coarse, lime, run 1"],
    );
    let old = folder.keys("weights").pop_first().unwrap();
    folder.make_all();
    says(
        &folder,
        &["why", &format!("artifacts/{old}")],
        &["another result", "was 1.0, is 20.0"],
    );
    says(
        &folder,
        &["why", &weights, "--json"],
        &["\"state\":\"up to date\""],
    );
    let record = folder.path("artifacts").join(&old);
    flip_a_bit(&record);
    let key = &record.file_stem().unwrap().to_str().unwrap()[..12];
    pipeline(&folder, &["why", key], 4).expect(4, "is damaged: its checksum");
    pipeline(&folder, &["why", "00000000"], 2).expect(2, "give at least 6 digits");
    pipeline(&folder, &["why", "latest/weights/nothing.parquet"], 2).expect(2, "nothing.parquet");
}

#[test]
fn the_table_of_what_reads_what_is_that_of_the_preimages() {
    let folder = small_study();
    // So that there are orders of controls, masks that belong to no partition, and random layers as well.
    folder.change(
        "\n[deletion]",
        "\n[methods.rise]\nkind = \"rise\"\nsamples = 8\n\n[methods.greedy]\nkind = \"greedy\"\n\n[sanity]\nimages = 1\ndepths = 1\n\n[deletion]",
    );
    folder.make_all();
    let store = Store::browse(folder.path("artifacts"));
    for kind in Kind::ALL {
        let records: Vec<Record> = store.records(kind.name()).unwrap();
        let inputs = records
            .iter()
            .flat_map(|record| record.preimage.inputs().keys());
        let read: BTreeSet<Kind> = inputs
            .filter_map(|input| {
                let table = input.split('.').next()?;
                Kind::ALL.into_iter().find(|kind| kind.name() == table)
            })
            .collect();
        assert_eq!(read, reads(kind).iter().copied().collect(), "{kind}");
    }
    // `gc` and `why` compare a planned action with past ones by these two texts.
    let study = Study::read(&folder.path("pipeline.toml")).unwrap();
    let sources = Sources::read(&study).unwrap();
    let plan = Plan::new(&study, &sources, &store, Kind::Report).unwrap();
    for action in plan.all() {
        let record = plan.record(action).unwrap();
        assert_eq!(
            planned_subject(&action.subject, &sources),
            subject(&record.preimage)
        );
    }
}

#[test]
fn gc_removes_what_no_study_needs_and_nothing_else() {
    let folder = small_study();
    let first = folder.ids();
    says(
        &folder,
        &["gc", "--keep-runs", "0"],
        &["removed 0 records and 0 artifacts"],
    );
    folder.change("samples = 32", "samples = 32\nalpha = 20.0");
    // Not made yet, so that nobody knows which of the former curves will be right again.
    pipeline(&folder, &["gc", "--keep-runs", "0"], 0);
    assert!(
        folder.ids() == first,
        "something was removed that the study may need"
    );

    folder.make_all();
    let both = folder.ids();
    says(&folder, &["gc"], &["removed 0 records"]);
    says(
        &folder,
        &["gc", "--dry-run", "--keep-runs", "0"],
        &["would remove"],
    );
    assert!(folder.ids() == both, "a dry run removed something");
    says(
        &folder,
        &["gc", "--keep-runs", "0", "--json"],
        &["\"weights\":4"],
    );
    assert_eq!(folder.keys("weights").len(), 4);
    says(&folder, &["plan"], &["everything is up to date"]);
    says(&folder, &["verify"], &["all intact"]);
    for table in ["weights", "curves", "scores"] {
        for name in folder.latest(table) {
            assert!(object(&folder, &format!("{table}/{name}")).is_file());
        }
    }
    // Going back makes again what was removed, with the same ids.
    folder.change("\nalpha = 20.0", "");
    folder.make_all();
    assert!(folder.ids().is_superset(&first), "a result is another one");
}

#[test]
fn verify_sets_aside_what_is_damaged_and_the_next_run_mends_it() {
    let folder = small_study();
    let ids = folder.ids();
    says(
        &folder,
        &["verify", "--sample", "40", "--seed", "7"],
        &["--sample 40 --seed 7", "all intact"],
    );
    let (weights, curve) = (object(&folder, WEIGHTS), object(&folder, CURVES));
    let record = folder
        .path("artifacts")
        .join(folder.keys("crops").pop_first().unwrap());
    flip_a_bit(&weights);
    flip_a_bit(&record);
    fs::remove_file(&curve).unwrap();
    let found = pipeline(&folder, &["verify"], 3);
    assert!(
        found.stdout.contains("3 missing or damaged"),
        "{}",
        found.stdout
    );
    assert!(
        !weights.exists() && !record.exists(),
        "it was not set aside"
    );
    assert_eq!(
        fs::read_dir(folder.path("artifacts/damaged"))
            .unwrap()
            .count(),
        2
    );
    folder.make_all();
    assert!(folder.ids() == ids, "the ids changed");
    says(&folder, &["verify"], &["all intact"]);

    // Planning finds by itself what has changed since.
    let intact = fs::read(&weights).unwrap();
    flip_a_bit(&weights);
    says(&folder, &["status"], &["damaged: 1 x weights"]);
    says(&folder, &["plan"], &["1 x damaged: will be recomputed"]);
    let made = folder.make_all();
    assert!(made.stderr.contains("is damaged: "), "{}", made.stderr);
    assert_eq!(fs::read(&weights).unwrap(), intact);
    says(&folder, &["plan"], &["everything is up to date"]);
    let words = ["records and 0 artifacts", "all intact"];
    says(&folder, &["verify", "--since", "30"], &words);
}

#[test]
fn of_two_studies_in_one_folder_the_last_one_is_shown_and_a_warning_names_the_other() {
    let folder = small_study();
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    let (gradcam, other) = (
        "[methods.gradcam]\nkind = \"gradcam\"\n",
        folder.path("other.toml"),
    );
    assert!(text.contains(gradcam));
    fs::write(other, text.replace(gradcam, "")).unwrap();
    let run = |study: &str| pipeline(&folder, &["run", "--config", study], 0).stderr;
    for (study, before, maps) in [
        ("other.toml", "/pipeline.toml", 0),
        ("pipeline.toml", "/other.toml", 2),
    ] {
        let said = run(study);
        let words = format!("{before} and shows");
        assert!(said.contains(&words), "no {words:?} in\n{said}");
        assert!(said.contains("artifacts = \"artifacts-other\""), "{said}");
        assert_eq!(folder.latest("saliency").len(), maps);
        let again = run(study);
        assert!(!again.contains("WARN"), "{again}");
    }
}

#[test]
fn an_audit_makes_the_same_again_and_finds_what_is_different() {
    let folder = small_study();
    let ids = folder.ids();
    says(
        &folder,
        &["audit", "40%", "--seed", "3"],
        &["different", "pipeline audit 40 --seed 3"],
    );
    assert!(folder.ids() == ids, "an audit changed the artifacts");
    assert_eq!(
        fs::read_dir(folder.path("artifacts/audits"))
            .unwrap()
            .count(),
        0
    );

    // A result that its key does not give: a whole artifact of another action under this action's record.
    let keys: Vec<String> = folder.keys("weights").into_iter().collect();
    let path = folder.path("artifacts").join(&keys[0]);
    let text = fs::read_to_string(&path).unwrap();
    let store = Store::browse(folder.path("artifacts"));
    let of = |path: &str| {
        let key = Path::new(path).file_stem().unwrap().to_str().unwrap();
        store
            .find(&key.parse().unwrap())
            .unwrap()
            .unwrap()
            .artifacts["weights"]
            .id
            .to_string()
    };
    let body = text.replace(&of(&keys[0]), &of(&keys[1]));
    let (body, _) = body.split_once(",\n  \"checksum\"").unwrap();
    let checksum = blake3::hash(body.as_bytes()).to_hex();
    fs::remove_file(&path).unwrap();
    fs::write(
        &path,
        format!("{body},\n  \"checksum\": \"{checksum}\"\n}}\n"),
    )
    .unwrap();
    let found = pipeline(&folder, &["audit", "100", "--json"], 1);
    assert!(found.stdout.contains("\"different\":1"), "{}", found.stdout);
}

#[test]
fn an_exported_study_is_done_where_it_is_imported_unless_it_was_damaged() {
    let (folder, other) = (small_study(), StudyFolder::new());
    says(&folder, &["export", "exported"], &["and their manifest"]);
    assert!(
        folder
            .path("exported")
            .join("latest")
            .join(WEIGHTS)
            .is_file()
    );
    assert!(folder.path("exported/report/index.html").is_file());
    pipeline(&folder, &["export", "exported"], 2).expect(2, "exists already");

    fs::copy(
        folder.path("exported/pipeline.toml"),
        other.path("pipeline.toml"),
    )
    .unwrap();
    let from = folder.path("exported");
    let from = from.to_str().unwrap();
    let damaged = folder.path("exported/latest").join(CURVES);
    let whole = fs::read(&damaged).unwrap();
    flip_a_bit(&damaged);
    pipeline(&other, &["import", from], 2).expect(2, CURVES);
    assert!(other.ids().is_empty(), "half an export was kept");

    fs::write(&damaged, whole).unwrap();
    says(
        &other,
        &["import", from],
        &["actions are new, 0 were known"],
    );
    assert!(other.ids() == folder.ids(), "the ids differ");
    let plan = pipeline(&other, &["plan", "evaluate", "--json"], 0);
    assert!(
        plan.stdout.contains("\"up_to_date\":true"),
        "{}",
        plan.stdout
    );
}

#[test]
fn every_program_has_completions_and_a_manual_page() {
    let folder = StudyFolder::new();
    let completions = pipeline(&folder, &["completions", "bash"], 0).stdout;
    pipeline(&folder, &["man", "pages"], 0);
    for name in [
        "pipeline", "segment", "infer", "gradcam", "lime", "deletion", "evaluate", "report",
    ] {
        assert!(program(name).is_file());
        assert!(completions.contains(&format!(" {name}\n")), "{name}");
        assert!(folder.path(&format!("pages/{name}.1")).is_file(), "{name}");
    }
    assert!(folder.path("pages/pipeline-gc.1").is_file());
}

#[test]
fn tune_recommends_and_changes_nothing() {
    let folder = settings_of_small_study();
    let finished = pipeline(&folder, &["tune", "--seconds", "0.01"], 0);
    assert!(
        finished.stdout.contains("is fastest of"),
        "{}",
        finished.stdout
    );
    assert!(!folder.path("artifacts").exists());
}

/// A stage on another machine: its records and artifacts are all that is needed.
#[test]
fn a_copied_store_is_up_to_date_elsewhere() {
    let here = small_study();
    let there = settings_of_small_study();
    fs::create_dir(there.path("artifacts")).unwrap();
    copy_entries(&here.path("artifacts"), &there.path("artifacts"));
    let finished = pipeline(&there, &["run", "report"], 0);
    let words = "everything is up to date";
    assert!(finished.stderr.contains(words), "{}", finished.stderr);
    assert_eq!(here.ids(), there.ids());

    // Another device, be it there or not, is no other result; only the report, which shows the settings, is written anew.
    for (from, to, reports) in [
        ("[compute]", "[compute]\ndevice = \"cpu\"", 1),
        ("\"cpu\"", "\"cuda\"", 2),
    ] {
        there.change(from, to);
        pipeline(&there, &["run", "report"], 0);
        let known = here.ids();
        let new: Vec<String> = there.ids().difference(&known).cloned().collect();
        assert_eq!(new.len(), reports, "{new:?}");
        let of_report = |id: &String| id.starts_with("actions/report/");
        assert!(new.iter().all(of_report), "{new:?}");
    }
}
