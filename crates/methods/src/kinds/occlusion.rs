//! Occlusion of single superpixels (Zeiler and Fergus 2014).

use config::Declared;
use removal::Backdrop;
use sampling::samplers::SINGLES;
use surrogate::SurrogateError;

use crate::asking::{Asking, Fitting};
use crate::hides::Hides;
use crate::plugin::{Plugin, Role};
use crate::samples::Samples;
use crate::weights::{Answered, Estimate, Weighted, Weights};

/// Occlusion.
pub static METHOD: Weights = Plugin {
    kind: "occlusion",
    module: module_path!(),
    title: "Occlusion",
    about: "Removes each superpixel alone, and measures how much the network's answer falls (Zeiler and Fergus 2014), as captum's \
            `FeatureAblation` does. It is the first step of `greedy`.",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Settings::settings,
    read: |section| Settings::read(section).asking(),
    run: Estimate {
        explanation,
        weights,
    },
};

config::settings! {
    /// What occlusion takes.
    struct Settings {
        /// What a removed superpixel shows; independent of `[deletion] replacements`.
        replacement: Backdrop = Backdrop::Mean;
    }
}

impl Settings {
    fn asking(&self) -> Asking {
        Asking {
            samples: Samples::ForEach {
                superpixel: 1,
                more: 1,
            },
            sampler: SINGLES,
            precision: None,
            hides: Hides::Superpixels(self.replacement),
            fitting: Fitting::Fixed,
        }
    }
}

fn explanation(answered: &Answered<'_>) -> Result<Weighted, SurrogateError> {
    let weights = weights(answered)?;
    Ok(Weighted {
        standard_errors: vec![None; weights.len()],
        weights,
        intercept: None,
        r2: None,
        local_prediction: None,
    })
}

/// The answer to the untouched image less that without each superpixel.
fn weights(answered: &Answered<'_>) -> Result<Vec<f64>, SurrogateError> {
    let masks = &answered.drawn.masks;
    let superpixels = masks.superpixels();
    let Some((&untouched, without)) = answered.probabilities.split_first() else {
        let samples = masks.samples();
        return Err(SurrogateError::Empty {
            samples,
            superpixels,
        });
    };
    let drop = |&answer: &f32| f64::from(untouched) - f64::from(answer);
    Ok(without.iter().map(drop).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sampling::{Masks, Seed};

    use super::*;
    use crate::kinds::greedy::greedy;

    proptest! {
        /// Of a network by a table of its answers to all masks.
        #[test]
        fn it_is_the_first_step_of_greedy(table in prop::collection::vec(0.0_f32..1.0, 64)) {
            let answers = |masks: &Masks| {
                let place = |row| (0..6).filter(|&kept| masks.kept(row, kept)).map(|kept| 1 << kept).sum::<usize>();
                (0..masks.samples()).map(|row| table[place(row)]).collect::<Vec<f32>>()
            };
            let drawn = SINGLES.drawn(Seed([0; 32]), 7, 6);
            let answered = Answered {
                drawn: &drawn,
                probabilities: &answers(&drawn.masks),
                correction: None,
                sampler: SINGLES,
                fitting: Fitting::Fixed,
                partition: None,
            };
            let drops = weights(&answered).unwrap();
            let searched = greedy(6, Seed([0; 32]), &mut |masks| Ok(answers(masks))).unwrap();
            let most = drops.iter().copied().fold(f64::MIN, f64::max);
            prop_assert!((drops[usize::from(searched.order[0])] - most).abs() < 1e-12);
        }
    }

    #[test]
    fn a_weight_is_what_the_answer_loses() {
        let drawn = SINGLES.drawn(Seed([0; 32]), 4, 3);
        let answered = Answered {
            drawn: &drawn,
            probabilities: &[0.75, 0.5, 0.875, 0.75],
            correction: None,
            sampler: SINGLES,
            fitting: Fitting::Fixed,
            partition: None,
        };
        assert_eq!(explanation(&answered).unwrap().weights, [0.25, -0.125, 0.0]);
    }
}
