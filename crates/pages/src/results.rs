//! The scores, grouped: by condition (what may be compared), then by method, then by image.

use statistics::Measured;
use std::collections::{BTreeMap, BTreeSet};

use schema::{Score, Summary};
use statistics::{mean, mean_over_images, quantile, std_over_images, std_over_runs, std_pooled};

use crate::Inputs;

/// What two methods must share to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Condition<'a> {
    pub(crate) network: &'a str,
    pub(crate) partition: &'a str,
    pub(crate) order: &'a str,
    pub(crate) replacement: &'a str,
}

impl<'a> Condition<'a> {
    pub(crate) fn of(score: &'a Score) -> Self {
        Self {
            network: &score.network,
            partition: &score.partition,
            order: &score.order,
            replacement: &score.replacement,
        }
    }

    /// Where methods are compared by a measure of this condition.
    pub(crate) fn place(&self, measure: &'a str) -> Place<'a> {
        Place {
            network: self.network,
            partition: self.partition,
            order: Some(self.order),
            replacement: Some(self.replacement),
            measure,
        }
    }

    /// The interval of a method's mean area.
    pub(crate) fn interval(&self, inputs: &Inputs, method: &str) -> Option<[f64; 2]> {
        let row = self.place("auc").summary(inputs, method)?;
        both(row.low, row.high)
    }

    /// Where the most relevant goes first a small area is good; where the least relevant does, a large one.
    pub(crate) fn lower_is_better(&self) -> bool {
        self.order != LEAST_RELEVANT_FIRST
    }

    /// By how much the first of two areas is better.
    pub(crate) fn lead(&self, own: f64, other: f64) -> f64 {
        if self.lower_is_better() {
            other - own
        } else {
            own - other
        }
    }
}

/// An interval from its ends.
pub(crate) fn both(low: Option<f64>, high: Option<f64>) -> Option<[f64; 2]> {
    Some([low?, high?])
}

/// The [`Place`] of a row of statistics, whose tables share these columns.
macro_rules! place {
    ($row:expr) => {
        $crate::results::Place {
            network: &$row.network,
            partition: &$row.partition,
            order: $row.order.as_deref(),
            replacement: $row.replacement.as_deref(),
            measure: &$row.measure,
        }
    };
}
pub(crate) use place;

/// Where the statistics compare methods: a condition, of which a measure may lack order and replacement, and the measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place<'a> {
    pub(crate) network: &'a str,
    pub(crate) partition: &'a str,
    pub(crate) order: Option<&'a str>,
    pub(crate) replacement: Option<&'a str>,
    pub(crate) measure: &'a str,
}

impl Place<'_> {
    /// The study's summary of a method there.
    pub(crate) fn summary<'i>(&self, inputs: &'i Inputs, method: &str) -> Option<&'i Summary> {
        let about = |row: &&Summary| place!(row) == *self && row.method == method;
        inputs.summaries.iter().find(about)
    }
}

/// A method's scores under one condition, by image, in order of runs.
#[derive(Clone, Debug)]
pub(crate) struct Group<'a> {
    pub(crate) condition: Condition<'a>,
    pub(crate) method: &'a str,
    /// Place of the method among all of the study: its colour.
    pub(crate) series: usize,
    pub(crate) deterministic: bool,
    /// Whether the method explains, and is no control.
    pub(crate) explains: bool,
    pub(crate) images: BTreeMap<&'a str, Vec<&'a Score>>,
}

/// A number of a score.
pub(crate) type Measure = fn(&Score) -> Option<f64>;

/// Area in the paper's unit.
pub(crate) const AUC: Measure = |score| Some(score.auc);
/// Area by the number of superpixels.
pub(crate) const AUC_MEAN: Measure = |score| Some(score.auc_mean);
/// Area by the number of superpixels and the untouched probability.
pub(crate) const AUC_RELATIVE: Measure = |score| score.auc_relative;

