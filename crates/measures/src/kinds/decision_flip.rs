//! Decision flip: how much is removed until another class leads.

use parts::{ActionError, All, Rows};
use rayon::prelude::*;
use schema::CurveStep;
use serde::Serialize;

use crate::{Measure, Tables};

schema::table! {
    /// A removal curve: how much is removed until a class other than the explained one has the largest probability. After a sigmoid: until the
    /// probability is below 0.5.
    #[table = "decision_flip"]
    #[keys(image, network, partition, method, run)]
    #[nulls = reason]
    pub struct DecisionFlip {
        /// Order of removal: `most_relevant_first` or `least_relevant_first`.
        #[unit = "name"]
        pub order: String,
        /// What removed pixels become, such as `mean`.
        #[unit = "name"]
        pub replacement: String,
        /// Number of superpixels, n.
        #[unit = "superpixels"]
        #[range(1 ..)]
        pub superpixels: u32,
        /// Smallest number of removed superpixels after which another class leads; null where no other class ever leads, or one leads from the start.
        #[unit = "superpixels"]
        #[range(1 ..= superpixels)]
        #[heading = "Superpixels until another class leads"]
        pub removed: Option<u32>,
        /// `removed` / n.
        #[unit = "fraction of superpixels"]
        #[range(0 ..= 1)]
        #[better = lower]
        #[question = "the share of superpixels until another class leads (decision flip)"]
        pub decision_flip: Option<f64>,
        /// Share of the pixels that are removed at that step.
        #[unit = "fraction of pixels"]
        #[range(0 ..= 1)]
        #[better = lower]
        pub decision_flip_area: Option<f64>,
    }
}

/// What the decision flip is computed from.
#[derive(Debug, Serialize)]
pub struct Inputs {
    /// The curves.
    curves: All<CurveStep>,
}

impl Measure for DecisionFlip {
    const MODULE: &'static str = module_path!();
    const TITLE: &'static str = "How much is removed until another class leads: decision flip";
    const ABOUT: &'static str = "How many superpixels, and pixels, are removed until the explained class is no longer the most probable one. \
        Where the most relevant goes first, less is better.";

    type Inputs = Inputs;

    fn inputs(study: &dyn Tables) -> Option<Inputs> {
        Some(Inputs {
            curves: study.curves()?,
        })
    }

    fn rows(inputs: &Inputs, rows: &Rows<'_>) -> Result<Vec<Self>, ActionError> {
        let of_image = |group| {
            let curves = rows.group(&inputs.curves, group)?;
            Ok(curves
                .iter()
                .filter_map(|curve| decision_flip(curve))
                .collect::<Vec<_>>())
        };
        let made = inputs.curves.groups.par_iter().map(of_image);
        Ok(made.collect::<Result<Vec<_>, ActionError>>()?.concat())
    }
}

/// The flip of a curve, whose rows come in the order of their steps; none of one without a step.
pub fn decision_flip(curve: &[CurveStep]) -> Option<DecisionFlip> {
    let (first, steps) = curve.split_first()?;
    let superpixels = steps.len() as u32;
    // Where classes do not compete, the network decides against one below 0.5.
    let led = |step: &&CurveStep| step.probability < step.largest_probability.unwrap_or(0.5);
    let found = curve.iter().find(led);
    let flip = found.filter(|step| step.step > 0);
    let competes = first.largest_probability.is_some();
    let reason = match found {
        None if competes => Some("no other class ever leads"),
        None => Some("the probability never falls below 0.5"),
        Some(step) if step.step > 0 => None,
        Some(_) if competes => Some("another class leads on the untouched image"),
        Some(_) => Some("the probability is below 0.5 on the untouched image"),
    };
    (superpixels > 0).then(|| DecisionFlip {
        image: first.image.clone(),
        network: first.network.clone(),
        partition: first.partition.clone(),
        method: first.method.clone(),
        run: first.run,
        order: first.order.clone(),
        replacement: first.replacement.clone(),
        superpixels,
        removed: flip.map(|step| step.step),
        decision_flip: flip.map(|step| f64::from(step.step) / f64::from(superpixels)),
        decision_flip_area: flip.map(|step| step.removed_area),
        reason: reason.map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three superpixels of a quarter, a quarter and a half of the pixels; each step is the explained class's probability and the largest.
    fn flip(steps: [(f32, f32); 4]) -> DecisionFlip {
        flip_of(steps.map(|(probability, largest)| (probability, Some(largest))))
    }

    fn flip_of(steps: [(f32, Option<f32>); 4]) -> DecisionFlip {
        let step =
            |(step, (probability, largest_probability)): (usize, (f32, Option<f32>))| CurveStep {
                image: "mug".into(),
                network: "alexnet".into(),
                partition: "coarse".into(),
                method: "lime".into(),
                run: 1,
                order: "most_relevant_first".into(),
                replacement: "mean".into(),
                step: step as u32,
                superpixel: step.checked_sub(1).map(|id| id as u16),
                removed_area: [0.0, 0.25, 0.5, 1.0][step],
                probability,
                logit: 0.0,
                largest_probability,
                entropy: largest_probability,
            };
        let curve: Vec<CurveStep> = steps.into_iter().enumerate().map(step).collect();
        decision_flip(&curve).unwrap()
    }

    #[test]
    fn the_flip_is_the_first_step_at_which_another_class_leads() {
        let found = flip([(0.8, 0.8), (0.5, 0.5), (0.3, 0.4), (0.1, 0.6)]);
        assert_eq!((found.superpixels, found.removed), (3, Some(2)));
        assert_eq!(found.decision_flip, Some(2.0 / 3.0));
        assert_eq!(found.decision_flip_area, Some(0.5));
        assert_eq!((found.run, found.reason), (1, None));
    }

    #[test]
    fn a_class_that_comes_back_has_flipped_before() {
        let found = flip([(0.8, 0.8), (0.3, 0.4), (0.9, 0.9), (0.1, 0.6)]);
        assert_eq!(
            (found.removed, found.decision_flip_area),
            (Some(1), Some(0.25))
        );
    }

    #[test]
    fn without_a_flip_there_is_a_reason() {
        let never = flip([(0.8, 0.8), (0.6, 0.6), (0.5, 0.5), (0.5, 0.5)]);
        assert_eq!((never.removed, never.decision_flip), (None, None));
        assert_eq!(never.reason.as_deref(), Some("no other class ever leads"));
        let before = flip([(0.4, 0.5), (0.3, 0.6), (0.9, 0.9), (0.1, 0.6)]);
        assert_eq!((before.removed, before.decision_flip_area), (None, None));
        assert!(before.reason.unwrap().contains("untouched image"));
    }

    #[test]
    fn behind_a_sigmoid_the_flip_is_below_one_half() {
        let flip = |probabilities: [f32; 4]| flip_of(probabilities.map(|each| (each, None)));
        assert_eq!(flip([0.9, 0.5, 0.49, 0.6]).removed, Some(2));
        let never = flip([0.9, 0.8, 0.7, 0.5]).reason.unwrap();
        assert!(never.contains("never falls below 0.5"), "{never}");
        let before = flip([0.4, 0.8, 0.7, 0.5]).reason.unwrap();
        assert!(before.contains("untouched image"), "{before}");
    }

    #[test]
    fn a_curve_without_steps_has_no_row() {
        assert_eq!(decision_flip(&[]), None);
    }
}
