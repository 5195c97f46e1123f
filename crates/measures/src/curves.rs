//! Removal curves as numbers.

use schema::CurveStep;
use statistics::Measured;

/// The answers of a curve's steps: what the study measures of the explained class.
pub fn answers(curve: &[CurveStep], measured: Measured) -> Vec<f64> {
    let answer = |step: &CurveStep| match measured {
        Measured::Probability => step.probability.into(),
        Measured::Logit => step.logit.into(),
    };
    curve.iter().map(answer).collect()
}
