//! Methods under a condition, each by itself.

use schema::Summary;
use statistics::{Interval, average_ranks, mean, mean_interval, standard_deviation};

use super::conditions::{Condition, Methods, complete, ranked};
use super::{Settings, because};

/// The mean of each method, with its interval and its place.
pub(super) fn summaries(
    condition: &Condition<'_>,
    methods: &Methods<'_>,
    settings: &Settings<'_>,
) -> Vec<Summary> {
    let complete = complete(methods);
    let ranks: Option<Vec<Vec<f64>>> = complete
        .iter()
        .map(|cells| average_ranks(&ranked(condition, cells)?))
        .collect();
    let values: Vec<Vec<f64>> = methods
        .values()
        .map(|images| images.values().filter_map(|runs| mean(runs)).collect())
        .collect();
    let means: Vec<Option<f64>> = values.iter().map(|values| mean(values)).collect();
    let better = |a: f64, b: f64| {
        if condition.higher_is_better {
            a > b
        } else {
            a < b
        }
    };
    let row = |(place, method): (usize, &&str)| {
        let values = &values[place];
        let seed = condition.seed(settings.seed, &[method]);
        let interval = mean_interval(values, settings.confidence, settings.resamples, seed);
        let ranks: Option<Vec<f64>> = ranks
            .as_ref()
            .map(|ranks| ranks.iter().map(|ranks| ranks[place]).collect());
        let mean_rank = ranks.and_then(|ranks| mean(&ranks));
        let above = means[place].map(|own| {
            means
                .iter()
                .flatten()
                .filter(|other| better(**other, own))
                .count()
        });
        Summary {
            network: condition.network.to_owned(),
            partition: condition.partition.to_owned(),
            method: (*method).to_owned(),
            order: condition.order(),
            replacement: condition.replacement(),
            measure: condition.measure.to_owned(),
            better: condition.better(),
            images: values.len() as u32,
            mean: means[place],
            low: interval.map(|Interval { low, .. }| low),
            high: interval.map(|Interval { high, .. }| high),
            level: settings.confidence,
            resamples: settings.resamples,
            std_over_images: standard_deviation(values),
            mean_rank,
            place: above.map(|above| above as u32 + 1),
            groups: None,
            reason: because(&[
                (values.is_empty(), "no image has the measure"),
                (
                    values.len() == 1,
                    "one image: no interval and no deviation over images",
                ),
                (
                    mean_rank.is_none(),
                    "no image has the measure for all methods: no rank",
                ),
            ]),
        }
    };
    methods.keys().enumerate().map(row).collect()
}
