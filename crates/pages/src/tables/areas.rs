//! Areas under removal curves: their means and how they spread over images and runs, from the scores.

use statistics::five_numbers;

use super::{ONE_IMAGE, ONE_RUN, by_condition, under};
use crate::Inputs;
use crate::results::{AUC, AUC_MEAN, AUC_RELATIVE, Comparison, Group, Measure, Results};
use crate::table::{Cell, Column, Table};

const ONE_VALUE: &str = "one value";
const NO_START: &str = "probability 0 at the start";

/// Under each condition the method with the best mean area, and the next.
pub(crate) fn answers(results: &Results<'_>) -> Table {
    let columns = vec![
        Column::text("best_method", "Best method"),
        Column::number("best_auc", "its mean AUC"),
        Column::text("next_method", "Next method"),
        Column::number("next_auc", "its mean AUC"),
        Column::count("images_better", "Images on which the best is better"),
        Column::count("images_compared", "Images compared"),
    ];
    let row = |comparison: &Comparison<'_>| {
        let ranking = comparison.ranking();
        let (best, best_auc) = ranking.first()?;
        let mut cells = vec![method(best), Cell::Number(*best_auc)];
        if let Some((next, next_auc)) = ranking.get(1) {
            let (better, compared) = comparison.better(best, next);
            cells.extend([method(next), Cell::Number(*next_auc)]);
            cells.extend([better, compared].map(|count| Cell::Count(count as u64)));
        } else {
            cells.resize(columns.len(), Cell::Absent("one method"));
        }
        Some(under(&comparison.condition, cells))
    };
    let rows = results.comparisons.iter().filter_map(row).collect();
    by_condition("answers", results, columns.clone(), rows)
}

/// Mean area with its interval and its spread by condition and method; `main` keeps what the answer is about.
pub(crate) fn mean_auc(inputs: &Inputs, results: &Results<'_>, main: bool) -> Table {
    let columns = vec![
        Column::text("method", "Method"),
        Column::truth("deterministic", "Deterministic").shown(false),
        Column::count("images", "Images"),
        Column::count("runs", "Runs"),
        Column::number("auc", "Mean AUC"),
        Column::number("low", "Interval from"),
        Column::number("high", "to"),
        Column::number("std_over_images", "Std over images"),
        Column::number("std_pooled", "Pooled std"),
        Column::number("mean_std_over_runs", "Mean std over runs"),
        Column::number("auc_mean", "AUC / steps"),
        Column::number("auc_relative", "Relative AUC"),
    ];
    let interval = |group: &Group<'_>| {
        let row = inputs.summaries.iter().find(|row| is_about(row, group))?;
        Some([row.low?, row.high?])
    };
    let row = |group: &Group<'_>| {
        let cells = vec![
            method(group),
            Cell::Truth(group.deterministic),
            Cell::Count(group.images.len() as u64),
            runs(group),
            Cell::number(group.mean(AUC), "no value"),
            Cell::number(interval(group).map(|interval| interval[0]), ONE_IMAGE),
            Cell::number(interval(group).map(|interval| interval[1]), ONE_IMAGE),
            Cell::number(group.std_over_images(), ONE_IMAGE),
            Cell::number(group.std_pooled(), ONE_VALUE),
            Cell::number(group.mean_std_over_runs(), ONE_RUN),
            Cell::number(group.mean(AUC_MEAN), "no value"),
            Cell::number(group.mean(AUC_RELATIVE), NO_START),
        ];
        under(&group.condition, cells)
    };
    let groups = results
        .groups()
        .filter(|group| !main || results.is_main(&group.condition));
    let mut table = by_condition("mean_auc", results, columns, groups.map(row).collect());
    if main {
        // Partition, order and replacement are the same in all rows.
        for column in &mut table.columns[1..4] {
            *column = column.clone().shown(false);
        }
    }
    table
}

/// Whether a row has the interval of a group's mean area.
fn is_about(row: &schema::Summary, group: &Group<'_>) -> bool {
    let condition = &group.condition;
    row.measure == "auc"
        && row.method == group.method
        && row.network == condition.network
        && row.partition == condition.partition
        && row.order.as_deref() == Some(condition.order)
        && row.replacement.as_deref() == Some(condition.replacement)
}

