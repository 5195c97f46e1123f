//! The three needs of a reader, and what the study says about each: which method, how surely, and where it would be another.
//!
//! A method is *ahead* of another where the bootstrap interval of their difference over images lies wholly on its side of 0 and Wilcoxon's test, corrected
//! for all tests of the measure, agrees at the same level; else it is *undecided*. Of few images a bootstrap alone would say too much. Controls are never an answer; they show whether an answer is worth anything.

use statistics::{mean, quantile};

use crate::results::{Comparison, LEAST_RELEVANT_FIRST, MOST_RELEVANT_FIRST, Results};
use crate::{ExplanationCost, Inputs};

/// A normal deviate that 95 % lie within.
const NORMAL: f64 = 1.96;
/// A normal deviate that 80 % lie below.
const POWER: f64 = 0.84;
/// Images that the other method is better on, named.
const NAMED: usize = 4;

/// What the study says about the needs, one for each network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers<'a> {
    pub(crate) fidelity: Vec<Fidelity<'a>>,
    pub(crate) repeatability: Vec<Choice<'a, Repeat<'a>>>,
    pub(crate) computing: Vec<Choice<'a, Passes<'a>>>,
}

/// Which method finds what the network looks at.
#[derive(Clone, Debug)]
pub(crate) struct Fidelity<'a> {
    pub(crate) network: &'a str,
    /// The explaining method with the best mean area.
    pub(crate) best: &'a str,
    pub(crate) mean: f64,
    /// The interval of the mean.
    pub(crate) interval: Option<[f64; 2]>,
    /// Beside the next one, or the first that it is not shown to be ahead of; none where there is no other.
    pub(crate) next: Option<Contrast<'a>>,
    /// Every explaining method beside an order at random; none where the study has no such control.
    pub(crate) beside_chance: Vec<Contrast<'a>>,
    /// Images on which the next is better, the most clearly so first, at most [`NAMED`].
    pub(crate) exceptions: Vec<&'a str>,
    pub(crate) checks: Vec<Check<'a>>,
}

impl Fidelity<'_> {
    /// Whether there is an answer, which another check could turn over.
    pub(crate) fn decided(&self) -> bool {
        self.next
            .as_ref()
            .is_some_and(|next| next.verdict() == Verdict::Ahead)
    }
}

/// A difference of two methods by one measure.
#[derive(Clone, Debug)]
pub(crate) struct Contrast<'a> {
    pub(crate) method: &'a str,
    pub(crate) other: &'a str,
    pub(crate) images: u32,
    /// The method minus the other, in the measure's unit.
    pub(crate) difference: Option<f64>,
    pub(crate) interval: Option<[f64; 2]>,
    /// By Wilcoxon's test with Holm's correction.
    pub(crate) p_adjusted: Option<f64>,
    /// Images on which the method is better.
    pub(crate) wins: u32,
    pub(crate) lower_is_better: bool,
    /// Largest p that is no chance: 1 less the level of the interval.
    largest_p: f64,
    standardised: Option<f64>,
}

/// What an interval says about two methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ahead,
    Behind,
    Undecided,
}

impl<'a> Contrast<'a> {
    /// The row about two methods, as one about the first of them.
    pub(crate) fn of(row: &'a schema::Comparison, method: &str) -> Self {
        let forwards = row.method == method;
        let sign = if forwards { 1.0 } else { -1.0 };
        let interval = row.low.zip(row.high).map(|(low, high)| {
            let [a, b] = [sign * low, sign * high];
            [a.min(b), a.max(b)]
        });
        let names = [row.method.as_str(), row.other_method.as_str()];
        let [method, other] = if forwards {
            names
        } else {
            [names[1], names[0]]
        };
        Self {
            method,
            other,
            images: row.images,
            difference: row.difference.map(|difference| sign * difference),
            interval,
            p_adjusted: row.p_adjusted,
            wins: if forwards { row.wins } else { row.losses },
            lower_is_better: row.better == "lower",
            largest_p: 1.0 - row.level,
            standardised: row.standardised_difference,
        }
    }

