//! What the study answers: which method, how surely, and what would change the answer.
//!
//! A method is *ahead* of another where the bootstrap interval of their difference over images lies wholly on its side of 0 and Wilcoxon's test,
//! corrected for all tests of the measure, agrees at the same level. Of few images a bootstrap alone would say too much. Controls are never an
//! answer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use schema::{Comparison, Decision, Score, Summary};
use statistics::mean;

use super::{Settings, Tables, because};

/// A normal deviate that 95 % lie within.
const NORMAL: f64 = 1.96;
/// A normal deviate that 80 % lie below.
const POWER: f64 = 0.84;
const MOST_RELEVANT_FIRST: &str = "most_relevant_first";

/// Where methods are compared, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    network: &'a str,
    partition: &'a str,
    order: Option<&'a str>,
    replacement: Option<&'a str>,
    measure: &'a str,
}

/// The place of a row, whose tables share these columns.
macro_rules! place_of {
    ($row:expr) => {
        Place {
            network: &$row.network,
            partition: &$row.partition,
            order: $row.order.as_deref(),
            replacement: $row.replacement.as_deref(),
            measure: &$row.measure,
        }
    };
}

/// What tells two methods apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Ahead,
    Behind,
    Undecided,
}

/// A row about two methods, seen from one of them.
#[derive(Clone, Copy, Debug)]
struct Contrast<'a> {
    row: &'a Comparison,
    /// Whether the row names the method first.
    forwards: bool,
}

impl<'a> Contrast<'a> {
    fn names(&self) -> [&'a str; 2] {
        let names = [&*self.row.method, &*self.row.other_method];
        if self.forwards {
            names
        } else {
            [names[1], names[0]]
        }
    }

    fn signed(&self, value: f64) -> f64 {
        if self.forwards { value } else { -value }
    }

    fn interval(&self) -> Option<[f64; 2]> {
        let [a, b] = [self.signed(self.row.low?), self.signed(self.row.high?)];
        Some([a.min(b), a.max(b)])
    }

    fn verdict(&self) -> Verdict {
        // A level such as 0.95 has no exact complement in binary.
        let largest_p = 1.0 - self.row.level + 1e-12;
        let tested = self.row.p_adjusted.is_some_and(|p| p <= largest_p);
        let lower = self.row.better == "lower";
        match self.interval().filter(|_| tested) {
            Some([_, high]) if high < 0.0 && lower => Verdict::Ahead,
            Some([low, _]) if low > 0.0 && !lower => Verdict::Ahead,
            Some([low, high]) if low > 0.0 || high < 0.0 => Verdict::Behind,
            _ => Verdict::Undecided,
        }
    }

    /// Why nothing is decided, and what might.
    fn doubt(&self) -> String {
        let Some([low, high]) = self.interval() else {
            return "the difference has no interval".to_owned();
        };
        if low > 0.0 || high < 0.0 {
            return "the corrected test does not exclude chance".to_owned();
        }
        let chance = "the interval includes 0, so the difference may be chance";
        match self.images_needed() {
            Some(needed) if needed > u64::from(self.row.images) => {
                format!("{chance}; about {needed} such images would decide")
            }
            _ => chance.to_owned(),
        }
    }

    /// About how many images like these give an interval without 0 four times in five: ((1.96 + 0.84) x standard deviation / mean)^2 of the
    /// differences.
    fn images_needed(&self) -> Option<u64> {
        let standardised = self.row.standardised_difference?;
        (standardised != 0.0).then(|| ((NORMAL + POWER) / standardised).powi(2).ceil() as u64)
    }

