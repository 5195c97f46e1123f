//! A study of two methods whose areas differ by a known amount.

use measures::kinds::localization::Localization;
use schema::Table as _;
use statistics::mean;

use super::*;

fn score(image: &str, method: &str, run: u32, replacement: &str, auc: f64) -> Score {
    Score {
        image: image.into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: method.into(),
        run,
        deterministic: method == "gradcam",
        order: "most_relevant_first".into(),
        replacement: replacement.into(),
        steps: 10,
        tied: Some(0),
        auc,
        auc_mean: auc / 10.0,
        auc_relative: Some(auc / 9.0),
        auc_area: auc / 10.0,
        reason: None,
    }
}

/// Grad-CAM once and LIME in two runs for each image; LIME's area is lower by 1 in the mean, and by 2 on the first image.
fn study(images: usize) -> Vec<Score> {
    let of_image = |place: usize| {
        let image = format!("image-{place}");
        let base = 5.0 + (place % 3) as f64 / 4.0;
        let lead = 1.0 + f64::from(u8::from(place == 0)) + place as f64 / 16.0;
        [
            score(&image, "gradcam", 0, "mean", base),
            score(&image, "lime", 0, "mean", base - lead - 0.25),
            score(&image, "lime", 1, "mean", base - lead + 0.25),
        ]
    };
    (0..images).flat_map(of_image).collect()
}

pub(crate) fn methods() -> BTreeMap<String, Compared> {
    let method = |kind, explains, chance| Compared {
        kind,
        explains,
        chance,
        searches: kind == "greedy",
        shows: (kind == "lime").then_some("mean"),
    };
    [
        ("gradcam", method("gradcam", true, false)),
        ("lime", method("lime", true, false)),
        ("third", method("lime", true, false)),
        ("random", method("random", false, true)),
        ("greedy", method("greedy", false, false)),
    ]
    .map(|(name, method)| (name.to_owned(), method))
    .into()
}

fn tables(scores: &[Score]) -> Tables {
    tables_with(scores, &[])
}

fn tables_with(scores: &[Score], measures: &[&dyn AnyRows]) -> Tables {
    let deterministic = BTreeSet::from(["gradcam".to_owned()]);
    let columns = Score::columns().iter().chain(Localization::columns());
    let better = columns.filter_map(|column| Some((column.name, column.better?.name())));
    let better: BTreeMap<_, _> = better.collect();
    let settings = Settings {
        seed: 7,
        resamples: 500,
        confidence: 0.95,
        deterministic: &deterministic,
        better: &better,
        negated: &BTreeSet::from(["pointing"]),
        questions: &BTreeMap::new(),
        methods: &methods(),
        replacements: &["mean".to_owned()],
    };
    comparisons(&scores.to_vec(), measures, &settings)
}

fn of_measure<'a>(tables: &'a Tables, measure: &str) -> &'a Comparison {
    let mut rows = tables
        .comparisons
        .iter()
        .filter(|row| row.measure == measure);
    let row = rows.next().unwrap();
    assert!(rows.next().is_none(), "{measure} has one pair");
    row
}

#[test]
fn a_pair_of_methods_is_compared_by_image_means() {
    let tables = tables(&study(8));
    let row = of_measure(&tables, "auc");
    assert_eq!(
        (row.method.as_str(), row.other_method.as_str()),
        ("gradcam", "lime")
    );
    let differences: Vec<f64> = (0..8)
        .map(|place| 1.0 + f64::from(u8::from(place == 0)) + f64::from(place) / 16.0)
        .collect();
    assert!((row.difference.unwrap() - mean(&differences).unwrap()).abs() < 1e-12);
    assert_eq!((row.images, row.wins, row.losses, row.ties), (8, 0, 8, 0));
    assert_eq!((row.rank_biserial, row.exact), (Some(1.0), Some(true)));
    assert!((row.p.unwrap() - 2.0 / 256.0).abs() < 1e-12);
    assert!(row.low.unwrap() > 1.0 && row.high.unwrap() < 2.0 && row.reason.is_none());
    assert_eq!((row.family, row.p_adjusted), (1, row.p));
}

