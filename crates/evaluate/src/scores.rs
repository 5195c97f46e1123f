//! The action `scores`: the areas under removal curves, and the images that the study drops.

use removal::AreasError;
use schema::{CurveStep, Exclusion, Score, Target};

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

/// The score of one curve, whose rows come in the order of their steps. `relevance` is the explanation that it judges.
pub fn score(
    curve: &[CurveStep],
    relevance: &[f64],
    deterministic: bool,
) -> Result<Score, ScoreError> {
    let first = curve.first().ok_or(ScoreError::Empty)?;
    let probabilities: Vec<f32> = curve.iter().map(|step| step.probability).collect();
    let removed_area: Vec<f64> = curve.iter().map(|step| step.removed_area).collect();
    let areas = removal::areas(&probabilities, &removed_area)?;
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
        tied: removal::tied(relevance) as u32,
        auc: areas.auc,
        auc_mean: areas.auc_mean,
        auc_relative: areas.auc_relative,
        auc_area: areas.auc_area,
    })
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
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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
            largest_probability: 1.0,
            entropy: 0.0,
        };
        probabilities.iter().enumerate().map(step).collect()
    }

    #[test]
    fn a_curve_is_scored_by_the_papers_area_and_by_its_relatives() {
        let score = score(&curve(&[0.8, 0.4, 0.0]), &[0.5, 0.5], false).unwrap();
        let close = |a: f64, b: f64| (a - b).abs() < 1e-6;
        assert!(close(score.auc, 0.8) && close(score.auc_mean, 0.4) && close(score.auc_area, 0.4));
        assert!(close(score.auc_relative.unwrap(), 0.5));
        assert_eq!((score.steps, score.tied, score.run), (2, 2, 3));
    }

    #[test]
    fn a_curve_without_rows_is_an_error() {
        assert!(matches!(score(&[], &[], true), Err(ScoreError::Empty)));
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
