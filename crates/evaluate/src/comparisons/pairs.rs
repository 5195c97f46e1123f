//! Pairs of methods under a condition.

use std::collections::BTreeMap;

use schema::Comparison;
use statistics::{Interval, holm, mean, mean_interval, standardised_difference, wilcoxon};

use super::conditions::{Condition, Images, Methods};
use super::{Settings, because};

/// Every pair of methods, in the order of their names.
pub(super) fn compared(
    condition: &Condition<'_>,
    methods: &Methods<'_>,
    settings: &Settings<'_>,
) -> Vec<Comparison> {
    let methods: Vec<_> = methods.iter().collect();
    let pairs = methods.iter().enumerate().flat_map(|(place, method)| {
        methods[place + 1..]
            .iter()
            .map(move |other| (*method, *other))
    });
    pairs
        .map(|(method, other)| compare(condition, method, other, settings))
        .collect()
}

fn compare(
    condition: &Condition<'_>,
    (method, images): (&&str, &Images<'_>),
    (other_method, other_images): (&&str, &Images<'_>),
    settings: &Settings<'_>,
) -> Comparison {
    let paired = images
        .iter()
        .filter_map(|(image, runs)| Some((mean(runs)?, mean(other_images.get(image)?)?)));
    let (ours, others): (Vec<f64>, Vec<f64>) = paired.unzip();
    let differences: Vec<f64> = ours.iter().zip(&others).map(|(a, b)| a - b).collect();
    let seed = condition.seed(settings.seed, &[method, other_method]);
    let interval = mean_interval(&differences, settings.confidence, settings.resamples, seed);
    let test = wilcoxon(&differences);
    let standardised = standardised_difference(&differences);
    let rank_biserial = test
        .as_ref()
        .and_then(statistics::SignedRanks::rank_biserial);
    let count =
        |keep: fn(f64) -> bool| differences.iter().filter(|value| keep(**value)).count() as u32;
    let [above, below] = [count(|value| value > 0.0), count(|value| value < 0.0)];
    let [wins, losses] = if condition.higher_is_better {
        [above, below]
    } else {
        [below, above]
    };
    let reason = because(&[
        (
            differences.is_empty(),
            "no image has the measure for both methods",
        ),
        (
            differences.len() == 1,
            "one image: no interval and no standardised difference",
        ),
        (
            test.is_some() && rank_biserial.is_none(),
            "all differences are 0: no rank-biserial correlation",
        ),
        (
            differences.len() > 1 && standardised.is_none(),
            "all differences are equal: no standardised difference",
        ),
    ]);
    Comparison {
        network: condition.network.to_owned(),
        partition: condition.partition.to_owned(),
        method: (*method).to_owned(),
        other_method: (*other_method).to_owned(),
        order: condition.order(),
        replacement: condition.replacement(),
        measure: condition.measure.to_owned(),
        better: condition.better(),
        images: differences.len() as u32,
        mean: mean(&ours),
        other_mean: mean(&others),
        difference: mean(&differences),
        low: interval.map(|Interval { low, .. }| low),
        high: interval.map(|Interval { high, .. }| high),
        level: settings.confidence,
        resamples: settings.resamples,
        p: test.map(|test| test.p),
        exact: test.map(|test| test.exact),
        p_adjusted: None,
        family: 0,
        rank_biserial,
        standardised_difference: standardised,
        wins,
        losses,
        ties: differences.len() as u32 - above - below,
        reason,
    }
}

/// Corrects the p-values of each measure for their number.
pub(super) fn adjust(rows: &mut [Comparison]) {
    let mut families: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, row) in rows.iter().enumerate().filter(|(_, row)| row.p.is_some()) {
        families.entry(row.measure.clone()).or_default().push(place);
    }
    for family in families.values() {
        let p: Vec<f64> = family.iter().filter_map(|place| rows[*place].p).collect();
        for (place, adjusted) in family.iter().zip(holm(&p).unwrap_or_default()) {
            rows[*place].p_adjusted = Some(adjusted);
            rows[*place].family = family.len() as u32;
        }
    }
}