#[test]
fn p_values_of_a_measure_are_corrected_together_over_all_conditions() {
    let mut scores = study(8);
    let blurred: Vec<Score> = scores
        .iter()
        .map(|row| Score {
            replacement: "blur".into(),
            ..row.clone()
        })
        .collect();
    scores.extend(blurred);
    let tables = tables(&scores);
    for row in tables.comparisons.iter().filter(|row| row.measure == "auc") {
        assert_eq!((row.family, row.p_adjusted), (2, row.p.map(|p| 2.0 * p)));
    }
    let over = |judges: &str| {
        let mut rows = tables
            .concordance
            .iter()
            .filter(|row| row.judges == judges && row.measure == "auc");
        rows.next().unwrap().clone()
    };
    assert_eq!((over("images").count, over("images").w), (8, Some(1.0)));
    let replacements = over("replacements");
    assert_eq!(
        (replacements.count, replacements.w, replacements.replacement),
        (2, Some(1.0), None)
    );
}

#[test]
fn the_order_of_rows_and_other_statements_change_no_statement() {
    let scores = study(6);
    let mut reversed = scores.clone();
    reversed.reverse();
    let plain = tables(&scores);
    assert_eq!(plain, tables(&reversed));
    let more: Vec<Score> = scores
        .iter()
        .map(|row| Score {
            network: "resnet50".into(),
            ..row.clone()
        })
        .collect();
    let grown = tables(&[scores, more].concat());
    let row = of_measure(&plain, "auc");
    let same = grown
        .comparisons
        .iter()
        .find(|other| other.measure == "auc" && other.network == "alexnet")
        .unwrap();
    assert_eq!((row.low, row.high, row.p), (same.low, same.high, same.p));
}

#[test]
fn methods_are_summarised_and_placed() {
    let mut scores = study(4);
    scores.push(score("image-9", "gradcam", 0, "mean", 1.0));
    let tables = tables(&scores);
    let of = |method: &str| {
        tables
            .summaries
            .iter()
            .find(|row| row.method == method && row.measure == "auc")
            .unwrap()
    };
    assert_eq!(
        (of("lime").place, of("lime").mean_rank, of("lime").images),
        (Some(1), Some(1.0), 4)
    );
    assert_eq!(
        (
            of("gradcam").place,
            of("gradcam").mean_rank,
            of("gradcam").images
        ),
        (Some(2), Some(2.0), 5)
    );
    let least: Vec<Score> = scores
        .iter()
        .map(|row| Score {
            order: "least_relevant_first".into(),
            ..row.clone()
        })
        .collect();
    let tables = self::tables(&least);
    let row = tables
        .summaries
        .iter()
        .find(|row| row.method == "lime" && row.measure == "auc")
        .unwrap();
    assert_eq!((row.better.as_str(), row.place), ("higher", Some(2)));
    assert_eq!(of_measure(&tables, "auc").wins, 4);
}

#[test]
fn variance_is_divided_where_a_deterministic_method_has_one_run() {
    let tables = tables(&study(6));
    let row = tables
        .variance_components
        .iter()
        .find(|row| row.measure == "auc")
        .unwrap();
    // LIME's runs lie 0.25 on both sides: variance 0.125; Grad-CAM's is 0.
    assert!((row.run_variance.unwrap() - 0.0625).abs() < 1e-12);
    assert_eq!(
        (row.images, row.methods, row.reason.as_deref()),
        (6, 2, None)
    );
    assert!(row.method_variance.unwrap() > 0.5);
}

#[test]
fn deviations_over_runs_are_0_by_construction_or_not_known() {
    let rows = tables(&study(1)).stability;
    let of = |rows: &[Stability], method: &str| {
        rows.iter()
            .find(|row| row.method == method)
            .unwrap()
            .clone()
    };
    assert_eq!(
        (of(&rows, "gradcam").auc_std, of(&rows, "gradcam").reason),
        (Some(0.0), None)
    );
    assert!((of(&rows, "lime").auc_std.unwrap() - 0.125_f64.sqrt()).abs() < 1e-12);
    let one: Vec<Score> = study(1).into_iter().filter(|row| row.run == 0).collect();
    let tables = tables(&one);
    let lime = of(&tables.stability, "lime");
    assert_eq!((lime.runs, lime.auc_std), (1, None));
    assert!(lime.reason.unwrap().contains("one run"));
}

