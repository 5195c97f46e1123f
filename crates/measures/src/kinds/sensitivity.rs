//! Sensitivity-n and infidelity: whether the relevance that a mask removes says what the mask takes of the class.
//!
//! The masks and the answers are LIME's, from the table `perturbations`. LIME was fitted to the answers of its own run, so each explanation is judged
//! by another run's.

use std::collections::BTreeMap;

use parts::{ActionError, All, Part, Rows};
use rayon::prelude::*;
use sampling::Masks;
use schema::{Perturbations, Relevance};
use serde::Serialize;
use statistics::pearson;

use crate::{Key, Measure, Tables, judged_with};

schema::table! {
    /// An explanation: whether the relevance of the superpixels that a mask removes predicts how much the mask lowers the answer for the class.
    #[table = "sensitivity"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct Sensitivity {
        /// What removed superpixels show, such as `mean`.
        #[unit = "name"]
        pub replacement: String,
        /// Name of the method whose masks judge.
        #[unit = "name"]
        pub judge: String,
        /// Run of the judge; never the run that is judged.
        #[unit = "run"]
        pub judge_run: Option<u32>,
        /// Number of masks that judge, without the untouched image.
        #[unit = "masks"]
        pub samples: u32,
        /// Numbers of removed superpixels with at least 10 masks and a defined correlation.
        #[unit = "superpixels"]
        pub removed: Vec<u32>,
        /// How many masks remove each of these numbers.
        #[unit = "masks"]
        pub masks: Vec<u32>,
        /// Sensitivity-n of each of these numbers: Pearson's correlation, over the masks that remove n superpixels, of the sum of their relevances
        /// and the drop that the mask causes.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        pub correlations: Vec<f32>,
        /// Mean of `correlations`, weighted by `masks`.
        #[unit = "1"]
        #[range(-1 ..= 1)]
        #[better = higher]
        #[reversed = negated]
        #[heading = "Sensitivity-n"]
        pub sensitivity_n: Option<f64>,
        /// Mean squared difference between the drop that a mask causes and the sum of the removed relevances, scaled to fit best by one factor for
        /// all masks.
        #[unit = "probability squared"]
        #[range(0 ..)]
        #[better = lower]
        pub infidelity: Option<f64>,
    }
}

/// What sensitivity is computed from.
#[derive(Debug, Serialize)]
pub struct Inputs {
    /// The masks and their answers.
    perturbations: All<Perturbations>,
    /// The explanations.
    relevances: All<Relevance>,
    /// What removed superpixels show in the masks that judge, by the name of their method.
    masking: BTreeMap<String, &'static str>,
}

impl Measure for Sensitivity {
    const MODULE: &'static str = module_path!();
    const TITLE: &'static str =
        "Does the removed relevance predict the drop: sensitivity-n and infidelity";
    const ABOUT: &'static str = "LIME's masks judge every explanation: sensitivity-n (Ancona et al. 2018) and infidelity (Yeh et al. 2019, scaled \
        as captum scales it). LIME is judged by the masks of another run. These masks are LIME's own kind, which favours LIME.";

    type Inputs = Inputs;

    fn inputs(study: &dyn Tables) -> Option<Inputs> {
        Some(Inputs {
            perturbations: study.perturbations()?,
            relevances: study.relevances()?,
            masking: study.masking(),
        })
    }

    fn rows(inputs: &Inputs, rows: &Rows<'_>) -> Result<Vec<Self>, ActionError> {
        let of_image = |group: &parts::Group| {
            let answers = rows.group(&inputs.perturbations, group)?.concat();
            let relevances = rows.of_image(&inputs.relevances, &group.image)?;
            judged(answers, &relevances, &inputs.masking)
        };
        let made = inputs.perturbations.groups.par_iter().map(of_image);
        Ok(made.collect::<Result<Vec<_>, ActionError>>()?.concat())
    }
}

/// The runs of the method that judges a network on a partition with a replacement: the first such method by name.
struct Judge {
    method: String,
    runs: BTreeMap<u32, Answered>,
}

