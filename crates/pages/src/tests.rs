//! What holds for a whole report.

use std::collections::BTreeMap;

use statistics::{mean, standard_deviation};

use crate::results::Results;
use crate::testing::{IMAGES, SUPERPIXELS, judge_by, study, summary};
use crate::{Inputs, ReportError, build, page, tables};

type Rows = Vec<BTreeMap<String, String>>;

/// The page alone: drawing all figures as files takes most of the time of [`build`].
fn page(inputs: &Inputs) -> String {
    page::page(inputs, &Results::new(inputs)).unwrap().0
}

/// The rows of a table of the report, by column.
fn table(inputs: &Inputs, name: &str) -> Rows {
    let tables = tables::all(inputs, &Results::new(inputs));
    let table = tables.iter().find(|table| table.name == name).unwrap();
    csv::Reader::from_reader(table.csv().unwrap().as_slice())
        .deserialize()
        .map(Result::unwrap)
        .collect()
}

fn number(row: &BTreeMap<String, String>, column: &str) -> f64 {
    row[column].parse().unwrap()
}

/// The areas of a group, a list of runs for each image, straight from the rows.
fn areas(inputs: &Inputs, network: &str, method: &str) -> Vec<Vec<f64>> {
    let of_image = |image: &&str| {
        let scores = inputs.scores.iter();
        scores
            .filter(|row| row.image == **image && row.network == network && row.method == method)
            .map(|row| row.auc)
            .collect()
    };
    IMAGES.iter().map(of_image).collect()
}

fn close(found: f64, expected: f64) {
    assert!(
        (found - expected).abs() < 1e-12,
        "{found} is not {expected}"
    );
}

#[test]
fn the_published_numbers_stand_beside_those_of_the_published_networks_only() {
    let mut inputs = study(&IMAGES, 2);
    let beside = "<h4>The published numbers</h4>";
    assert!(page(&inputs).contains(beside));
    inputs.networks[0].width = Some(0.25);
    assert!(!page(&inputs).contains(beside));
    inputs.networks[0].width = Some(1.0);
    inputs.networks[0].architecture = "vgg16".to_owned();
    assert!(!page(&inputs).contains(beside));
}

#[test]
fn means_and_deviations_are_those_of_the_scores() {
    let inputs = study(&IMAGES, 4);
    let rows = table(&inputs, "mean_auc");
    assert_eq!(rows.len(), 4);
    for row in rows {
        let values = areas(&inputs, &row["network"], &row["method"]);
        let means: Vec<f64> = values.iter().map(|runs| mean(runs).unwrap()).collect();
        close(number(&row, "auc"), mean(&means).unwrap());
        close(
            number(&row, "std_over_images"),
            standard_deviation(&means).unwrap(),
        );
        close(
            number(&row, "std_pooled"),
            standard_deviation(&values.concat()).unwrap(),
        );
        close(
            number(&row, "auc_mean"),
            mean(&means).unwrap() / SUPERPIXELS as f64,
        );
        let runs = if row["method"] == "lime" { "4" } else { "1" };
        assert_eq!([&*row["images"], &row["runs"]], ["3", runs]);
    }
}

#[test]
fn deviations_over_runs_are_those_of_the_scores_and_0_for_a_deterministic_method() {
    let inputs = study(&IMAGES, 4);
    let rows = table(&inputs, "std_over_runs");
    assert_eq!(rows.len(), 12);
    for row in rows {
        let image = IMAGES
            .iter()
            .position(|image| *image == row["image"])
            .unwrap();
        let runs = &areas(&inputs, &row["network"], &row["method"])[image];
        let expected = standard_deviation(runs).unwrap_or(0.0);
        close(number(&row, "std_over_runs"), expected);
        assert_eq!(row["method"] == "lime", expected > 0.0);
    }
}

#[test]
fn confidence_and_caveats_are_written_as_a_person_would() {
    let mut inputs = study(&IMAGES, 2);
    inputs.summaries = vec![schema::Summary {
        level: 0.683,
        ..summary("lime", 2.0, 1)
    }];
    let page = page(&inputs);
    for sentence in [
        "In brackets: 68.3 % bootstrap intervals",
        "they say nothing about other kinds of image",
        "Only the relative AUC",
    ] {
        assert!(page.contains(sentence), "{sentence}");
    }
}