#[test]
fn one_image_gives_means_and_says_why_there_is_no_more() {
    let tables = tables(&study(1));
    let row = of_measure(&tables, "auc");
    assert_eq!(
        (row.images, row.difference, row.p),
        (1, Some(2.0), Some(1.0))
    );
    assert_eq!(
        (row.low, row.high, row.standardised_difference),
        (None, None, None)
    );
    assert!(row.reason.as_deref().unwrap().contains("one image"));
    let summary = &tables.summaries[0];
    assert_eq!(
        (summary.images, summary.low, summary.std_over_images),
        (1, None, None)
    );
    assert!(
        tables
            .variance_components
            .iter()
            .all(|row| row.image_variance.is_none() && row.reason.is_some())
    );
    assert!(
        tables
            .concordance
            .iter()
            .all(|row| row.w.is_none() && row.reason.is_some())
    );
}

#[test]
fn one_run_of_a_random_method_leaves_the_runs_variance_open() {
    let scores: Vec<Score> = study(5).into_iter().filter(|row| row.run == 0).collect();
    let tables = tables(&scores);
    let row = tables
        .variance_components
        .iter()
        .find(|row| row.measure == "auc")
        .unwrap();
    assert!(row.run_variance.is_none() && row.interaction_variance.is_some());
    assert!(row.reason.as_deref().unwrap().contains("one run"));
}

#[test]
fn equal_methods_have_no_effect_and_a_p_value_of_1() {
    let mut scores = study(5);
    for row in &mut scores {
        row.auc = 3.0;
    }
    let tables = tables(&scores);
    let row = of_measure(&tables, "auc");
    assert_eq!(
        (row.p, row.rank_biserial, row.standardised_difference),
        (Some(1.0), None, None)
    );
    assert_eq!((row.low, row.high, row.ties), (Some(0.0), Some(0.0), 5));
    assert!(
        row.reason
            .as_deref()
            .unwrap()
            .contains("all differences are 0")
    );
    let judged = tables
        .concordance
        .iter()
        .find(|row| row.measure == "auc")
        .unwrap();
    assert_eq!(
        judged.reason.as_deref(),
        Some("every judge finds all methods equal")
    );
    let placed: Vec<_> = tables
        .summaries
        .iter()
        .filter(|row| row.measure == "auc")
        .map(|row| row.place)
        .collect();
    assert_eq!(placed, [Some(1), Some(1)]);
}

#[test]
fn one_method_is_summarised_and_compared_with_none() {
    let scores: Vec<Score> = study(3)
        .into_iter()
        .filter(|row| row.method == "lime")
        .collect();
    let tables = tables(&scores);
    assert!(tables.comparisons.is_empty() && tables.summaries.len() == 4);
    assert!(
        tables
            .variance_components
            .iter()
            .all(|row| row.reason.as_deref() == Some("one method"))
    );
    assert!(tables.concordance.iter().all(|row| row.w.is_none()));
}

#[test]
fn images_without_a_measure_are_left_out_of_it_alone() {
    let mut scores = study(4);
    scores
        .iter_mut()
        .filter(|row| row.image == "image-2")
        .for_each(|row| row.auc_relative = None);
    let tables = tables(&scores);
    assert_eq!(
        (
            of_measure(&tables, "auc").images,
            of_measure(&tables, "auc_relative").images
        ),
        (4, 3)
    );
    let lost = tables
        .stability
        .iter()
        .find(|row| row.image == "image-2")
        .unwrap();
    assert!(
        lost.auc_relative.is_none()
            && lost
                .reason
                .as_deref()
                .unwrap()
                .contains("`scores` says why")
    );
}

#[test]
fn a_measure_that_no_image_has_is_null_throughout() {
    let unmasked = |method: &str| Localization {
        image: "image-0".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: method.into(),
        run: 0,
        mask_area: None,
        pointing: None,
        relevance_inside: None,
        intersection_over_union: None,
        average_precision: None,
        reason: Some("the image has no mask".into()),
    };
    let tables = tables_with(&study(3), &[&vec![unmasked("gradcam"), unmasked("lime")]]);
    let row = of_measure(&tables, "pointing");
    assert_eq!(
        (
            row.images,
            row.p,
            row.p_adjusted,
            row.difference,
            row.family
        ),
        (0, None, None, None, 0)
    );
    assert_eq!(
        row.reason.as_deref(),
        Some("no image has the measure for both methods")
    );
    let summary = tables
        .summaries
        .iter()
        .find(|row| row.measure == "pointing")
        .unwrap();
    assert_eq!(
        (summary.images, summary.mean, summary.place),
        (0, None, None)
    );
}

#[test]
fn nothing_to_compare_gives_empty_tables() {
    assert_eq!(tables(&[]), Tables::default());
}

