//! Normalised area: where a method stands between orders drawn by chance and the best order that a search found.

use std::collections::{BTreeMap, BTreeSet};

use parts::{ActionError, All, Rows};
use schema::Score;
use serde::Serialize;

use crate::{Measure, Tables};

schema::table! {
    /// A removal curve: where its `auc_mean` lies between that of random orders and that of the best known order.
    #[table = "normalised"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Normalised {
        /// Order of removal: `most_relevant_first` or `least_relevant_first`. `least_relevant_first` is the curve of the reversed explanation, on the
        /// same scale.
        #[unit = "name"]
        pub order: String,
        /// What removed pixels become, such as `mean`.
        #[unit = "name"]
        pub replacement: String,
        /// Mean `auc_mean` over the random orders, with `most_relevant_first`.
        #[unit = "probability"]
        #[heading = "Chance, AUC / steps"]
        pub random: Option<f64>,
        /// Lowest `auc_mean` of an order that a search found, with `most_relevant_first`: the exact minimum where `oracle` has an order, else that of
        /// `greedy`.
        #[unit = "probability"]
        #[heading = "Best, AUC / steps"]
        pub best: Option<f64>,
        /// (`random` - `auc_mean`) / (`random` - `best`): 0 is chance, 1 is the best order, below 0 is worse than chance, above 1 is better than the
        /// search.
        #[unit = "1"]
        #[better = higher]
        pub normalised: Option<f64>,
    }
}

/// What normalised areas are computed from.
#[derive(Debug, Serialize)]
pub struct Inputs {
    /// The areas under the curves.
    scores: All<Score>,
    /// Names of the methods that draw orders by chance.
    chance: BTreeSet<String>,
    /// Names of the methods that search for an order.
    searching: BTreeSet<String>,
}

impl Measure for Normalised {
    const MODULE: &'static str = module_path!();
    const TITLE: &'static str = "Between chance and the best order: normalised area";
    const ABOUT: &'static str = "The area under the removal curve on each image's own scale: 0 for random orders, 1 for the best order that a \
        search found.";

    type Inputs = Inputs;

    fn inputs(study: &dyn Tables) -> Option<Inputs> {
        Some(Inputs {
            scores: study.scores()?,
            chance: study.chance(),
            searching: study.searching(),
        })
    }

    fn rows(inputs: &Inputs, rows: &Rows<'_>) -> Result<Vec<Self>, ActionError> {
        let scores = rows.all(&inputs.scores)?;
        Ok(normalised(&scores, &inputs.chance, &inputs.searching))
    }
}

/// Below this difference of chance and best there is no scale.
const SMALLEST_SCALE: f64 = 0.01;

/// What the curves of an image, network, partition and replacement are measured against.
#[derive(Default)]
struct Ends {
    random: Vec<f64>,
    best: Option<f64>,
}

type Place<'a> = [&'a str; 4];

/// A row for each curve, in the order of the scores.
fn normalised(
    scores: &[Score],
    chance: &BTreeSet<String>,
    searching: &BTreeSet<String>,
) -> Vec<Normalised> {
    let mut places: BTreeMap<Place<'_>, Ends> = BTreeMap::new();
    for row in scores {
        let ends = places.entry(place(row)).or_default();
        if row.order != "most_relevant_first" {
            continue;
        }
        if chance.contains(&row.method) {
            ends.random.push(row.auc_mean);
        }
        if searching.contains(&row.method) {
            let lowest = ends
                .best
                .map_or(row.auc_mean, |best| best.min(row.auc_mean));
            ends.best = Some(lowest);
        }
    }
    let row = |score: &Score| {
        let ends = &places[&place(score)];
        let random = statistics::mean(&ends.random);
        let (normalised, reason) = match (random, ends.best) {
            (Some(random), Some(best)) => match scaled(score.auc_mean, random, best) {
                Some(value) => (Some(value), None),
                None => (None, Some("chance is less than 0.01 above the best order")),
            },
            (None, Some(_)) => (None, Some("no random order is judged here")),
            (Some(_), None) => (None, Some("no searched order is judged here")),
            (None, None) => (
                None,
                Some("neither a random order nor a searched one is judged here"),
            ),
        };
        Normalised {
            image: score.image.clone(),
            network: score.network.clone(),
            partition: score.partition.clone(),
            method: score.method.clone(),
            run: score.run,
            order: score.order.clone(),
            replacement: score.replacement.clone(),
            random,
            best: ends.best,
            normalised,
            reason: reason.map(str::to_owned),
        }
    };
    scores.iter().map(row).collect()
}

