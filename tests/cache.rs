//! What is computed when, and that it is the same every time.

use std::fs;

use schema::{CurveStep, Perturbations, Score, Target};
use store::Store;

use crate::study_folder::StudyFolder;

pub(crate) fn read<T: schema::Table>(folder: &StudyFolder, table: &str, name: &str) -> Vec<T> {
    let store = Store::browse(folder.path("artifacts"));
    let link = fs::canonicalize(folder.path("artifacts/latest").join(table).join(name)).unwrap();
    let id = link.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    store.read(&id).unwrap()
}

#[test]
fn a_study_has_all_its_tables_and_a_second_run_does_nothing() {
    let folder = StudyFolder::made();
    // 2 images, 2 networks, 1 Grad-CAM and 2 runs of LIME.
    for (table, files) in [
        ("crops", 2),
        ("segments", 2),
        ("logits", 4),
        ("targets", 4),
        ("saliency", 4),
        ("perturbations", 8),
        ("weights", 8),
        ("curves", 12),
        ("deletions", 4),
        ("scores", 1),
        ("exclusions", 1),
        ("gains", 1),
        ("agreement", 1),
        ("needed_samples", 1),
        ("localization", 1),
        ("complexity", 1),
        ("stability", 1),
        ("summaries", 1),
        ("comparisons", 1),
        ("variance_components", 1),
        ("concordance", 1),
        ("decisions", 1),
        ("separations", 1),
        ("decision_flip", 1),
        ("area_shares", 1),
        ("normalised", 1),
        ("deletion_correlation", 1),
        ("sensitivity", 1),
        ("single_deletion", 1),
        ("saco", 1),
    ] {
        assert_eq!(folder.latest(table).len(), files, "{table}");
    }
    assert!(folder.path("artifacts/report/index.html").is_file());

    let ids = folder.ids();
    let again = folder.make_all();
    assert!(
        again.stderr.contains("everything is up to date"),
        "{}",
        again.stderr
    );
    assert!(folder.ids() == ids, "the ids changed");
}

#[test]
fn curves_start_at_the_untouched_image_and_scores_are_their_areas() {
    let folder = StudyFolder::made();
    let scores: Vec<Score> = read(&folder, "scores", "study.parquet");
    assert_eq!(scores.len(), 12);
    let name = "alexnet.mug-01.coarse.lime.run01.most_relevant_first.mean.parquet";
    let curve: Vec<CurveStep> = read(&folder, "curves", name);
    let target: Vec<Target> = read(&folder, "targets", "alexnet.mug-01.parquet");
    assert_eq!(curve.len(), 13);
    assert!((curve[0].probability - target[0].probability).abs() < 1e-5);
    assert!((curve[12].removed_area - 1.0).abs() < 1e-12);
    let area: f64 = curve
        .windows(2)
        .map(|pair| f64::from(pair[0].probability + pair[1].probability) / 2.0)
        .sum();
    let found = |score: &&Score| {
        score.network == "alexnet"
            && score.image == "mug-01"
            && score.method == "lime"
            && score.run == 1
    };
    let score = scores.iter().find(found).unwrap();
    assert!((score.auc - area).abs() < 1e-5, "{} {area}", score.auc);
}

#[test]
fn networks_are_asked_the_same_masks_and_row_0_is_the_untouched_image() {
    let folder = StudyFolder::made();
    let of = |name: &str| read::<Perturbations>(&folder, "perturbations", name).remove(0);
    let (first, second) = (
        of("alexnet.key-00.coarse.lime.run00.parquet"),
        of("resnet50.key-00.coarse.lime.run00.parquet"),
    );
    assert_eq!(first.masks, second.masks);
    assert_eq!(&first.masks[..2], [0xff, 0x0f]);
    assert_ne!(
        first.masks,
        of("alexnet.key-00.coarse.lime.run01.parquet").masks
    );
    let target: Vec<Target> = read(&folder, "targets", "alexnet.key-00.parquet");
    assert!((first.probabilities[0] - target[0].probability).abs() < 1e-5);
}

#[test]
fn two_studies_in_two_folders_give_the_same_ids_in_any_order_of_stages() {
    let (first, second) = (StudyFolder::made(), StudyFolder::new());
    for stage in [
        "segment", "infer", "lime", "gradcam", "deletion", "evaluate",
    ] {
        let finished = second.run(stage, &["-q"]);
        assert_eq!(finished.status, 0, "{stage}: {}", finished.stderr);
    }
    let without_report = |folder: &StudyFolder| -> Vec<String> {
        folder
            .ids()
            .into_iter()
            .filter(|id| !id.starts_with("actions/report/"))
            .collect()
    };
    assert!(
        without_report(&first) == without_report(&second),
        "the ids differ"
    );
}

#[test]
fn an_artifact_that_is_deleted_is_made_again_and_nothing_else() {
    let folder = StudyFolder::made();
    let ids = folder.ids();
    let link = folder.path("artifacts/latest/weights/resnet50.mug-01.coarse.lime.run01.parquet");
    let object = fs::canonicalize(link).unwrap();
    fs::remove_file(&object).unwrap();
    let plan = folder.run("pipeline", &["plan", "--json"]);
    assert_eq!(
        plan.stdout.matches("\"to_do\":1").count(),
        1,
        "{}",
        plan.stdout
    );
    folder.make_all();
    assert!(object.is_file());
    assert!(folder.ids() == ids, "the ids changed");
}