    /// Whether the interval has 0 in it, or there is none.
    pub(crate) fn has_0(&self) -> bool {
        self.interval
            .is_none_or(|[low, high]| low <= 0.0 && high >= 0.0)
    }

    pub(crate) fn verdict(&self) -> Verdict {
        // A level such as 0.95 has no exact complement in binary.
        let tested = self.p_adjusted.is_some_and(|p| p <= self.largest_p + 1e-12);
        match self.interval.filter(|_| tested) {
            Some([_, high]) if high < 0.0 && self.lower_is_better => Verdict::Ahead,
            Some([low, _]) if low > 0.0 && !self.lower_is_better => Verdict::Ahead,
            Some([low, high]) if low > 0.0 || high < 0.0 => Verdict::Behind,
            _ => Verdict::Undecided,
        }
    }

    /// About how many images like these give an interval without 0 four times in five: ((1.96 + 0.84) x standard deviation / mean)^2 of the
    /// differences.
    pub(crate) fn images_needed(&self) -> Option<u64> {
        let standardised = self.standardised.filter(|value| *value != 0.0)?;
        Some(((NORMAL + POWER) / standardised).powi(2).ceil() as u64)
    }
}

/// The question of fidelity asked in another way.
#[derive(Clone, Debug)]
pub(crate) struct Check<'a> {
    /// In which other way, in words.
    pub(crate) what: String,
    /// The best method beside the next one there.
    pub(crate) contrast: Contrast<'a>,
    /// Whether the best one there is the best one of the answer, or of its kind where that one is not judged there.
    pub(crate) same: bool,
}

/// The method that is best for a need, and all of them.
#[derive(Clone, Debug)]
pub(crate) struct Choice<'a, T> {
    pub(crate) network: &'a str,
    /// The best first.
    pub(crate) methods: Vec<T>,
}

/// What methods can be ranked by; the better is the smaller.
pub(crate) trait Ranked<'a> {
    /// The method.
    fn method(&self) -> &'a str;
    /// By what it is ranked; none where that is not known.
    fn rank(&self) -> Option<f64>;
}

impl<'a, T: Ranked<'a>> Choice<'a, T> {
    /// The method that is ahead of all others; none where nothing is known of the first, or the next is as good.
    pub(crate) fn best(&self) -> Option<&'a str> {
        let (first, rest) = self.methods.split_first()?;
        let own = first.rank()?;
        let next = rest.first().and_then(Ranked::rank);
        next.is_none_or(|next| next > own).then(|| first.method())
    }
}

/// How alike a method's explanations of one image are.
#[derive(Clone, Debug)]
pub(crate) struct Repeat<'a> {
    pub(crate) method: &'a str,
    pub(crate) deterministic: bool,
    /// Mean over images of the standard deviation of the area over runs.
    pub(crate) deviation: Option<f64>,
    /// Mean over images of the rank correlation of the relevances of two runs; none for a deterministic method.
    pub(crate) correlation: Option<f64>,
    /// The correlation that is asked for.
    pub(crate) level: Option<f64>,
    /// Images that reach it with the samples they have, of how many.
    pub(crate) reached: (usize, usize),
    /// The median number of samples of those that reach it.
    pub(crate) needed: Option<f64>,
    /// Samples of an explanation.
    pub(crate) samples: Option<u32>,
}

impl<'a> Ranked<'a> for Repeat<'a> {
    fn method(&self) -> &'a str {
        self.method
    }

    fn rank(&self) -> Option<f64> {
        if self.deterministic {
            Some(0.0)
        } else {
            self.deviation
        }
    }
}

/// What one explanation takes.
#[derive(Clone, Debug)]
pub(crate) struct Passes<'a> {
    pub(crate) method: &'a str,
    pub(crate) forward: f64,
    pub(crate) backward: f64,
    pub(crate) seconds: f64,
}

impl<'a> Ranked<'a> for Passes<'a> {
    fn method(&self) -> &'a str {
        self.method
    }

    fn rank(&self) -> Option<f64> {
        Some(self.all())
    }
}

impl Passes<'_> {
    pub(crate) fn all(&self) -> f64 {
        self.forward + self.backward
    }
}

