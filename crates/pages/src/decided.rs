//! The table `decisions` by network, with how repeatable the methods are and what they cost.

use schema::{Decision, Summary};
use statistics::{mean, quantile};

use crate::results::{AUC, Comparison, Results, place};
use crate::{ExplanationCost, Inputs};

/// Images that the other method is better on, named.
const NAMED: usize = 4;

/// The decisions by question, in the order of networks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers<'a> {
    pub(crate) fidelity: Vec<Fidelity<'a>>,
    /// Every explaining method compared with an order at random; none where the study has no such control.
    pub(crate) chance: Vec<&'a Decision>,
    pub(crate) repeatability: Vec<Repeatability<'a>>,
    pub(crate) computing: Vec<Computing<'a>>,
}

/// Which method finds what the network looks at.
#[derive(Clone, Debug)]
pub(crate) struct Fidelity<'a> {
    pub(crate) answer: &'a Decision,
    /// The mean of the answer's method.
    pub(crate) summary: Option<&'a Summary>,
    /// The question asked in other ways, each with its words.
    pub(crate) checks: Vec<(&'a str, &'a Decision)>,
    /// Explaining methods that are not told apart from the answer's, the best first.
    pub(crate) alike: Vec<&'a str>,
    /// Images on which the next is better, the most clearly so first, at most [`NAMED`].
    pub(crate) exceptions: Vec<&'a str>,
}

impl Fidelity<'_> {
    pub(crate) fn decided(&self) -> bool {
        is_ahead(self.answer)
    }
}

/// Whether the method of a decision is shown to be ahead of the next.
pub(crate) fn is_ahead(decision: &Decision) -> bool {
    decision.verdict == "ahead"
}

/// How methods repeat themselves on a network, the best first.
#[derive(Clone, Debug)]
pub(crate) struct Repeatability<'a> {
    pub(crate) answer: &'a Decision,
    pub(crate) methods: Vec<Repeat<'a>>,
}

/// What explanations of a network cost, the cheapest method first.
#[derive(Clone, Debug)]
pub(crate) struct Computing<'a> {
    pub(crate) network: &'a str,
    pub(crate) methods: Vec<Passes<'a>>,
}

impl<'a> Computing<'a> {
    /// The method that computes less than all others; none where the next computes as little.
    pub(crate) fn best(&self) -> Option<&'a str> {
        let (first, rest) = self.methods.split_first()?;
        let next = rest.first().map(Passes::all);
        next.is_none_or(|next| next > first.all())
            .then_some(first.method)
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
}

/// What one explanation takes.
#[derive(Clone, Debug)]
pub(crate) struct Passes<'a> {
    pub(crate) method: &'a str,
    pub(crate) forward: f64,
    pub(crate) backward: f64,
    /// None where another tool made the explanations and does not say.
    pub(crate) seconds: Option<f64>,
    /// Whether another tool says so.
    pub(crate) declared: bool,
}

impl Passes<'_> {
    pub(crate) fn all(&self) -> f64 {
        self.forward + self.backward
    }
}

impl<'a> Answers<'a> {
    pub(crate) fn new(inputs: &'a Inputs, results: &Results<'a>) -> Self {
        let mut rows: Vec<&Decision> = inputs.decisions.iter().collect();
        let rank = |network: &str| results.networks.iter().position(|known| *known == network);
        rows.sort_by_key(|row| rank(&row.network));
        let of = |question: &str| {
            let asked = rows.iter().filter(move |row| row.question == question);
            asked.copied().collect::<Vec<_>>()
        };
        let main = results.main_comparisons();
        let compared = |row: &Decision| {
            let mut here = main.iter();
            here.find(|each| each.condition.network == row.network)
        };
        let fidelity = of("fidelity").into_iter().map(|answer| Fidelity {
            answer,
            summary: place!(answer).summary(inputs, &answer.method),
            checks: checks(&rows, answer),
            alike: alike(inputs, results, answer),
            exceptions: compared(answer)
                .map_or_else(Vec::new, |comparison| exceptions(comparison, answer)),
        });
        let repeats = of("repeatability").into_iter();
        let repeats = repeats.filter_map(|answer| {
            let methods = repeats_of(inputs, compared(answer)?);
            Some(Repeatability { answer, methods })
        });
        let computing = main.iter();
        let computing = computing.filter_map(|each| computing_of(inputs, results, each));
        Self {
            fidelity: fidelity.collect(),
            chance: of("better than chance")
                .into_iter()
                .filter(|row| results.explains(&row.method))
                .collect(),
            repeatability: repeats.collect(),
            computing: computing.collect(),
        }
    }
}

/// The explaining methods that share a group with the answer's, the best first.
fn alike<'a>(inputs: &'a Inputs, results: &Results<'a>, answer: &'a Decision) -> Vec<&'a str> {
    let place = place!(answer);
    let groups = |row: &'a Summary| row.groups.as_deref().unwrap_or_default().split_whitespace();
    let own: Vec<&str> = place
        .summary(inputs, &answer.method)
        .map_or_else(Vec::new, |row| groups(row).collect());
    let shares = |row: &&'a Summary| groups(row).any(|name| own.contains(&name));
    let here = inputs.summaries.iter().filter(|row| place!(row) == place);
    let others = here.filter(|row| row.method != answer.method && results.explains(&row.method));
    let mut alike: Vec<&Summary> = others.filter(shares).collect();
    alike.sort_by(|a, b| {
        a.mean_rank
            .unwrap_or(f64::INFINITY)
            .total_cmp(&b.mean_rank.unwrap_or(f64::INFINITY))
    });
    alike.into_iter().map(|row| row.method.as_str()).collect()
}

