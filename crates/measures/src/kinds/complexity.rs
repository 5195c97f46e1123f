//! Complexity: on how few superpixels an explanation's relevance is concentrated.

use std::collections::BTreeSet;

use parts::{ActionError, All, Rows};
use rayon::prelude::*;
use schema::Relevance;
use serde::Serialize;

use crate::{Key, Measure, Tables, by_explanation};

schema::table! {
    /// An explanation: how few superpixels have most of its relevance.
    #[table = "complexity"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Complexity {
        /// Number of superpixels, n.
        #[unit = "superpixels"]
        #[range(1 ..)]
        pub superpixels: u32,
        /// Smallest number of superpixels that together have 80 % of the positive relevance; null without positive relevance.
        #[unit = "superpixels"]
        #[range(1 ..= superpixels)]
        #[heading = "Superpixels for 80 % of the positive relevance"]
        pub superpixels_for_80_percent: Option<u32>,
        /// Gini index of the absolute relevance, from 0 (all equal) to 1 - 1/n (one superpixel has all): Hurley and Rickard 2009; for explanations,
        /// Chalasani et al. 2020.
        #[unit = "1"]
        #[range(0 ..= 1)]
        #[heading = "Gini index"]
        pub gini: Option<f64>,
        /// Entropy of the absolute relevance as shares of its sum, from 0 (one superpixel has all) to ln n (all equal): Bhatt et al. 2020.
        #[unit = "nat"]
        #[range(0 ..= ln(superpixels))]
        pub entropy: Option<f64>,
    }
}

/// What complexity is computed from.
#[derive(Debug, Serialize)]
pub struct Inputs {
    /// The explanations.
    relevances: All<Relevance>,
    /// Names of the methods whose relevances are more than the places in an order.
    measured: BTreeSet<String>,
}

impl Measure for Complexity {
    const MODULE: &'static str = module_path!();
    const TITLE: &'static str = "How few superpixels: complexity";
    const ABOUT: &'static str = "Gini index (Hurley and Rickard 2009; Chalasani et al. 2020) and entropy (Bhatt et al. 2020) of the relevances. \
        Simple explanations are easier to read, but not more correct.";

    type Inputs = Inputs;

    fn inputs(study: &dyn Tables) -> Option<Inputs> {
        Some(Inputs {
            relevances: study.relevances()?,
            measured: study.measured(),
        })
    }

    fn rows(inputs: &Inputs, rows: &Rows<'_>) -> Result<Vec<Self>, ActionError> {
        let of_image = |group| {
            let relevances = rows.group(&inputs.relevances, group)?.concat();
            let explanations = by_explanation(&relevances).into_iter();
            let measured = explanations.filter(|(key, _)| inputs.measured.contains(key.method));
            let made = measured.map(|(key, relevance)| row(key, &relevance));
            Ok(made.collect::<Vec<_>>())
        };
        let made = inputs.relevances.groups.par_iter().map(of_image);
        Ok(made.collect::<Result<Vec<_>, ActionError>>()?.concat())
    }
}

fn row(key: Key<'_>, relevance: &[f64]) -> Complexity {
    let found = complexity(relevance);
    Complexity {
        image: key.image.to_owned(),
        network: key.network.to_owned(),
        partition: key.partition.to_owned(),
        method: key.method.to_owned(),
        run: key.run,
        superpixels: relevance.len() as u32,
        superpixels_for_80_percent: found.superpixels_for_80_percent,
        gini: found.gini,
        entropy: found.entropy,
        reason: found.reason,
    }
}

/// The share of the positive relevance that the first superpixels must have.
const SHARE: f64 = 0.8;
/// Rounding of a sum of shares.
const ROUNDING: f64 = 1e-12;

/// How an explanation's relevance is spread over its superpixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Concentration {
    /// Smallest number of superpixels that have 80 % of the positive relevance together; None without positive relevance.
    pub superpixels_for_80_percent: Option<u32>,
    /// Gini index of the absolute relevance, 0 to 1 - 1/n (Hurley and Rickard 2009; of explanations, Chalasani et al. 2020).
    pub gini: Option<f64>,
    /// Entropy in nats of the absolute relevance as shares of its sum, 0 to ln n (Bhatt et al. 2020).
    pub entropy: Option<f64>,
    /// Why any of them is None.
    pub reason: Option<String>,
}