/// Where explanations are judged: network, partition and replacement.
type Place = (String, String, &'static str);

/// A row for each explanation of an image and each replacement of the masks that judge it.
fn judged(
    answers: Vec<Perturbations>,
    relevances: &[Relevance],
    masking: &BTreeMap<String, &'static str>,
) -> Result<Vec<Sensitivity>, ActionError> {
    let mut rows = Vec::new();
    for ((network, partition, replacement), judge) in judges(answers, masking)? {
        for (key, relevance) in judged_with(relevances, replacement) {
            if key.network == network && key.partition == partition {
                rows.push(row(key, &relevance, replacement, &judge)?);
            }
        }
    }
    Ok(rows)
}

fn judges(
    answers: Vec<Perturbations>,
    masking: &BTreeMap<String, &'static str>,
) -> Result<BTreeMap<Place, Judge>, ActionError> {
    let mut judges: BTreeMap<Place, Judge> = BTreeMap::new();
    for row in answers {
        let (Some(&replacement), Some(partition)) = (masking.get(&row.method), &row.partition)
        else {
            continue;
        };
        let place = (row.network.clone(), partition.clone(), replacement);
        let first = Judge {
            method: row.method.clone(),
            runs: BTreeMap::new(),
        };
        let judge = judges.entry(place).or_insert(first);
        if row.method < judge.method {
            judge.method.clone_from(&row.method);
            judge.runs.clear();
        }
        if row.method == judge.method {
            let run = row.run;
            let answers = parts::Answers::take(vec![row]).map_err(ActionError::Failed)?;
            let answered = Answered::new(answers.drawn.masks, &answers.probabilities);
            judge.runs.insert(run, answered);
        }
    }
    Ok(judges)
}

fn row(
    key: Key<'_>,
    relevance: &[f64],
    replacement: &str,
    judge: &Judge,
) -> Result<Sensitivity, ActionError> {
    let next = (key.run + 1) % (judge.runs.len().max(1) as u32);
    let own = key.method == judge.method && next == key.run;
    let answered = judge.runs.get(&next).filter(|_| !own);
    let superpixels = answered.map(|answered| answered.masks.superpixels());
    if superpixels.is_some_and(|count| count != relevance.len()) {
        return Err(ActionError::Failed(format!(
            "{key}: the masks of {} have another number of superpixels",
            judge.method
        )));
    }
    let sizes = answered.map_or_else(Vec::new, |answered| answered.by_size(relevance));
    let sensitivity_n = weighted_mean(&sizes);
    let reason = match (answered, sensitivity_n) {
        (None, _) => Some("it was fitted to these masks, and its method has no other run"),
        (Some(_), None) => Some(
            "no number of superpixels is removed by 10 masks that differ in relevance and answer",
        ),
        (Some(_), Some(_)) => None,
    };
    Ok(Sensitivity {
        image: key.image.to_owned(),
        network: key.network.to_owned(),
        partition: key.partition.to_owned(),
        method: key.method.to_owned(),
        run: key.run,
        replacement: replacement.to_owned(),
        judge: judge.method.clone(),
        judge_run: answered.map(|_| next),
        samples: answered.map_or(0, |answered| answered.taken.len() as u32),
        removed: sizes.iter().map(|size| size.removed).collect(),
        masks: sizes.iter().map(|size| size.masks).collect(),
        correlations: sizes.iter().map(|size| size.correlation as f32).collect(),
        sensitivity_n,
        infidelity: answered.map(|answered| answered.infidelity(relevance)),
        reason: reason.map(str::to_owned),
    })
}

/// Fewer masks of a size say too little of a correlation.
const FEWEST: usize = 10;

/// Sensitivity-n for one n.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Size {
    removed: u32,
    masks: u32,
    correlation: f64,
}

/// Masks, and what each takes of the class.
struct Answered {
    masks: Masks,
    /// Of each mask after the first, which is the untouched image.
    taken: Vec<f64>,
}

impl Answered {
    fn new(masks: Masks, answers: &[f32]) -> Self {
        let untouched = answers.first().copied().map_or(0.0, f64::from);
        let masked = answers.iter().skip(1);
        let taken = masked.map(|&answer| untouched - f64::from(answer));
        Self {
            taken: taken.collect(),
            masks,
        }
    }

    /// The sum of the relevances that each mask removes.
    fn removed(&self, relevance: &[f64]) -> Vec<f64> {
        let removed = |sample| {
            let relevance = relevance.iter().enumerate();
            let gone = relevance.filter(|(superpixel, _)| !self.masks.kept(sample, *superpixel));
            gone.map(|(_, relevance)| relevance).sum()
        };
        (1..=self.taken.len()).map(removed).collect()
    }

