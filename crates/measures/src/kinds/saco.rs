//! `SaCo`: whether the more salient of two superpixels takes more of the class when each is removed alone.

use parts::{ActionError, All, Rows};
use rayon::prelude::*;
use schema::{Deletion, Relevance, Segments};
use serde::Serialize;

use crate::{Measure, Tables, judged_with};

schema::table! {
    /// An explanation: whether the more salient of two superpixels lowers the probability more when each is removed alone.
    #[table = "saco"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Saco {
        /// What removed pixels become, such as `mean`.
        #[unit = "name"]
        pub replacement: String,
        /// Number of superpixels, n.
        #[unit = "superpixels"]
        #[range(1 ..)]
        pub superpixels: u32,
        /// Over pairs of superpixels i, j with salience s_i >= s_j: the sum of s_i - s_j, negative where i lowers the probability less than j. This
        /// sum is divided by the sum of their sizes. A superpixel's salience is its relevance times its pixels.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        #[better = higher]
        #[reversed = negated]
        #[heading = "SaCo of superpixels"]
        pub saco_superpixels: Option<f64>,
    }
}

/// What `SaCo` is computed from.
#[derive(Debug, Serialize)]
pub struct Inputs {
    /// What is left without each superpixel.
    deletions: All<Deletion>,
    /// The explanations.
    relevances: All<Relevance>,
    /// The superpixels, for their sizes.
    segments: All<Segments>,
}

impl Measure for Saco {
    const MODULE: &'static str = module_path!();
    const TITLE: &'static str = "Does the more salient superpixel lower the answer more: SaCo";
    const ABOUT: &'static str = "Salience-guided faithfulness coefficient (Wu et al. 2024, algorithm 1) with superpixels as groups. The published \
        groups are K equal shares of the pixels, ordered by salience, so these are not the published numbers.";

    type Inputs = Inputs;

    fn inputs(study: &dyn Tables) -> Option<Inputs> {
        Some(Inputs {
            deletions: study.deletions()?,
            relevances: study.relevances()?,
            segments: study.segments()?,
        })
    }

    fn rows(inputs: &Inputs, rows: &Rows<'_>) -> Result<Vec<Self>, ActionError> {
        let of_image = |group: &parts::Group| {
            let relevances = rows.of_image(&inputs.relevances, &group.image)?;
            let segments: Vec<Segments> = rows.of_image(&inputs.segments, &group.image)?;
            let removed = rows.group(&inputs.deletions, group)?;
            let made = removed.iter().flat_map(|removed| {
                let cut = |segments: &&Segments| {
                    let first = removed.first();
                    first.is_some_and(|first| first.partition == segments.partition)
                };
                let segments = segments.iter().find(cut);
                segments.map_or_else(Vec::new, |segments| judged(removed, &relevances, segments))
            });
            Ok(made.collect::<Vec<_>>())
        };
        let made = inputs.deletions.groups.par_iter().map(of_image);
        Ok(made.collect::<Result<Vec<_>, ActionError>>()?.concat())
    }
}

/// A row for each explanation of the network and partition of these removals, which come in the order of superpixels.
fn judged(removed: &[Deletion], relevances: &[Relevance], segments: &Segments) -> Vec<Saco> {
    let Some(first) = removed.first() else {
        return Vec::new();
    };
    let mut pixels = vec![0.0; removed.len()];
    for &label in &segments.labels {
        pixels[usize::from(label)] += 1.0;
    }
    // The untouched image's probability is the same in every drop.
    let drops: Vec<f64> = removed
        .iter()
        .map(|row| -f64::from(row.probability))
        .collect();
    let explanations = judged_with(relevances, &first.replacement).into_iter();
    let here = explanations.filter(|(key, relevance)| {
        key.network == first.network
            && key.partition == first.partition
            && relevance.len() == drops.len()
    });
    let row = |(key, relevance): (crate::Key<'_>, Vec<f64>)| {
        let salience = relevance.iter().zip(&pixels);
        let salience: Vec<f64> = salience
            .map(|(relevance, pixels)| relevance * pixels)
            .collect();
        let found = saco(&salience, &drops);
        let reason = match found {
            Some(_) => None,
            None if drops.len() < 2 => Some("there is one superpixel"),
            None => Some("all superpixels are equally salient"),
        };
        Saco {
            image: key.image.to_owned(),
            network: key.network.to_owned(),
            partition: key.partition.to_owned(),
            method: key.method.to_owned(),
            run: key.run,
            replacement: first.replacement.clone(),
            superpixels: drops.len() as u32,
            saco_superpixels: found,
            reason: reason.map(str::to_owned),
        }
    };
    here.map(row).collect()
}

