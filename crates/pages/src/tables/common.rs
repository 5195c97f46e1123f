//! What several tables begin with, and how their rows are ordered and linked.

use crate::explorer;
use crate::results::{Condition, Results, Varying};
use crate::table::{Builder, Cell, columns};

pub(super) const ONE_IMAGE: &str = "one image";
pub(super) const ONE_RUN: &str = "one run";
pub(super) const NOT_RELATIVE: &str = "no relative area";

/// A table whose rows begin with a condition; the parts of it that do not vary are only for programs.
pub(super) fn by_condition<'a, S: Copy>(
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
pub(super) fn sorted<'a, T, K: Ord>(rows: &'a [T], mut key: impl FnMut(&'a T) -> K) -> Vec<&'a T> {
    let mut rows: Vec<&T> = rows.iter().collect();
    rows.sort_by_cached_key(|row| key(row));
    rows
}

/// A name's place in the order in which names are shown: those that are known first, then the others by name.
pub(super) fn rank<'a>(known: &[&str], name: &'a str) -> (usize, &'a str) {
    let found = known.iter().position(|other| *other == name);
    (found.unwrap_or(known.len()), name)
}

/// A method's name, which leads to the explorer of its explanations: from there every image is a choice away.
pub(super) fn method(name: &str, network: &str, partition: Option<&str>) -> Cell {
    let partition = partition.map(|partition| ("partition", partition));
    let names = [("network", network), ("method", name)].into_iter();
    let choices: Vec<_> = names.chain(partition).collect();
    Cell::Link {
        text: name.to_owned(),
        address: explorer::link(&choices),
    }
}

/// An image's name, which leads to its pictures where it has any.
pub(super) fn image(results: &Results<'_>, name: &str, network: &str) -> Cell {
    if results.images.binary_search(&name).is_ok() {
        Cell::Link {
            text: name.to_owned(),
            address: explorer::link(&[("image", name), ("network", network)]),
        }
    } else {
        Cell::from(name)
    }
}