    /// Sensitivity-n (Ancona et al. 2018) for each n of which there are enough masks.
    fn by_size(&self, relevance: &[f64]) -> Vec<Size> {
        let mut sizes: BTreeMap<usize, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
        let samples = self.removed(relevance).into_iter().zip(&self.taken);
        for (sample, (removed, &taken)) in (1..).zip(samples) {
            let count = relevance.len() - self.masks.kept_count(sample);
            let size = sizes.entry(count).or_default();
            size.0.push(removed);
            size.1.push(taken);
        }
        let size = |(removed, (relevance, taken)): (usize, (Vec<f64>, Vec<f64>))| {
            Some(Size {
                removed: removed as u32,
                masks: taken.len() as u32,
                correlation: pearson(&relevance, &taken)?,
            })
        };
        let enough = sizes
            .into_iter()
            .filter(|(_, (_, taken))| taken.len() >= FEWEST);
        enough.filter_map(size).collect()
    }

    /// Infidelity (Yeh et al. 2019, definition 2.1) of the relevances scaled by captum's factor, the mean of (removed relevance x what the mask
    /// takes) by the mean of (removed relevance)^2. Where no relevance is removed by any mask, the factor is 1.
    fn infidelity(&self, relevance: &[f64]) -> f64 {
        let removed = self.removed(relevance);
        let pairs = || removed.iter().zip(&self.taken);
        let square: f64 = removed.iter().map(|removed| removed * removed).sum();
        let product: f64 = pairs().map(|(removed, taken)| removed * taken).sum();
        let factor = if square > 0.0 { product / square } else { 1.0 };
        let squared = pairs().map(|(removed, taken)| (factor * removed - taken).powi(2));
        squared.sum::<f64>() / (self.taken.len().max(1) as f64)
    }
}