/// The other ways in which the question of an answer is asked.
fn checks<'a>(rows: &[&'a Decision], answer: &Decision) -> Vec<(&'a str, &'a Decision)> {
    let check = |row: &&'a Decision| {
        let way = row.question.strip_prefix("fidelity: ")?;
        (row.network == answer.network).then_some((way, *row))
    };
    rows.iter().filter_map(check).collect()
}

/// The images on which the next method is better, by how much.
fn exceptions<'a>(comparison: &Comparison<'a>, answer: &Decision) -> Vec<&'a str> {
    let other = answer.runner_up.as_deref().unwrap_or_default();
    let groups = comparison
        .group(&answer.method)
        .zip(comparison.group(other));
    let Some((method, other)) = groups else {
        return Vec::new();
    };
    let lead = |image: &&'a str| {
        let [own, others] = [method, other].map(|group| group.image_mean(image, AUC));
        let lead = comparison.condition.lead(others?, own?);
        (lead > 0.0).then_some((lead, *image))
    };
    let mut images: Vec<_> = method.images.keys().filter_map(lead).collect();
    images.sort_by(|a, b| b.0.total_cmp(&a.0));
    let named = images.into_iter().take(NAMED);
    named.map(|(_, image)| image).collect()
}

fn repeats_of<'a>(inputs: &'a Inputs, comparison: &Comparison<'a>) -> Vec<Repeat<'a>> {
    let condition = comparison.condition;
    let groups = comparison.explaining();
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
            }
        })
        .collect();
    methods.sort_by(|a, b| {
        let spread = |repeat: &Repeat<'_>| repeat.deviation.unwrap_or(f64::INFINITY);
        b.deterministic
            .cmp(&a.deterministic)
            .then(spread(a).total_cmp(&spread(b)))
    });
    methods
}

/// What one explanation takes, by method. Costs are in records and in no table, because two runs of the same action differ in them.
fn computing_of<'a>(
    inputs: &'a Inputs,
    results: &Results<'a>,
    comparison: &Comparison<'a>,
) -> Option<Computing<'a>> {
    let network = comparison.condition.network;
    let judged = |cost: &&ExplanationCost| {
        cost.network == network
            && cost.explanations > 0
            && results.explains(&cost.method)
            && comparison.group(&cost.method).is_some()
    };
    let costs = inputs.explanation_costs.iter().filter(judged);
    let mut methods: Vec<Passes<'a>> = costs
        .filter_map(|cost| {
            let each = |total: f64| total / cost.explanations as f64;
            Some(Passes {
                method: &cost.method,
                forward: each(cost.forward_passes? as f64),
                backward: each(cost.backward_passes as f64),
                seconds: cost.wall_seconds.map(each),
                declared: cost.declared,
            })
        })
        .collect();
    methods.sort_by(|a, b| a.all().total_cmp(&b.all()));
    (!methods.is_empty()).then_some(Computing { network, methods })
}

/// The one method that all networks agree on; none where they differ.
pub(crate) fn agreed<T: PartialEq>(mut methods: impl Iterator<Item = T>) -> Option<T> {
    let first = methods.next()?;
    methods.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{IMAGES, decision, study};

    #[test]
    fn a_method_without_random_numbers_comes_first_by_repeating_itself() {
        let mut inputs = study(&IMAGES, 3);
        inputs.decisions = vec![decision("repeatability", ["gradcam", "lime"], "ahead")];
        let answers = Answers::new(&inputs, &Results::new(&inputs));
        let [choice] = answers.repeatability.as_slice() else {
            panic!("one network has a decision")
        };
        assert_eq!(choice.methods[0].method, "gradcam");
        assert!(choice.methods[1].deviation.unwrap() > 0.0);
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
            wall_seconds: Some(6.0),
            declared: false,
        };
        inputs.explanation_costs = vec![
            cost("lime", 6, Some(600), 0),
            cost("gradcam", 3, Some(3), 3),
            // Of a method whose tool does not say what it took, nothing is known.
            cost("external", 3, None, 0),
        ];
        let answers = Answers::new(&inputs, &Results::new(&inputs));
        let [choice] = answers.computing.as_slice() else {
            panic!("costs of one network")
        };
        let all: Vec<_> = choice
            .methods
            .iter()
            .map(|passes| (passes.method, passes.all(), passes.seconds))
            .collect();
        assert_eq!(
            all,
            [("gradcam", 2.0, Some(2.0)), ("lime", 100.0, Some(1.0))]
        );
        assert_eq!(choice.best(), Some("gradcam"));
    }

    #[test]
    fn a_check_belongs_to_the_answer_of_its_network() {
        let mut inputs = study(&IMAGES, 2);
        let pair = ["lime", "gradcam"];
        inputs.decisions = vec![
            decision("fidelity", pair, "ahead"),
            decision("fidelity: by area", pair, "undecided"),
        ];
        let answers = Answers::new(&inputs, &Results::new(&inputs));
        let fidelity = &answers.fidelity[0];
        assert!(fidelity.decided());
        assert_eq!(fidelity.checks.len(), 1);
        assert_eq!(fidelity.checks[0].0, "by area");
        assert!(!fidelity.exceptions.is_empty() || fidelity.answer.wins > 0);
    }
}
