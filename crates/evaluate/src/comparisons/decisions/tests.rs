//! A study of two methods and random orders, whose statements are given.

use super::*;
use crate::comparisons::tests::methods;

const PAIR: [&str; 2] = ["gradcam", "lime"];

fn summary(method: &str, mean: f64, place: u32) -> Summary {
    Summary {
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: method.into(),
        order: Some(MOST_RELEVANT_FIRST.into()),
        replacement: Some("mean".into()),
        measure: "auc".into(),
        better: "lower".into(),
        images: 3,
        mean: Some(mean),
        low: Some(mean - 0.5),
        high: Some(mean + 0.5),
        level: 0.95,
        resamples: 100,
        std_over_images: Some(1.0),
        mean_rank: Some(f64::from(place)),
        place: Some(place),
        groups: Some("a".to_owned()),
        reason: None,
    }
}

fn comparison([method, other]: [&str; 2], difference: f64, [low, high]: [f64; 2]) -> Comparison {
    Comparison {
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: method.into(),
        other_method: other.into(),
        order: Some(MOST_RELEVANT_FIRST.into()),
        replacement: Some("mean".into()),
        measure: "auc".into(),
        better: "lower".into(),
        images: 3,
        mean: Some(2.0 + difference),
        other_mean: Some(2.0),
        difference: Some(difference),
        low: Some(low),
        high: Some(high),
        level: 0.95,
        resamples: 100,
        p: Some(0.025),
        exact: Some(true),
        p_adjusted: Some(0.05),
        family: 2,
        rank_biserial: Some(1.0),
        standardised_difference: Some(0.5),
        wins: 1,
        losses: 2,
        ties: 0,
        reason: None,
    }
}

fn score(method: &str) -> Score {
    Score {
        image: "mug".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: method.into(),
        run: 0,
        deterministic: method == "gradcam",
        order: MOST_RELEVANT_FIRST.into(),
        replacement: "mean".into(),
        steps: 4,
        tied: Some(0),
        auc: 1.0,
        auc_mean: 0.25,
        auc_relative: Some(0.5),
        auc_area: 0.25,
        reason: None,
    }
}

/// Statements by which `lime` has the lower area, with an interval of the difference that is given.
fn judged(interval: [f64; 2]) -> Tables {
    Tables {
        comparisons: vec![comparison(PAIR, 1.0, interval)],
        summaries: vec![summary("gradcam", 3.0, 2), summary("lime", 2.0, 1)],
        ..Tables::default()
    }
}

fn decided(tables: &Tables) -> Vec<Decision> {
    let deterministic = BTreeSet::new();
    let settings = Settings {
        seed: 7,
        resamples: 100,
        confidence: 0.95,
        deterministic: &deterministic,
        better: &BTreeMap::new(),
        negated: &BTreeSet::new(),
        questions: &BTreeMap::from([("auc", "area"), ("auc_area", "by area")]),
        methods: &methods(),
        replacements: &["mean".to_owned()],
    };
    let scores: Vec<Score> = PAIR.map(score).into();
    decisions(tables, &scores, &settings)
}

fn of<'a>(decisions: &'a [Decision], question: &str) -> &'a Decision {
    let mut found = decisions.iter().filter(|row| row.question == question);
    found.next().unwrap()
}

#[test]
fn a_lead_is_shown_only_by_an_interval_without_0() {
    for (interval, verdict) in [
        ([0.2, 1.8], "ahead"),
        ([-0.2, 1.8], "undecided"),
        ([0.0, 1.8], "undecided"),
        ([-1.8, -0.2], "behind"),
    ] {
        let decisions = decided(&judged(interval));
        let answer = of(&decisions, "fidelity");
        assert_eq!(
            (&*answer.method, answer.runner_up.as_deref()),
            ("lime", Some("gradcam"))
        );
        assert_eq!(answer.difference, Some(-1.0), "seen from the best");
        assert_eq!(
            (answer.wins, &*answer.verdict),
            (2, verdict),
            "{interval:?}"
        );
        assert_eq!(answer.low, Some(-interval[1]));
    }
}

#[test]
fn an_interval_that_the_corrected_test_does_not_bear_out_decides_nothing() {
    let mut tables = judged([0.2, 1.8]);
    for (p, verdict) in [
        (Some(0.05), "ahead"),
        (Some(0.06), "undecided"),
        (None, "undecided"),
    ] {
        tables.comparisons[0].p_adjusted = p;
        assert_eq!(of(&decided(&tables), "fidelity").verdict, verdict, "{p:?}");
    }
}

