//! The tables of a report, from the grouped scores and the study's other rows.

mod areas;
mod hypothesis_tests;
mod measures;
mod provenance;

use crate::results::{Condition, Place, Results, Varying};
use crate::table::{Builder, Cell, Table, columns};
use crate::{Inputs, explorer, paper};

pub(crate) use areas::{answers, distribution, mean_auc, std_over_runs};
pub(crate) use hypothesis_tests::{comparisons, concordance, variance_components};
pub(crate) use measures::{
    agreement, complexity, gains, localization, needed_samples, sanity, stability, summaries,
};
pub(crate) use provenance::{
    artifacts_by_table, costs, exclusions, explanation_costs, images, networks, versions,
};

/// Why there is no reason for a missing value.
const COMPLETE: &str = "nothing is missing";
const NO_IMAGE: &str = "no image";
const ONE_IMAGE: &str = "one image";
const ONE_RUN: &str = "one run";
const NO_START: &str = "probability 0 at the start";

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

/// A table whose rows begin with where methods are compared, in that order and then by `rest`; `no_replacement` is the reason for none.
fn by_place<'a, T, K: Ord>(
    name: &'static str,
    results: &Results<'_>,
    rows: &'a [T],
    place: impl Fn(&'a T) -> Place<'a>,
    rest: impl Fn(&'a T) -> K,
    no_replacement: &'static str,
) -> Builder<&'a T> {
    let rows = sorted(rows, |row| {
        let place = place(row);
        (rank(&results.networks, place.network), place, rest(row))
    });
    columns! { Builder::new(name, rows), |row|
        Text network "Network" => place(row).network;
        Text partition "Partition".shown(results.varying.partition) => place(row).partition;
        Text order "Order".shown(results.varying.order) => (place(row).order, "both or none");
        Text replacement "Replacement".shown(results.varying.replacement) => (place(row).replacement, no_replacement);
        Text measure "Measure" => place(row).measure;
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