/// How finite relevances, one for each superpixel, are spread.
pub fn complexity(relevance: &[f64]) -> Concentration {
    let mut positive: Vec<f64> = relevance
        .iter()
        .copied()
        .filter(|value| *value > 0.0)
        .collect();
    positive.sort_by(|a, b| b.total_cmp(a));
    let mut absolute: Vec<f64> = relevance.iter().map(|value| value.abs()).collect();
    absolute.sort_by(f64::total_cmp);
    let total: f64 = absolute.iter().sum();
    let spread = total > 0.0;
    let reason = match (spread, positive.is_empty()) {
        (false, _) => Some("no superpixel has any relevance"),
        (true, true) => Some("no superpixel has positive relevance"),
        _ => None,
    };
    Concentration {
        superpixels_for_80_percent: fewest(&positive),
        gini: spread.then(|| gini(&absolute, total)),
        entropy: spread.then(|| entropy(&absolute, total)),
        reason: reason.map(str::to_owned),
    }
}

/// How many of the values, which fall, reach the share of their sum.
fn fewest(falling: &[f64]) -> Option<u32> {
    let total: f64 = falling.iter().sum();
    let reached = falling.iter().scan(0.0, |sum, value| {
        *sum += value / total;
        Some(*sum)
    });
    let place = reached
        .into_iter()
        .position(|share| share >= SHARE - ROUNDING);
    place.map(|place| place as u32 + 1)
}

fn gini(rising: &[f64], total: f64) -> f64 {
    let count = rising.len() as f64;
    let weighted = |(place, value): (usize, &f64)| {
        (2.0 * (place as f64 + 1.0) - count - 1.0) * (value / total)
    };
    (rising.iter().enumerate().map(weighted).sum::<f64>() / count).max(0.0)
}

fn entropy(values: &[f64], total: f64) -> f64 {
    let shares = values
        .iter()
        .map(|value| value / total)
        .filter(|share| *share > 0.0);
    shares
        .map(|share| -share * share.ln())
        .sum::<f64>()
        .max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: Option<f64>, expected: f64) -> bool {
        found.is_some_and(|found| (found - expected).abs() < 1e-12)
    }

    #[test]
    fn one_superpixel_with_all_relevance_is_the_simplest_explanation() {
        let found = complexity(&[0.0, 3.0, 0.0, 0.0]);
        assert_eq!(
            (found.superpixels_for_80_percent, found.reason),
            (Some(1), None)
        );
        assert!(close(found.gini, 0.75) && close(found.entropy, 0.0));
    }

    #[test]
    fn equal_relevance_is_the_most_complex_explanation() {
        let found = complexity(&[0.1; 10]);
        assert_eq!(found.superpixels_for_80_percent, Some(8));
        assert!(close(found.gini, 0.0) && close(found.entropy, 10_f64.ln()));
    }

    #[test]
    fn what_speaks_against_the_class_counts_by_its_size_but_not_among_the_80_percent() {
        let found = complexity(&[4.0, -5.0, 1.0]);
        assert_eq!(found.superpixels_for_80_percent, Some(1));
        assert!(close(found.gini, 8.0 / 30.0), "{found:?}");
    }

    #[test]
    fn an_image_of_one_superpixel_has_a_defined_complexity() {
        let found = complexity(&[0.5]);
        assert_eq!(found.superpixels_for_80_percent, Some(1));
        assert!(close(found.gini, 0.0) && close(found.entropy, 0.0));
    }

    #[test]
    fn explanations_without_relevance_have_none_and_say_so() {
        let found = complexity(&[0.0, -0.0]);
        assert_eq!(
            (found.superpixels_for_80_percent, found.gini, found.entropy),
            (None, None, None)
        );
        assert_eq!(
            found.reason.as_deref(),
            Some("no superpixel has any relevance")
        );
        let found = complexity(&[-1.0, 0.0]);
        assert_eq!(
            (found.superpixels_for_80_percent, found.gini),
            (None, Some(0.5))
        );
        assert_eq!(
            found.reason.as_deref(),
            Some("no superpixel has positive relevance")
        );
    }

    proptest! {
        #[test]
        fn scale_and_order_change_nothing(
            relevance in prop::collection::vec(-2.0..3.0_f64, 1..30), scale in 0.01..100.0_f64,
        ) {
            let moved: Vec<f64> = relevance.iter().rev().map(|value| value * scale).collect();
            let [found, other] = [complexity(&relevance), complexity(&moved)];
            let count = relevance.len() as f64;
            prop_assert!((found.gini.unwrap() - other.gini.unwrap()).abs() < 1e-9);
            prop_assert!((found.entropy.unwrap() - other.entropy.unwrap()).abs() < 1e-9);
            prop_assert!((0.0..=1.0 - 1.0 / count + 1e-12).contains(&found.gini.unwrap()));
            prop_assert!((0.0..=count.ln() + 1e-12).contains(&found.entropy.unwrap()));
        }
    }
}
