//! Areas under a removal curve.

use thiserror::Error;

/// How far a share of pixels may lie from 0 or 1 by rounding alone.
const ROUNDING: f64 = 1e-5;

/// The areas under one removal curve; lower means that what was removed first mattered more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Areas {
    /// Trapezoids of unit width, in steps: the paper's unit. Of probabilities 0 to the number of superpixels.
    pub auc: f64,
    /// `auc` by the number of superpixels. Of probabilities 0 to 1.
    pub auc_mean: f64,
    /// Trapezoids over the share of pixels removed. Of probabilities 0 to 1.
    pub auc_area: f64,
}

impl Areas {
    /// `auc_mean` by the probability of the untouched image, at least 0: comparable between networks. None where that probability is 0.
    pub fn relative_to(&self, untouched: f32) -> Option<f64> {
        (untouched > 0.0).then(|| self.auc_mean / f64::from(untouched))
    }
}

/// Numbers that are no removal curve.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum AreasError {
    /// The two columns differ in length, or have less than two steps.
    #[error(
        "expected an answer and a removed area for each of at least 2 steps, \
         found {answers} answers and {removed_areas} removed areas: read the whole curve"
    )]
    Length {
        /// Answers found.
        answers: usize,
        /// Removed areas found.
        removed_areas: usize,
    },
    /// An answer is NaN or infinite.
    #[error(
        "expected a finite answer at step {step}, found {found}: the network's answer is broken"
    )]
    Answer {
        /// Step of that answer.
        step: usize,
        /// Value found.
        found: f32,
    },
    /// The removed area does not rise from 0 to 1.
    #[error(
        "expected the removed area to rise from 0 at step 0 to 1 at the last step, found {found} at step {step}: \
         give the share of all pixels that is removed, not a number of pixels"
    )]
    RemovedArea {
        /// Step where it does not.
        step: usize,
        /// Value found.
        found: f64,
    },
}

/// The areas of a whole curve, from the untouched image (step 0) to the last, with every superpixel removed (step n).
///
/// With `answers` `p_0..p_n` (probabilities or logits) and `removed_area` the share of pixels removed at each step (from 0 to 1,
/// never falling): `auc` is the sum over i of `(p_i + p_{i+1}) / 2`, `auc_mean` is `auc / n`, and `auc_area` the sum of
/// `(p_i + p_{i+1}) / 2 (a_{i+1} - a_i)`.
pub fn areas(answers: &[f32], removed_area: &[f64]) -> Result<Areas, AreasError> {
    check(answers, removed_area)?;
    let heights = || {
        answers
            .windows(2)
            .map(|pair| f64::midpoint(f64::from(pair[0]), f64::from(pair[1])))
    };
    let widths = removed_area.windows(2).map(|pair| pair[1] - pair[0]);
    let auc: f64 = heights().sum();
    Ok(Areas {
        auc,
        auc_mean: auc / (answers.len() - 1) as f64,
        auc_area: heights()
            .zip(widths)
            .map(|(height, width)| height * width)
            .sum(),
    })
}

fn check(answers: &[f32], removed_area: &[f64]) -> Result<(), AreasError> {
    if answers.len() != removed_area.len() || answers.len() < 2 {
        return Err(AreasError::Length {
            answers: answers.len(),
            removed_areas: removed_area.len(),
        });
    }
    if let Some(step) = answers.iter().position(|found| !found.is_finite()) {
        let found = answers[step];
        return Err(AreasError::Answer { step, found });
    }
    match misplaced(removed_area) {
        Some(step) => Err(AreasError::RemovedArea {
            step,
            found: removed_area[step],
        }),
        None => Ok(()),
    }
}