fn weighted_mean(sizes: &[Size]) -> Option<f64> {
    let masks: f64 = sizes.iter().map(|size| f64::from(size.masks)).sum();
    let sum: f64 = sizes
        .iter()
        .map(|size| f64::from(size.masks) * size.correlation)
        .sum();
    (masks > 0.0).then(|| (sum / masks).clamp(-1.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{oracle, relevances};
    use proptest::prelude::*;

    /// All masks over so many superpixels, the untouched image first, each `times` times.
    fn every_mask(superpixels: usize, times: usize) -> Masks {
        let rows = (0..1_usize << superpixels).rev().flat_map(|bits| {
            let row: Vec<bool> = (0..superpixels)
                .map(|place| bits >> place & 1 == 1)
                .collect();
            std::iter::repeat_n(row, times)
        });
        Masks::from_rows(superpixels, rows).unwrap()
    }

    /// What an additive network with these weights answers.
    fn additive(masks: &Masks, weights: &[f64]) -> Vec<f32> {
        let answer = |sample| {
            let kept = (0..weights.len()).filter(|&superpixel| masks.kept(sample, superpixel));
            kept.map(|superpixel| weights[superpixel]).sum::<f64>() as f32
        };
        (0..masks.samples()).map(answer).collect()
    }

    fn perturbations(method: &str, run: u32, masks: &Masks, answers: &[f32]) -> Perturbations {
        Perturbations {
            image: "mug".into(),
            network: "alexnet".into(),
            partition: Some("coarse".into()),
            enumerated: 0,
            repeats: Vec::new(),
            shifts: Vec::new(),
            method: method.into(),
            run,
            sampler: "coin".into(),
            precision: "fp32".into(),
            target_class: 1,
            samples: masks.samples() as u32,
            superpixels: masks.superpixels() as u32,
            masks: masks.bytes().to_vec(),
            probabilities: answers.to_vec(),
            reference_samples: Vec::new(),
            reference_probabilities: Vec::new(),
            reference_certain: 0,
        }
    }

    #[test]
    fn values_equal_captum_and_scipy() {
        for case in oracle("sensitivity") {
            let relevance = case.numbers("relevance");
            let rows = case.numbers("masks");
            let rows = rows.chunks(relevance.len());
            let rows = rows.map(|row| row.iter().map(|bit| *bit > 0.5).collect::<Vec<_>>());
            let masks = Masks::from_rows(relevance.len(), rows).unwrap();
            let answers: Vec<f32> = case
                .numbers("answers")
                .iter()
                .map(|it| *it as f32)
                .collect();
            let answered = Answered::new(masks, &answers);
            // captum computes in 32 bits.
            case.nearly("infidelity", &[answered.infidelity(&relevance)], 1e-6);
            let sizes = answered.by_size(&relevance);
            let removed: Vec<f64> = sizes.iter().map(|size| size.removed.into()).collect();
            case.equals("removed", &removed);
            let correlations: Vec<f64> = sizes.iter().map(|size| size.correlation).collect();
            case.equals("correlations", &correlations);
            case.equals("sensitivity_n", &[weighted_mean(&sizes).unwrap()]);
        }
    }

    fn judge_of(rows: Vec<Perturbations>, relevances: &[Relevance]) -> Vec<Sensitivity> {
        let masking = [("lime", "mean"), ("second", "mean")];
        let masking = masking.map(|(name, shown)| (name.to_owned(), shown));
        judged(rows, relevances, &masking.into()).unwrap()
    }

    #[test]
    fn each_run_is_judged_by_the_next_and_the_last_by_the_first() {
        let masks = every_mask(3, 10);
        let answers = additive(&masks, &[0.5, 0.25, 0.125]);
        let runs = (0..2).map(|run| perturbations("lime", run, &masks, &answers));
        let mut relevance = relevances("lime", 0, &[4.0, 2.0, 1.0]);
        relevance.extend(relevances("lime", 1, &[4.0, 2.0, 1.0]));
        relevance.extend(relevances("gradcam", 0, &[1.0, 2.0, 4.0]));
        let rows = judge_of(runs.collect(), &relevance);
        let found: Vec<_> = rows
            .iter()
            .map(|row| (&*row.method, row.run, row.judge_run))
            .collect();
        assert_eq!(
            found,
            [
                ("gradcam", 0, Some(1)),
                ("lime", 0, Some(1)),
                ("lime", 1, Some(0))
            ]
        );
        assert!(rows[0].sensitivity_n < rows[1].sensitivity_n);
        assert!(rows[0].infidelity > Some(1e-3) && rows[1].infidelity < Some(1e-12));
        assert_eq!(rows[1].removed, [1, 2]);
    }

    #[test]
    fn a_single_run_does_not_judge_itself_but_others() {
        let masks = every_mask(3, 10);
        let answers = additive(&masks, &[0.5, 0.25, 0.125]);
        let mut relevance = relevances("lime", 0, &[4.0, 2.0, 1.0]);
        relevance.extend(relevances("random", 7, &[1.0, 2.0, 0.0]));
        let runs = vec![perturbations("lime", 0, &masks, &answers)];
        let rows = judge_of(runs, &relevance);
        assert_eq!(
            (rows[0].judge_run, rows[0].infidelity, rows[0].samples),
            (None, None, 0)
        );
        assert!(rows[0].reason.as_ref().unwrap().contains("no other run"));
        assert_eq!((rows[1].judge_run, rows[1].samples), (Some(0), 79));
    }

    #[test]
    fn the_first_method_by_name_judges_and_what_has_no_masks_does_not() {
        let masks = every_mask(3, 10);
        let answers = additive(&masks, &[0.5, 0.25, 0.125]);
        let rows = ["second", "kernelshap", "lime"]
            .map(|method| perturbations(method, 0, &masks, &answers));
        let rows = judge_of(rows.into(), &relevances("gradcam", 0, &[1.0, 2.0, 4.0]));
        let judges: Vec<&str> = rows.iter().map(|row| &*row.judge).collect();
        assert_eq!(judges, ["lime"]);
    }

    #[test]
    fn equal_relevances_have_no_sensitivity_and_say_so() {
        let masks = every_mask(3, 10);
        let answers = additive(&masks, &[0.5, 0.25, 0.125]);
        let runs = vec![perturbations("lime", 0, &masks, &answers)];
        let rows = judge_of(runs, &relevances("gradcam", 0, &[0.0; 3]));
        let taken = Answered::new(masks, &answers).taken;
        let all: f64 = taken.iter().map(|taken| taken * taken).sum();
        assert_eq!(rows[0].sensitivity_n, None);
        assert_eq!(rows[0].infidelity, Some(all / taken.len() as f64));
        assert!(
            rows[0]
                .reason
                .as_ref()
                .unwrap()
                .contains("no number of superpixels")
        );
    }

    proptest! {
        /// Of a network that adds, its own weights are the most faithful explanation, at any scale.
        #[test]
        fn the_weights_of_an_additive_network_are_fully_faithful(
            weights in prop::collection::vec(-1.0..1.0_f64, 4), scale in 0.01..100.0_f64,
        ) {
            let masks = every_mask(4, 4);
            let answers = additive(&masks, &weights);
            let answered = Answered::new(masks, &answers);
            let scaled: Vec<f64> = weights.iter().map(|weight| scale * weight).collect();
            prop_assert!(answered.infidelity(&scaled) < 1e-12);
            for size in answered.by_size(&scaled) {
                prop_assert!(size.correlation > 1.0 - 1e-6);
            }
            let reversed: Vec<f64> = weights.iter().map(|weight| -weight).collect();
            for size in answered.by_size(&reversed) {
                prop_assert!(size.correlation < -1.0 + 1e-6);
            }
        }
    }
}
