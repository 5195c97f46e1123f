//! The action `comparisons`: what the measures say about the methods. The image is the unit: a method's value for an image is its mean over runs.

use std::collections::{BTreeMap, BTreeSet};

use actions::Comparisons;
use parts::{ActionError, Rows};
use rayon::prelude::*;
use sampling::Seed;
use schema::{
    Comparison, Concordance, Gain, Localization, Score, Stability, Summary, VarianceComponents,
};
use statistics::{
    Cell, Interval, average_ranks, concordance, holm, mean, mean_interval, standard_deviation,
    standardised_difference, std_over_runs, variance_components, wilcoxon,
};

/// What the tables depend on besides the measures.
#[derive(Clone, Copy, Debug)]
pub struct Settings<'a> {
    /// The study's seed; each interval has random numbers of its own.
    pub seed: u64,
    /// Bootstrap resamples of an interval.
    pub resamples: u32,
    /// Level of intervals.
    pub confidence: f64,
    /// Names of the methods that give the same in every run.
    pub deterministic: &'a BTreeSet<String>,
}

/// All tables of the action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// Pairs of methods.
    pub comparisons: Vec<Comparison>,
    /// Methods.
    pub summaries: Vec<Summary>,
    /// Images with their runs.
    pub stability: Vec<Stability>,
    /// Conditions.
    pub variance_components: Vec<VarianceComponents>,
    /// Conditions, and conditions without their replacement.
    pub concordance: Vec<Concordance>,
}

/// A measure, and where two methods must have it to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Condition<'a> {
    measure: &'static str,
    higher_is_better: bool,
    network: &'a str,
    partition: &'a str,
    order: Option<&'a str>,
    replacement: Option<&'a str>,
}

/// A method's values by image, in the order of runs. An image of which a run has no value is left out.
type Images<'a> = BTreeMap<&'a str, Vec<f64>>;
type Methods<'a> = BTreeMap<&'a str, Images<'a>>;
type Conditions<'a> = BTreeMap<Condition<'a>, Methods<'a>>;

/// Compares the methods of a study.
pub fn run(inputs: &Comparisons, rows: &Rows<'_>) -> Result<Tables, ActionError> {
    let settings = Settings {
        seed: inputs.seed,
        resamples: inputs.resamples,
        confidence: inputs.confidence,
        deterministic: &inputs.deterministic,
    };
    Ok(comparisons(
        &rows.all(&inputs.scores)?,
        &rows.all(&inputs.gains)?,
        &rows.all(&inputs.localization)?,
        &settings,
    ))
}

/// Compares the methods of a whole study. The rows may come in any order.
pub fn comparisons(
    scores: &[Score],
    gains: &[Gain],
    localization: &[Localization],
    settings: &Settings<'_>,
) -> Tables {
    let conditions = conditions(scores, gains, localization);
    let mut comparisons = conditions
        .par_iter()
        .map(|(condition, methods)| pairs(condition, methods, settings))
        .collect::<Vec<_>>()
        .concat();
    adjust(&mut comparisons);
    let summaries = conditions
        .par_iter()
        .map(|(condition, methods)| summaries(condition, methods, settings))
        .collect::<Vec<_>>()
        .concat();
    let components = conditions
        .iter()
        .map(|(condition, methods)| components(condition, methods, settings.deterministic));
    Tables {
        comparisons,
        summaries,
        stability: stability(scores),
        variance_components: components.collect(),
        concordance: concordances(&conditions),
    }
}

