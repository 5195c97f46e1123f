//! Where the variance of a measure comes from.

use std::collections::BTreeSet;

use schema::VarianceComponents;
use statistics::{Cell, variance_components};

use super::because;
use super::conditions::{Condition, Methods, complete};

/// The variance of a measure, divided.
pub(super) fn components(
    condition: &Condition<'_>,
    methods: &Methods<'_>,
    deterministic: &BTreeSet<String>,
) -> VarianceComponents {
    let complete = complete(methods);
    let images: Vec<Vec<Cell<'_>>> = complete
        .iter()
        .map(|image| {
            let cells = methods.keys().zip(image).map(|(method, runs)| Cell {
                runs,
                deterministic: deterministic.contains(*method),
            });
            cells.collect()
        })
        .collect();
    let found = variance_components(&images);
    VarianceComponents {
        network: condition.network.to_owned(),
        partition: condition.partition.to_owned(),
        order: condition.order(),
        replacement: condition.replacement(),
        measure: condition.measure.to_owned(),
        better: condition.better(),
        images: images.len() as u32,
        methods: methods.len() as u32,
        image_variance: found.map(|found| found.image),
        method_variance: found.map(|found| found.method),
        interaction_variance: found.map(|found| found.interaction),
        run_variance: found.and_then(|found| found.run),
        reason: because(&[
            (methods.len() < 2, "one method"),
            (
                images.len() < 2,
                "fewer than 2 images have the measure for all methods",
            ),
            (
                found.is_some_and(|found| found.run.is_none()),
                "a method that draws random numbers has one run: its variance over runs is unknown and is part of the interaction",
            ),
        ]),
    }
}
