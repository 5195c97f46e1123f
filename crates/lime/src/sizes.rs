//! How many samples an explanation gets, where fits decide it. In the keys of those `perturbations` only: other ones do not depend on fits.

use std::collections::BTreeSet;

use actions::Fit;
use methods::{Answered, Fitting, Hides, Partition, Samples, Settled, Weighted};
use parts::Superpixels;
use sampling::{Drawn, Masks, STRATA, Sampler};
use surrogate::{Correction, Settings, SurrogateError, correction_size};

use crate::perturbations::{Again, Sizes, Undecided};

/// Watches the weights of one explanation settle.
#[derive(Clone, Debug)]
pub struct Watch {
    settled: Settled,
    fit: Fit,
    /// Where masks belong to no partition, the one in which weights have to be settled: the cells of the masks, not shifted.
    superpixels: Option<Superpixels>,
    /// The superpixels of the highest weights, at each check.
    tops: Vec<BTreeSet<u16>>,
}

impl Watch {
    /// Nothing has been answered yet.
    pub fn new(settled: Settled, fit: Fit, superpixels: Option<Superpixels>) -> Self {
        Self {
            settled,
            fit,
            superpixels,
            tops: Vec::new(),
        }
    }

    /// Whether the weights are settled, now that these masks are answered.
    pub fn settled(&mut self, drawn: &Drawn, probabilities: &[f32]) -> Result<bool, Undecided> {
        let explanation = self.explanation(drawn, probabilities, None)?;
        Ok(match self.settled {
            Settled::StandardError(limit) => precise(&explanation, limit),
            Settled::Top(count) => {
                let order = removal::order(&explanation.weights)?.into_iter();
                self.tops.push(order.take(count as usize).collect());
                // Check k comes after k blocks, so these are the checks at half of the samples and later.
                let half = &self.tops[self.tops.len().div_ceil(2) - 1..];
                half.len() > 1 && half.iter().all(|top| *top == half[0])
            }
        })
    }

    /// Whether they are still settled when a reference has corrected them, which adds to their errors. Which weights are highest is
    /// decided by the answers to all masks alone.
    pub fn still_settled(
        &self,
        drawn: &Drawn,
        probabilities: &[f32],
        correction: &Correction<'_>,
    ) -> Result<bool, SurrogateError> {
        let Settled::StandardError(limit) = self.settled else {
            return Ok(true);
        };
        let explanation = self.explanation(drawn, probabilities, Some(correction))?;
        Ok(precise(&explanation, limit))
    }

    fn explanation(
        &self,
        drawn: &Drawn,
        probabilities: &[f32],
        correction: Option<&Correction<'_>>,
    ) -> Result<Weighted, SurrogateError> {
        let answered = Answered {
            drawn,
            probabilities,
            correction,
            sampler: self.fit.sampler,
            fitting: self.fit.fitting,
            partition: self.superpixels.as_ref().map(Partition::from),
        };
        (self.fit.method.run.explanation)(&answered)
    }
}

/// Whether every standard error is at most the limit.
fn precise(explanation: &Weighted, limit: f64) -> bool {
    let mut errors = explanation.standard_errors.iter().zip(&explanation.weights);
    // A superpixel that was not selected has neither a weight nor an error.
    errors.all(|(error, &weight)| error.map_or(weight == 0.0, |error| error <= limit))
}

/// How many samples more of each stratum to ask in the reference precision after the pilot.
pub fn more(
    masks: &Masks,
    probabilities: &[f32],
    pilot: &Correction<'_>,
    sampler: Sampler,
    surrogate: &Settings,
    step: usize,
) -> Result<[usize; STRATA], SurrogateError> {
    let clusters = sampler.clusters(masks.samples(), masks.superpixels());
    correction_size(masks, probabilities, pilot, &clusters, surrogate, step)
}

/// What a reference evaluated, as the fit takes it.
pub fn correction(again: &Again) -> Correction<'_> {
    Correction {
        samples: &again.samples,
        probabilities: &again.probabilities,
        certain: again.certain,
    }
}

/// An image as `side` x `side` cells of the same size, or smaller ones at the end.
fn cells(side: usize, size: [usize; 2]) -> Superpixels {
    let [height, width] = size.map(|length| length.div_ceil(side).max(1));
    let rows = size[0].div_ceil(height);
    let columns = size[1].div_ceil(width);
    let pixels = (0..size[0]).flat_map(|row| (0..size[1]).map(move |column| (row, column)));
    let labels = pixels.map(|(row, column)| (row / height * columns + column / width) as u16);
    Superpixels {
        count: rows * columns,
        size,
        labels: labels.collect(),
    }
}

/// The fits that decide how many samples are asked.
#[derive(Clone, Debug)]
pub struct Fits {
    /// Where the number is open.
    watch: Option<Watch>,
    /// Where fits decide anything.
    fit: Option<Fit>,
}