    /// The row of the table. `flips` is what would flip it, or why that is not said.
    fn decision(&self, question: &str, flips: Result<String, String>) -> Decision {
        let [method, other] = self.names();
        let row = self.row;
        let (flips_when, unsaid) = match flips {
            Ok(flips) => (Some(flips), None),
            Err(why) => (None, Some(why)),
        };
        let reasons = [
            row.reason
                .clone()
                .filter(|_| row.low.is_none() || row.p_adjusted.is_none()),
            unsaid,
        ];
        let reasons: Vec<String> = reasons.into_iter().flatten().collect();
        Decision {
            question: question.to_owned(),
            network: row.network.clone(),
            partition: row.partition.clone(),
            method: method.to_owned(),
            runner_up: Some(other.to_owned()),
            measure: row.measure.clone(),
            order: row.order.clone(),
            replacement: row.replacement.clone(),
            verdict: self.verdict().name().to_owned(),
            difference: row.difference.map(|difference| self.signed(difference)),
            low: self.interval().map(|[low, _]| low),
            high: self.interval().map(|[_, high]| high),
            p_adjusted: row.p_adjusted,
            wins: if self.forwards { row.wins } else { row.losses },
            images: row.images,
            flips_when,
            reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
        }
    }
}

impl Verdict {
    fn name(self) -> &'static str {
        match self {
            Self::Ahead => "ahead",
            Self::Behind => "behind",
            Self::Undecided => "undecided",
        }
    }
}

/// Statements of a study, and what decisions must know of its methods.
struct Study<'a> {
    comparisons: BTreeMap<Place<'a>, Vec<&'a Comparison>>,
    /// Of the methods that explain.
    summaries: BTreeMap<Place<'a>, Vec<&'a Summary>>,
    settings: &'a Settings<'a>,
    /// The partitions and replacements that have scores, the ones that answers are about first.
    partitions: Vec<&'a str>,
    replacements: Vec<&'a str>,
}

/// Every question that the tables answer, by network.
pub(super) fn decisions(
    tables: &Tables,
    scores: &[Score],
    settings: &Settings<'_>,
) -> Vec<Decision> {
    let study = Study::new(tables, scores, settings);
    let orders: BTreeSet<&str> = scores.iter().map(|row| &*row.order).collect();
    // By name, the most relevant first comes last.
    let order = orders.last().copied();
    let networks: BTreeSet<&str> = scores.iter().map(|row| &*row.network).collect();
    let mut decisions = Vec::new();
    for network in networks {
        let (Some(partition), Some(replacement)) =
            (study.partitions.first(), study.replacements.first())
        else {
            continue;
        };
        let main = Place {
            network,
            partition,
            order,
            replacement: Some(replacement),
            measure: "auc",
        };
        decisions.extend(study.fidelity(main));
        decisions.extend(study.better_than_chance(main));
        decisions.extend(study.repeatability(main, tables));
    }
    decisions
}

impl<'a> Study<'a> {
    fn new(tables: &'a Tables, scores: &'a [Score], settings: &'a Settings<'a>) -> Self {
        let mut comparisons: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in &tables.comparisons {
            comparisons.entry(place_of!(row)).or_default().push(row);
        }
        let explains = |method: &str| {
            let known = settings.methods.get(method);
            known.is_some_and(|method| method.explains)
        };
        let mut summaries: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in &tables.summaries {
            if row.mean.is_some() && explains(&row.method) {
                summaries.entry(place_of!(row)).or_default().push(row);
            }
        }
        for rows in summaries.values_mut() {
            rows.sort_by_key(|row| (row.place, &row.method));
        }
        let used: BTreeSet<&str> = scores.iter().map(|row| &*row.replacement).collect();
        let replacements = settings.replacements.iter().map(String::as_str);
        Self {
            comparisons,
            summaries,
            settings,
            partitions: partitions(scores, explains),
            replacements: replacements.filter(|name| used.contains(name)).collect(),
        }
    }