impl<'a> Answers<'a> {
    pub(crate) fn new(inputs: &'a Inputs, results: &Results<'a>) -> Self {
        let main = results.main_comparisons();
        let fidelity = main
            .iter()
            .filter_map(|each| fidelity(inputs, results, each));
        let repeatability = main
            .iter()
            .filter_map(|each| repeatability(inputs, results, each));
        let computing = main
            .iter()
            .filter_map(|each| computing(inputs, results, each));
        Self {
            fidelity: fidelity.collect(),
            repeatability: repeatability.collect(),
            computing: computing.collect(),
        }
    }
}

/// Where two methods are compared.
#[derive(Clone, Copy)]
struct Place<'p> {
    network: &'p str,
    partition: &'p str,
    order: Option<&'p str>,
    replacement: Option<&'p str>,
    measure: &'p str,
}

impl Place<'_> {
    fn holds(&self, row: &schema::Comparison) -> bool {
        row.network == self.network
            && row.partition == self.partition
            && row.order.as_deref() == self.order
            && row.replacement.as_deref() == self.replacement
            && row.measure == self.measure
    }

    /// The row about two methods.
    fn contrast<'a>(&self, inputs: &'a Inputs, method: &str, other: &str) -> Option<Contrast<'a>> {
        let rows = inputs.comparisons.iter().filter(|row| self.holds(row));
        let pair = |row: &&schema::Comparison| {
            row.method == method && row.other_method == other
                || row.method == other && row.other_method == method
        };
        Some(Contrast::of(rows.into_iter().find(pair)?, method))
    }

    /// The explaining methods, the best mean first.
    fn ranking<'a>(&self, inputs: &'a Inputs, results: &Results<'_>) -> Vec<&'a schema::Summary> {
        let here = |row: &&schema::Summary| {
            row.network == self.network
                && row.partition == self.partition
                && row.order.as_deref() == self.order
                && row.replacement.as_deref() == self.replacement
                && row.measure == self.measure
                && row.mean.is_some()
                && results.explains(&row.method)
        };
        let mut rows: Vec<_> = inputs.summaries.iter().filter(here).collect();
        rows.sort_by_key(|row| (row.place, results.series(&row.method)));
        rows
    }

    /// The best of the explaining methods beside the next, or beside the first that it is not shown to be ahead of.
    fn best<'a>(&self, inputs: &'a Inputs, results: &Results<'_>) -> Option<Contrast<'a>> {
        let ranking = self.ranking(inputs, results);
        let (best, others) = ranking.split_first()?;
        let contrast =
            |other: &&schema::Summary| self.contrast(inputs, &best.method, &other.method);
        let mut rivals: Vec<_> = others.iter().filter_map(contrast).collect();
        let open = rivals
            .iter()
            .position(|rival| rival.verdict() != Verdict::Ahead);
        (!rivals.is_empty()).then(|| rivals.swap_remove(open.unwrap_or(0)))
    }
}

fn fidelity<'a>(
    inputs: &'a Inputs,
    results: &Results<'a>,
    comparison: &Comparison<'a>,
) -> Option<Fidelity<'a>> {
    let condition = comparison.condition;
    let place = Place {
        network: condition.network,
        partition: condition.partition,
        order: Some(condition.order),
        replacement: Some(condition.replacement),
        measure: "auc",
    };
    let ranking = place.ranking(inputs, results);
    let best = *ranking.first()?;
    let next = place.best(inputs, results);
    let random = inputs.methods.iter().find(|method| method.chance);
    Some(Fidelity {
        network: condition.network,
        best: &best.method,
        mean: best.mean?,
        interval: best.low.zip(best.high).map(|(low, high)| [low, high]),
        exceptions: next
            .as_ref()
            .map_or_else(Vec::new, |next| exceptions(comparison, next)),
        beside_chance: random.map_or_else(Vec::new, |random| {
            let contrast =
                |row: &&'a schema::Summary| place.contrast(inputs, &row.method, &random.name);
            ranking.iter().filter_map(contrast).collect()
        }),
        checks: checks(inputs, results, place, &best.method),
        next,
    })
}

