//! The tables of a report, from the grouped scores and the study's other rows.

mod agreement;
mod areas;
mod declared;
mod provenance;

use crate::results::{Condition, Results, Varying};
use crate::table::{Builder, Cell, Table, columns};
use crate::{Inputs, explorer, paper};

pub(crate) use agreement::agreement;
pub(crate) use areas::{answers, distribution, mean_auc, std_over_runs};
pub(crate) use declared::{declared, declared_as_given};
pub(crate) use provenance::{
    artifacts_by_table, costs, exclusions, explanation_costs, images, networks, versions,
};

const ONE_IMAGE: &str = "one image";
const ONE_RUN: &str = "one run";
const NO_START: &str = "probability 0 at the start";

/// Every table that is written beside the page.
pub(crate) fn all(inputs: &Inputs, results: &Results<'_>) -> Vec<Table> {
    let mut tables = vec![
        declared_as_given(results, &inputs.decisions),
        answers(results),
        mean_auc(inputs, results, false),
        paper::mean_auc(),
        std_over_runs(results),
        paper::std_over_runs(),
        areas::auc_by_run(results),
        distribution(results),
        declared(results, &inputs.summaries),
        declared(results, &inputs.comparisons),
        declared(results, &inputs.variance_components),
        declared(results, &inputs.concordance),
        declared(results, &inputs.stability),
        agreement(inputs, results),
        declared(results, &inputs.needed_samples),
        declared(results, &inputs.gains),
        declared(results, &inputs.sanity),
    ];
    let measures = inputs.measures.iter();
    tables.extend(measures.map(|measure| declared(results, &*measure.rows)));
    tables.extend([
        explanation_costs(inputs, results),
        exclusions(inputs),
        images(inputs),
        networks(inputs),
        versions(inputs),
        costs(inputs),
        artifacts_by_table(inputs),
        provenance::artifacts(inputs),
    ]);
    tables
}

/// A table whose rows begin with a condition; the parts of it that do not vary are only for programs.
fn by_condition<'a, S: Copy>(
    name: &'static str,
    varying: Varying,
    subjects: Vec<S>,
    condition: impl Fn(S) -> Condition<'a>,
) -> Builder<S> {
    columns! { Builder::new(name, subjects), |row|
        Text network "Network" => condition(row).network;
        Text partition "Partition".shown(varying.partition) => condition(row).partition;
        Text order "Order".shown(varying.order) => condition(row).order;
        Text replacement "Replacement".shown(varying.replacement) => condition(row).replacement;
    }
}

/// Rows in the order in which the report shows them, which is that of a key.
fn sorted<'a, T, K: Ord>(rows: &'a [T], mut key: impl FnMut(&'a T) -> K) -> Vec<&'a T> {
    let mut rows: Vec<&T> = rows.iter().collect();
    rows.sort_by_cached_key(|row| key(row));
    rows
}

/// A name's place in the order in which names are shown: those that are known first, then the others by name.
fn rank<'a>(known: &[&str], name: &'a str) -> (usize, &'a str) {
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
        Cell::from(name)
    }
}