    fn kind(&self, method: &str) -> Option<&'static str> {
        Some(self.settings.methods.get(method)?.kind)
    }

    fn contrast(&self, place: &Place<'a>, method: &str, other: &str) -> Option<Contrast<'a>> {
        let rows = self.comparisons.get(place)?;
        let seen = |&row: &&'a Comparison| {
            let names = [&*row.method, &*row.other_method];
            let forwards = names == [method, other];
            (forwards || names == [other, method]).then_some(Contrast { row, forwards })
        };
        rows.iter().find_map(seen)
    }

    /// The explaining methods, the best mean first.
    fn ranking(&self, place: &Place<'a>) -> &[&'a Summary] {
        self.summaries.get(place).map_or(&[], Vec::as_slice)
    }

    /// The best of the explaining methods compared with the next, or with the first that it is not shown to be ahead of.
    fn best(&self, place: &Place<'a>) -> Option<Contrast<'a>> {
        let (best, others) = self.ranking(place).split_first()?;
        let contrast = |other: &&Summary| self.contrast(place, &best.method, &other.method);
        let mut rivals: Vec<_> = others.iter().filter_map(contrast).collect();
        let open = rivals
            .iter()
            .position(|rival| rival.verdict() != Verdict::Ahead);
        (!rivals.is_empty()).then(|| rivals.swap_remove(open.unwrap_or(0)))
    }

    /// The answer for a network, and then each other way to ask.
    fn fidelity(&self, main: Place<'a>) -> Vec<Decision> {
        let Some(best) = self.ranking(&main).first() else {
            return Vec::new();
        };
        let Some(answer) = self.best(&main) else {
            return vec![alone(best)];
        };
        let decided = answer.verdict() == Verdict::Ahead;
        let checks = self.checks(&main);
        let flipped: Vec<_> = checks
            .iter()
            .filter(|(place, contrast)| self.flips(place, contrast, answer.names()[0]))
            .collect();
        let flips = match (decided, checks.len()) {
            (false, _) => Err(answer.doubt()),
            (true, 0) => Err("the study has no other conditions".to_owned()),
            (true, count) => Ok(self.flips_when(&checks, &flipped, count)),
        };
        let mut decisions = vec![answer.decision("fidelity", flips)];
        for (place, contrast) in &checks {
            let method = contrast.names()[0];
            let flips = if contrast.verdict() != Verdict::Ahead {
                Err(contrast.doubt())
            } else if !decided {
                Err("the answer itself is undecided".to_owned())
            } else if self.flips(place, contrast, answer.names()[0]) {
                Ok(format!("here: {method} is ahead"))
            } else {
                Err("the answer holds here".to_owned())
            };
            let question = format!("fidelity: {}", self.way(place));
            decisions.push(contrast.decision(&question, flips));
        }
        decisions
    }

    fn flips_when(
        &self,
        checks: &[(Place<'a>, Contrast<'a>)],
        flipped: &[&(Place<'a>, Contrast<'a>)],
        count: usize,
    ) -> String {
        let checked = if count == 1 { "check" } else { "checks" };
        let open = checks
            .iter()
            .filter(|(_, contrast)| contrast.verdict() != Verdict::Ahead)
            .count();
        let mut text = match flipped {
            [] => format!("in none of {count} other {checked}"),
            [(place, contrast), ..] => format!(
                "in {} of {count} other {checked}, as {} ({})",
                flipped.len(),
                self.way(place),
                contrast.names()[0]
            ),
        };
        if open > 0 {
            let verb = if open == 1 { "is" } else { "are" };
            let _ = write!(text, "; {open} of them {verb} undecided");
        }
        text
    }

    /// Whether another method than the answer is ahead at a place. Where the answer is not judged there, one of its kind stands for it.
    fn flips(&self, place: &Place<'a>, contrast: &Contrast<'a>, answer: &str) -> bool {
        let method = contrast.names()[0];
        let judged = self.summaries.iter().any(|(other, rows)| {
            other.partition == place.partition && rows.iter().any(|row| row.method == answer)
        });
        let same = method == answer || !judged && self.kind(method) == self.kind(answer);
        contrast.verdict() == Verdict::Ahead && !same
    }

    /// The other places of a network where a question is asked, in the order in which they are shown.
    fn checks(&self, main: &Place<'a>) -> Vec<(Place<'a>, Contrast<'a>)> {
        let asked = |place: &&Place<'a>| {
            place.network == main.network
                && **place != *main
                && self.settings.questions.contains_key(place.measure)
        };
        let mut places: Vec<Place<'a>> = self.summaries.keys().filter(asked).copied().collect();
        let rank = |known: &[&str], name: &str| known.iter().position(|other| *other == name);
        places.sort_by_key(|place| {
            let replacement = place.replacement.map(|name| rank(&self.replacements, name));
            let removal = place.replacement.is_none();
            let order = std::cmp::Reverse(place.order);
            (
                rank(&self.partitions, place.partition),
                removal,
                place.measure,
                order,
                replacement,
            )
        });
        let best = |place: Place<'a>| Some((place, self.best(&place)?));
        places.into_iter().filter_map(best).collect()
    }

    /// How a place asks, in words.
    fn way(&self, place: &Place<'a>) -> String {
        let mut words = self.settings.questions[place.measure].to_owned();
        if let Some(order) = place.order {
            words.push_str(if order == MOST_RELEVANT_FIRST {
                ", the most relevant first"
            } else {
                ", the least relevant first (insertion)"
            });
        }
        if self.partitions.len() > 1 {
            words.extend([", on ", place.partition]);
        }
        if let Some(replacement) = place.replacement.filter(|_| self.replacements.len() > 1) {
            words.extend([", replaced by ", replacement]);
        }
        words
    }

    /// Each method compared with orders drawn by chance.
    fn better_than_chance(&self, main: Place<'a>) -> Vec<Decision> {
        let rows = self.comparisons.get(&main).map_or(&[][..], Vec::as_slice);
        let controls = self.settings.methods.iter();
        let mut controls = controls.filter(|(_, method)| method.chance);
        // A control may be limited to other networks.
        let Some((chance, _)) = controls.find(|(name, _)| {
            let mut rows = rows.iter();
            rows.any(|row| row.method == **name || row.other_method == **name)
        }) else {
            return Vec::new();
        };
        let decision = |row: &&'a Comparison| {
            let names = [&row.method, &row.other_method];
            let forwards = names[1] == chance;
            if !forwards && names[0] != chance {
                return None;
            }
            let contrast = Contrast { row, forwards };
            let flips = Err(match contrast.verdict() {
                Verdict::Undecided => contrast.doubt(),
                _ => "compared only under this condition".to_owned(),
            });
            Some(contrast.decision("better than chance", flips))
        };
        rows.iter().filter_map(decision).collect()
    }

    /// The method whose area varies least over runs.
    fn repeatability(&self, main: Place<'a>, tables: &'a Tables) -> Option<Decision> {
        let mut spreads: BTreeMap<&str, (bool, Vec<Option<f64>>)> = BTreeMap::new();
        for row in &tables.stability {
            let place = Place {
                network: &row.network,
                partition: &row.partition,
                order: Some(&row.order),
                replacement: Some(&row.replacement),
                measure: "auc",
            };
            if place == main
                && self
                    .ranking(&main)
                    .iter()
                    .any(|known| known.method == row.method)
            {
                let method = spreads.entry(&row.method).or_insert((true, Vec::new()));
                method.0 &= row.deterministic;
                method.1.push(row.auc_std);
            }
        }
        let mut methods: Vec<_> = spreads
            .into_iter()
            .map(|(method, (deterministic, spreads))| {
                let images = spreads.len() as u32;
                let known: Option<Vec<f64>> = spreads.into_iter().collect();
                let spread = known.as_deref().and_then(mean);
                Repeat {
                    method,
                    deterministic,
                    spread,
                    images,
                }
            })
            .collect();
        methods.sort_by(|a, b| {
            let spread = |repeat: &Repeat<'_>| repeat.spread.unwrap_or(f64::INFINITY);
            b.deterministic
                .cmp(&a.deterministic)
                .then(spread(a).total_cmp(&spread(b)))
        });
        let (first, rest) = methods.split_first()?;
        Some(first.decision(rest.first(), &main))
    }
}