/// The images on which the other method of a contrast is better, by how much.
fn exceptions<'a>(comparison: &Comparison<'a>, contrast: &Contrast<'_>) -> Vec<&'a str> {
    let group = |method: &str| {
        comparison
            .groups
            .iter()
            .find(|group| group.method == method)
    };
    let Some([method, other]) = group(contrast.method)
        .zip(group(contrast.other))
        .map(<[_; 2]>::from)
    else {
        return Vec::new();
    };
    let sign = if comparison.condition.lower_is_better() {
        1.0
    } else {
        -1.0
    };
    let lead = |image: &&'a str| {
        let [own, others] =
            [method, other].map(|group| group.image_mean(image, crate::results::AUC));
        let lead = sign * (own? - others?);
        (lead > 0.0).then_some((lead, *image))
    };
    let mut images: Vec<_> = method.images.keys().filter_map(lead).collect();
    images.sort_by(|a, b| b.0.total_cmp(&a.0));
    images
        .into_iter()
        .take(NAMED)
        .map(|(_, image)| image)
        .collect()
}

/// The other ways in which the study answers the question for a network: the first four are areas, the others see no removal.
fn checks<'a>(
    inputs: &'a Inputs,
    results: &Results<'a>,
    main: Place<'_>,
    best: &str,
) -> Vec<Check<'a>> {
    const MEASURES: [(&str, Option<&str>, bool, &str); 6] = [
        (
            "auc",
            Some(MOST_RELEVANT_FIRST),
            true,
            "removing the most relevant first",
        ),
        (
            "auc",
            Some(LEAST_RELEVANT_FIRST),
            true,
            "removing the least relevant first (insertion)",
        ),
        (
            "symmetric_gain",
            None,
            true,
            "both orders together (symmetric gain)",
        ),
        (
            "auc_area",
            Some(MOST_RELEVANT_FIRST),
            true,
            "by the share of pixels removed",
        ),
        (
            "pointing",
            None,
            false,
            "the most relevant pixels lie in the object (pointing game)",
        ),
        (
            "average_precision",
            None,
            false,
            "relevance finds the object (average precision)",
        ),
    ];
    let judged = |partition: &str, method: &str| {
        let mut groups = results.groups();
        groups.any(|group| group.condition.partition == partition && group.method == method)
    };
    let kind = |name: &str| {
        inputs
            .methods
            .iter()
            .find(|method| method.name == name)
            .map(|method| &method.kind)
    };
    let partitions = ordered(results, |condition| condition.partition);
    let replacements = ordered(results, |condition| condition.replacement);
    let mut checks = Vec::new();
    for &partition in &partitions {
        for (measure, order, removal, words) in MEASURES {
            let replacements: Vec<Option<&str>> = if removal {
                replacements.iter().copied().map(Some).collect()
            } else {
                vec![None]
            };
            for replacement in replacements {
                let place = Place {
                    partition,
                    order,
                    replacement,
                    measure,
                    ..main
                };
                let same_place = (partition, order, replacement, measure)
                    == (main.partition, main.order, main.replacement, main.measure);
                let Some(contrast) = place.best(inputs, results).filter(|_| !same_place) else {
                    continue;
                };
                let same = contrast.method == best
                    || !judged(partition, best) && kind(contrast.method) == kind(best);
                let mut what = words.to_owned();
                if partitions.len() > 1 {
                    what.extend([", on ", partition]);
                }
                if let Some(replacement) = replacement.filter(|_| replacements_differ(results)) {
                    what.extend([", replaced by ", replacement]);
                }
                checks.push(Check {
                    what,
                    contrast,
                    same,
                });
            }
        }
    }
    checks
}

fn replacements_differ(results: &Results<'_>) -> bool {
    results.varying.replacement
}