impl<'a> Group<'a> {
    /// All scores, by image and run.
    pub(crate) fn scores(&self) -> impl Iterator<Item = &'a Score> {
        self.images.values().flatten().copied()
    }

    /// The measure by image and run; images without it are left out.
    fn values(&self, measure: Measure) -> Vec<Vec<f64>> {
        let of_image = |scores: &Vec<&Score>| -> Vec<f64> {
            scores.iter().filter_map(|score| measure(score)).collect()
        };
        self.images
            .values()
            .map(of_image)
            .filter(|runs| !runs.is_empty())
            .collect()
    }

    pub(crate) fn mean(&self, measure: Measure) -> Option<f64> {
        mean_over_images(&self.values(measure))
    }

    pub(crate) fn std_over_images(&self) -> Option<f64> {
        std_over_images(&self.values(AUC))
    }

    pub(crate) fn std_pooled(&self) -> Option<f64> {
        std_pooled(&self.values(AUC))
    }

    /// The mean over images of the standard deviation over an image's runs; 0 for a deterministic method.
    pub(crate) fn mean_std_over_runs(&self) -> Option<f64> {
        let deviations: Option<Vec<f64>> = self
            .images
            .keys()
            .map(|image| self.std_over_runs(image))
            .collect();
        mean(&deviations?)
    }

    /// The standard deviation of an image's area over its runs; 0 by construction for a deterministic method.
    pub(crate) fn std_over_runs(&self, image: &str) -> Option<f64> {
        let scores = self.images.get(image)?;
        if self.deterministic {
            return Some(0.0);
        }
        let runs: Vec<f64> = scores.iter().map(|score| score.auc).collect();
        std_over_runs(&runs)
    }

    /// An image's mean over its runs.
    pub(crate) fn image_mean(&self, image: &str, measure: Measure) -> Option<f64> {
        let scores = self.images.get(image)?;
        let runs: Vec<f64> = scores.iter().filter_map(|score| measure(score)).collect();
        mean(&runs)
    }

    /// The images' means over their runs, in order of images.
    pub(crate) fn image_means(&self, measure: Measure) -> Vec<f64> {
        self.images
            .keys()
            .filter_map(|image| self.image_mean(image, measure))
            .collect()
    }

    /// Fewest and most runs of an image.
    pub(crate) fn runs(&self) -> (usize, usize) {
        let counts = || self.images.values().map(Vec::len);
        (counts().min().unwrap_or(0), counts().max().unwrap_or(0))
    }
}

/// The row of an image whose area lies nearest the median of its runs; the first of several.
pub(crate) fn median_run<'a>(scores: &[&'a Score]) -> Option<&'a Score> {
    let areas: Vec<f64> = scores.iter().map(|score| score.auc).collect();
    let median = quantile(&areas, 0.5)?;
    let far = |score: &&&Score| (score.auc - median).abs();
    scores
        .iter()
        .min_by(|a, b| far(a).total_cmp(&far(b)))
        .copied()
}

/// The methods under one condition.
#[derive(Clone, Debug)]
pub(crate) struct Comparison<'a> {
    pub(crate) condition: Condition<'a>,
    pub(crate) groups: Vec<Group<'a>>,
}

impl<'a> Comparison<'a> {
    /// The scores of a method.
    pub(crate) fn group(&self, method: &str) -> Option<&Group<'a>> {
        self.groups.iter().find(|group| group.method == method)
    }

    /// The groups of methods that explain.
    pub(crate) fn explaining(&self) -> impl Iterator<Item = &Group<'a>> {
        self.groups.iter().filter(|group| group.explains)
    }

    /// The groups by mean area, the best first.
    pub(crate) fn ranking(&self) -> Vec<(&Group<'a>, f64)> {
        let groups = self.groups.iter();
        let means = groups.filter_map(|group| Some((group, group.mean(AUC)?)));
        let mut ranked: Vec<_> = means.collect();
        ranked.sort_by(|a, b| a.1.total_cmp(&b.1));
        if !self.condition.lower_is_better() {
            ranked.reverse();
        }
        ranked
    }

    /// For how many of the images that both have `first` has the better area, and how many those are.
    pub(crate) fn better(&self, first: &Group<'a>, second: &Group<'a>) -> (usize, usize) {
        let images = first.images.keys();
        let leads = images.filter_map(|image| {
            let [own, other] = [first, second].map(|group| group.image_mean(image, AUC));
            Some(self.condition.lead(own?, other?))
        });
        let leads: Vec<f64> = leads.collect();
        let better = leads.iter().filter(|lead| **lead > 0.0).count();
        (better, leads.len())
    }
}

/// Which parts of a condition differ within the study: the others are said once and not in every row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Varying {
    pub(crate) partition: bool,
    pub(crate) order: bool,
    pub(crate) replacement: bool,
}