/// How far the area of a method varies over runs.
struct Repeat<'a> {
    method: &'a str,
    deterministic: bool,
    /// Mean over images of the standard deviation over runs.
    spread: Option<f64>,
    images: u32,
}

impl Repeat<'_> {
    fn decision(&self, next: Option<&Self>, main: &Place<'_>) -> Decision {
        let other = next.and_then(|next| next.spread);
        let ahead = self
            .spread
            .is_some_and(|own| other.is_none_or(|other| other > own));
        let flips_when = match (ahead, next, other) {
            (true, ..) if self.deterministic => {
                Some("never: it draws no random numbers".to_owned())
            }
            (true, Some(next), Some(other)) => Some(format!(
                "its spread over runs exceeds {other:.3}, that of {}",
                next.method
            )),
            _ => None,
        };
        let undecided = match (self.spread, next) {
            _ if ahead => "nothing to compare with",
            (None, _) => "one run of a method that draws random numbers: its spread is unknown",
            (Some(_), _) => "the next method is as repeatable",
        };
        Decision {
            question: "repeatability".to_owned(),
            network: main.network.to_owned(),
            partition: main.partition.to_owned(),
            method: self.method.to_owned(),
            runner_up: next.map(|next| next.method.to_owned()),
            measure: "auc_std".to_owned(),
            order: main.order.map(str::to_owned),
            replacement: main.replacement.map(str::to_owned),
            verdict: if ahead {
                Verdict::Ahead
            } else {
                Verdict::Undecided
            }
            .name()
            .to_owned(),
            difference: self.spread.zip(other).map(|(own, other)| own - other),
            low: None,
            high: None,
            p_adjusted: None,
            wins: 0,
            images: self.images,
            reason: because(&[
                (true, "a spread over runs has no interval and no test"),
                (next.is_none(), "there is no other explaining method"),
                (flips_when.is_none(), undecided),
            ]),
            flips_when,
        }
    }
}

