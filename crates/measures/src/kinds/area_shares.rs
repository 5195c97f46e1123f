//! Area shares: what is left of the class when given shares of the pixels are removed.

use parts::{ActionError, All, Rows};
use rayon::prelude::*;
use schema::CurveStep;
use serde::Serialize;
use statistics::Measured;

use crate::{Measure, Tables, answers};

schema::table! {
    /// A removal curve, read where given shares of the pixels are removed. The curve is a straight line between two steps.
    #[table = "area_shares"]
    #[keys(image, network, partition, method, run)]
    pub struct AreaShares {
        /// Order of removal: `most_relevant_first` or `least_relevant_first`.
        #[unit = "name"]
        pub order: String,
        /// What removed pixels become, such as `mean`.
        #[unit = "name"]
        pub replacement: String,
        /// Mean height of the curve over the logarithm of the share removed, from 0.01 to 1: trapezoids between 15 shares of equal ratio.
        #[unit = "probability"]
        #[better = lower]
        #[heading = "AUC by log area"]
        pub auc_log: f64,
        /// Mean of the curve at 10, 20 .. 90 % of the pixels.
        #[unit = "probability"]
        #[better = lower]
        #[heading = "Mean at 10 to 90 % of the pixels"]
        pub auc_tenths: f64,
        /// The curve where 10 % of the pixels are removed.
        #[unit = "probability"]
        #[heading = "At 10 %"]
        pub at_10: f64,
        /// The curve where 20 % of the pixels are removed.
        #[unit = "probability"]
        #[heading = "At 20 %"]
        pub at_20: f64,
        /// The curve where 30 % of the pixels are removed.
        #[unit = "probability"]
        #[heading = "At 30 %"]
        pub at_30: f64,
        /// The curve where 40 % of the pixels are removed.
        #[unit = "probability"]
        #[heading = "At 40 %"]
        pub at_40: f64,
        /// The curve where 50 % of the pixels are removed.
        #[unit = "probability"]
        #[heading = "At 50 %"]
        pub at_50: f64,
        /// The curve where 60 % of the pixels are removed.
        #[unit = "probability"]
        #[heading = "At 60 %"]
        pub at_60: f64,
        /// The curve where 70 % of the pixels are removed.
        #[unit = "probability"]
        #[heading = "At 70 %"]
        pub at_70: f64,
        /// The curve where 80 % of the pixels are removed.
        #[unit = "probability"]
        #[heading = "At 80 %"]
        pub at_80: f64,
        /// The curve where 90 % of the pixels are removed.
        #[unit = "probability"]
        #[heading = "At 90 %"]
        pub at_90: f64,
    }
}

/// What area shares are computed from.
#[derive(Debug, Serialize)]
pub struct Inputs {
    /// The curves.
    curves: All<CurveStep>,
    /// What of the explained class the curves are read as.
    areas_of: Measured,
}

impl Measure for AreaShares {
    const MODULE: &'static str = module_path!();
    const TITLE: &'static str = "What is left at given shares of the pixels";
    const ABOUT: &'static str = "The removal curve at 10 to 90 % of the pixels, as ROAD reads it (Rong et al. 2022), and its mean over 15 shares \
        from 1 to 100 % of equal ratio. The second mean weighs the first superpixels most (after Blücher et al. 2024).";

    type Inputs = Inputs;

    fn inputs(study: &dyn Tables) -> Option<Inputs> {
        Some(Inputs {
            curves: study.curves()?,
            areas_of: study.areas_of(),
        })
    }

    fn rows(inputs: &Inputs, rows: &Rows<'_>) -> Result<Vec<Self>, ActionError> {
        let of_image = |group| {
            let curves = rows.group(&inputs.curves, group)?;
            let read = curves
                .iter()
                .filter_map(|curve| row(curve, inputs.areas_of));
            Ok(read.collect::<Vec<_>>())
        };
        let made = inputs.curves.groups.par_iter().map(of_image);
        Ok(made.collect::<Result<Vec<_>, ActionError>>()?.concat())
    }
}

/// The row of a curve; none of a curve without a removal.
fn row(curve: &[CurveStep], areas_of: Measured) -> Option<AreaShares> {
    let [first, _, ..] = curve else {
        return None;
    };
    let areas: Vec<f64> = curve.iter().map(|step| step.removed_area).collect();
    let answers = answers(curve, areas_of);
    let tenths = tenths(&areas, &answers);
    let [
        at_10,
        at_20,
        at_30,
        at_40,
        at_50,
        at_60,
        at_70,
        at_80,
        at_90,
    ] = tenths;
    Some(AreaShares {
        image: first.image.clone(),
        network: first.network.clone(),
        partition: first.partition.clone(),
        method: first.method.clone(),
        run: first.run,
        order: first.order.clone(),
        replacement: first.replacement.clone(),
        auc_log: auc_log(&areas, &answers),
        auc_tenths: tenths.iter().sum::<f64>() / tenths.len() as f64,
        at_10,
        at_20,
        at_30,
        at_40,
        at_50,
        at_60,
        at_70,
        at_80,
        at_90,
    })
}

