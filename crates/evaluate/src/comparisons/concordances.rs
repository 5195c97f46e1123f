//! How far images, or replacements, rank the methods alike.

use std::collections::{BTreeMap, BTreeSet};

use schema::Concordance;
use statistics::{concordance, mean};

use super::because;
use super::conditions::{Condition, Conditions, Methods, complete, ranked};

/// Whether judges agree, for each condition.
pub(super) fn concordances(conditions: &Conditions<'_>) -> Vec<Concordance> {
    let over_images = conditions.iter().map(|(condition, methods)| {
        let judges: Vec<Vec<f64>> = complete(methods)
            .iter()
            .filter_map(|cells| ranked(condition, cells))
            .collect();
        agreed(condition, "images", methods.len(), &judges)
    });
    let mut by_replacement: BTreeMap<Condition<'_>, Vec<&Methods<'_>>> = BTreeMap::new();
    for (condition, methods) in conditions
        .iter()
        .filter(|(condition, _)| condition.replacement.is_some())
    {
        let without = Condition {
            replacement: None,
            ..*condition
        };
        by_replacement.entry(without).or_default().push(methods);
    }
    let over_replacements = by_replacement.iter().map(|(condition, replacements)| {
        let names: BTreeSet<&str> = replacements
            .iter()
            .flat_map(|methods| methods.keys().copied())
            .collect();
        let judge = |methods: &&Methods<'_>| -> Option<Vec<f64>> {
            let means = names.iter().map(|name| {
                let values: Option<Vec<f64>> =
                    methods.get(name)?.values().map(|runs| mean(runs)).collect();
                mean(&values?)
            });
            let means = means.collect::<Option<Vec<f64>>>()?;
            ranked(condition, &means.chunks(1).collect::<Vec<_>>())
        };
        let judges: Vec<Vec<f64>> = replacements.iter().filter_map(judge).collect();
        agreed(condition, "replacements", names.len(), &judges)
    });
    over_images.chain(over_replacements).collect()
}

fn agreed(
    condition: &Condition<'_>,
    judges: &str,
    methods: usize,
    values: &[Vec<f64>],
) -> Concordance {
    let found = concordance(values);
    Concordance {
        network: condition.network.to_owned(),
        partition: condition.partition.to_owned(),
        order: condition.order(),
        replacement: condition.replacement(),
        measure: condition.measure.to_owned(),
        judges: judges.to_owned(),
        count: values.len() as u32,
        methods: methods as u32,
        w: found.map(|found| found.w),
        p: found.map(|found| found.p),
        reason: because(&[
            (methods < 2, "one method"),
            (
                values.len() < 2,
                &format!("fewer than 2 {judges} have the measure for all methods"),
            ),
            (
                found.is_none() && methods > 1 && values.len() > 1,
                "every judge finds all methods equal",
            ),
        ]),
    }
}
