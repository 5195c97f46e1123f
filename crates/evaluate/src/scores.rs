//! The action `scores`: the areas under removal curves, the gains of both orders together, and the images that the study drops.

use std::collections::{BTreeMap, BTreeSet};

use actions::{Scores, TooFine};
use parts::{ActionError, Rows};
use rayon::prelude::*;
use removal::AreasError;
use schema::{CurveStep, Exclusion, Gain, Logits, Score, Target};
use statistics::Measured;

use measures::{Key, by_explanation};

/// All tables of the action.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tables {
    /// A row for each curve.
    pub scores: Vec<Score>,
    /// What was left out, and why.
    pub exclusions: Vec<Exclusion>,
    /// Both orders of removal together.
    pub gains: Vec<Gain>,
}

/// The scores of a whole study, in the order of images.
pub fn run(inputs: &Scores, rows: &Rows<'_>) -> Result<Tables, ActionError> {
    let of_image = |group: &parts::Group| {
        let relevances = rows.of_image(&inputs.relevances, &group.image)?;
        let relevances = by_explanation(&relevances);
        let curves = rows.group(&inputs.curves, group)?;
        let scores = curves
            .iter()
            .map(|curve| score_of(inputs, curve, &relevances));
        scores.collect::<Result<Vec<_>, ActionError>>()
    };
    let scores = inputs.curves.groups.par_iter().map(of_image);
    let scores = scores.collect::<Result<Vec<_>, _>>()?.concat();
    Ok(Tables {
        exclusions: left_out(inputs, rows)?,
        gains: gains(&scores, inputs.areas_of),
        scores,
    })
}

fn score_of(
    inputs: &Scores,
    curve: &[CurveStep],
    relevances: &BTreeMap<Key<'_>, Vec<f64>>,
) -> Result<Score, ActionError> {
    let first = curve.first().ok_or(ScoreError::Empty);
    let first = first.map_err(ActionError::failed)?;
    let key = Key {
        image: &first.image,
        network: &first.network,
        partition: &first.partition,
        method: &first.method,
        run: first.run,
    };
    let relevance = relevances.get(&key).map(Vec::as_slice);
    let relevance = relevance.filter(|_| inputs.measured.contains(&first.method));
    score(
        curve,
        inputs.areas_of,
        relevance,
        inputs.deterministic.contains(&first.method),
    )
    .map_err(|error| ActionError::Failed(format!("{key}: {error}")))
}

/// The images that were dropped, and the oracles without an order.
fn left_out(inputs: &Scores, rows: &Rows<'_>) -> Result<Vec<Exclusion>, ActionError> {
    let mut left_out = Vec::new();
    if inputs.require_correct {
        for group in &inputs.targets.groups {
            let targets = rows.group(&inputs.targets, group)?.concat();
            if targets
                .iter()
                .all(|target: &Target| target.correct != Some(false))
            {
                continue;
            }
            let answers: Vec<Logits> = rows.of_image(&inputs.logits, &group.image)?;
            let predicted = |target: &Target| {
                let own = |answer: &&Logits| answer.network == target.network;
                let class = answers.iter().find(own)?.predicted_class as usize;
                inputs.classes.names.get(class).cloned()
            };
            left_out.extend(exclusions(&targets, predicted));
        }
    }
    let dropped: BTreeSet<String> = left_out.iter().map(|row| row.image.clone()).collect();
    let kept = |found: &&TooFine| !dropped.contains(&found.image);
    left_out.extend(inputs.too_fine.value.iter().filter(kept).map(too_fine));
    Ok(left_out)
}

