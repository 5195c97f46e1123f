//! Single deletion: whether an explanation ranks superpixels as the drops do that each causes when it is removed alone.

use parts::{ActionError, All, Rows};
use rayon::prelude::*;
use schema::{Deletion, Relevance};
use serde::Serialize;
use statistics::spearman;

use crate::{Key, Measure, Tables, equally_relevant, judged_with};

schema::table! {
    /// An explanation: whether it ranks superpixels as the network does, by the drop of the logit when each superpixel is removed alone.
    #[table = "single_deletion"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct SingleDeletion {
        /// What removed pixels become, such as `mean`.
        #[unit = "name"]
        pub replacement: String,
        /// Number of superpixels, n.
        #[unit = "superpixels"]
        #[range(1 ..)]
        pub superpixels: u32,
        /// Spearman's correlation of the superpixels' relevances and the drops of the class's logit when each superpixel is removed alone.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        #[better = higher]
        #[reversed = negated]
        #[question = "the drops of single superpixels (single deletion)"]
        pub single_deletion: Option<f64>,
    }
}

/// What the single deletion is computed from.
#[derive(Debug, Serialize)]
pub struct Inputs {
    /// What is left without each superpixel.
    deletions: All<Deletion>,
    /// The explanations.
    relevances: All<Relevance>,
}

impl Measure for SingleDeletion {
    const MODULE: &'static str = module_path!();
    const TITLE: &'static str = "Does it rank superpixels as single removals do: single deletion";
    const ABOUT: &'static str = "Rank correlation with the drops of the logit when each superpixel is removed alone (Hesse et al. 2024). A \
        method that occludes superpixels one by one is this ranking; a searched order shares only its first step.";

    type Inputs = Inputs;

    fn inputs(study: &dyn Tables) -> Option<Inputs> {
        Some(Inputs {
            deletions: study.deletions()?,
            relevances: study.relevances()?,
        })
    }

    fn rows(inputs: &Inputs, rows: &Rows<'_>) -> Result<Vec<Self>, ActionError> {
        let of_image = |group: &parts::Group| {
            let relevances = rows.of_image(&inputs.relevances, &group.image)?;
            let removed = rows.group(&inputs.deletions, group)?;
            let made = removed
                .iter()
                .flat_map(|removed| judged(removed, &relevances));
            Ok(made.collect::<Vec<_>>())
        };
        let made = inputs.deletions.groups.par_iter().map(of_image);
        Ok(made.collect::<Result<Vec<_>, ActionError>>()?.concat())
    }
}

/// A row for each explanation of the network and partition of these removals, which come in the order of superpixels.
fn judged(removed: &[Deletion], relevances: &[Relevance]) -> Vec<SingleDeletion> {
    let Some(first) = removed.first() else {
        return Vec::new();
    };
    // The untouched image's logit is the same in every drop, so ranks of drops are those of negated logits.
    let drops: Vec<f64> = removed.iter().map(|row| -f64::from(row.logit)).collect();
    let explanations = judged_with(relevances, &first.replacement).into_iter();
    let here = explanations.filter(|(key, relevance)| {
        key.network == first.network
            && key.partition == first.partition
            && relevance.len() == drops.len()
    });
    here.map(|(key, relevance)| row(key, &relevance, &drops, &first.replacement))
        .collect()
}

fn row(key: Key<'_>, relevance: &[f64], drops: &[f64], replacement: &str) -> SingleDeletion {
    let found = spearman(relevance, drops);
    let reason = match found {
        Some(_) => None,
        None if drops.len() < 2 => Some("there is one superpixel"),
        None if equally_relevant(relevance) => Some("all superpixels are equally relevant"),
        None => Some("every removal lowers the logit equally"),
    };
    SingleDeletion {
        image: key.image.to_owned(),
        network: key.network.to_owned(),
        partition: key.partition.to_owned(),
        method: key.method.to_owned(),
        run: key.run,
        replacement: replacement.to_owned(),
        superpixels: drops.len() as u32,
        single_deletion: found,
        reason: reason.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{deletions, oracle, relevances};

    fn of(logits: &[f64], relevance: &[f64]) -> SingleDeletion {
        let removed = deletions(&vec![0.5; logits.len()], logits);
        judged(&removed, &relevances("lime", 0, relevance)).remove(0)
    }

    #[test]
    fn correlations_equal_scipy() {
        for case in oracle("single_deletion") {
            let found = of(&case.numbers("logits"), &case.numbers("relevance"));
            case.equals("single_deletion", &[found.single_deletion.unwrap()]);
        }
    }

    #[test]
    fn the_superpixel_whose_removal_hurts_most_should_be_the_most_relevant() {
        assert_eq!(
            of(&[-4.0, 1.0, 3.0], &[0.5, 0.25, 0.0]).single_deletion,
            Some(1.0)
        );
        assert_eq!(
            of(&[-4.0, 1.0, 3.0], &[-0.5, 0.0, 1.0]).single_deletion,
            Some(-1.0)
        );
    }

    #[test]
    fn without_a_correlation_there_is_a_reason() {
        let reason = |logits: &[f64], relevance: &[f64]| {
            let found = of(logits, relevance);
            assert_eq!(found.single_deletion, None);
            found.reason.unwrap()
        };
        assert!(reason(&[1.0], &[1.0]).contains("one superpixel"));
        assert!(reason(&[1.0, 2.0], &[0.0, 0.0]).contains("equally relevant"));
        assert!(reason(&[2.0, 2.0], &[0.0, 1.0]).contains("lowers the logit equally"));
    }

    /// A search is judged by the removals with its own replacement, and of other networks or partitions nothing is said.
    #[test]
    fn explanations_meet_the_removals_of_their_own_scene() {
        let removed = deletions(&[0.5; 2], &[1.0, 2.0]);
        let with = |replacement: Option<&str>, network: &str| {
            let mut rows = relevances("greedy", 0, &[1.0, 0.0]);
            for row in &mut rows {
                row.replacement = replacement.map(str::to_owned);
                row.network = network.to_owned();
            }
            judged(&removed, &rows).len()
        };
        assert_eq!(
            [with(Some("mean"), "alexnet"), with(None, "alexnet")],
            [1, 1]
        );
        assert_eq!(
            [with(Some("black"), "alexnet"), with(None, "vgg16")],
            [0, 0]
        );
        assert_eq!(judged(&[], &relevances("lime", 0, &[1.0])), []);
    }
}