impl Varying {
    /// The parts of a condition: whether each varies, its name and its value.
    pub(crate) fn parts<'a>(self, condition: &Condition<'a>) -> [(bool, &'static str, &'a str); 3] {
        [
            (self.partition, "partition", condition.partition),
            (self.order, "order", condition.order),
            (self.replacement, "replacement", condition.replacement),
        ]
    }
}

/// All scores of a study, grouped and in the order in which they are shown.
#[derive(Clone, Debug)]
pub(crate) struct Results<'a> {
    /// What the areas are of.
    pub(crate) measured: Measured,
    pub(crate) comparisons: Vec<Comparison<'a>>,
    /// All images that have scores, sorted by name.
    pub(crate) images: Vec<&'a str>,
    /// All networks, in the order in which they are shown.
    pub(crate) networks: Vec<&'a str>,
    /// All methods, in the order in which they are shown: the order of their colours.
    pub(crate) methods: Vec<&'a str>,
    pub(crate) varying: Varying,
    /// The first of [`partitions`] and the first replacement: the ones that the answer is about.
    pub(crate) main: Option<(&'a str, &'a str)>,
    /// The order of removal that the answer is about: the most relevant first, where the study has it.
    pub(crate) order: &'a str,
    /// The methods that explain nothing and are there to be compared with.
    pub(crate) controls: Vec<&'a str>,
    /// What methods are called in texts, by name.
    titles: BTreeMap<&'a str, &'a str>,
}

/// The most relevant superpixel goes first.
pub(crate) const MOST_RELEVANT_FIRST: &str = "most_relevant_first";
/// Its reverse.
pub(crate) const LEAST_RELEVANT_FIRST: &str = "least_relevant_first";

impl<'a> Results<'a> {
    /// What a method is called in texts.
    pub(crate) fn called<'m>(&self, method: &'m str) -> &'m str
    where
        'a: 'm,
    {
        self.titles.get(method).copied().unwrap_or(method)
    }

    pub(crate) fn new(inputs: &'a Inputs) -> Self {
        let networks = in_order(
            inputs.networks.iter().map(|network| network.name.as_str()),
            inputs.scores.iter().map(|score| score.network.as_str()),
        );
        let methods = in_order(
            inputs.methods.iter().map(|method| method.name.as_str()),
            inputs.scores.iter().map(|score| score.method.as_str()),
        );
        let judged = |score: &'a Score| [&*score.partition, &*score.network, &*score.method];
        let partitions = partitions(inputs, inputs.scores.iter().map(judged));
        let replacements = in_order(
            inputs.replacements.iter().map(String::as_str),
            inputs.scores.iter().map(|score| score.replacement.as_str()),
        );
        let controls: Vec<&str> = methods
            .iter()
            .filter(|method| is_control(inputs, method))
            .copied()
            .collect();
        let mut comparisons = compare(&inputs.scores, &methods, &controls);
        comparisons.sort_by_key(|comparison| {
            let condition = comparison.condition;
            (
                rank(&networks, condition.network),
                rank(&partitions, condition.partition),
                rank(&replacements, condition.replacement),
                // The most relevant first.
                std::cmp::Reverse(condition.order),
            )
        });
        let titles = inputs.methods.iter();
        Self {
            measured: inputs.measured,
            titles: titles
                .map(|method| (&*method.name, &*method.title))
                .collect(),
            main: partitions
                .first()
                .copied()
                .zip(replacements.first().copied()),
            controls,
            order: main_order(inputs.scores.iter().map(|score| &*score.order)),
            images: distinct(inputs.scores.iter().map(|score| score.image.as_str())),
            varying: varying(&comparisons),
            comparisons,
            networks,
            methods,
        }
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &Group<'a>> {
        self.comparisons
            .iter()
            .flat_map(|comparison| &comparison.groups)
    }

    /// Whether the answer is about this condition: the main order on the main partition with the main replacement.
    pub(crate) fn is_main(&self, condition: &Condition<'_>) -> bool {
        self.is_main_place(&condition.place("auc"))
    }

    /// Whether statistics are about the areas that the answer is about.
    pub(crate) fn is_main_place(&self, place: &Place<'_>) -> bool {
        self.main
            == place
                .replacement
                .map(|replacement| (place.partition, replacement))
            && place.order == Some(self.order)
            && place.measure == "auc"
    }

    /// Whether an order and a replacement are those that the answer is about, as far as a measure knows them.
    pub(crate) fn is_removed_as_main(
        &self,
        order: Option<&str>,
        replacement: Option<&str>,
    ) -> bool {
        let main = self.main.map(|(_, replacement)| replacement);
        order.is_none_or(|order| order == self.order)
            && replacement.is_none_or(|replacement| Some(replacement) == main)
    }

    /// The comparisons that the answer is about, one for each network; all comparisons where no network has such a condition.
    pub(crate) fn main_comparisons(&self) -> Vec<&Comparison<'a>> {
        let all = || self.comparisons.iter();
        let main: Vec<_> = all().filter(|each| self.is_main(&each.condition)).collect();
        if main.is_empty() {
            all().collect()
        } else {
            main
        }
    }

    /// Whether a method explains, and is no control.
    pub(crate) fn explains(&self, method: &str) -> bool {
        !self.controls.contains(&method)
    }

    /// Place of a method among all: its colour.
    pub(crate) fn series(&self, method: &str) -> usize {
        rank(&self.methods, method)
    }

    /// What a figure about a condition is headed by: its network and, where it is not what the answer is about, what else differs within the study.
    pub(crate) fn title(&self, condition: &Condition<'_>) -> String {
        if self.is_main(condition) {
            return condition.network.to_owned();
        }
        let parts = self.varying.parts(condition);
        let shown = parts
            .iter()
            .filter(|(varies, ..)| *varies)
            .map(|(_, name, value)| format!(", {name} {value}"));
        format!("{}{}", condition.network, shown.collect::<String>())
    }
}

