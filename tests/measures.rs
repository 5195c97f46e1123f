//! The tables that `evaluate` writes from the rows of a small study.

use std::collections::BTreeMap;
use std::fs;

use measures::kinds::area_shares::AreaShares;
use measures::kinds::complexity::Complexity;
use measures::kinds::deletion_correlation::DeletionCorrelation;
use measures::kinds::localization::Localization;
use measures::kinds::normalised::Normalised;
use measures::kinds::saco::Saco;
use measures::kinds::sensitivity::Sensitivity;
use measures::kinds::single_deletion::SingleDeletion;
use schema::{
    Agreement, Comparison, Concordance, CurveStep, Decision, Deletion, Exclusion, Gain,
    NeededSamples, Sanity, Score, Stability, Summary, Table, VarianceComponents,
};
use store::Store;

use crate::controls::all;
use crate::study_folder::StudyFolder;

pub(crate) fn read<T: Table>(folder: &StudyFolder) -> Vec<T> {
    named(folder, "study.parquet")
}

fn named<T: Table>(folder: &StudyFolder, name: &str) -> Vec<T> {
    let store = Store::browse(folder.path("artifacts"));
    let link = folder.path("artifacts/latest").join(T::NAME);
    let link = fs::canonicalize(link.join(name)).unwrap();
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

/// Single removals are those with which curves begin, and judge every explanation with each replacement.
fn each_superpixel_is_removed_alone_once(folder: &StudyFolder, explanations: usize) {
    let removed: Vec<Deletion> = all(folder);
    assert_eq!(removed.len(), 2 * 2 * 2 * 12);
    let key = |image: &str, network: &str, replacement: &str, superpixel| {
        let names = [image, network, replacement].map(str::to_owned);
        (names, superpixel)
    };
    let alone = removed.iter().map(|row| {
        let place = key(&row.image, &row.network, &row.replacement, row.superpixel);
        (place, (row.probability, row.logit))
    });
    let alone: BTreeMap<_, _> = alone.collect();
    assert_eq!(alone.len(), removed.len());
    let curves: Vec<CurveStep> = all(folder);
    let first: Vec<_> = curves.iter().filter(|row| row.step == 1).collect();
    assert_eq!(first.len(), 2 * 2 * 3 * 4);
    for row in first {
        let superpixel = row.superpixel.unwrap();
        let found = alone[&key(&row.image, &row.network, &row.replacement, superpixel)];
        assert_eq!(found, (row.probability, row.logit), "{row:?}");
    }
    assert_eq!(read::<SingleDeletion>(folder).len(), 2 * explanations);
    assert_eq!(read::<Saco>(folder).len(), 2 * explanations);
}

/// LIME's masks have one replacement, and no run judges itself.
fn runs_of_lime_judge_one_another(folder: &StudyFolder, explanations: usize) {
    let judged = read::<Sensitivity>(folder);
    assert_eq!(judged.len(), explanations);
    for row in judged {
        assert_eq!(
            (&*row.judge, &*row.replacement, row.samples),
            ("lime", "mean", 31)
        );
        assert_eq!(row.judge_run, Some(1 - row.run), "{row:?}");
        assert!(row.infidelity.is_some());
    }
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
    for rows in [
        read::<AreaShares>(&folder).len(),
        read::<Normalised>(&folder).len(),
        read::<DeletionCorrelation>(&folder).len(),
    ] {
        assert_eq!(rows, curves);
    }
    each_superpixel_is_removed_alone_once(&folder, explanations);
    runs_of_lime_judge_one_another(&folder, explanations);
    assert_eq!(read::<Stability>(&folder).len(), 2 * 2 * 2 * 4);
    // By network: 4 measures of 4 curves, 2 of 2 pairs of curves, 4 of explanations.
    let conditions = 2 * (4 * 4 + 2 * 2 + 4);
    let columns = [Score::columns(), Gain::columns(), Localization::columns()].concat();
    let known = |measure: &str| columns.iter().any(|column| column.name == measure);
    let compared = read::<Comparison>(&folder);
    let count = compared.iter().filter(|row| known(&row.measure)).count();
    assert_eq!(count, conditions);
    let summaries = read::<Summary>(&folder);
    let count = summaries.iter().filter(|row| known(&row.measure)).count();
    assert_eq!(count, 2 * conditions);
    assert_eq!(read::<VarianceComponents>(&folder).len(), compared.len());
    // Besides the images, replacements judge where a measure has any.
    let over_replacements = 2 * (4 * 2 + 2);
    let judged = read::<Concordance>(&folder);
    let count = judged.iter().filter(|row| known(&row.measure)).count();
    assert_eq!(count, conditions + over_replacements);
    // The same question of each network, and every other way to ask it.
    let decisions = read::<Decision>(&folder);
    for question in ["fidelity", "repeatability"] {
        let asked = decisions.iter().filter(|row| row.question == question);
        assert_eq!(asked.count(), 2, "{question}");
    }
    let steady = decisions
        .iter()
        .filter(|row| row.question == "repeatability");
    for row in steady {
        assert_eq!((&*row.method, &*row.verdict), ("gradcam", "ahead"));
    }
    let asked_otherwise = decisions.iter().any(|row| {
        row.question == "fidelity: both orders together (symmetric gain), replaced by black"
    });
    assert!(asked_otherwise);
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

const SANITY: &str = "[sanity]\nimages = 2\ndepths = 2\n\n[report]";

fn largest(rows: &[Sanity], wanted: impl Fn(&Sanity) -> bool) -> f64 {
    let rows = rows.iter().filter(|row| wanted(row));
    rows.filter_map(|row| row.spearman).fold(-1.0, f64::max)
}

#[test]
fn explanations_of_a_network_that_forgot_are_unlike_those_of_the_trained_one() {
    let folder = StudyFolder::new();
    folder.change("rows = 3\ncolumns = 4", "rows = 7\ncolumns = 6");
    folder.change("samples = 32", "samples = 96");
    folder.make_all();
    let kept = [
        "saliency",
        "perturbations",
        "weights",
        "curves",
        "scores",
        "comparisons",
    ];
    let before = kept.map(|kind| folder.keys(kind));
    folder.change("[report]", SANITY);
    folder.make_all();
    assert!(
        kept.map(|kind| folder.keys(kind)) == before,
        "a check of sanity is nothing but an addition"
    );
    // 2 images x 2 networks x 2 depths, of Grad-CAM and of the first run of LIME.
    let random = |folder: &StudyFolder| {
        let keys = folder.keys("relevances").into_iter();
        let records = keys.map(|key| fs::read_to_string(folder.path("artifacts").join(key)));
        let records = records.map(Result::unwrap);
        records
            .filter(|record| record.contains("\"cascade\""))
            .collect::<Vec<_>>()
    };
    let before = random(&folder);
    assert_eq!(before.len(), 16);
    for record in &before {
        assert!(record.contains("\"batch\": "), "{record}");
    }
    let rows = read::<Sanity>(&folder);
    assert_eq!(rows.len(), 16);
    for row in &rows {
        let layers = if row.network == "alexnet" { 8 } else { 18 };
        let whole = if row.network == "alexnet" {
            "features.0"
        } else {
            "conv1"
        };
        assert_eq!(row.layers, Some(layers));
        assert_eq!(row.random_layers, Some(layers * row.depth / 2));
        assert_eq!(
            row.lowest_random_layer.as_deref() == Some(whole),
            row.depth == 2
        );
    }
    println!("{rows:?}");
    // 42 superpixels in no common order have a correlation of 0 with a standard deviation of 0.16.
    assert!(largest(&rows, |row| row.depth == 2) < 0.6, "{rows:?}");
    let mean = rows
        .iter()
        .filter(|row| row.depth == 2)
        .filter_map(|row| row.spearman)
        .sum::<f64>()
        / 8.0;
    assert!(mean.abs() < 0.3, "{mean}");

    folder.change("depths = 2", "depths = 1");
    folder.make_all();
    let deepest = |row: &Sanity| {
        (
            row.image.clone(),
            row.network.clone(),
            row.method.clone(),
            row.spearman.map(f64::to_bits),
        )
    };
    let all = read::<Sanity>(&folder);
    let once: Vec<_> = all.iter().map(deepest).collect();
    let twice: Vec<_> = rows
        .iter()
        .filter(|row| row.depth == 2)
        .map(deepest)
        .collect();
    assert_eq!(
        once, twice,
        "a network that is all random does not depend on the steps to it"
    );
    assert!(random(&folder).len() > before.len());
}

#[test]
fn a_network_that_ignores_its_input_puts_every_method_at_random() {
    let folder = StudyFolder::new();
    let file = folder.path("alexnet.safetensors");
    let bytes = fs::read(&file).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let blind = vec![0; bytes.len()];
    let tensors = tensors.iter().map(|(name, tensor)| {
        let data = if name == "features.0.weight" {
            &blind[..tensor.data().len()]
        } else {
            tensor.data()
        };
        let view =
            safetensors::tensor::TensorView::new(tensor.dtype(), tensor.shape().to_vec(), data);
        (name.to_owned(), view.unwrap())
    });
    fs::write(&file, safetensors::serialize(tensors, None).unwrap()).unwrap();
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    let (before, rest) = text.split_once("[networks.resnet50]").unwrap();
    let (_, after) = rest.split_once("[partitions.coarse]").unwrap();
    fs::write(
        folder.path("pipeline.toml"),
        format!("{before}[partitions.coarse]{after}"),
    )
    .unwrap();
    folder.change("labels = \"labels.csv\"\n", "");
    folder.change(
        "[\"most_relevant_first\"]",
        "[\"most_relevant_first\", \"least_relevant_first\"]",
    );
    folder.change("[report]", SANITY);
    folder.make_all();
    let gains = read::<Gain>(&folder);
    assert_eq!(gains.len(), 2 * 3);
    assert!(
        gains.iter().all(|row| row.symmetric_gain.abs() < 1e-6),
        "{gains:?}"
    );
    let rows = read::<Sanity>(&folder);
    let of_lime = rows.iter().filter(|row| row.method == "lime");
    for row in of_lime {
        assert_eq!((row.spearman, row.spearman_absolute), (None, None));
        assert!(
            row.reason.as_deref().unwrap().contains("as it was trained"),
            "{row:?}"
        );
    }
}

#[test]
fn a_program_has_no_layers_to_make_random_and_the_rows_say_so() {
    let folder = StudyFolder::new();
    let program = crate::study_folder::repository().join("tests/fixtures/script.pt");
    fs::copy(program, folder.path("script.pt")).unwrap();
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    let (before, rest) = text.split_once("[networks.alexnet]").unwrap();
    let (_, after) = rest.split_once("[partitions.coarse]").unwrap();
    let network = "[networks.net]\nweights = \"script.pt\"\narchitecture = \"torchscript\"\n\n";
    fs::write(
        folder.path("pipeline.toml"),
        format!("{before}{network}[partitions.coarse]{after}"),
    )
    .unwrap();
    fs::write(folder.path("classes.txt"), "a\nb\nc\nd\ne\nf\ng\n").unwrap();
    folder.change("labels = \"labels.csv\"\n", "");
    folder.change("[report]", SANITY);
    folder.make_all();
    let rows = read::<Sanity>(&folder);
    // 2 images x 2 depths, of Grad-CAM and of LIME.
    assert_eq!(rows.len(), 8);
    for row in rows {
        assert_eq!((row.layers, row.spearman), (None, None));
        assert!(row.reason.unwrap().contains("TorchScript"));
    }
}

#[test]
fn an_oracle_without_an_order_is_in_exclusions() {
    let folder = StudyFolder::new();
    folder.change(
        "[methods.gradcam]",
        "[methods.best]\nkind = \"oracle\"\n\n[methods.gradcam]",
    );
    folder.change(
        "rows = 3\ncolumns = 4",
        "rows = 2\ncolumns = 2\n\n[partitions.fine]\nalgorithm = \"slic\"\nsuperpixels = 30",
    );
    assert_eq!(folder.run("pipeline", &["run", "evaluate"]).status, 0);
    let rows = read::<Exclusion>(&folder);
    assert_eq!(rows.len(), 2, "{rows:?}");
    for row in rows {
        assert_eq!(
            (row.partition.as_deref(), row.method.as_deref()),
            (Some("fine"), Some("best"))
        );
        assert!(row.reason.contains("at most 12"), "{}", row.reason);
    }
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
        let columns = <Localization as Table>::columns();
        let masked = columns.iter().any(|column| column.name == row.measure);
        let area = row.measure.starts_with("auc");
        assert!(!masked || row.images == 0, "{row:?}");
        assert!(!area || row.images == 1, "{row:?}");
    }
    for row in read::<VarianceComponents>(&folder) {
        assert!(row.image_variance.is_none() && row.reason.is_some());
    }
    for row in read::<Concordance>(&folder) {
        assert!(row.w.is_none() && row.reason.is_some());
    }
    assert!(folder.path("artifacts/report/index.html").is_file());
}

/// Curves hold probabilities and logits, so only LIME and the curves of its new orders query the network.
#[test]
fn logits_can_be_measured_in_place_of_probabilities() {
    let folder = StudyFolder::made();
    let kinds = ["logits", "targets", "saliency"];
    let before = kinds.map(|kind| folder.keys(kind));
    let curves = folder.keys("curves");
    folder.change("width = 0.25", "width = 0.25\nmeasured = \"logit\"");
    folder.make_all();
    assert_eq!(kinds.map(|kind| folder.keys(kind)), before);
    assert!(folder.keys("curves").is_superset(&curves));

    let scores = read::<Score>(&folder);
    assert_eq!(scores.len(), 2 * 2 * (1 + 2));
    for score in &scores {
        let name = format!(
            "{}.{}.{}.{}.run{:02}.{}.{}.parquet",
            score.network,
            score.image,
            score.partition,
            score.method,
            score.run,
            score.order,
            score.replacement
        );
        let steps: Vec<CurveStep> = named(&folder, &name);
        let logits = steps.iter().map(|step| f64::from(step.logit));
        let logits: Vec<f64> = logits.collect();
        let area: f64 = logits
            .windows(2)
            .map(|pair| f64::midpoint(pair[0], pair[1]))
            .sum();
        assert!(
            (score.auc - area).abs() <= 1e-9 * area.abs().max(1.0),
            "{name}"
        );
        assert_eq!(score.auc_relative, None);
        assert!(score.reason.as_deref().unwrap().contains("logit"));
    }
    // Far from probabilities.
    assert!(scores.iter().any(|score| score.auc_mean > 1.5));
    let page = fs::read_to_string(folder.path("artifacts/report/index.html")).unwrap();
    assert!(page.contains("logit × superpixels") && !page.contains("probability × superpixels"));
}