/// Intervals between the log-spaced shares.
const INTERVALS: u32 = 14;
/// The smallest share is 10 to this power, the largest 1.
const SMALLEST: f64 = -2.0;

/// The mean height of a curve over the logarithm of the share removed, from 0.01 to 1: trapezoids between 15 shares of equal ratio. `areas` rises
/// from 0 to 1.
pub fn auc_log(areas: &[f64], answers: &[f64]) -> f64 {
    let height = |place: u32| {
        let exponent = SMALLEST * (1.0 - f64::from(place) / f64::from(INTERVALS));
        at(areas, answers, 10_f64.powf(exponent))
    };
    let trapezoids = (0..INTERVALS).map(|place| f64::midpoint(height(place), height(place + 1)));
    trapezoids.sum::<f64>() / f64::from(INTERVALS)
}

/// A curve at 10, 20 .. 90 % of the pixels. `areas` rises from 0 to 1.
pub fn tenths(areas: &[f64], answers: &[f64]) -> [f64; 9] {
    std::array::from_fn(|place| at(areas, answers, (place + 1) as f64 / 10.0))
}

/// A curve at a share of the pixels, on the straight line between the steps around it.
fn at(areas: &[f64], answers: &[f64], share: f64) -> f64 {
    let after = areas.partition_point(|area| *area < share);
    if after == 0 {
        return answers[0];
    }
    if after == areas.len() {
        return answers[after - 1];
    }
    let [left, right] = [after - 1, after];
    let part = (share - areas[left]) / (areas[right] - areas[left]);
    answers[left] + part * (answers[right] - answers[left])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{curve, oracle};
    use proptest::prelude::*;

    #[test]
    fn shares_equal_numpy() {
        for case in oracle("area_shares") {
            let [areas, answers] = [case.numbers("areas"), case.numbers("answers")];
            case.equals("auc_log", &[auc_log(&areas, &answers)]);
            case.equals("tenths", &tenths(&areas, &answers));
        }
    }

    #[test]
    fn logits_are_read_where_the_study_measures_them() {
        let mut steps = curve(&[0.8, 0.4, 0.0]);
        for (step, logit) in steps.iter_mut().zip([4.0, 2.0, 0.0]) {
            step.logit = logit;
        }
        let probability = row(&steps, Measured::Probability).unwrap();
        let logit = row(&steps, Measured::Logit).unwrap();
        assert!((probability.at_50 - 0.4).abs() < 1e-7 && (logit.at_50 - 2.0).abs() < 1e-12);
        assert!((logit.auc_tenths - 2.0).abs() < 1e-12);
        assert_eq!(row(&steps[..1], Measured::Probability), None);
    }

    fn curves() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        prop::collection::vec((1_u32..9, -2.0..2.0_f64), 1..20).prop_map(|steps| {
            let all: u32 = steps.iter().map(|(pixels, _)| pixels).sum();
            let mut gone = 0;
            let (mut areas, mut answers) = (vec![0.0], vec![1.0]);
            for (pixels, answer) in steps {
                gone += pixels;
                areas.push(f64::from(gone) / f64::from(all));
                answers.push(answer);
            }
            (areas, answers)
        })
    }

    proptest! {
        #[test]
        fn a_mean_lies_between_the_lowest_and_the_highest_answer((areas, answers) in curves()) {
            let low = answers.iter().copied().fold(f64::INFINITY, f64::min);
            let high = answers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let all = std::iter::once(auc_log(&areas, &answers)).chain(tenths(&areas, &answers));
            for value in all {
                prop_assert!(low - 1e-12 <= value && value <= high + 1e-12);
            }
        }

        #[test]
        fn the_curve_is_met_at_its_steps((areas, answers) in curves()) {
            for (area, answer) in areas.iter().zip(&answers) {
                prop_assert!((at(&areas, &answers, *area) - answer).abs() < 1e-12);
            }
        }

        #[test]
        fn a_curve_that_is_lower_everywhere_has_a_mean_lower_by_as_much((areas, answers) in curves(), less in 0.01..1.0_f64) {
            let lower: Vec<f64> = answers.iter().map(|answer| answer - less).collect();
            prop_assert!((auc_log(&areas, &answers) - auc_log(&areas, &lower) - less).abs() < 1e-9);
        }
    }
}