/// The group's method, which leads to its explanations.
fn method(group: &Group<'_>) -> Cell {
    let condition = &group.condition;
    super::method(group.method, condition.network, Some(condition.partition))
}

/// Number of runs of an image, or fewest and most.
fn runs(group: &Group<'_>) -> Cell {
    match group.runs() {
        (fewest, most) if fewest == most => Cell::Count(most as u64),
        (fewest, most) => Cell::text(format!("{fewest} to {most}")),
    }
}

/// Mean and standard deviation over runs for every image, a row each.
pub(crate) fn std_over_runs(results: &Results<'_>) -> Table {
    let columns = vec![
        Column::text("method", "Method"),
        Column::truth("deterministic", "Deterministic").shown(false),
        Column::text("image", "Image"),
        Column::count("runs", "Runs"),
        Column::number("auc", "Mean AUC"),
        Column::number("std_over_runs", "Std over runs"),
    ];
    let row = |(group, image): (&Group<'_>, &str)| {
        let cells = vec![
            method(group),
            Cell::Truth(group.deterministic),
            super::image(results, image, group.condition.network),
            Cell::Count(group.images[image].len() as u64),
            Cell::number(group.image_mean(image, AUC), "no value"),
            Cell::number(group.std_over_runs(image), ONE_RUN),
        ];
        under(&group.condition, cells)
    };
    let images = |group| images_of(group).map(move |image| (group, image));
    let rows = results.groups().flat_map(images).map(row).collect();
    by_condition("std_over_runs", results, columns, rows)
}

fn images_of<'g>(group: &'g Group<'_>) -> impl Iterator<Item = &'g str> {
    group.images.keys().copied()
}

/// Every score: what the figures of single runs show.
pub(crate) fn auc_by_run(results: &Results<'_>) -> Table {
    let columns = vec![
        Column::text("method", "Method"),
        Column::truth("deterministic", "Deterministic"),
        Column::text("image", "Image"),
        Column::count("run", "Run"),
        Column::number("auc", "AUC"),
        Column::number("auc_mean", "AUC / steps"),
        Column::number("auc_relative", "Relative AUC"),
        Column::count("steps", "Steps"),
        Column::count("tied", "Tied"),
    ];
    let rows_of = |group: &Group<'_>| -> Vec<_> {
        let scores = group.images.values().flatten();
        let cells = scores.map(|score| {
            vec![
                Cell::text(&score.method),
                Cell::Truth(score.deterministic),
                Cell::text(&score.image),
                Cell::Count(score.run.into()),
                Cell::Number(score.auc),
                Cell::Number(score.auc_mean),
                Cell::number(score.auc_relative, NO_START),
                Cell::Count(score.steps.into()),
                Cell::count(score.tied, "no relevances"),
            ]
        });
        cells.map(|cells| under(&group.condition, cells)).collect()
    };
    let rows = results.groups().flat_map(rows_of).collect();
    by_condition("auc_by_run", results, columns, rows)
}

/// What the boxes show.
pub(crate) fn distribution(results: &Results<'_>) -> Table {
    let columns = vec![
        Column::text("method", "Method"),
        Column::text("measure", "Measure"),
        Column::count("images", "Images"),
        Column::number("minimum", "Minimum"),
        Column::number("lower_quartile", "Lower quartile"),
        Column::number("median", "Median"),
        Column::number("upper_quartile", "Upper quartile"),
        Column::number("maximum", "Maximum"),
    ];
    let row = |group: &Group<'_>, (name, measure): (&str, Measure)| {
        let means = group.image_means(measure);
        let five = five_numbers(&means);
        let number = |part: fn(&statistics::FiveNumbers) -> f64| {
            Cell::number(five.as_ref().map(part), NO_START)
        };
        let cells = vec![
            method(group),
            Cell::text(name),
            Cell::Count(means.len() as u64),
            number(|five| five.minimum),
            number(|five| five.lower_quartile),
            number(|five| five.median),
            number(|five| five.upper_quartile),
            number(|five| five.maximum),
        ];
        under(&group.condition, cells)
    };
    let measures: [(&str, Measure); 2] = [("auc", AUC), ("auc_relative", AUC_RELATIVE)];
    let rows = results
        .groups()
        .flat_map(|group| measures.map(|measure| row(group, measure)))
        .collect();
    by_condition("distribution", results, columns, rows)
}