/// The values of a part of the conditions, in the order in which they are shown.
fn ordered<'a>(
    results: &Results<'a>,
    part: impl Fn(&crate::results::Condition<'a>) -> &'a str,
) -> Vec<&'a str> {
    let mut values = Vec::new();
    for comparison in &results.comparisons {
        let value = part(&comparison.condition);
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

fn repeatability<'a>(
    inputs: &'a Inputs,
    results: &Results<'a>,
    comparison: &Comparison<'a>,
) -> Option<Choice<'a, Repeat<'a>>> {
    let condition = comparison.condition;
    let groups = comparison
        .groups
        .iter()
        .filter(|group| results.explains(group.method));
    let mut methods: Vec<Repeat<'a>> = groups
        .map(|group| {
            let rows = inputs.needed_samples.iter().filter(|row| {
                row.network == condition.network
                    && row.partition == condition.partition
                    && row.method == group.method
            });
            let rows: Vec<_> = rows.collect();
            let correlations: Vec<f64> = rows.iter().filter_map(|row| row.spearman).collect();
            let needed: Vec<f64> = rows
                .iter()
                .filter_map(|row| row.needed.map(f64::from))
                .collect();
            Repeat {
                method: group.method,
                deterministic: group.deterministic,
                deviation: group.mean_std_over_runs(),
                correlation: mean(&correlations),
                level: rows.first().map(|row| row.level),
                reached: (needed.len(), correlations.len()),
                needed: quantile(&needed, 0.5),
                samples: rows.iter().map(|row| row.samples).max(),
            }
        })
        .collect();
    methods.sort_by(|a, b| {
        let spread = |repeat: &Repeat<'_>| repeat.deviation.unwrap_or(f64::INFINITY);
        b.deterministic
            .cmp(&a.deterministic)
            .then(spread(a).total_cmp(&spread(b)))
    });
    (!methods.is_empty()).then_some(Choice {
        network: condition.network,
        methods,
    })
}

fn computing<'a>(
    inputs: &'a Inputs,
    results: &Results<'a>,
    comparison: &Comparison<'a>,
) -> Option<Choice<'a, Passes<'a>>> {
    let network = comparison.condition.network;
    let judged = |cost: &&ExplanationCost| {
        cost.network == network
            && cost.explanations > 0
            && results.explains(&cost.method)
            && comparison
                .groups
                .iter()
                .any(|group| group.method == cost.method)
    };
    let costs = inputs.explanation_costs.iter().filter(judged);
    let mut methods: Vec<Passes<'a>> = costs
        .map(|cost| {
            let each = |total: f64| total / cost.explanations as f64;
            Passes {
                method: &cost.method,
                forward: each(cost.forward_passes as f64),
                backward: each(cost.backward_passes as f64),
                seconds: each(cost.wall_seconds),
            }
        })
        .collect();
    methods.sort_by(|a, b| a.all().total_cmp(&b.all()));
    (!methods.is_empty()).then_some(Choice { network, methods })
}

