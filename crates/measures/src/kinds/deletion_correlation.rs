//! Deletion correlation: whether a superpixel of more relevance takes more of the class with it.

use std::collections::{BTreeMap, BTreeSet};

use parts::{ActionError, All, Rows};
use rayon::prelude::*;
use schema::{CurveStep, Relevance};
use serde::Serialize;
use statistics::{Measured, pearson};

use crate::{Key, Measure, Tables, answers, equally_relevant, judged_with};

schema::table! {
    /// A removal curve: whether a step that removes more relevance lowers the answer for the class more.
    #[table = "deletion_correlation"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct DeletionCorrelation {
        /// Order of removal: `most_relevant_first` or `least_relevant_first`. `least_relevant_first` is the curve of the reversed explanation.
        #[unit = "name"]
        pub order: String,
        /// What removed pixels become, such as `mean`.
        #[unit = "name"]
        pub replacement: String,
        /// Number of superpixels, n.
        #[unit = "superpixels"]
        #[range(1 ..)]
        pub superpixels: u32,
        /// Pearson's correlation of the superpixels' relevances and p_k - p_{k+1}, the drop when each is removed. Relevances are
        /// negated where the least relevant goes first.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        #[better = higher]
        pub deletion_correlation: Option<f64>,
    }
}

/// What the deletion correlation is computed from.
#[derive(Debug, Serialize)]
pub struct Inputs {
    /// The curves.
    curves: All<CurveStep>,
    /// The explanations.
    relevances: All<Relevance>,
    /// What of the explained class falls.
    areas_of: Measured,
}

impl Measure for DeletionCorrelation {
    const MODULE: &'static str = module_path!();
    const TITLE: &'static str =
        "Does removing more relevance lower the answer more: deletion correlation";
    const ABOUT: &'static str = "Correlation, along the removal curve, of each superpixel's relevance and the drop that its removal causes (Gomez \
        et al. 2022). For an order without relevances, the number of superpixels behind each one is used instead.";

    type Inputs = Inputs;

    fn inputs(study: &dyn Tables) -> Option<Inputs> {
        Some(Inputs {
            curves: study.curves()?,
            relevances: study.relevances()?,
            areas_of: study.areas_of(),
        })
    }

    fn rows(inputs: &Inputs, rows: &Rows<'_>) -> Result<Vec<Self>, ActionError> {
        let of_image = |group: &parts::Group| {
            let relevances = rows.of_image(&inputs.relevances, &group.image)?;
            let curves = rows.group(&inputs.curves, group)?;
            let first = curves.iter().filter_map(|curve| curve.first());
            let replacements: BTreeSet<&str> = first.map(|step| &*step.replacement).collect();
            let of = |replacement| (replacement, judged_with(&relevances, replacement));
            let judged: BTreeMap<&str, _> = replacements.into_iter().map(of).collect();
            let made = curves.iter().filter_map(|curve| {
                let first = curve.first()?;
                let relevance = judged[&*first.replacement].get(&Key::of_curve(first))?;
                row(curve, relevance, inputs.areas_of)
            });
            Ok(made.collect::<Vec<_>>())
        };
        let made = inputs.curves.groups.par_iter().map(of_image);
        Ok(made.collect::<Result<Vec<_>, ActionError>>()?.concat())
    }
}

/// The row of a curve, whose rows come in the order of their steps; none of a curve without a removal, or of relevances of another partition.
fn row(curve: &[CurveStep], relevance: &[f64], areas_of: Measured) -> Option<DeletionCorrelation> {
    let first = curve.first()?;
    let sign = if first.order == "least_relevant_first" {
        -1.0
    } else {
        1.0
    };
    let removed = curve.iter().filter_map(|step| step.superpixel);
    let relevance = removed.map(|superpixel| Some(sign * relevance.get(usize::from(superpixel))?));
    let relevance: Vec<f64> = relevance.collect::<Option<_>>()?;
    let answers = answers(curve, areas_of);
    let drops: Vec<f64> = answers.windows(2).map(|pair| pair[0] - pair[1]).collect();
    let found = pearson(&relevance, &drops);
    let reason = match found {
        Some(_) => None,
        None if drops.len() < 2 => Some("there is one superpixel"),
        None if equally_relevant(&relevance) => Some("all superpixels are equally relevant"),
        None => Some("every removal lowers the answer equally"),
    };
    (!drops.is_empty()).then(|| DeletionCorrelation {
        image: first.image.clone(),
        network: first.network.clone(),
        partition: first.partition.clone(),
        method: first.method.clone(),
        run: first.run,
        order: first.order.clone(),
        replacement: first.replacement.clone(),
        superpixels: drops.len() as u32,
        deletion_correlation: found,
        reason: reason.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{curve, oracle, removing};

    const PROBABILITY: Measured = Measured::Probability;

    fn of(curve: &[CurveStep], relevance: &[f64]) -> DeletionCorrelation {
        row(curve, relevance, PROBABILITY).unwrap()
    }

    #[test]
    fn correlations_equal_scipy() {
        for case in oracle("deletion_correlation") {
            let answers = case.numbers("answers");
            let curve = removing(&answers, &case.numbers("order"));
            let found = of(&curve, &case.numbers("relevance")).deletion_correlation;
            case.equals("deletion_correlation", &[found.unwrap()]);
        }
    }

    /// Powers of two keep the drops exact.
    #[test]
    fn drops_in_proportion_to_relevance_correlate_fully() {
        let most = removing(&[1.0, 0.5, 0.25, 0.125], &[2.0, 0.0, 1.0]);
        let relevance = [0.25, 0.125, 0.5];
        assert_eq!(of(&most, &relevance).deletion_correlation, Some(1.0));
        let mut least = removing(&[1.0, 0.875, 0.625, 0.125], &[1.0, 0.0, 2.0]);
        for step in &mut least {
            step.order = "least_relevant_first".to_owned();
        }
        assert_eq!(of(&least, &relevance).deletion_correlation, Some(-1.0));
    }

    #[test]
    fn without_a_correlation_there_is_a_reason() {
        let reason = |answers: &[f64], relevance: &[f64]| {
            let found = of(&curve(answers), relevance);
            assert_eq!(found.deletion_correlation, None);
            found.reason.unwrap()
        };
        assert!(reason(&[0.5, 0.25], &[1.0]).contains("one superpixel"));
        assert!(reason(&[0.5, 0.25, 0.125], &[1.0, 1.0]).contains("equally relevant"));
        assert!(reason(&[0.75, 0.5, 0.25], &[1.0, 2.0]).contains("lowers the answer equally"));
        assert_eq!(row(&curve(&[0.5]), &[], PROBABILITY), None);
        let other_partition = row(&curve(&[0.5, 0.25, 0.125]), &[1.0], PROBABILITY);
        assert_eq!(other_partition, None);
    }
}