/// The scores by condition, method, image and run.
fn compare<'a>(scores: &'a [Score], methods: &[&'a str], controls: &[&str]) -> Vec<Comparison<'a>> {
    let mut by_run: Vec<&Score> = scores.iter().collect();
    by_run.sort_by_key(|score| score.run);
    let mut conditions = BTreeMap::<_, BTreeMap<usize, Group<'a>>>::new();
    for score in by_run {
        let condition = Condition::of(score);
        let series = rank(methods, &score.method);
        let groups = conditions.entry(condition).or_default();
        let group = groups.entry(series).or_insert_with(|| Group {
            condition,
            method: &score.method,
            series,
            deterministic: true,
            explains: !controls.contains(&&*score.method),
            images: BTreeMap::new(),
        });
        group.deterministic &= score.deterministic;
        group.images.entry(&score.image).or_default().push(score);
    }
    let comparison = |(condition, groups): (_, BTreeMap<_, _>)| Comparison {
        condition,
        groups: groups.into_values().collect(),
    };
    conditions.into_iter().map(comparison).collect()
}

fn varying(comparisons: &[Comparison<'_>]) -> Varying {
    let differs = |part: for<'c> fn(&Condition<'c>) -> &'c str| {
        let parts = comparisons.iter().map(|each| part(&each.condition));
        distinct(parts).len() > 1
    };
    Varying {
        partition: differs(|condition| condition.partition),
        order: differs(|condition| condition.order),
        replacement: differs(|condition| condition.replacement),
    }
}

/// The names that were found: those that are known in their order, then the others by name.
fn in_order<'a>(
    known: impl Iterator<Item = &'a str>,
    found: impl Iterator<Item = &'a str>,
) -> Vec<&'a str> {
    let found = distinct(found);
    let mut names: Vec<&str> = known.filter(|name| found.contains(name)).collect();
    for name in found {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The partitions that methods are judged on, the one that an answer is about first: one on which two explaining methods of every network can be
/// compared, or else one is judged, and of these the one with the most superpixels in the mean; the first by name of several. `judged` has partition,
/// network and method of each judgement.
pub(crate) fn partitions<'a>(
    inputs: &Inputs,
    judged: impl Iterator<Item = [&'a str; 3]>,
) -> Vec<&'a str> {
    let mut methods = BTreeMap::<&str, BTreeSet<[&str; 2]>>::new();
    let mut networks = BTreeSet::new();
    for [partition, network, method] in judged {
        networks.insert(network);
        let explaining = methods.entry(partition).or_default();
        if !is_control(inputs, method) {
            explaining.insert([network, method]);
        }
    }
    let superpixels = |partition: &str| {
        let rows = inputs
            .segments
            .iter()
            .filter(|row| row.partition == partition);
        let counts: Vec<f64> = rows.map(|row| row.superpixels.into()).collect();
        mean(&counts).unwrap_or(0.0)
    };
    let compared = |partition: &str| {
        let methods = &methods[partition];
        let of = |network: &&str| methods.iter().filter(|[of, _]| of == network).count();
        networks.iter().map(of).min().unwrap_or(0).min(2)
    };
    let mut partitions: Vec<&str> = methods.keys().copied().collect();
    partitions.sort_by(|a, b| {
        let size = superpixels(b).total_cmp(&superpixels(a));
        compared(b).cmp(&compared(a)).then(size)
    });
    partitions
}