/// A value that is measured in one run, and whether higher ones are better.
type Measured = (&'static str, bool, Option<f64>);

fn conditions<'a>(
    scores: &'a [Score],
    gains: &'a [Gain],
    localization: &'a [Localization],
) -> Conditions<'a> {
    // By run, so that the order of the rows does not matter.
    let mut runs: BTreeMap<(Condition<'a>, &str, &str), BTreeMap<u32, Option<f64>>> =
        BTreeMap::new();
    let mut note = |keys: [&'a str; 4], run, order, replacement, measured: &[Measured]| {
        let [network, partition, method, image] = keys;
        for &(measure, higher_is_better, value) in measured {
            let condition = Condition {
                measure,
                higher_is_better,
                network,
                partition,
                order,
                replacement,
            };
            let value = value.filter(|value| value.is_finite());
            runs.entry((condition, method, image))
                .or_default()
                .insert(run, value);
        }
    };
    for row in scores {
        let higher = row.order == "least_relevant_first";
        let measured = [
            ("auc", higher, Some(row.auc)),
            ("auc_mean", higher, Some(row.auc_mean)),
            ("auc_relative", higher, row.auc_relative),
            ("auc_area", higher, Some(row.auc_area)),
        ];
        let keys = [&*row.network, &*row.partition, &*row.method, &*row.image];
        note(
            keys,
            row.run,
            Some(&*row.order),
            Some(&*row.replacement),
            &measured,
        );
    }
    for row in gains {
        let measured = [
            ("symmetric_gain", true, Some(row.symmetric_gain)),
            ("symmetric_gain_relative", true, row.symmetric_gain_relative),
        ];
        let keys = [&*row.network, &*row.partition, &*row.method, &*row.image];
        note(keys, row.run, None, Some(&*row.replacement), &measured);
    }
    for row in localization {
        let measured = [
            ("pointing", true, row.pointing),
            ("relevance_inside", true, row.relevance_inside),
            ("intersection_over_union", true, row.intersection_over_union),
            ("average_precision", true, row.average_precision),
        ];
        let keys = [&*row.network, &*row.partition, &*row.method, &*row.image];
        note(keys, row.run, None, None, &measured);
    }
    let mut conditions = Conditions::new();
    for ((condition, method, image), runs) in runs {
        let images = conditions
            .entry(condition)
            .or_default()
            .entry(method)
            .or_default();
        if let Some(values) = runs.into_values().collect::<Option<Vec<f64>>>() {
            images.insert(image, values);
        }
    }
    conditions
}

impl Condition<'_> {
    /// The seed of an interval about these methods.
    fn seed(&self, study: u64, about: &[&str]) -> [u8; 32] {
        let [order, replacement] = [self.order, self.replacement].map(Option::unwrap_or_default);
        let parts = [
            self.measure,
            self.network,
            self.partition,
            order,
            replacement,
        ];
        let parts: Vec<&[u8]> = parts
            .iter()
            .chain(about)
            .map(|part| part.as_bytes())
            .collect();
        Seed::derive(study, &parts).0
    }

    fn order(&self) -> Option<String> {
        self.order.map(str::to_owned)
    }

    fn replacement(&self) -> Option<String> {
        self.replacement.map(str::to_owned)
    }

    fn better(&self) -> String {
        if self.higher_is_better {
            "higher"
        } else {
            "lower"
        }
        .to_owned()
    }
}

/// Reasons in words, or none.
fn because(reasons: &[(bool, &str)]) -> Option<String> {
    let holding: Vec<&str> = reasons
        .iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, reason)| *reason)
        .collect();
    (!holding.is_empty()).then(|| holding.join("; "))
}

fn pairs(
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
fn adjust(rows: &mut [Comparison]) {
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

/// The images that all methods have, each with the methods' values.
fn complete<'m>(methods: &'m Methods<'_>) -> Vec<Vec<&'m [f64]>> {
    let Some(first) = methods.values().next() else {
        return Vec::new();
    };
    first
        .keys()
        .filter_map(|image| {
            let values = methods.values();
            values
                .map(|images| images.get(image).map(Vec::as_slice))
                .collect()
        })
        .collect()
}

/// The methods' means over runs, or what ranks them: lower first where lower is better, else turned over.
fn ranked(condition: &Condition<'_>, cells: &[&[f64]]) -> Option<Vec<f64>> {
    let sign = if condition.higher_is_better {
        -1.0
    } else {
        1.0
    };
    cells.iter().map(|runs| Some(sign * mean(runs)?)).collect()
}

fn summaries(
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

fn components(
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
                "a method that draws random numbers has one run: its variance over runs is not known, and the interaction holds it",
            ),
        ]),
    }
}

