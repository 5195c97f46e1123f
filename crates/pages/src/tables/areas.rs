//! Areas under removal curves: their means and how they spread over images and runs, from the scores.

use statistics::{FiveNumbers, five_numbers};

use super::common::{NOT_RELATIVE, ONE_IMAGE, ONE_RUN, by_condition, image};
use crate::Inputs;
use crate::results::{AUC, AUC_MEAN, AUC_RELATIVE, Comparison, Condition, Group, Results, Varying};
use crate::table::{Cell, Table, columns};

const ONE_METHOD: &str = "one method";
const ONE_VALUE: &str = "one value";

/// Under each condition the method with the best mean area, and the next.
pub(crate) fn answers(results: &Results<'_>) -> Table {
    let answers: Vec<_> = results.comparisons.iter().filter_map(Answer::of).collect();
    let rows = answers.iter().collect();
    let table = by_condition("answers", results.varying, rows, |row| row.best.condition);
    columns! { table, |row|
        Text best_method "Best method" => method(row.best);
        Number best_auc "its mean AUC" => row.best_auc;
        Text next_method "Next method" => (row.next.map(method), ONE_METHOD);
        Number next_auc "its mean AUC" => (row.next_auc, ONE_METHOD);
        Count images_better "Images on which the best is better" => (row.images.map(|(better, _)| better), ONE_METHOD);
        Count images_compared "Images compared" => (row.images.map(|(_, compared)| compared), ONE_METHOD);
    }
    .build()
}

/// The first two of a ranking.
struct Answer<'r> {
    best: &'r Group<'r>,
    best_auc: f64,
    next: Option<&'r Group<'r>>,
    next_auc: Option<f64>,
    /// On how many images the best is better, of how many that both have.
    images: Option<(usize, usize)>,
}

impl<'r> Answer<'r> {
    fn of(comparison: &'r Comparison<'r>) -> Option<Self> {
        let ranking = comparison.ranking();
        let (best, best_auc) = *ranking.first()?;
        let (next, next_auc) = ranking.get(1).copied().unzip();
        Some(Self {
            best,
            best_auc,
            next,
            next_auc,
            images: next.map(|next| comparison.better(best, next)),
        })
    }
}

/// Mean area with its interval and its spread by condition and method; `main` keeps what the answer is about.
pub(crate) fn mean_auc(inputs: &Inputs, results: &Results<'_>, main: bool) -> Table {
    let shown = |group: &&Group<'_>| !main || results.is_main(&group.condition);
    let groups = results.groups().filter(shown).collect();
    // Partition, order and replacement of what the answer is about are the same in all rows.
    let varying = if main {
        Varying::default()
    } else {
        results.varying
    };
    let interval = |group: &Group<'_>| group.condition.interval(inputs, group.method);
    let table = by_condition("mean_auc", varying, groups, |group| group.condition);
    columns! { table, |group|
        Text method "Method" => method(group);
        Truth deterministic "Deterministic".shown(false) => group.deterministic;
        Count images "Images" => group.images.len();
        Count runs "Runs" => runs(group);
        Number auc "Mean AUC" => (group.mean(AUC), "no value");
        Number low "Interval from" => (interval(group).map(|[low, _]| low), ONE_IMAGE);
        Number high "to" => (interval(group).map(|[_, high]| high), ONE_IMAGE);
        Number std_over_images "Std over images" => (group.std_over_images(), ONE_IMAGE);
        Number std_pooled "Pooled std" => (group.std_pooled(), ONE_VALUE);
        Number mean_std_over_runs "Mean std over runs" => (group.mean_std_over_runs(), ONE_RUN);
        Number auc_mean "AUC / steps" => (group.mean(AUC_MEAN), "no value");
        Number auc_relative "Relative AUC" => (group.mean(AUC_RELATIVE), NOT_RELATIVE);
    }
    .build()
}

/// The group's method, which leads to its explanations.
fn method(group: &Group<'_>) -> Cell {
    let condition = &group.condition;
    super::common::method(group.method, condition.network, Some(condition.partition))
}

/// Number of runs of an image, or fewest and most.
fn runs(group: &Group<'_>) -> Cell {
    match group.runs() {
        (fewest, most) if fewest == most => most.into(),
        (fewest, most) => format!("{fewest} to {most}").into(),
    }
}

/// Mean and standard deviation over runs for every image, a row each.
pub(crate) fn std_over_runs(results: &Results<'_>) -> Table {
    let groups = results.groups();
    let rows = groups.flat_map(|group| group.images.keys().map(move |&image| (group, image)));
    let rows = rows.collect();
    let table = by_condition("std_over_runs", results.varying, rows, |row| {
        row.0.condition
    });
    columns! { table, |row|
        Text method "Method" => method(row.0);
        Truth deterministic "Deterministic".shown(false) => row.0.deterministic;
        Text image "Image" => image(results, row.1, row.0.condition.network);
        Count runs "Runs" => row.0.images[row.1].len();
        Number auc "Mean AUC" => (row.0.image_mean(row.1, AUC), "no value");
        Number std_over_runs "Std over runs" => (row.0.std_over_runs(row.1), ONE_RUN);
    }
    .build()
}

/// Every score: what the figures of single runs show.
pub(crate) fn auc_by_run(results: &Results<'_>) -> Table {
    let scores = results.groups().flat_map(Group::scores).collect();
    let table = by_condition("auc_by_run", results.varying, scores, Condition::of);
    columns! { table, |score|
        Text method "Method" => &score.method;
        Truth deterministic "Deterministic" => score.deterministic;
        Text image "Image" => &score.image;
        Count run "Run" => score.run;
        Number auc "AUC" => score.auc;
        Number auc_mean "AUC / steps" => score.auc_mean;
        Number auc_relative "Relative AUC" => (score.auc_relative, NOT_RELATIVE);
        Count steps "Steps" => score.steps;
        Count tied "Tied" => (score.tied, "no relevances");
    }
    .build()
}

/// A group's means over the runs of each image.
#[derive(Clone, Copy)]
struct Boxed<'g> {
    group: &'g Group<'g>,
    measure: &'static str,
    images: usize,
    five: Option<FiveNumbers>,
}

/// What the boxes show.
pub(crate) fn distribution(results: &Results<'_>) -> Table {
    let measures = [("auc", AUC), ("auc_relative", AUC_RELATIVE)];
    let rows = results.groups().flat_map(|group| {
        measures.map(|(measure, value)| {
            let means = group.image_means(value);
            let five = five_numbers(&means);
            Boxed {
                group,
                measure,
                images: means.len(),
                five,
            }
        })
    });
    let table = by_condition("distribution", results.varying, rows.collect(), |row| {
        row.group.condition
    });
    columns! { table, |row|
        Text method "Method" => method(row.group);
        Text measure "Measure" => row.measure;
        Count images "Images" => row.images;
        Number minimum "Minimum" => (row.five.map(|five| five.minimum), NOT_RELATIVE);
        Number lower_quartile "Lower quartile" => (row.five.map(|five| five.lower_quartile), NOT_RELATIVE);
        Number median "Median" => (row.five.map(|five| five.median), NOT_RELATIVE);
        Number upper_quartile "Upper quartile" => (row.five.map(|five| five.upper_quartile), NOT_RELATIVE);
        Number maximum "Maximum" => (row.five.map(|five| five.maximum), NOT_RELATIVE);
    }
    .build()
}