/// The first step at which `removed_area` does not rise from 0 to 1.
fn misplaced(removed_area: &[f64]) -> Option<usize> {
    let last = removed_area.len() - 1;
    let near = |step: usize, expected: f64| (removed_area[step] - expected).abs() <= ROUNDING;
    let rises = |step: usize| step == 0 || removed_area[step - 1] <= removed_area[step];
    (0..=last).find(|&step| {
        !rises(step) || step == 0 && !near(0, 0.0) || step == last && !near(last, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() <= 1e-9 * expected.abs().max(1.0)
    }

    fn equal_steps(steps: usize) -> Vec<f64> {
        (0..=steps).map(|step| step as f64 / steps as f64).collect()
    }

    /// A removed area of unequal steps, and a probability for each step.
    fn curve() -> impl Strategy<Value = (Vec<f32>, Vec<f64>)> {
        prop::collection::vec((0.0_f32..=1.0, 1_u32..50), 2..50).prop_map(|steps| {
            let total: u32 = steps[1..].iter().map(|step| step.1).sum();
            let removed = steps.iter().enumerate().scan(0, |removed, (index, step)| {
                *removed += if index == 0 { 0 } else { step.1 };
                Some(f64::from(*removed) / f64::from(total))
            });
            (steps.iter().map(|step| step.0).collect(), removed.collect())
        })
    }

    proptest! {
        #[test]
        fn constant_curve_has_its_height_as_every_mean(height in 0.01_f32..=1.0, (curve, removed) in curve()) {
            let areas = areas(&vec![height; curve.len()], &removed).unwrap();
            prop_assert!(close(areas.auc_mean, f64::from(height)));
            prop_assert!(close(areas.auc_area, f64::from(height)));
            prop_assert!(close(areas.relative_to(height).unwrap(), 1.0));
            prop_assert!(close(areas.auc, f64::from(height) * (curve.len() - 1) as f64));
        }

        #[test]
        fn areas_do_not_depend_on_direction((mut curve, mut removed) in curve()) {
            let forwards = areas(&curve, &removed).unwrap();
            curve.reverse();
            removed.reverse();
            let removed: Vec<f64> = removed.into_iter().map(|area| 1.0 - area).collect();
            let backwards = areas(&curve, &removed).unwrap();
            prop_assert!(close(forwards.auc, backwards.auc));
            prop_assert!(close(forwards.auc_area, backwards.auc_area));
        }

        #[test]
        fn equal_superpixels_make_area_and_step_agree((curve, _) in curve()) {
            let areas = areas(&curve, &equal_steps(curve.len() - 1)).unwrap();
            prop_assert!(close(areas.auc_area, areas.auc_mean));
        }

        #[test]
        fn halving_the_curve_halves_the_areas_but_not_the_relative_one((curve, removed) in curve()) {
            let whole = areas(&curve, &removed).unwrap();
            let halves: Vec<f32> = curve.iter().map(|height| height / 2.0).collect();
            let half = areas(&halves, &removed).unwrap();
            let relative = [half.relative_to(halves[0]), whole.relative_to(curve[0])];
            prop_assert!(close(half.auc * 2.0, whole.auc) && close(half.auc_area * 2.0, whole.auc_area));
            match relative {
                [Some(half), Some(whole)] => prop_assert!(close(half, whole)),
                both => prop_assert_eq!(both, [None, None]),
            }
        }
    }

    #[test]
    fn linear_curve_has_half_its_start_as_mean() {
        let areas = areas(&[0.75, 0.5, 0.25, 0.0], &equal_steps(3)).unwrap();
        assert!(
            close(areas.auc, 1.125) && close(areas.auc_mean, 0.375) && close(areas.auc_area, 0.375)
        );
        assert!(close(areas.relative_to(0.75).unwrap(), 0.5));
    }

    #[test]
    fn step_curve_counts_the_steps_before_the_fall() {
        let areas = areas(&[1.0, 1.0, 1.0, 0.0, 0.0], &[0.0, 0.1, 0.2, 0.6, 1.0]).unwrap();
        assert!(close(areas.auc, 2.5) && close(areas.auc_mean, 0.625));
        assert!(close(areas.auc_area, 0.1 + 0.1 + 0.2));
    }

    #[test]
    fn no_relative_area_without_a_start() {
        let areas = areas(&[0.0, 1.0], &[0.0, 1.0]).unwrap();
        assert_eq!((areas.relative_to(0.0), areas.auc), (None, 0.5));
    }

    #[test]
    fn logits_of_any_sign_have_areas() {
        let areas = areas(&[8.0, -2.0, -4.0], &[0.0, 0.25, 1.0]).unwrap();
        assert!(close(areas.auc, 0.0) && close(areas.auc_mean, 0.0));
        assert!(close(areas.auc_area, 3.0 * 0.25 - 3.0 * 0.75));
    }

    #[test]
    fn what_is_no_curve_is_an_error() {
        let length = AreasError::Length {
            answers: 1,
            removed_areas: 1,
        };
        assert_eq!(areas(&[1.0], &[0.0]), Err(length));
        assert!(matches!(
            areas(&[1.0, f32::NAN], &[0.0, 1.0]),
            Err(AreasError::Answer { step: 1, .. })
        ));
        let step = |removed_area: &[f64]| match areas(&vec![0.5; removed_area.len()], removed_area)
        {
            Err(AreasError::RemovedArea { step, .. }) => step,
            other => panic!("{removed_area:?} gave {other:?}"),
        };
        assert_eq!(step(&[0.1, 1.0]), 0);
        assert_eq!(step(&[0.0, 0.5, 0.4, 1.0]), 2);
        assert_eq!(step(&[0.0, 0.5, 0.9]), 2);
        assert_eq!(step(&[0.0, f64::NAN, 1.0]), 1);
        assert_eq!(step(&[0.0, 200.0, 400.0]), 2);
    }
}