fn concordances(conditions: &Conditions<'_>) -> Vec<Concordance> {
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

fn stability(scores: &[Score]) -> Vec<Stability> {
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
                    "one run of a method that draws random numbers: its deviation over runs is not known",
                ),
                (
                    relative.is_none(),
                    "the probability of the untouched image is 0: no relative area",
                ),
            ]),
        }
    };
    images.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(image: &str, method: &str, run: u32, replacement: &str, auc: f64) -> Score {
        Score {
            image: image.into(),
            network: "alexnet".into(),
            partition: "coarse".into(),
            method: method.into(),
            run,
            deterministic: method == "gradcam",
            order: "most_relevant_first".into(),
            replacement: replacement.into(),
            steps: 10,
            tied: Some(0),
            auc,
            auc_mean: auc / 10.0,
            auc_relative: Some(auc / 9.0),
            auc_area: auc / 10.0,
            reason: None,
        }
    }

    /// Grad-CAM once and LIME in two runs for each image; LIME's area is lower by 1 in the mean, and by 2 on the first image.
    fn study(images: usize) -> Vec<Score> {
        let of_image = |place: usize| {
            let image = format!("image-{place}");
            let base = 5.0 + (place % 3) as f64 / 4.0;
            let lead = 1.0 + f64::from(u8::from(place == 0)) + place as f64 / 16.0;
            [
                score(&image, "gradcam", 0, "mean", base),
                score(&image, "lime", 0, "mean", base - lead - 0.25),
                score(&image, "lime", 1, "mean", base - lead + 0.25),
            ]
        };
        (0..images).flat_map(of_image).collect()
    }

    fn tables(scores: &[Score]) -> Tables {
        tables_with(scores, &[], &[])
    }

    fn tables_with(scores: &[Score], gains: &[Gain], localization: &[Localization]) -> Tables {
        let deterministic = BTreeSet::from(["gradcam".to_owned()]);
        let settings = Settings {
            seed: 7,
            resamples: 500,
            confidence: 0.95,
            deterministic: &deterministic,
        };
        comparisons(scores, gains, localization, &settings)
    }

    fn of_measure<'a>(tables: &'a Tables, measure: &str) -> &'a Comparison {
        let mut rows = tables
            .comparisons
            .iter()
            .filter(|row| row.measure == measure);
        let row = rows.next().unwrap();
        assert!(rows.next().is_none(), "{measure} has one pair");
        row
    }

    #[test]
    fn a_pair_of_methods_is_compared_by_image_means() {
        let tables = tables(&study(8));
        let row = of_measure(&tables, "auc");
        assert_eq!(
            (row.method.as_str(), row.other_method.as_str()),
            ("gradcam", "lime")
        );
        let differences: Vec<f64> = (0..8)
            .map(|place| 1.0 + f64::from(u8::from(place == 0)) + f64::from(place) / 16.0)
            .collect();
        assert!((row.difference.unwrap() - mean(&differences).unwrap()).abs() < 1e-12);
        assert_eq!((row.images, row.wins, row.losses, row.ties), (8, 0, 8, 0));
        assert_eq!((row.rank_biserial, row.exact), (Some(1.0), Some(true)));
        assert!((row.p.unwrap() - 2.0 / 256.0).abs() < 1e-12);
        assert!(row.low.unwrap() > 1.0 && row.high.unwrap() < 2.0 && row.reason.is_none());
        assert_eq!((row.family, row.p_adjusted), (1, row.p));
    }

    #[test]
    fn p_values_of_a_measure_are_corrected_together_over_all_conditions() {
        let mut scores = study(8);
        let blurred: Vec<Score> = scores
            .iter()
            .map(|row| Score {
                replacement: "blur".into(),
                ..row.clone()
            })
            .collect();
        scores.extend(blurred);
        let tables = tables(&scores);
        for row in tables.comparisons.iter().filter(|row| row.measure == "auc") {
            assert_eq!((row.family, row.p_adjusted), (2, row.p.map(|p| 2.0 * p)));
        }
        let over = |judges: &str| {
            let mut rows = tables
                .concordance
                .iter()
                .filter(|row| row.judges == judges && row.measure == "auc");
            rows.next().unwrap().clone()
        };
        assert_eq!((over("images").count, over("images").w), (8, Some(1.0)));
        let replacements = over("replacements");
        assert_eq!(
            (replacements.count, replacements.w, replacements.replacement),
            (2, Some(1.0), None)
        );
    }

    #[test]
    fn the_order_of_rows_and_other_statements_change_no_statement() {
        let scores = study(6);
        let mut reversed = scores.clone();
        reversed.reverse();
        let plain = tables(&scores);
        assert_eq!(plain, tables(&reversed));
        let more: Vec<Score> = scores
            .iter()
            .map(|row| Score {
                network: "resnet50".into(),
                ..row.clone()
            })
            .collect();
        let grown = tables(&[scores, more].concat());
        let row = of_measure(&plain, "auc");
        let same = grown
            .comparisons
            .iter()
            .find(|other| other.measure == "auc" && other.network == "alexnet")
            .unwrap();
        assert_eq!((row.low, row.high, row.p), (same.low, same.high, same.p));
    }

    #[test]
    fn methods_are_summarised_and_placed() {
        let mut scores = study(4);
        scores.push(score("image-9", "gradcam", 0, "mean", 1.0));
        let tables = tables(&scores);
        let of = |method: &str| {
            tables
                .summaries
                .iter()
                .find(|row| row.method == method && row.measure == "auc")
                .unwrap()
        };
        assert_eq!(
            (of("lime").place, of("lime").mean_rank, of("lime").images),
            (Some(1), Some(1.0), 4)
        );
        assert_eq!(
            (
                of("gradcam").place,
                of("gradcam").mean_rank,
                of("gradcam").images
            ),
            (Some(2), Some(2.0), 5)
        );
        let least: Vec<Score> = scores
            .iter()
            .map(|row| Score {
                order: "least_relevant_first".into(),
                ..row.clone()
            })
            .collect();
        let tables = self::tables(&least);
        let row = tables
            .summaries
            .iter()
            .find(|row| row.method == "lime" && row.measure == "auc")
            .unwrap();
        assert_eq!((row.better.as_str(), row.place), ("higher", Some(2)));
        assert_eq!(of_measure(&tables, "auc").wins, 4);
    }

    #[test]
    fn variance_is_divided_where_a_deterministic_method_has_one_run() {
        let tables = tables(&study(6));
        let row = tables
            .variance_components
            .iter()
            .find(|row| row.measure == "auc")
            .unwrap();
        // LIME's runs lie 0.25 on both sides: variance 0.125; Grad-CAM's is 0.
        assert!((row.run_variance.unwrap() - 0.0625).abs() < 1e-12);
        assert_eq!(
            (row.images, row.methods, row.reason.as_deref()),
            (6, 2, None)
        );
        assert!(row.method_variance.unwrap() > 0.5);
    }

    #[test]
    fn deviations_over_runs_are_0_by_construction_or_not_known() {
        let rows = tables(&study(1)).stability;
        let of = |rows: &[Stability], method: &str| {
            rows.iter()
                .find(|row| row.method == method)
                .unwrap()
                .clone()
        };
        assert_eq!(
            (of(&rows, "gradcam").auc_std, of(&rows, "gradcam").reason),
            (Some(0.0), None)
        );
        assert!((of(&rows, "lime").auc_std.unwrap() - 0.125_f64.sqrt()).abs() < 1e-12);
        let one: Vec<Score> = study(1).into_iter().filter(|row| row.run == 0).collect();
        let tables = tables(&one);
        let lime = of(&tables.stability, "lime");
        assert_eq!((lime.runs, lime.auc_std), (1, None));
        assert!(lime.reason.unwrap().contains("one run"));
    }

    #[test]
    fn one_image_gives_means_and_says_why_there_is_no_more() {
        let tables = tables(&study(1));
        let row = of_measure(&tables, "auc");
        assert_eq!(
            (row.images, row.difference, row.p),
            (1, Some(2.0), Some(1.0))
        );
        assert_eq!(
            (row.low, row.high, row.standardised_difference),
            (None, None, None)
        );
        assert!(row.reason.as_deref().unwrap().contains("one image"));
        let summary = &tables.summaries[0];
        assert_eq!(
            (summary.images, summary.low, summary.std_over_images),
            (1, None, None)
        );
        assert!(
            tables
                .variance_components
                .iter()
                .all(|row| row.image_variance.is_none() && row.reason.is_some())
        );
        assert!(
            tables
                .concordance
                .iter()
                .all(|row| row.w.is_none() && row.reason.is_some())
        );
    }

    #[test]
    fn one_run_of_a_random_method_leaves_the_runs_variance_open() {
        let scores: Vec<Score> = study(5).into_iter().filter(|row| row.run == 0).collect();
        let tables = tables(&scores);
        let row = tables
            .variance_components
            .iter()
            .find(|row| row.measure == "auc")
            .unwrap();
        assert!(row.run_variance.is_none() && row.interaction_variance.is_some());
        assert!(row.reason.as_deref().unwrap().contains("one run"));
    }

    #[test]
    fn equal_methods_have_no_effect_and_a_p_value_of_1() {
        let mut scores = study(5);
        for row in &mut scores {
            row.auc = 3.0;
        }
        let tables = tables(&scores);
        let row = of_measure(&tables, "auc");
        assert_eq!(
            (row.p, row.rank_biserial, row.standardised_difference),
            (Some(1.0), None, None)
        );
        assert_eq!((row.low, row.high, row.ties), (Some(0.0), Some(0.0), 5));
        assert!(
            row.reason
                .as_deref()
                .unwrap()
                .contains("all differences are 0")
        );
        let judged = tables
            .concordance
            .iter()
            .find(|row| row.measure == "auc")
            .unwrap();
        assert_eq!(
            judged.reason.as_deref(),
            Some("every judge finds all methods equal")
        );
        let placed: Vec<_> = tables
            .summaries
            .iter()
            .filter(|row| row.measure == "auc")
            .map(|row| row.place)
            .collect();
        assert_eq!(placed, [Some(1), Some(1)]);
    }

    #[test]
    fn one_method_is_summarised_and_compared_with_none() {
        let scores: Vec<Score> = study(3)
            .into_iter()
            .filter(|row| row.method == "lime")
            .collect();
        let tables = tables(&scores);
        assert!(tables.comparisons.is_empty() && tables.summaries.len() == 4);
        assert!(
            tables
                .variance_components
                .iter()
                .all(|row| row.reason.as_deref() == Some("one method"))
        );
        assert!(tables.concordance.iter().all(|row| row.w.is_none()));
    }

    #[test]
    fn images_without_a_measure_are_left_out_of_it_alone() {
        let mut scores = study(4);
        scores
            .iter_mut()
            .filter(|row| row.image == "image-2")
            .for_each(|row| row.auc_relative = None);
        let tables = tables(&scores);
        assert_eq!(
            (
                of_measure(&tables, "auc").images,
                of_measure(&tables, "auc_relative").images
            ),
            (4, 3)
        );
        let lost = tables
            .stability
            .iter()
            .find(|row| row.image == "image-2")
            .unwrap();
        assert!(
            lost.auc_relative.is_none()
                && lost
                    .reason
                    .as_deref()
                    .unwrap()
                    .contains("probability of the untouched image is 0")
        );
    }

    #[test]
    fn a_measure_that_no_image_has_is_null_throughout() {
        let unmasked = |method: &str| Localization {
            image: "image-0".into(),
            network: "alexnet".into(),
            partition: "coarse".into(),
            method: method.into(),
            run: 0,
            mask_area: None,
            pointing: None,
            relevance_inside: None,
            intersection_over_union: None,
            average_precision: None,
            reason: Some("the image has no mask".into()),
        };
        let tables = tables_with(&study(3), &[], &[unmasked("gradcam"), unmasked("lime")]);
        let row = of_measure(&tables, "pointing");
        assert_eq!(
            (
                row.images,
                row.p,
                row.p_adjusted,
                row.difference,
                row.family
            ),
            (0, None, None, None, 0)
        );
        assert_eq!(
            row.reason.as_deref(),
            Some("no image has the measure for both methods")
        );
        let summary = tables
            .summaries
            .iter()
            .find(|row| row.measure == "pointing")
            .unwrap();
        assert_eq!(
            (summary.images, summary.mean, summary.place),
            (0, None, None)
        );
    }

    #[test]
    fn nothing_to_compare_gives_empty_tables() {
        assert_eq!(tables(&[]), Tables::default());
    }
}
