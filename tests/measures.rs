//! The tables that `evaluate` writes from the rows of a small study.

use std::fs;

use schema::{
    Agreement, Comparison, Complexity, Concordance, Gain, Localization, NeededSamples, Score,
    Stability, Summary, Table, VarianceComponents,
};
use store::Store;

use crate::study_folder::StudyFolder;

pub(crate) fn read<T: Table>(folder: &StudyFolder) -> Vec<T> {
    let store = Store::browse(folder.path("artifacts"));
    let link = folder.path("artifacts/latest").join(T::NAME);
    let link = fs::canonicalize(link.join("study.parquet")).unwrap();
    let id = link.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    store.read(&id).unwrap()
}

/// 2 images, 2 networks, Grad-CAM and 2 runs of LIME, 2 orders, 2 replacements.
fn study() -> StudyFolder {
    let folder = StudyFolder::new();
    folder.change(
        "[\"most_relevant_first\"]",
        "[\"most_relevant_first\", \"least_relevant_first\"]",
    );
    folder.change("[\"mean\"]", "[\"mean\", \"black\"]");
    folder.change("[report]", "[evaluate]\nresamples = 200\n\n[report]");
    folder.make_all();
    folder
}

#[test]
fn every_measure_has_its_rows_and_a_changed_statistic_asks_no_network() {
    let folder = study();
    let [explanations, curves] = [2 * 2 * 3, 2 * 2 * 3 * 4];
    assert_eq!(read::<Score>(&folder).len(), curves);
    assert_eq!(read::<Gain>(&folder).len(), curves / 2);
    // 16 and 32 samples, for the one pair of runs.
    assert_eq!(read::<Agreement>(&folder).len(), 2 * 2 * 2);
    assert_eq!(read::<NeededSamples>(&folder).len(), 2 * 2);
    assert_eq!(read::<Localization>(&folder).len(), explanations);
    assert_eq!(read::<Complexity>(&folder).len(), explanations);
    assert_eq!(read::<Stability>(&folder).len(), 2 * 2 * 2 * 4);
    // By network: 4 measures of 4 curves, 2 of 2 pairs of curves, 4 of explanations.
    let conditions = 2 * (4 * 4 + 2 * 2 + 4);
    assert_eq!(read::<Comparison>(&folder).len(), conditions);
    assert_eq!(read::<Summary>(&folder).len(), 2 * conditions);
    assert_eq!(read::<VarianceComponents>(&folder).len(), conditions);
    // Beside the images, replacements judge where a measure has any.
    let over_replacements = 2 * (4 * 2 + 2);
    assert_eq!(
        read::<Concordance>(&folder).len(),
        conditions + over_replacements
    );
    assert!(folder.path("artifacts/report/index.html").is_file());

    for row in read::<Gain>(&folder) {
        assert!(
            (row.insertion_auc_mean - row.deletion_auc_mean - row.symmetric_gain).abs() < 1e-12
        );
    }
    let located = read::<Localization>(&folder);
    assert!(
        located.iter().all(|row| row.mask_area.is_some()),
        "the shipped images have masks"
    );
    let rows = read::<Comparison>(&folder);
    let auc = rows.iter().filter(|row| row.measure == "auc");
    assert!(auc.clone().all(|row| row.images == 2 && row.family == 8));
    let means = |row: &&Comparison| row.order.as_deref() == Some("most_relevant_first");
    let row = auc.clone().find(means).unwrap();
    assert_eq!((row.better.as_str(), row.resamples), ("lower", 200));

    let status = folder.run("pipeline", &["status", "--json"]).stdout;
    // 8 explanations of 32 masks; 4 maps by one pass, and those of AlexNet by one back; 48 curves of 13 pictures.
    for cost in [
        "\"forward_passes\":256",
        "\"backward_passes\":2",
        "\"own_forward_passes\":624",
    ] {
        assert!(status.contains(cost), "no {cost} in {status}");
    }

    let kinds = [
        "logits",
        "weights",
        "curves",
        "scores",
        "agreement",
        "localization",
        "complexity",
    ];
    let before = kinds.map(|kind| folder.keys(kind));
    folder.change("resamples = 200", "resamples = 300");
    folder.make_all();
    assert!(
        kinds.map(|kind| folder.keys(kind)) == before,
        "more than the comparisons was made again"
    );
    assert_eq!(folder.keys("comparisons").len(), 2);
}

#[test]
fn one_image_one_run_no_mask_no_label_and_one_superpixel_give_nulls_with_reasons() {
    let folder = StudyFolder::new();
    fs::remove_file(folder.path("images/key-00.png")).unwrap();
    folder.change("labels = \"labels.csv\"\n", "");
    folder.change("masks = \"masks\"\n", "");
    folder.change("runs = 2", "runs = 1");
    folder.change("rows = 3\ncolumns = 4", "rows = 1\ncolumns = 1");
    folder.make_all();

    assert!(read::<Agreement>(&folder).is_empty() && read::<Gain>(&folder).is_empty());
    let needed = read::<NeededSamples>(&folder);
    assert!(
        needed
            .iter()
            .all(|row| row.needed.is_none() && row.reason.is_some())
    );
    let located = read::<Localization>(&folder);
    assert_eq!(located.len(), 4);
    assert!(
        located
            .iter()
            .all(|row| row.reason.as_deref() == Some("the image has no mask"))
    );
    for row in read::<Stability>(&folder) {
        assert_eq!(row.auc_std.is_some(), row.deterministic);
    }
    for row in read::<Comparison>(&folder) {
        assert!(row.low.is_none() && row.reason.is_some(), "{row:?}");
        assert_eq!(row.images, u32::from(row.measure.starts_with("auc")));
    }
    for row in read::<VarianceComponents>(&folder) {
        assert!(row.image_variance.is_none() && row.reason.is_some());
    }
    for row in read::<Concordance>(&folder) {
        assert!(row.w.is_none() && row.reason.is_some());
    }
    assert!(folder.path("artifacts/report/index.html").is_file());
}