#[test]
fn a_changed_setting_reruns_exactly_the_actions_that_read_it() {
    let folder = StudyFolder::made();
    let kinds = [
        "crops",
        "segments",
        "logits",
        "targets",
        "saliency",
        "perturbations",
        "weights",
    ];
    let before = kinds.map(|kind| folder.keys(kind));
    folder.change("samples = 32", "samples = 32\nalpha = 20.0");
    let plan = folder.run("pipeline", &["plan"]);
    assert!(
        plan.stdout
            .contains("8 x settings.fit.fitting.surrogate.alpha was 1.0, is 20.0"),
        "{}",
        plan.stdout
    );
    folder.make_all();
    for (kind, before) in kinds.iter().zip(&before) {
        let new = folder.keys(kind).difference(before).count();
        assert_eq!(new, if *kind == "weights" { 8 } else { 0 }, "{kind}");
    }
    // The surrogate of the old setting is still there, so going back computes nothing.
    folder.change("\nalpha = 20.0", "");
    let ids = folder.ids();
    folder.make_all();
    assert!(folder.ids() == ids, "the ids changed");
}

#[test]
fn adding_a_run_changes_no_result_of_the_others() {
    let folder = StudyFolder::made();
    let (perturbations, weights) = (folder.keys("perturbations"), folder.keys("weights"));
    folder.change("runs = 2", "runs = 3");
    folder.make_all();
    assert!(folder.keys("perturbations").is_superset(&perturbations));
    assert!(folder.keys("weights").is_superset(&weights));
    assert_eq!(folder.keys("weights").len(), weights.len() + 4);
}

#[test]
fn a_damaged_artifact_is_set_aside_and_made_again() {
    let folder = StudyFolder::made();
    let ids = folder.ids();
    let link = folder.path("artifacts/latest/weights/alexnet.key-00.coarse.lime.run00.parquet");
    let object = fs::canonicalize(link).unwrap();
    let mut bytes = fs::read(&object).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 0x10;
    fs::remove_file(&object).unwrap();
    fs::write(&object, &bytes).unwrap();
    // Another alpha for the other method would not read it; a new replacement reads every order again.
    folder.change("[\"mean\"]", "[\"mean\", \"black\"]");
    folder.make_all();
    assert!(folder.ids().is_superset(&ids));
    assert_ne!(fs::read(&object).unwrap(), bytes);
    assert_eq!(
        fs::read_dir(folder.path("artifacts/damaged"))
            .unwrap()
            .count(),
        1
    );
}

#[test]
fn damage_to_everything_is_mended_by_one_call() {
    let folder = StudyFolder::made();
    let (ids, shown) = (folder.ids(), folder.latest("curves"));
    // So that everything is read: the scores from the tables that they are made of, and these in turn from theirs.
    for kind in [
        "scores",
        "agreement",
        "localization",
        "complexity",
        "comparisons",
        "report",
        "targets",
        "weights",
    ] {
        fs::remove_dir_all(folder.path("artifacts/actions").join(kind)).unwrap();
    }
    let objects: Vec<_> = ids.iter().filter(|id| id.starts_with("objects/")).collect();
    let objects = objects.into_iter().map(|id| {
        let path = folder.path("artifacts").join(id);
        let bytes = fs::read(&path).unwrap();
        let mut damaged = bytes.clone();
        damaged[4..bytes.len() / 2].fill(0);
        fs::remove_file(&path).unwrap();
        fs::write(&path, damaged).unwrap();
        (path, bytes)
    });
    let objects: Vec<_> = objects.collect();
    folder.make_all();
    assert!(folder.ids() == ids && folder.latest("curves") == shown);
    for (path, bytes) in &objects {
        assert!(fs::read(path).unwrap() == *bytes, "{}", path.display());
    }
    let aside = fs::read_dir(folder.path("artifacts/damaged")).unwrap();
    assert_eq!(aside.count(), objects.len());
}

#[test]
fn another_name_of_a_class_reruns_targets_and_scores_and_asks_no_network() {
    let folder = StudyFolder::made();
    let kinds = ["logits", "saliency", "perturbations", "weights", "curves"];
    let before = kinds.map(|kind| folder.keys(kind));
    let classes = fs::read_to_string(folder.path("classes.txt")).unwrap();
    fs::write(
        folder.path("classes.txt"),
        classes.replace("goblet", "jack-o'-lantern"),
    )
    .unwrap();
    folder.make_all();
    assert!(
        kinds.map(|kind| folder.keys(kind)) == before,
        "a network was asked again"
    );
    assert_eq!(folder.keys("targets").len(), 8);
    assert_eq!(folder.keys("scores").len(), 2);
}

#[test]
fn an_image_more_changes_no_result_of_the_others() {
    let folder = StudyFolder::made();
    let ids = folder.ids();
    let image = crate::study_folder::repository().join("data/images/lamp-00.png");
    fs::copy(image, folder.path("images/lamp-00.png")).unwrap();
    let labels = fs::read_to_string(folder.path("labels.csv")).unwrap();
    fs::write(
        folder.path("labels.csv"),
        labels + "images/lamp-00.png,lamp\n",
    )
    .unwrap();
    folder.make_all();
    assert!(folder.ids().is_superset(&ids), "a former result is gone");
    assert_eq!(folder.latest("weights").len(), 12);
    assert_eq!(folder.keys("weights").len(), 12);
}