/// The one method that all networks agree on; none where they differ.
pub(crate) fn agreed<T: PartialEq>(mut methods: impl Iterator<Item = T>) -> Option<T> {
    let first = methods.next()?;
    methods.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{IMAGES, study};
    use crate::{ExplanationCost, Method};

    /// A row about `gradcam` and `lime`: the difference of their areas and its interval.
    fn row(network: &str, difference: f64, [low, high]: [f64; 2]) -> schema::Comparison {
        schema::Comparison {
            network: network.to_owned(),
            partition: "stripes".to_owned(),
            method: "gradcam".to_owned(),
            other_method: "lime".to_owned(),
            order: Some(MOST_RELEVANT_FIRST.to_owned()),
            replacement: Some("mean".to_owned()),
            measure: "auc".to_owned(),
            better: "lower".to_owned(),
            images: 3,
            mean: Some(2.0 + difference),
            other_mean: Some(2.0),
            difference: Some(difference),
            low: Some(low),
            high: Some(high),
            level: 0.95,
            resamples: 10_000,
            p: Some(0.25),
            exact: Some(true),
            p_adjusted: Some(0.05),
            family: 2,
            rank_biserial: Some(1.0),
            standardised_difference: Some(0.5),
            wins: 1,
            losses: 2,
            ties: 0,
            reason: None,
        }
    }

    fn summary(network: &str, method: &str, mean: f64, place: u32) -> schema::Summary {
        schema::Summary {
            network: network.to_owned(),
            partition: "stripes".to_owned(),
            method: method.to_owned(),
            order: Some(MOST_RELEVANT_FIRST.to_owned()),
            replacement: Some("mean".to_owned()),
            measure: "auc".to_owned(),
            better: "lower".to_owned(),
            images: 3,
            mean: Some(mean),
            low: Some(mean - 0.5),
            high: Some(mean + 0.5),
            level: 0.95,
            resamples: 10_000,
            std_over_images: Some(1.0),
            mean_rank: Some(f64::from(place)),
            place: Some(place),
            reason: None,
        }
    }

    /// The study with statistics in which `lime` has the lower area in `alexnet`, by an interval that is given.
    fn judged(interval: [f64; 2]) -> Inputs {
        let mut inputs = study(&IMAGES, 2);
        inputs.comparisons = vec![row("alexnet", 1.0, interval)];
        inputs.summaries = vec![
            summary("alexnet", "gradcam", 3.0, 2),
            summary("alexnet", "lime", 2.0, 1),
        ];
        inputs
    }

    fn fidelity_of(inputs: &Inputs) -> Fidelity<'_> {
        let results = Results::new(inputs);
        Answers::new(inputs, &results)
            .fidelity
            .into_iter()
            .next()
            .unwrap()
    }

    #[test]
    fn a_lead_is_shown_only_by_an_interval_without_0() {
        for (interval, verdict) in [
            ([0.2, 1.8], Verdict::Ahead),
            ([-0.2, 1.8], Verdict::Undecided),
            ([0.0, 1.8], Verdict::Undecided),
            ([-1.8, -0.2], Verdict::Behind),
        ] {
            let inputs = judged(interval);
            let fidelity = fidelity_of(&inputs);
            let next = fidelity.next.unwrap();
            assert_eq!(
                (fidelity.best, next.method, next.other),
                ("lime", "lime", "gradcam")
            );
            assert_eq!(next.difference, Some(-1.0), "seen from the best");
            assert_eq!((next.wins, next.verdict()), (2, verdict), "{interval:?}");
        }
    }

    #[test]
    fn an_interval_that_the_corrected_test_does_not_bear_out_decides_nothing() {
        let mut inputs = judged([0.2, 1.8]);
        for (p, verdict) in [
            (Some(0.05), Verdict::Ahead),
            (Some(0.06), Verdict::Undecided),
            (None, Verdict::Undecided),
        ] {
            inputs.comparisons[0].p_adjusted = p;
            assert_eq!(
                fidelity_of(&inputs).next.unwrap().verdict(),
                verdict,
                "{p:?}"
            );
        }
    }

    #[test]
    fn where_higher_is_better_the_sign_is_the_other() {
        let mut inputs = judged([-1.8, -0.2]);
        inputs.comparisons[0].better = "higher".to_owned();
        let row = Contrast::of(&inputs.comparisons[0], "lime");
        assert_eq!(
            (row.interval, row.verdict()),
            (Some([0.2, 1.8]), Verdict::Ahead)
        );
    }

    #[test]
    fn without_an_interval_nothing_is_decided() {
        let mut inputs = judged([0.2, 1.8]);
        (inputs.comparisons[0].low, inputs.comparisons[0].high) = (None, None);
        assert_eq!(
            fidelity_of(&inputs).next.unwrap().verdict(),
            Verdict::Undecided
        );
    }

    #[test]
    fn half_a_deviation_takes_32_images() {
        let inputs = judged([-0.2, 1.8]);
        assert_eq!(fidelity_of(&inputs).next.unwrap().images_needed(), Some(32));
    }

    #[test]
    fn a_control_is_never_the_answer() {
        let mut inputs = judged([0.2, 1.8]);
        inputs.methods[1] = Method {
            name: "lime".to_owned(),
            kind: "a new control".to_owned(),
            control: true,
            chance: false,
            measured: false,
            replacement: None,
        };
        let fidelity = fidelity_of(&inputs);
        assert_eq!(fidelity.best, "gradcam");
        assert!(fidelity.next.is_none());
    }

    #[test]
    fn another_measure_that_names_another_method_turns_the_answer_over() {
        let mut inputs = judged([0.2, 1.8]);
        for (method, place) in [("gradcam", 1), ("lime", 2)] {
            inputs.summaries.push(schema::Summary {
                measure: "auc_area".to_owned(),
                ..summary("alexnet", method, f64::from(place), place)
            });
        }
        inputs.comparisons.push(schema::Comparison {
            measure: "auc_area".to_owned(),
            ..row("alexnet", -1.0, [-1.8, -0.2])
        });
        let fidelity = fidelity_of(&inputs);
        let [check] = fidelity.checks.as_slice() else {
            panic!("one other way")
        };
        assert_eq!((check.contrast.method, check.same), ("gradcam", false));
        assert_eq!(check.contrast.verdict(), Verdict::Ahead);
    }

    /// Ahead of the next by mean is not ahead of all: a third may differ more from image to image.
    #[test]
    fn the_best_must_be_shown_to_be_ahead_of_every_other() {
        let mut inputs = judged([0.2, 1.8]);
        inputs.methods.push(Method {
            name: "third".to_owned(),
            kind: "lime".to_owned(),
            control: false,
            chance: false,
            measured: true,
            replacement: None,
        });
        inputs.summaries.push(summary("alexnet", "third", 3.1, 3));
        let mut against_third = row("alexnet", -1.1, [-3.0, 0.8]);
        (against_third.method, against_third.other_method) =
            ("lime".to_owned(), "third".to_owned());
        inputs.comparisons.push(against_third);
        let fidelity = fidelity_of(&inputs);
        assert!(!fidelity.decided());
        assert_eq!(fidelity.next.unwrap().other, "third");
    }

    #[test]
    fn of_equals_and_of_what_is_not_known_none_is_best() {
        let repeat = |method, deterministic, deviation| Repeat {
            method,
            deterministic,
            deviation,
            correlation: None,
            level: None,
            reached: (0, 0),
            needed: None,
            samples: None,
        };
        let best = |methods: Vec<Repeat<'static>>| {
            let network = "alexnet";
            Choice { network, methods }.best()
        };
        let exact = |method| repeat(method, true, Some(0.0));
        let noisy = |method, deviation| repeat(method, false, deviation);
        assert_eq!(best(vec![exact("a"), noisy("b", Some(0.1))]), Some("a"));
        assert_eq!(best(vec![exact("a"), noisy("b", None)]), Some("a"));
        assert_eq!(best(vec![exact("a"), exact("b")]), None);
        assert_eq!(best(vec![noisy("a", None), noisy("b", None)]), None);
    }

    #[test]
    fn a_method_without_random_numbers_repeats_itself_best() {
        let inputs = study(&IMAGES, 3);
        let answers = Answers::new(&inputs, &Results::new(&inputs));
        for choice in &answers.repeatability {
            assert_eq!(choice.methods[0].method, "gradcam");
            assert!(choice.methods[1].deviation.unwrap() > 0.0);
        }
    }

    #[test]
    fn passes_are_those_of_one_explanation_and_the_fewest_come_first() {
        let mut inputs = study(&IMAGES, 2);
        let cost = |method: &str, explanations, forward_passes, backward_passes| ExplanationCost {
            network: "alexnet".to_owned(),
            method: method.to_owned(),
            explanations,
            forward_passes,
            backward_passes,
            wall_seconds: 6.0,
        };
        inputs.explanation_costs = vec![cost("lime", 6, 600, 0), cost("gradcam", 3, 3, 3)];
        let answers = Answers::new(&inputs, &Results::new(&inputs));
        let [choice] = answers.computing.as_slice() else {
            panic!("costs of one network")
        };
        let all: Vec<_> = choice
            .methods
            .iter()
            .map(|passes| (passes.method, passes.all(), passes.seconds))
            .collect();
        assert_eq!(all, [("gradcam", 2.0, 2.0), ("lime", 100.0, 1.0)]);
    }
}