fn place(score: &Score) -> Place<'_> {
    [
        &score.image,
        &score.network,
        &score.partition,
        &score.replacement,
    ]
}

/// An area on the scale from chance (0) to the best order (1); none where the two are less than 0.01 apart.
pub fn scaled(auc_mean: f64, random: f64, best: f64) -> Option<f64> {
    let scale = random - best;
    (scale >= SMALLEST_SCALE).then(|| (random - auc_mean) / scale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{oracle, score};

    fn names(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn of(scores: &[Score]) -> Vec<Normalised> {
        normalised(scores, &names(&["chance"]), &names(&["greedy", "oracle"]))
    }

    #[test]
    fn areas_equal_numpy() {
        for case in oracle("normalised") {
            let chance = case.numbers("random");
            let random = chance.iter().zip(0..).map(|(&area, run)| Score {
                run,
                ..score("chance", area)
            });
            let searched = ["greedy", "oracle"]
                .into_iter()
                .zip(case.numbers("searched"));
            let searched = searched.map(|(method, area)| score(method, area));
            let methods = case.numbers("methods").into_iter();
            let methods = methods.map(|area| score("lime", area));
            let all: Vec<Score> = random.chain(searched).chain(methods).collect();
            let found: Vec<f64> = of(&all)
                .into_iter()
                .map(|row| row.normalised.unwrap())
                .collect();
            case.equals("normalised", &found);
        }
    }

    #[test]
    fn the_reversed_explanation_is_on_the_same_scale() {
        let reversed = Score {
            order: "least_relevant_first".to_owned(),
            ..score("oracle", 0.9)
        };
        let rows = of(&[score("chance", 0.5), score("oracle", 0.25), reversed]);
        let found: Vec<_> = rows.iter().map(|row| row.normalised).collect();
        assert_eq!(found, [Some(0.0), Some(1.0), Some(-1.6)]);
    }

    #[test]
    fn without_a_scale_there_is_a_reason() {
        let reason = |scores: &[Score]| {
            let row = of(scores).pop().unwrap();
            assert_eq!(row.normalised, None);
            row.reason.unwrap()
        };
        let [lime, chance] = [score("lime", 0.3), score("chance", 0.5)];
        assert!(reason(std::slice::from_ref(&lime)).contains("neither"));
        assert!(reason(&[chance.clone(), lime.clone()]).contains("no searched order"));
        assert!(reason(&[score("greedy", 0.2), lime.clone()]).contains("no random order"));
        let near = score("greedy", 0.495);
        assert!(reason(&[chance.clone(), near, lime.clone()]).contains("less than 0.01"));
        // A search that misses the minimum may end above chance.
        assert!(reason(&[chance, score("greedy", 0.7), lime]).contains("less than 0.01"));
    }

    #[test]
    fn other_replacements_have_other_scales() {
        let other = |score: Score| Score {
            replacement: "black".to_owned(),
            ..score
        };
        let rows = of(&[
            score("chance", 0.5),
            score("greedy", 0.3),
            other(score("greedy", 0.1)),
            other(score("chance", 0.3)),
            other(score("lime", 0.2)),
        ]);
        assert_eq!(
            rows[4].normalised.map(|value| (value * 1e9).round()),
            Some(5e8)
        );
    }
}