#[test]
fn what_is_undecided_says_how_many_images_would_tell() {
    // Half a deviation: ((1.96 + 0.84) / 0.5)^2 = 31.4.
    let decisions = decided(&judged([-0.2, 1.8]));
    let answer = of(&decisions, "fidelity");
    assert_eq!(answer.flips_when, None);
    let reason = answer.reason.as_deref().unwrap();
    assert!(
        reason.ends_with("about 32 such images would decide"),
        "{reason}"
    );
    let mut tables = judged([0.2, 1.8]);
    (tables.comparisons[0].low, tables.comparisons[0].high) = (None, None);
    let decisions = decided(&tables);
    assert_eq!(of(&decisions, "fidelity").verdict, "undecided");
}

#[test]
fn where_higher_is_better_the_sign_is_the_other() {
    let mut tables = judged([-1.8, -0.2]);
    tables.comparisons[0].better = "higher".into();
    assert_eq!(of(&decided(&tables), "fidelity").verdict, "ahead");
}

#[test]
fn a_control_is_never_the_answer_and_every_method_is_compared_with_chance() {
    let mut tables = judged([0.2, 1.8]);
    tables.summaries.push(summary("random", 1.0, 1));
    tables
        .comparisons
        .push(comparison(["gradcam", "random"], 1.0, [0.2, 1.8]));
    tables
        .comparisons
        .push(comparison(["lime", "random"], -1.0, [-1.8, -0.2]));
    let decisions = decided(&tables);
    assert_eq!(of(&decisions, "fidelity").method, "lime");
    let chance = decisions
        .iter()
        .filter(|row| row.question == "better than chance");
    let found: Vec<_> = chance.map(|row| (&*row.method, &*row.verdict)).collect();
    assert_eq!(found, [("gradcam", "behind"), ("lime", "ahead")]);
}

#[test]
fn another_measure_that_names_another_method_flips_the_answer() {
    let mut tables = judged([0.2, 1.8]);
    for (method, place) in [("gradcam", 1), ("lime", 2)] {
        tables.summaries.push(Summary {
            measure: "auc_area".into(),
            ..summary(method, f64::from(place), place)
        });
    }
    tables.comparisons.push(Comparison {
        measure: "auc_area".into(),
        ..comparison(PAIR, -1.0, [-1.8, -0.2])
    });
    let decisions = decided(&tables);
    let answer = of(&decisions, "fidelity");
    let way = "by area, the most relevant first";
    let flips = format!("in 1 of 1 other check, as {way} (gradcam)");
    assert_eq!(answer.flips_when.as_deref(), Some(&*flips));
    let check = of(&decisions, &format!("fidelity: {way}"));
    assert_eq!((&*check.method, &*check.verdict), ("gradcam", "ahead"));
    assert_eq!(check.flips_when.as_deref(), Some("here: gradcam is ahead"));
}

/// Ahead of the next by mean is not ahead of all: a third may differ more from image to image.
#[test]
fn the_best_must_be_shown_to_be_ahead_of_every_other() {
    let mut tables = judged([0.2, 1.8]);
    tables.summaries.push(summary("third", 3.1, 3));
    tables
        .comparisons
        .push(comparison(["lime", "third"], -1.1, [-3.0, 0.8]));
    let decisions = decided(&tables);
    let answer = of(&decisions, "fidelity");
    assert_eq!(answer.runner_up.as_deref(), Some("third"));
    assert_eq!(answer.verdict, "undecided");
}

#[test]
fn of_equals_and_of_what_is_not_known_none_repeats_itself_best() {
    let repeat = |method, deterministic, spread| Repeat {
        method,
        deterministic,
        spread,
        images: 3,
    };
    let main = Place {
        network: "alexnet",
        partition: "coarse",
        order: None,
        replacement: None,
        measure: "auc",
    };
    let exact = |method| repeat(method, true, Some(0.0));
    let noisy = |method, spread| repeat(method, false, spread);
    for (first, next, verdict, flips) in [
        (
            exact("a"),
            noisy("b", Some(0.1)),
            "ahead",
            Some("never: it draws no random numbers"),
        ),
        (
            exact("a"),
            noisy("b", None),
            "ahead",
            Some("never: it draws no random numbers"),
        ),
        (
            noisy("a", Some(0.1)),
            noisy("b", Some(0.2)),
            "ahead",
            Some("its spread over runs exceeds 0.200, that of b"),
        ),
        (exact("a"), exact("b"), "undecided", None),
        (noisy("a", None), noisy("b", None), "undecided", None),
    ] {
        let decision = first.decision(Some(&next), &main);
        assert_eq!(
            (&*decision.verdict, decision.flips_when.as_deref()),
            (verdict, flips)
        );
        assert!(decision.reason.is_some(), "there is no interval");
    }
}

#[test]
fn a_study_without_scores_answers_nothing() {
    let deterministic = BTreeSet::new();
    let settings = Settings {
        seed: 7,
        resamples: 100,
        confidence: 0.95,
        deterministic: &deterministic,
        better: &BTreeMap::new(),
        negated: &BTreeSet::new(),
        questions: &BTreeMap::new(),
        methods: &methods(),
        replacements: &[],
    };
    assert_eq!(decisions(&Tables::default(), &[], &settings), []);
}