#[test]
fn the_ranking_begins_with_the_lower_mean() {
    let inputs = study(&IMAGES, 4);
    let lower = |network: &str| {
        let of = |method| {
            let values = areas(&inputs, network, method);
            let means: Vec<f64> = values.iter().map(|runs| mean(runs).unwrap()).collect();
            mean(&means).unwrap()
        };
        if of("lime") < of("gradcam") {
            "lime"
        } else {
            "gradcam"
        }
    };
    for row in table(&inputs, "answers") {
        assert_eq!(row["best_method"], lower(&row["network"]));
        assert!(number(&row, "best_auc") < number(&row, "next_auc"));
        assert_eq!(row["images_compared"], "3");
    }
}

#[test]
fn with_the_least_relevant_first_the_higher_area_is_better() {
    let mut inputs = study(&IMAGES, 4);
    judge_by(&mut inputs, "least_relevant_first", "mean");
    for row in table(&inputs, "answers") {
        assert!(number(&row, "best_auc") > number(&row, "next_auc"));
    }
    assert!(page(&inputs).contains("highest area under the removal curve"));
}

#[test]
fn names_are_escaped() {
    let page = page(&study(&IMAGES, 4));
    assert_eq!(
        page.matches("<script").count(),
        3,
        "only the two of the page and its data"
    );
    assert!(page.contains("&lt;script&gt;") && page.contains("resnet &lt;b&gt;50&lt;/b&gt;"));
    assert!(!page.contains("<b>50") && !page.contains("<i>lamp") && !page.contains("<b>bold"));
    assert!(page.contains("AUC run by run of mug, &quot;blue&quot; &amp; round"));
    assert!(
        page.contains("image = '&lt;script&gt;'"),
        "quoted for DuckDB"
    );
}

#[test]
fn nothing_is_loaded() {
    let page = page(&study(&IMAGES, 4));
    assert!(!page.contains(" src=\""));
    for link in page.split(" href=\"").skip(1) {
        assert!(link.starts_with('#') || link.starts_with("data:image/jpeg;base64,"));
    }
    let addresses = ["https:", "url(", "@import", "<link", "<iframe", "fetch("];
    for address in addresses {
        assert!(!page.contains(address), "{address}");
    }
    let names = page.matches("http:").count();
    assert_eq!(
        names,
        page.matches("http://www.w3.org/2000/svg").count(),
        "the name of a language, which nothing fetches"
    );
}

#[test]
fn every_figure_is_there() {
    let page = page(&study(&IMAGES, 4));
    let [networks, methods, images] = [2, 2, 3];
    let trade_offs = networks + networks;
    let experience = 2 * networks;
    let published = networks + networks * images;
    let cases = networks * methods;
    assert_eq!(
        page.matches("<svg ").count(),
        trade_offs + experience + published + cases
    );
    assert_eq!(
        page.matches("</svg>").count(),
        page.matches("<svg ").count()
    );
    let pictures = cases * (2 + SUPERPIXELS + 1);
    assert_eq!(page.matches("<image ").count(), pictures);
}

#[test]
fn a_link_leads_from_every_image_of_a_table_to_the_explorer() {
    let page = page(&study(&IMAGES, 4));
    for (image, address) in IMAGES.iter().zip([
        "%3Cscript%3E",
        "jack-o%27-lantern",
        "mug%2C%20%22blue%22%20%26%20round",
    ]) {
        let link = format!("href=\"#explorer?image={address}&amp;network=alexnet\"");
        assert!(page.contains(&link), "{image}");
    }
}

