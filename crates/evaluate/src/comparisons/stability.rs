//! How far an image's scores vary over runs.

use std::collections::BTreeMap;

use schema::{Score, Stability};
use statistics::{mean, std_over_runs};

use super::because;

/// The runs of each image together.
pub(super) fn stability(scores: &[Score]) -> Vec<Stability> {
    let mut images: BTreeMap<[&str; 6], Vec<&Score>> = BTreeMap::new();
    for row in scores {
        let keys = [
            &*row.image,
            &*row.network,
            &*row.partition,
            &*row.method,
            &*row.order,
            &*row.replacement,
        ];
        images.entry(keys).or_default().push(row);
    }
    let row = |([image, network, partition, method, order, replacement], mut runs): (
        [&str; 6],
        Vec<&Score>,
    )| {
        runs.sort_by_key(|row| row.run);
        let deterministic = runs.iter().all(|row| row.deterministic);
        let deviation = |values: &[f64]| {
            if deterministic {
                Some(0.0)
            } else {
                std_over_runs(values)
            }
        };
        let auc: Vec<f64> = runs.iter().map(|row| row.auc).collect();
        let relative: Option<Vec<f64>> = runs.iter().map(|row| row.auc_relative).collect();
        let auc_std = deviation(&auc);
        Stability {
            image: image.to_owned(),
            network: network.to_owned(),
            partition: partition.to_owned(),
            method: method.to_owned(),
            order: order.to_owned(),
            replacement: replacement.to_owned(),
            deterministic,
            runs: runs.len() as u32,
            auc: mean(&auc).unwrap_or_default(),
            auc_std,
            auc_relative: relative.as_deref().and_then(mean),
            auc_relative_std: relative.as_deref().and_then(deviation),
            reason: because(&[
                (
                    auc_std.is_none(),
                    "one run of a method that draws random numbers: its deviation over runs is unknown",
                ),
                (relative.is_none(), "no relative area: `scores` says why"),
            ]),
        }
    };
    images.into_iter().map(row).collect()
}