/// Curves of an image whose areas are known: searched lowest, LIME in two runs, a random order above, and each in the other order too.
fn ranked(images: usize) -> Vec<Score> {
    let of_image = |place: usize| {
        let image = format!("image-{place}");
        let both = |method: &str, run, most: f64| {
            let first = score(&image, method, run, "mean", most);
            let least = Score {
                order: "least_relevant_first".into(),
                auc: 10.0 - most,
                ..first.clone()
            };
            [first, least]
        };
        // On the first image the second run of LIME is as bad as chance.
        let second = if place == 0 { 5.0 } else { 3.0 };
        [
            both("greedy", 0, 1.0),
            both("lime", 0, 2.0),
            both("lime", 1, second),
            both("random", 0, 5.0),
        ]
    };
    (0..images).flat_map(of_image).flatten().collect()
}

fn separation<'a>(tables: &'a Tables, order: &str, groups: [&str; 2]) -> Vec<&'a Separation> {
    let rows = tables.separations.iter().filter(|row| {
        row.measure == "auc"
            && row.order.as_deref() == Some(order)
            && [&*row.above, &*row.below] == groups
    });
    rows.collect()
}

#[test]
fn a_measure_that_ranks_orders_as_they_are_worth_tells_them_apart() {
    let tables = tables(&ranked(6));
    for order in ["most_relevant_first", "least_relevant_first"] {
        for groups in [
            ["searched", "methods"],
            ["searched", "random"],
            ["random", "reversed"],
        ] {
            let [row] = separation(&tables, order, groups)[..] else {
                panic!("{groups:?} are told apart once")
            };
            assert_eq!((row.images, &row.method), (6, &None));
            let expected = if groups[0] == "random" {
                1.0 - 1.0 / 4.0 / 6.0
            } else {
                1.0
            };
            assert!(
                (row.separation.unwrap() - expected).abs() < 1e-12,
                "{row:?}"
            );
            assert_eq!(row.verdict, "apart");
        }
    }
    let [all, lime] = separation(&tables, "most_relevant_first", ["methods", "random"])[..] else {
        panic!("all methods, and each")
    };
    // One of two runs is equal to chance on one of six images.
    assert_eq!(all.separation, Some((5.0 + 0.75) / 6.0));
    assert_eq!(
        (lime.separation, lime.method.as_deref()),
        (all.separation, Some("lime"))
    );
    assert!(lime.low.unwrap() < lime.high.unwrap() && lime.low.unwrap() > 0.5);
}

#[test]
fn who_knows_the_removals_beforehand_is_named() {
    let known = tables(&ranked(2));
    let favoured = |groups| {
        let row = separation(&known, "most_relevant_first", groups)[0];
        row.favoured.clone()
    };
    assert_eq!(
        favoured(["searched", "methods"]).as_deref(),
        Some("greedy searched by such removals; lime evaluated with the same replacement")
    );
    let other: Vec<Score> = ranked(2)
        .into_iter()
        .filter(|row| row.method != "greedy")
        .map(|row| Score {
            replacement: "black".into(),
            ..row
        })
        .collect();
    let tables = tables(&other);
    let row = separation(&tables, "most_relevant_first", ["methods", "random"])[0];
    assert_eq!(row.favoured, None);
}

#[test]
fn a_negated_measure_judges_reversed_explanations_without_their_curves() {
    let row = |method: &str, image: usize, pointing| Localization {
        image: format!("image-{image}"),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: method.into(),
        run: 0,
        mask_area: Some(0.5),
        pointing: Some(pointing),
        relevance_inside: Some(pointing),
        intersection_over_union: Some(pointing),
        average_precision: Some(pointing),
        reason: None,
    };
    let rows = (0..3).flat_map(|image| {
        let lime = if image == 0 { -0.25 } else { 0.5 };
        [row("lime", image, lime), row("random", image, 0.0)]
    });
    let rows: Vec<Localization> = rows.collect();
    let tables = tables_with(&[], &[&rows]);
    let of = |measure: &str, below: &str| {
        let mut rows = tables.separations.iter();
        rows.find(|row| row.measure == measure && row.below == below && row.method.is_none())
    };
    let share = Some(2.0 / 3.0);
    assert_eq!(of("pointing", "random").unwrap().separation, share);
    assert_eq!(of("pointing", "reversed").unwrap().separation, share);
    assert_eq!(of("average_precision", "reversed"), None);
}