#[test]
fn every_table_and_every_figure_is_a_file_in_all_formats() {
    let files = build(&study(&IMAGES, 4)).unwrap();
    assert_eq!(files[0].0, "index.html");
    let of = |folder: &str, ending: &str| {
        let inside = |name: &&str| name.starts_with(folder) && name.ends_with(ending);
        let names = files.iter().map(|(name, _)| name.as_str()).filter(inside);
        let plain = |name: &str| name.trim_end_matches(ending).to_owned();
        names.map(plain).collect::<std::collections::BTreeSet<_>>()
    };
    let tables = of("tables/", ".csv");
    for ending in [".md", ".tex", ".parquet"] {
        assert_eq!(of("tables/", ending), tables);
    }
    let figures = of("figures/", ".svg");
    assert_eq!(of("figures/", ".png"), figures);
    let [networks, images, methods] = [2, 3, 2];
    assert_eq!(figures.len(), networks * (2 + 2 + 1 + images + methods));
    assert_eq!(files.len(), 1 + 4 * tables.len() + 2 * figures.len());
    for name in tables.iter().chain(&figures) {
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || "/_-.".contains(letter);
        assert!(name.chars().all(allowed), "{name}");
    }
}

#[test]
fn a_number_is_traced_to_its_rows_and_its_file() {
    let page = page(&study(&IMAGES, 4));
    let curve = "select * from 'artifacts/objects/7e/7e7e";
    assert!(page.contains(curve), "by id");
    assert!(
        page.contains("image = '&lt;script&gt;' and network = 'alexnet' and partition = 'stripes'")
    );
    let artifacts = table(&study(&IMAGES, 4), "artifacts");
    let path = format!("objects/7e/{}.parquet", "7e".repeat(32));
    let found = artifacts.iter().find(|row| row["path"] == path).unwrap();
    assert_eq!([&*found["image"], &found["run"]], ["<script>", "0"]);
    assert!(page.contains("published from 2026-11-23T07:30:00Z to 2026-11-23T08:00:00Z"));
}

#[test]
fn every_table_reads_back() {
    let names = [
        "answers",
        "mean_auc",
        "paper_mean_auc",
        "std_over_runs",
        "paper_std_over_runs",
        "auc_by_run",
        "distribution",
        "exclusions",
        "images",
        "networks",
        "versions",
        "costs",
        "artifacts_by_table",
        "artifacts",
    ];
    let inputs = study(&IMAGES, 4);
    for name in names {
        assert!(!table(&inputs, name).is_empty(), "{name}");
    }
    let by_run = table(&inputs, "auc_by_run");
    assert_eq!(by_run.len(), inputs.scores.len());
    let total: f64 = by_run.iter().map(|row| number(row, "auc")).sum();
    let expected: f64 = inputs.scores.iter().map(|row| row.auc).sum();
    assert!((total - expected).abs() < 1e-9);
    assert_eq!(table(&inputs, "exclusions")[0]["image"], "blur-<1>");
}

#[test]
fn an_image_and_a_run_give_dashes_with_reasons() {
    let inputs = study(&IMAGES[..1], 1);
    let page = page(&inputs);
    for text in [
        "– (one image)",
        "– (one value)",
        "– (one run)",
        "– There is one run or none",
    ] {
        assert!(page.contains(text), "{text}");
    }
    let texts = [".html", ".csv", ".md", ".tex", ".svg"];
    let files = build(&inputs).unwrap().into_iter();
    for (name, bytes) in files.filter(|(name, _)| texts.iter().any(|text| name.ends_with(text))) {
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains("NaN") && !text.contains(">inf"), "{name}");
    }
    let lime = table(&inputs, "mean_auc")
        .into_iter()
        .find(|row| row["method"] == "lime");
    assert_eq!(lime.unwrap()["std_over_images"], "");
}

#[test]
fn a_study_without_scores_says_so() {
    let mut inputs = study(&IMAGES, 4);
    inputs.scores.clear();
    assert!(page(&inputs).contains("There are no scores: every image was excluded"));
    assert!(page(&Inputs::default()).contains("None: every image of the study"));
}

#[test]
fn a_missing_relative_area_is_left_out_and_said() {
    let mut inputs = study(&IMAGES, 4);
    for row in &mut inputs.scores {
        row.auc_relative = None;
    }
    assert!(page(&inputs).contains("– (no relative area)"));
    assert_eq!(table(&inputs, "mean_auc")[0]["auc_relative"], "");
}

