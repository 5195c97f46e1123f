//! The tables of a report, from the grouped scores and the study's other rows.

mod areas;
mod hypothesis_tests;
mod measures;
mod provenance;

use crate::results::{Condition, Results};
use crate::table::{Cell, Column, Table};
use crate::{Inputs, explorer, paper};

pub(crate) use areas::{answers, distribution, mean_auc, std_over_runs};
pub(crate) use hypothesis_tests::{comparisons, concordance, variance_components};
pub(crate) use measures::{
    agreement, complexity, gains, localization, needed_samples, sanity, stability, summaries,
};
pub(crate) use provenance::{
    artifacts_by_table, costs, exclusions, explanation_costs, images, networks, versions,
};

const ONE_IMAGE: &str = "one image";
const ONE_RUN: &str = "one run";

/// Every table that is written beside the page.
pub(crate) fn all(inputs: &Inputs, results: &Results<'_>) -> Vec<Table> {
    vec![
        answers(results),
        mean_auc(inputs, results, false),
        paper::mean_auc(),
        std_over_runs(results),
        paper::std_over_runs(),
        areas::auc_by_run(results),
        distribution(results),
        summaries(inputs, results),
        comparisons(inputs, results),
        variance_components(inputs, results),
        concordance(inputs, results),
        stability(inputs, results),
        agreement(inputs, results),
        needed_samples(inputs, results),
        gains(inputs, results),
        localization(inputs, results),
        complexity(inputs, results),
        sanity(inputs, results),
        explanation_costs(inputs, results),
        exclusions(inputs),
        images(inputs),
        networks(inputs),
        versions(inputs),
        costs(inputs),
        artifacts_by_table(inputs),
        provenance::artifacts(inputs),
    ]
}

/// The columns of a condition; those that are the same in all rows only for programs.
fn condition_columns(results: &Results<'_>) -> Vec<Column> {
    vec![
        Column::text("network", "Network"),
        Column::text("partition", "Partition").shown(results.varying.partition),
        Column::text("order", "Order").shown(results.varying.order),
        Column::text("replacement", "Replacement").shown(results.varying.replacement),
    ]
}

/// A row of such a table.
fn under(condition: &Condition<'_>, cells: Vec<Cell>) -> Vec<Cell> {
    let Condition {
        network,
        partition,
        order,
        replacement,
    } = condition;
    let parts = [network, partition, order, replacement];
    parts
        .into_iter()
        .map(|part| Cell::text(*part))
        .chain(cells)
        .collect()
}

/// A table whose rows begin with a condition; `columns` are those after it.
fn by_condition(
    name: &'static str,
    results: &Results<'_>,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
) -> Table {
    Table {
        name,
        columns: [condition_columns(results), columns].concat(),
        rows,
    }
}

/// Rows in the order in which the report shows them, which is that of a key.
fn sorted<'a, T, K: Ord>(rows: &'a [T], mut key: impl FnMut(&'a T) -> K) -> Vec<&'a T> {
    let mut rows: Vec<&T> = rows.iter().collect();
    rows.sort_by_cached_key(|row| key(row));
    rows
}

/// A name's place in the order in which names are shown: those that are known first, then the others by name.
fn place<'a>(known: &[&str], name: &'a str) -> (usize, &'a str) {
    let found = known.iter().position(|other| *other == name);
    (found.unwrap_or(known.len()), name)
}

/// A method's name, which leads to the explorer of its explanations: from there every image is a choice away.
fn method(name: &str, network: &str, partition: Option<&str>) -> Cell {
    let partition = partition.map(|partition| ("partition", partition));
    let names = [("network", network), ("method", name)].into_iter();
    let choices: Vec<_> = names.chain(partition).collect();
    Cell::Link {
        text: name.to_owned(),
        address: explorer::link(&choices),
    }
}

/// An image's name, which leads to its pictures where it has any.
fn image(results: &Results<'_>, name: &str, network: &str) -> Cell {
    if results.images.binary_search(&name).is_ok() {
        Cell::Link {
            text: name.to_owned(),
            address: explorer::link(&[("image", name), ("network", network)]),
        }
    } else {
        Cell::text(name)
    }
}