/// The coefficient of groups with these saliences and drops (Wu et al. 2024, algorithm 1); none where all are equally salient.
pub fn saco(salience: &[f64], drops: &[f64]) -> Option<f64> {
    let mut groups: Vec<(f64, f64)> = salience
        .iter()
        .copied()
        .zip(drops.iter().copied())
        .collect();
    groups.sort_by(|a, b| b.0.total_cmp(&a.0));
    let [mut sum, mut all] = [0.0, 0.0];
    for (place, (own, own_drop)) in groups.iter().enumerate() {
        for (other, other_drop) in &groups[place + 1..] {
            let weight = own - other;
            sum += if own_drop >= other_drop {
                weight
            } else {
                -weight
            };
            all += weight;
        }
    }
    (all > 0.0).then(|| sum / all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{deletions, oracle, relevances};
    use proptest::prelude::*;

    fn of(probabilities: &[f64], relevance: &[f64], labels: &[u16]) -> Saco {
        let removed = deletions(probabilities, &vec![0.0; probabilities.len()]);
        let segments = Segments {
            image: "mug".into(),
            partition: "coarse".into(),
            algorithm: "grid".into(),
            superpixels: probabilities.len() as u32,
            height: 1,
            width: labels.len() as u32,
            labels: labels.to_vec(),
        };
        judged(&removed, &relevances("lime", 0, relevance), &segments).remove(0)
    }

    /// As many pixels of each superpixel as it is to have.
    fn labels(pixels: &[f64]) -> Vec<u16> {
        let sized = (0..).zip(pixels);
        sized
            .flat_map(|(label, &count)| std::iter::repeat_n(label, count as usize))
            .collect()
    }

    #[test]
    fn coefficients_equal_the_published_algorithm() {
        for case in oracle("saco") {
            let labels = labels(&case.numbers("pixels"));
            let found = of(
                &case.numbers("probabilities"),
                &case.numbers("relevance"),
                &labels,
            );
            case.equals("saco", &[found.saco_superpixels.unwrap()]);
        }
    }

    /// A large superpixel of less relevance may be the more salient one.
    #[test]
    fn salience_is_relevance_times_pixels() {
        let found = of(&[0.5, 0.25], &[2.0, 1.0], &[0, 1, 1, 1]);
        assert_eq!(found.saco_superpixels, Some(1.0));
        let found = of(&[0.5, 0.25], &[2.0, 1.0], &[0, 0, 1, 1]);
        assert_eq!(found.saco_superpixels, Some(-1.0));
    }

    #[test]
    fn without_a_coefficient_there_is_a_reason() {
        let one = of(&[0.5], &[1.0], &[0]);
        assert_eq!(one.saco_superpixels, None);
        assert!(one.reason.unwrap().contains("one superpixel"));
        let equal = of(&[0.5, 0.25], &[1.0, 1.0], &[0, 1]).reason.unwrap();
        assert!(equal.contains("equally salient"), "{equal}");
    }

    proptest! {
        #[test]
        fn the_reversed_explanation_has_the_opposite_coefficient(
            groups in prop::collection::vec((-2.0..2.0_f64, 0.0..1.0_f64), 2..20),
        ) {
            let (salience, drops): (Vec<f64>, Vec<f64>) = groups.into_iter().unzip();
            let reversed: Vec<f64> = salience.iter().map(|salience| -salience).collect();
            let [straight, reversed] = [saco(&salience, &drops), saco(&reversed, &drops)];
            prop_assert!(straight.zip(reversed).is_none_or(|(a, b)| (a + b).abs() < 1e-9));
            prop_assert!(straight.is_none_or(|value| value.abs() <= 1.0));
        }
    }
}