/// Why a curve has no score.
#[derive(Debug, thiserror::Error)]
pub enum ScoreError {
    /// The curve has no steps, or steps that cannot be integrated.
    #[error(transparent)]
    Areas(#[from] AreasError),
    /// The curve is empty.
    #[error("a removal curve has no rows; expected one for each step, and the untouched image")]
    Empty,
}

/// The score of one curve, whose rows come in the order of their steps: the areas of the class's probabilities or logits. `relevance` is the
/// explanation that it judges, where the method gives one.
pub fn score(
    curve: &[CurveStep],
    measured: Measured,
    relevance: Option<&[f64]>,
    deterministic: bool,
) -> Result<Score, ScoreError> {
    let first = curve.first().ok_or(ScoreError::Empty)?;
    let answer = |step: &CurveStep| match measured {
        Measured::Probability => step.probability,
        Measured::Logit => step.logit,
    };
    let answers: Vec<f32> = curve.iter().map(answer).collect();
    let removed_area: Vec<f64> = curve.iter().map(|step| step.removed_area).collect();
    let areas = removal::areas(&answers, &removed_area)?;
    let auc_relative = match measured {
        Measured::Probability => areas.relative_to(answers[0]),
        Measured::Logit => None,
    };
    Ok(Score {
        image: first.image.clone(),
        network: first.network.clone(),
        partition: first.partition.clone(),
        method: first.method.clone(),
        run: first.run,
        deterministic,
        order: first.order.clone(),
        replacement: first.replacement.clone(),
        steps: curve.len() as u32 - 1,
        tied: relevance.map(|relevance| removal::tied(relevance) as u32),
        auc: areas.auc,
        auc_mean: areas.auc_mean,
        auc_relative,
        auc_area: areas.auc_area,
        reason: because(
            auc_relative.is_none().then_some(measured),
            relevance.is_none(),
        ),
    })
}

/// Why there is no relative area of what was measured, and no number of ties.
fn because(not_relative: Option<Measured>, no_relevance: bool) -> Option<String> {
    let reasons = [
        not_relative.map(|measured| match measured {
            Measured::Probability => NO_START,
            Measured::Logit => LOGITS,
        }),
        no_relevance.then_some("the method gives an order and no relevances"),
    ];
    let reasons: Vec<&str> = reasons.into_iter().flatten().collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

const NO_START: &str = "the probability of the untouched image is 0: no relative area";
const LOGITS: &str = "logits have no meaningful zero: no relative area";

/// The gains of both orders of removal, for each explanation and replacement that has both, in the order of these keys.
///
/// The insertion curve is the curve `least_relevant_first` read backwards, from the image with everything replaced to the untouched one, with the
/// most relevant restored first. Its area is that curve's.
pub fn gains(scores: &[Score], measured: Measured) -> Vec<Gain> {
    let mut pairs: BTreeMap<_, [Option<&Score>; 2]> = BTreeMap::new();
    for row in scores {
        let keys = [
            &row.image,
            &row.network,
            &row.partition,
            &row.method,
            &row.replacement,
        ];
        let place = usize::from(row.order == "least_relevant_first");
        pairs.entry((keys, row.run)).or_default()[place] = Some(row);
    }
    let gain = |pair: [Option<&Score>; 2]| {
        let [Some(most), Some(least)] = pair else {
            return None;
        };
        let relative = least.auc_relative.zip(most.auc_relative);
        Some(Gain {
            image: most.image.clone(),
            network: most.network.clone(),
            partition: most.partition.clone(),
            method: most.method.clone(),
            run: most.run,
            replacement: most.replacement.clone(),
            deletion_auc_mean: most.auc_mean,
            insertion_auc_mean: least.auc_mean,
            symmetric_gain: least.auc_mean - most.auc_mean,
            symmetric_gain_relative: relative.map(|(least, most)| least - most),
            symmetric_gain_area: least.auc_area - most.auc_area,
            reason: because(relative.is_none().then_some(measured), false),
        })
    };
    pairs.into_values().filter_map(gain).collect()
}

/// The images that a network gets wrong, one row for each such network.
pub fn exclusions(
    targets: &[Target],
    predicted_label: impl Fn(&Target) -> Option<String>,
) -> Vec<Exclusion> {
    let wrong = targets
        .iter()
        .filter(|target| target.correct == Some(false));
    wrong
        .map(|target| Exclusion {
            image: target.image.clone(),
            reason: "a network of the study gets it wrong, and require_correct is true".to_owned(),
            network: Some(target.network.clone()),
            predicted_label: predicted_label(target),
            true_label: target.true_label.clone(),
            partition: None,
            method: None,
        })
        .collect()
}

/// A search on a partition that cuts an image into more superpixels than it takes.
fn too_fine(found: &TooFine) -> Exclusion {
    Exclusion {
        image: found.image.clone(),
        reason: format!(
            "{} cuts it into {} superpixels, and {} takes at most {}",
            found.partition, found.superpixels, found.method, found.most
        ),
        network: None,
        predicted_label: None,
        true_label: None,
        partition: Some(found.partition.clone()),
        method: Some(found.method.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBABILITY: Measured = Measured::Probability;

    fn curve(probabilities: &[f32]) -> Vec<CurveStep> {
        let last = probabilities.len() - 1;
        let step = |(step, &probability): (usize, &f32)| CurveStep {
            image: "mug-07".into(),
            network: "alexnet".into(),
            partition: "quickshift".into(),
            method: "lime".into(),
            run: 3,
            order: "most_relevant_first".into(),
            replacement: "mean".into(),
            step: step as u32,
            superpixel: step.checked_sub(1).map(|superpixel| superpixel as u16),
            removed_area: step as f64 / last as f64,
            probability,
            logit: 0.0,
            largest_probability: Some(1.0),
            entropy: Some(0.0),
        };
        probabilities.iter().enumerate().map(step).collect()
    }

    fn scored(probabilities: &[f32], relevances: Option<&[f64]>) -> Score {
        score(&curve(probabilities), PROBABILITY, relevances, false).unwrap()
    }

    #[test]
    fn a_curve_is_scored_by_the_papers_area_and_by_its_relatives() {
        let score = scored(&[0.8, 0.4, 0.0], Some(&[0.5, 0.5]));
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(close(score.auc, 0.8) && close(score.auc_mean, 0.4) && close(score.auc_area, 0.4));
        assert!(close(score.auc_relative.unwrap(), 0.5));
        assert_eq!((score.steps, score.tied, score.run), (2, Some(2), 3));
    }

    #[test]
    fn a_curve_without_rows_is_an_error() {
        assert!(matches!(
            score(&[], PROBABILITY, None, true),
            Err(ScoreError::Empty)
        ));
    }

    #[test]
    fn a_curve_that_starts_at_0_has_no_relative_area_and_a_flat_one_its_height() {
        let lost = scored(&[0.0, 0.5, 0.0], Some(&[0.5, 0.1]));
        assert_eq!((lost.auc, lost.auc_relative), (0.5, None));
        assert_eq!(lost.reason.as_deref(), Some(NO_START));
        let flat = scored(&[0.25; 4], Some(&[0.3, 0.2, 0.1]));
        assert_eq!(
            (flat.auc_mean, flat.auc_relative, flat.reason),
            (0.25, Some(1.0), None)
        );
    }

    #[test]
    fn areas_of_logits_are_not_relative_and_say_why() {
        let mut steps = curve(&[0.75, 0.5, 0.25]);
        for (step, logit) in steps.iter_mut().zip([4.0, -1.0, -3.0]) {
            step.logit = logit;
        }
        let most = score(&steps, Measured::Logit, Some(&[0.5, 0.1]), false).unwrap();
        assert_eq!((most.auc, most.auc_mean), (-0.5, -0.25));
        assert_eq!(
            (most.auc_relative, most.reason.as_deref()),
            (None, Some(LOGITS))
        );
        let mut least = most.clone();
        least.order = "least_relevant_first".into();
        let gain = gains(&[most, least], Measured::Logit).remove(0);
        assert_eq!(
            (gain.symmetric_gain, gain.symmetric_gain_relative),
            (0.0, None)
        );
        assert_eq!(gain.reason.as_deref(), Some(LOGITS));
    }

    #[test]
    fn a_method_without_relevances_has_no_number_of_ties() {
        let score = score(&curve(&[0.5, 0.25]), PROBABILITY, None, true).unwrap();
        assert_eq!((score.steps, score.tied), (1, None));
        assert!(score.reason.unwrap().contains("no relevances"));
    }

    #[test]
    fn a_probability_that_is_no_number_is_an_error() {
        let broken = score(&curve(&[0.5, f32::NAN]), PROBABILITY, None, true);
        assert!(matches!(broken, Err(ScoreError::Areas(_))));
    }

    #[test]
    fn both_orders_make_a_gain_and_one_order_none() {
        let most = scored(&[0.8, 0.4, 0.0], None);
        let mut least = scored(&[0.8, 0.8, 0.0], None);
        least.order = "least_relevant_first".into();
        let rows = gains(&[least.clone(), most.clone()], PROBABILITY);
        assert_eq!(rows.len(), 1);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        let row = &rows[0];
        assert!(close(row.deletion_auc_mean, 0.4) && close(row.insertion_auc_mean, 0.6));
        assert!(
            close(row.symmetric_gain, 0.2) && close(row.symmetric_gain_relative.unwrap(), 0.25)
        );
        assert_eq!(gains(std::slice::from_ref(&most), PROBABILITY), []);
        let other_run = Score { run: 4, ..least };
        assert_eq!(gains(&[most, other_run], PROBABILITY), []);
    }

    #[test]
    fn only_wrong_answers_exclude() {
        let target = |correct| Target {
            image: "key-01".into(),
            network: "alexnet".into(),
            target_class: 2,
            target_label: "hammer".into(),
            true_class: Some(5),
            true_label: Some("key".into()),
            correct,
            probability: 0.5,
        };
        let targets = [target(None), target(Some(true)), target(Some(false))];
        let rows = exclusions(&targets, |target| Some(target.target_label.clone()));
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].predicted_label.as_deref(), Some("hammer"));
    }
}