impl Fits {
    /// As the inputs of an explanation say; `size` is the crop's height and width.
    pub fn new(inputs: &actions::Asked, fit: Option<Fit>, size: [usize; 2]) -> Self {
        let cells = match inputs.hides {
            Hides::Superpixels(_) => None,
            Hides::Cells(side) => Some(cells(side as usize, size)),
        };
        let watch = match (inputs.samples, fit) {
            (Samples::Until { settled, .. }, Some(fit)) => Some(Watch::new(settled, fit, cells)),
            _ => None,
        };
        Self { watch, fit }
    }
}

impl Sizes for Fits {
    fn enough(&mut self, drawn: &Drawn, probabilities: &[f32]) -> Result<bool, Undecided> {
        match &mut self.watch {
            Some(watch) => watch.settled(drawn, probabilities),
            None => Ok(false),
        }
    }

    fn still_enough(
        &self,
        drawn: &Drawn,
        probabilities: &[f32],
        again: &Again,
    ) -> Result<bool, Undecided> {
        let watch = self.watch.as_ref();
        let settled = watch
            .map(|watch| watch.still_settled(drawn, probabilities, &correction(again)))
            .transpose()?;
        Ok(settled.unwrap_or(true))
    }

    fn more(
        &self,
        masks: &Masks,
        probabilities: &[f32],
        pilot: &Again,
        step: usize,
    ) -> Result<[usize; STRATA], Undecided> {
        let Some(Fit {
            sampler,
            fitting: Fitting::Surrogate(surrogate),
            ..
        }) = &self.fit
        else {
            return Ok([0; STRATA]);
        };
        let pilot = correction(pilot);
        Ok(more(
            masks,
            probabilities,
            &pilot,
            *sampler,
            surrogate,
            step,
        )?)
    }
}

#[cfg(test)]
mod tests {
    use sampling::{Seed, samplers};

    use super::*;

    fn paired() -> Fit {
        Fit {
            method: &methods::kinds::lime::METHOD,
            fitting: Fitting::Surrogate(Settings::default()),
            sampler: samplers::PAIRED,
        }
    }

    fn checks_until_settled(settled: Settled, noise: f32) -> usize {
        let all = samplers::PAIRED.drawn(Seed::derive(2, &[b"settle"]), 20_000, 6);
        let answer = |sample: usize| {
            let linear: f32 = (0..6)
                .filter(|&superpixel| all.masks.kept(sample, superpixel))
                .map(|superpixel| 0.03 * superpixel as f32)
                .sum();
            linear + noise * (sample as f32 * 12.9898).sin()
        };
        let mut watch = Watch::new(settled, paired(), None);
        let checks = (1..=all.masks.samples() / 100).take_while(|check| {
            let drawn = all.rows(0..check * 100);
            let answers: Vec<f32> = (0..check * 100).map(answer).collect();
            !watch.settled(&drawn, &answers).unwrap()
        });
        checks.count() + 1
    }

    /// The reference differs from the answers by noise, so that asking it about few adds to the errors.
    #[test]
    fn a_correction_that_adds_too_much_unsettles_what_was_settled() {
        let drawn = samplers::PAIRED.drawn(Seed::derive(3, &[b"again"]), 600, 6);
        let noise = |sample: usize, scale: f32| scale * (sample as f32 * 78.233).sin();
        let cheap: Vec<f32> = (0..600).map(|sample| noise(sample, 0.01)).collect();
        let reference: Vec<f32> = (0..600).map(|sample| noise(7 * sample, 0.1)).collect();
        let settled = |count: usize, limit: f64| {
            let samples: Vec<usize> = (0..count).collect();
            let correction = Correction {
                samples: &samples,
                probabilities: &reference[..count],
                certain: 1,
            };
            let standard_error = Settled::StandardError(limit);
            let mut watch = Watch::new(standard_error, paired(), None);
            let before = watch.settled(&drawn, &cheap).unwrap();
            let after = watch.still_settled(&drawn, &cheap, &correction).unwrap();
            (before, after)
        };
        let limit = 0.004;
        assert_eq!(settled(60, limit), (true, false));
        assert_eq!(settled(60, 20.0 * limit), (true, true));
        assert!(!settled(600, limit / 100.0).0);
    }

    #[test]
    fn smaller_errors_and_noisier_answers_take_more_samples() {
        let error = |limit, noise| checks_until_settled(Settled::StandardError(limit), noise);
        assert_eq!(error(0.05, 0.0), 1);
        let [wide, narrow] = [0.02, 0.01].map(|limit| error(limit, 0.2));
        assert!(
            (3 * wide..=5 * wide).contains(&narrow),
            "half the error takes four times the samples: {wide} and {narrow} checks"
        );
        assert!(
            checks_until_settled(Settled::Top(2), 0.0) == 2,
            "the second check agrees"
        );
        assert!(checks_until_settled(Settled::Top(2), 2.0) > 2);
    }
}