/// The order that an answer is about: the most relevant first, where it is among these.
pub(crate) fn main_order<'a>(mut orders: impl Iterator<Item = &'a str>) -> &'a str {
    if orders.any(|order| order == MOST_RELEVANT_FIRST) {
        MOST_RELEVANT_FIRST
    } else {
        LEAST_RELEVANT_FIRST
    }
}

fn is_control(inputs: &Inputs, method: &str) -> bool {
    let mut known = inputs.methods.iter();
    known.any(|known| known.name == method && known.control)
}

pub(crate) fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let names: BTreeSet<_> = names.collect();
    names.into_iter().collect()
}

fn rank(names: &[&str], name: &str) -> usize {
    names
        .iter()
        .position(|other| *other == name)
        .unwrap_or(names.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{IMAGES, study};

    #[test]
    fn known_names_come_first_in_their_order_and_others_after_by_name() {
        let names = in_order(
            ["c", "a", "x"].into_iter(),
            ["b", "a", "c", "b", "0"].into_iter(),
        );
        assert_eq!(names, ["c", "a", "0", "b"]);
    }

    #[test]
    fn the_median_run_is_nearest_the_median() {
        let mut inputs = study(&IMAGES, 3);
        for (place, score) in inputs.scores.iter_mut().enumerate() {
            score.auc = [5.0, 2.0, 9.0][place % 3] + place as f64;
        }
        let results = Results::new(&inputs);
        for group in results.groups() {
            let runs = group.images.values().next().unwrap();
            let areas: Vec<f64> = runs.iter().map(|score| score.auc).collect();
            assert_eq!(Some(median_run(runs).unwrap().auc), quantile(&areas, 0.5));
        }
    }

    #[test]
    fn the_answer_is_about_a_partition_on_which_methods_can_be_compared() {
        let inputs = study(&IMAGES, 1);
        let judged = [
            ["alone", "one", "lime"],
            ["stripes", "one", "gradcam"],
            ["stripes", "one", "lime"],
        ];
        let found = partitions(&inputs, judged.into_iter());
        assert_eq!(found, ["stripes", "alone"]);
        // Two are as good as more: then the finer one is.
        let judged = [["blocks", "one", "lime"], ["stripes", "one", "lime"]];
        assert_eq!(
            partitions(&inputs, judged.into_iter()),
            ["stripes", "blocks"]
        );
        // Where methods are limited to networks, one on which each network has two.
        let judged = [
            ["stripes", "one", "lime"],
            ["stripes", "two", "gradcam"],
            ["blocks", "one", "lime"],
            ["blocks", "one", "gradcam"],
            ["blocks", "two", "lime"],
            ["blocks", "two", "gradcam"],
        ];
        assert_eq!(
            partitions(&inputs, judged.into_iter()),
            ["blocks", "stripes"]
        );
    }

    #[test]
    fn without_the_most_relevant_first_the_answer_is_about_the_other_order() {
        let mut inputs = study(&IMAGES, 1);
        for score in &mut inputs.scores {
            score.order = LEAST_RELEVANT_FIRST.to_owned();
        }
        let results = Results::new(&inputs);
        let main = results.main_comparisons();
        assert_eq!(main.len(), results.networks.len());
        assert!(main.iter().all(|each| results.is_main(&each.condition)));
    }

    #[test]
    fn ties_of_a_comparison_are_better_for_neither() {
        let mut inputs = study(&IMAGES, 1);
        for score in &mut inputs.scores {
            score.auc = 1.0;
        }
        let results = Results::new(&inputs);
        let comparison = &results.comparisons[0];
        let [first, second] = [&comparison.groups[0], &comparison.groups[1]];
        assert_eq!(comparison.better(first, second), (0, 3));
        assert_eq!(comparison.better(second, first), (0, 3));
    }
}