#[test]
fn one_method_is_not_compared() {
    let mut inputs = study(&IMAGES, 4);
    inputs.scores.retain(|row| row.method == "lime");
    assert!(page(&inputs).contains("This study has one explaining method"));
}

#[test]
fn a_replacement_that_depends_on_the_mask_has_no_strip() {
    let mut inputs = study(&IMAGES, 4);
    judge_by(&mut inputs, "most_relevant_first", "noisy_linear");
    let page = page(&inputs);
    let cases = 4;
    assert_eq!(
        page.matches("<image ").count(),
        cases * 2,
        "the crop and the explanation"
    );
    assert!(!page.contains("favours it"), "lime was made with the mean");
}

#[test]
fn every_other_replacement_has_one() {
    for replacement in ["mean", "black", "gray", "blur"] {
        let mut inputs = study(&IMAGES[1..2], 2);
        judge_by(&mut inputs, "most_relevant_first", replacement);
        let pictures = page(&inputs).matches("<image ").count();
        assert_eq!(pictures, 4 * (2 + SUPERPIXELS + 1), "{replacement}");
    }
}

#[test]
fn what_differs_within_the_study_is_named() {
    let mut inputs = study(&IMAGES, 2);
    let mut black = inputs.clone();
    judge_by(&mut black, "most_relevant_first", "black");
    inputs.scores.extend(black.scores);
    inputs.curves.extend(black.curves);
    assert!(page(&inputs).contains(">Replacement</th>"));
    assert_eq!(table(&inputs, "mean_auc").len(), 8);
}

#[test]
fn a_method_without_relevances_is_shown_without() {
    let mut inputs = study(&IMAGES, 2);
    inputs.relevances.retain(|row| row.method != "lime");
    let [maps, none] = [2, 2];
    assert_eq!(
        page(&inputs).matches("<image ").count(),
        maps * 2 + none + 4 * (SUPERPIXELS + 1)
    );
}

#[test]
fn rows_in_another_order_and_other_threads_give_the_same_bytes() {
    let inputs = study(&IMAGES, 4);
    let mut reversed = inputs.clone();
    reversed.crops.reverse();
    reversed.segments.reverse();
    reversed.targets.reverse();
    reversed.saliency.reverse();
    reversed.weights.reverse();
    reversed.relevances.reverse();
    reversed.curves.reverse();
    reversed.scores.reverse();
    let expected = build(&inputs).unwrap();
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        assert!(pool.install(|| build(&reversed)).unwrap() == expected);
    }
}

fn error(change: impl Fn(&mut Inputs)) -> ReportError {
    let mut inputs = study(&IMAGES, 2);
    change(&mut inputs);
    page::page(&inputs, &Results::new(&inputs)).unwrap_err()
}

#[test]
fn rows_of_different_studies_are_errors_that_name_the_place() {
    let missing = error(|inputs| inputs.crops.truncate(1));
    says(
        &missing,
        "expected a row of crops for image \"jack-o'-lantern\"",
    );
    let partition = error(|inputs| inputs.segments[0].labels[7] = 5);
    says(
        &partition,
        "image \"<script>\", partition \"stripes\": expected a label below 5",
    );
    let sides = error(|inputs| (inputs.segments[0].height, inputs.segments[0].width) = (30, 20));
    says(&sides, "found 600 labels for 30x20 pixels");
    let gap = error(|inputs| inputs.curves.retain(|row| row.step != 3));
    says(&gap, "expected steps 0 to 5");
    says(&gap, "found step 4, superpixel Some(3)");
    let foreign = error(|inputs| {
        for row in &mut inputs.curves {
            row.superpixel = row.superpixel.map(|id| id + 1);
        }
    });
    says(&foreign, "a superpixel from 0 to 4");
    let weight = error(|inputs| inputs.relevances[0].superpixel = 9);
    says(&weight, "expected superpixels below 5, found 9");
    let map = error(|inputs| inputs.saliency[0].width = 4);
    says(&map, "the map of image \"<script>\"");
    let crop = error(|inputs| inputs.crops[0].rgb.truncate(40));
    says(&crop, "the crop of image \"<script>\" cannot be read");
}

fn says(error: &ReportError, words: &str) {
    assert!(error.to_string().contains(words), "{error}");
}