/// The decision where one method explains.
fn alone(row: &Summary) -> Decision {
    Decision {
        question: "fidelity".to_owned(),
        network: row.network.clone(),
        partition: row.partition.clone(),
        method: row.method.clone(),
        runner_up: None,
        measure: row.measure.clone(),
        order: row.order.clone(),
        replacement: row.replacement.clone(),
        verdict: Verdict::Undecided.name().to_owned(),
        difference: None,
        low: None,
        high: None,
        p_adjusted: None,
        wins: 0,
        images: row.images,
        flips_when: None,
        reason: Some("there is no other explaining method".to_owned()),
    }
}

/// The partitions that methods are judged on, the one that answers are about first: one on which two explaining methods of every network can be
/// compared, or else one is judged, and of these the one with the most superpixels in the mean; the first by name of several.
fn partitions(scores: &[Score], explains: impl Fn(&str) -> bool) -> Vec<&str> {
    let networks: BTreeSet<&str> = scores.iter().map(|row| &*row.network).collect();
    let mut superpixels: BTreeMap<&str, BTreeMap<&str, f64>> = BTreeMap::new();
    let mut explaining = BTreeSet::new();
    for row in scores {
        let images = superpixels.entry(&row.partition).or_default();
        images.insert(&row.image, row.steps.into());
        if explains(&row.method) {
            explaining.insert([&*row.partition, &*row.network, &*row.method]);
        }
    }
    let compared = |partition: &str| {
        let of = |network: &&str| {
            let here = |[judged_on, of, _]: &&[&str; 3]| *judged_on == partition && of == network;
            explaining.iter().filter(here).count()
        };
        networks.iter().map(of).min().unwrap_or(0).min(2)
    };
    let mut partitions: Vec<_> = superpixels
        .into_iter()
        .map(|(name, images)| {
            let counts: Vec<f64> = images.into_values().collect();
            (name, compared(name), mean(&counts).unwrap_or(0.0))
        })
        .collect();
    partitions.sort_by(|a, b| b.1.cmp(&a.1).then(b.2.total_cmp(&a.2)));
    partitions.into_iter().map(|(name, ..)| name).collect()
}

#[cfg(test)]
mod tests;
