//! Rows to test measures with, and values that other programs computed.

use schema::{CurveStep, Deletion, Relevance, Score};
use serde_json::Value;

/// A curve that removes superpixels 0, 1 .. of equal size, the most relevant first.
pub(crate) fn curve(answers: &[f64]) -> Vec<CurveStep> {
    let order: Vec<f64> = (1..answers.len()).map(|step| (step - 1) as f64).collect();
    removing(answers, &order)
}

/// The same with the superpixels in this order.
pub(crate) fn removing(answers: &[f64], order: &[f64]) -> Vec<CurveStep> {
    let step = |(step, &answer): (usize, &f64)| CurveStep {
        image: "mug".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: "lime".into(),
        run: 1,
        order: "most_relevant_first".into(),
        replacement: "mean".into(),
        step: step as u32,
        superpixel: step.checked_sub(1).map(|place| order[place] as u16),
        removed_area: step as f64 / (answers.len() - 1).max(1) as f64,
        probability: answer as f32,
        logit: 0.0,
        largest_probability: None,
        entropy: None,
    };
    answers.iter().enumerate().map(step).collect()
}

/// The score of a curve of `mug`, the most relevant first.
pub(crate) fn score(method: &str, auc_mean: f64) -> Score {
    Score {
        image: "mug".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: method.into(),
        run: 0,
        deterministic: false,
        order: "most_relevant_first".into(),
        replacement: "mean".into(),
        steps: 4,
        tied: None,
        auc: 4.0 * auc_mean,
        auc_mean,
        auc_relative: None,
        auc_area: auc_mean,
        reason: None,
    }
}

/// An explanation of `mug`.
pub(crate) fn relevances(method: &str, run: u32, relevance: &[f64]) -> Vec<Relevance> {
    let row = |(superpixel, &relevance): (u16, &f64)| Relevance {
        image: "mug".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        method: method.into(),
        run,
        depth: None,
        replacement: None,
        superpixel,
        relevance,
        rank: superpixel.into(),
        standard_error: None,
    };
    (0..).zip(relevance).map(row).collect()
}

/// What is left of `mug` without each superpixel, replaced by its mean colour.
pub(crate) fn deletions(probabilities: &[f64], logits: &[f64]) -> Vec<Deletion> {
    let row = |(superpixel, (&probability, &logit)): (u16, (&f64, &f64))| Deletion {
        image: "mug".into(),
        network: "alexnet".into(),
        partition: "coarse".into(),
        replacement: "mean".into(),
        superpixel,
        probability: probability as f32,
        logit: logit as f32,
    };
    (0..)
        .zip(probabilities.iter().zip(logits))
        .map(row)
        .collect()
}

/// The cases of a measure that scripts/oracles/faithfulness.py made.
pub(crate) fn oracle(measure: &str) -> Vec<Case> {
    let all: Value = serde_json::from_str(include_str!("../fixtures/faithfulness.json")).unwrap();
    let cases = all[measure].as_array().unwrap();
    assert!(!cases.is_empty(), "{measure} has no case");
    cases.iter().cloned().map(Case).collect()
}

/// What goes into a measure, and what comes out of it.
pub(crate) struct Case(Value);

impl Case {
    /// Numbers of a name.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        let numbers = self.0[name].as_array().unwrap_or_else(|| panic!("{name}"));
        numbers
            .iter()
            .map(|number| number.as_f64().unwrap())
            .collect()
    }

    /// Whether these are the numbers of a name, but for rounding.
    pub(crate) fn equals(&self, name: &str, found: &[f64]) {
        self.nearly(name, found, 1e-9);
    }

    /// Whether these are the numbers of a name, but for so much of the largest.
    pub(crate) fn nearly(&self, name: &str, found: &[f64], tolerance: f64) {
        let expected = self.numbers(name);
        assert_eq!(
            found.len(),
            expected.len(),
            "{name}: {found:?}, not {expected:?}"
        );
        let largest = expected
            .iter()
            .fold(0.0_f64, |largest, it| largest.max(it.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            let distance = (found - expected).abs();
            assert!(
                distance <= tolerance * largest,
                "{name}: {found}, not {expected}"
            );
        }
    }
}
