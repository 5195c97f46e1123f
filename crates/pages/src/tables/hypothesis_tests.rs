//! Statements about methods beside each other: differences with their tests, where variance comes from, whether judges agree.

use schema::{Comparison, Concordance, VarianceComponents};

use super::{method, place, sorted};
use crate::Inputs;
use crate::results::Results;
use crate::table::{Cell, Column, Table};

const NO_IMAGE: &str = "no image";
const ONE_IMAGE: &str = "one image";
const NO_DIFFERENCE: &str = "no difference";
const FEW: &str = "too few images or methods";

/// The columns of a condition and a measure.
fn condition_columns(results: &Results<'_>) -> Vec<Column> {
    vec![
        Column::text("network", "Network"),
        Column::text("partition", "Partition").shown(results.varying.partition),
        Column::text("order", "Order").shown(results.varying.order),
        Column::text("replacement", "Replacement").shown(results.varying.replacement),
        Column::text("measure", "Measure"),
    ]
}

fn condition(
    [network, partition, measure]: [&str; 3],
    order: Option<&String>,
    (replacement, without): (Option<&String>, &'static str),
) -> Vec<Cell> {
    vec![
        Cell::text(network),
        Cell::text(partition),
        Cell::optional_text(order, "both or none"),
        Cell::optional_text(replacement, without),
        Cell::text(measure),
    ]
}

fn reason(reason: Option<&String>) -> Cell {
    Cell::optional_text(reason, "nothing is missing")
}

fn reason_column() -> Column {
    Column::text("reason", "Why a value is missing").shown(false)
}

/// Every pair of methods: difference of a measure with its interval, tests and effect sizes.
pub(crate) fn comparisons(inputs: &Inputs, results: &Results<'_>) -> Table {
    let rows = sorted(&inputs.comparisons, |row| {
        (
            place(&results.networks, &row.network),
            (&row.partition, &row.order, &row.replacement, &row.measure),
            place(&results.methods, &row.method),
            place(&results.methods, &row.other_method),
        )
    });
    let row = |row: &Comparison| {
        let names = [&*row.network, &row.partition, &row.measure];
        let replacement = (row.replacement.as_ref(), "no removal");
        let cells = vec![
            Cell::text(&row.better),
            method(&row.method, &row.network, Some(&row.partition)),
            method(&row.other_method, &row.network, Some(&row.partition)),
            Cell::Count(row.images.into()),
            Cell::number(row.mean, NO_IMAGE),
            Cell::number(row.other_mean, NO_IMAGE),
            Cell::number(row.difference, NO_IMAGE),
            Cell::number(row.low, ONE_IMAGE),
            Cell::number(row.high, ONE_IMAGE),
            Cell::Number(row.level),
            Cell::Count(row.resamples.into()),
            Cell::number(row.p, NO_IMAGE),
            row.exact.map_or(Cell::Absent(NO_IMAGE), Cell::Truth),
            Cell::number(row.p_adjusted, NO_IMAGE),
            Cell::Count(row.family.into()),
            Cell::number(row.rank_biserial, NO_DIFFERENCE),
            Cell::number(row.standardised_difference, "all differences are equal"),
            Cell::Count(row.wins.into()),
            Cell::Count(row.losses.into()),
            Cell::Count(row.ties.into()),
            reason(row.reason.as_ref()),
        ];
        [condition(names, row.order.as_ref(), replacement), cells].concat()
    };
    let columns = vec![
        Column::text("better", "Better values").shown(false),
        Column::text("method", "Method"),
        Column::text("other_method", "Other method"),
        Column::count("images", "Images"),
        Column::number("mean", "Mean, in the measure's unit"),
        Column::number("other_mean", "Other's mean"),
        Column::number("difference", "Difference"),
        Column::number("low", "Interval from"),
        Column::number("high", "to"),
        Column::number("level", "Confidence")
            .decimals(2)
            .shown(false),
        Column::count("resamples", "Resamples").shown(false),
        Column::number("p", "p, Wilcoxon's signed-rank test").decimals(4),
        Column::truth("exact", "p is exact").shown(false),
        Column::number("p_adjusted", "p by Holm's correction").decimals(4),
        Column::count("family", "Tests corrected for").shown(false),
        Column::number("rank_biserial", "Rank-biserial correlation").decimals(2),
        Column::number("standardised_difference", "Standardised difference").decimals(2),
        Column::count("wins", "Images on which it is better"),
        Column::count("losses", "on which the other is"),
        Column::count("ties", "equal"),
        reason_column(),
    ];
    Table {
        name: "comparisons",
        columns: [condition_columns(results), columns].concat(),
        rows: rows.into_iter().map(row).collect(),
    }
}

/// Where a measure's variance comes from.
pub(crate) fn variance_components(inputs: &Inputs, results: &Results<'_>) -> Table {
    let rows = sorted(&inputs.variance_components, |row| {
        (
            place(&results.networks, &row.network),
            (&row.partition, &row.order, &row.replacement, &row.measure),
        )
    });
    let row = |row: &VarianceComponents| {
        let names = [&*row.network, &row.partition, &row.measure];
        let replacement = (row.replacement.as_ref(), "no removal");
        let cells = vec![
            Cell::Count(row.images.into()),
            Cell::Count(row.methods.into()),
            Cell::number(row.image_variance, FEW),
            Cell::number(row.method_variance, FEW),
            Cell::number(row.interaction_variance, FEW),
            Cell::number(row.run_variance, "one run"),
            reason(row.reason.as_ref()),
        ];
        [condition(names, row.order.as_ref(), replacement), cells].concat()
    };
    let columns = vec![
        Column::count("images", "Images"),
        Column::count("methods", "Methods"),
        Column::number(
            "image_variance",
            "Variance between images, in the measure's unit squared",
        )
        .decimals(4),
        Column::number("method_variance", "between methods").decimals(4),
        Column::number("interaction_variance", "of image × method").decimals(4),
        Column::number("run_variance", "between runs").decimals(4),
        reason_column(),
    ];
    Table {
        name: "variance_components",
        columns: [condition_columns(results), columns].concat(),
        rows: rows.into_iter().map(row).collect(),
    }
}

/// Whether images, or replacements, rank the methods alike.
pub(crate) fn concordance(inputs: &Inputs, results: &Results<'_>) -> Table {
    let rows = sorted(&inputs.concordance, |row| {
        (
            place(&results.networks, &row.network),
            (&row.partition, &row.order, &row.replacement, &row.measure),
            &row.judges,
        )
    });
    let row = |row: &Concordance| {
        let names = [&*row.network, &row.partition, &row.measure];
        let replacement = (row.replacement.as_ref(), "all together, or no removal");
        let cells = vec![
            Cell::text(&row.judges),
            Cell::Count(row.count.into()),
            Cell::Count(row.methods.into()),
            Cell::number(row.w, "too few judges or methods"),
            Cell::number(row.p, "too few judges or methods"),
            reason(row.reason.as_ref()),
        ];
        [condition(names, row.order.as_ref(), replacement), cells].concat()
    };
    let columns = vec![
        Column::text("judges", "Judges"),
        Column::count("count", "Number of judges"),
        Column::count("methods", "Methods"),
        Column::number("w", "Kendall's W, from 0 to 1"),
        Column::number("p", "p, Friedman's test").decimals(4),
        reason_column(),
    ];
    Table {
        name: "concordance",
        columns: [condition_columns(results), columns].concat(),
        rows: rows.into_iter().map(row).collect(),
    }
}
