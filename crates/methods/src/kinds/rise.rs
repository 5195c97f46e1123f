//! RISE (Petsiuk et al. 2018).

use cam::soft_mask;
use config::{Declared, Limits};
use sampling::samplers::grid;
use surrogate::SurrogateError;

use crate::asking::{Asking, Fitting};
use crate::hides::Hides;
use crate::plugin::{Plugin, Role};
use crate::samples::Samples;
use crate::weights::{Answered, Estimate, Partition, Weighted, Weights};

/// RISE.
pub static METHOD: Weights = Plugin {
    kind: "rise",
    module: module_path!(),
    title: "RISE",
    about: "Shows the network the normalised input through soft random masks, and takes the mean of the masks weighted by its answers (Petsiuk et \
            al. 2018, eq. 6). A superpixel gets the mean over its pixels. Masks belong to no partition, so that all partitions share the answers. \
            The published code has 8 x 8 cells and keeps a tenth of them; the defaults are the paper's.",
    role: Role::Explanation,
    deterministic: false,
    measured: true,
    settings: Settings::settings,
    read: |section| Settings::read(section).asking(),
    run: Estimate {
        explanation,
        weights,
    },
};

config::settings! {
    /// What RISE takes.
    struct Settings {
        /// Masks for each explanation, in addition to the untouched image. Or when to stop: at a standard error of every cell of the image, or when
        /// the cells of the highest relevances stay the same. The rule uses cells instead of superpixels, because partitions share the masks.
        samples: Samples = Samples::Fixed(4000);
        /// Rows and columns of a mask's grid.
        cells: u32 [2..=64] = 7;
        /// Probability that a cell is kept.
        kept: f64 [Limits::above(0.0, 0.99)] = 0.5;
        /// Whether a pixel's sum is divided by how much the drawn masks show of it, instead of by the expected value.
        debiased: bool = false;
    }
}

impl Settings {
    fn asking(&self) -> Asking {
        Asking {
            samples: self.samples,
            sampler: grid(self.kept),
            precision: None,
            hides: Hides::Cells(self.cells),
            fitting: if self.debiased {
                Fitting::Debiased
            } else {
                Fitting::Fixed
            },
        }
    }
}

fn explanation(answered: &Answered<'_>) -> Result<Weighted, SurrogateError> {
    let terms = Terms::of(answered)?;
    Ok(Weighted {
        standard_errors: terms.standard_errors(),
        weights: terms.means(),
        intercept: None,
        r2: None,
        local_prediction: None,
    })
}

fn weights(answered: &Answered<'_>) -> Result<Vec<f64>, SurrogateError> {
    Ok(Terms::of(answered)?.means())
}

/// Sums over masks of each mask's term for a superpixel: its answer, times its mean there, divided by the share of a pixel that masks show. The
/// relevance is the mean of these terms, which are independent.
struct Terms {
    count: f64,
    sums: Vec<f64>,
    squares: Vec<f64>,
    /// Of each superpixel the relevance, where that is not the mean of the terms.
    values: Option<Vec<f64>>,
}

impl Terms {
    /// The untouched image, row 0, was not drawn and does not count.
    fn of(answered: &Answered<'_>) -> Result<Self, SurrogateError> {
        let samples = answered.drawn.masks.samples();
        let partition = answered.partition;
        let Some(partition) = partition.filter(|partition| samples > 1 && partition.count > 0)
        else {
            return Err(SurrogateError::Empty {
                samples,
                superpixels: partition.map_or(0, |partition| partition.count),
            });
        };
        let chance = answered.sampler.parameter().unwrap_or(1.0);
        if answered.fitting != Fitting::Debiased {
            let shares = vec![chance; partition.labels.len()];
            return Ok(Self::sum(answered, &partition, &shares, None));
        }
        let count = (samples - 1) as f64;
        let mut shown = vec![0.0; partition.labels.len()];
        let mut answers = shown.clone();
        for_each_mask(answered, &partition, |answer, mask| {
            for ((shown, answers), &share) in shown.iter_mut().zip(&mut answers).zip(mask) {
                *shown += f64::from(share);
                *answers += answer * f64::from(share);
            }
        });
        let ratio =
            |(answers, shown): (&f64, &f64)| if *shown > 0.0 { answers / shown } else { 0.0 };
        let ratios: Vec<f64> = answers.iter().zip(&shown).map(ratio).collect();
        let shares: Vec<f64> = shown.iter().map(|shown| shown / count).collect();
        Ok(Self::sum(answered, &partition, &shares, Some(&ratios)))
    }

    /// The terms by the share of each pixel that masks show; less each pixel's relevance where that is a ratio, whose error they then tell.
    fn sum(
        answered: &Answered<'_>,
        partition: &Partition<'_>,
        shares: &[f64],
        ratios: Option<&[f64]>,
    ) -> Self {
        let pixels = pixels(partition);
        let mean = |values: &dyn Fn(usize) -> f64| {
            let mut sums = vec![0.0; partition.count];
            for (pixel, &label) in partition.labels.iter().enumerate() {
                sums[usize::from(label)] += values(pixel);
            }
            let means = sums.iter().zip(&pixels).map(|(sum, pixels)| sum / pixels);
            means.collect::<Vec<f64>>()
        };
        let mut terms = Self {
            count: (answered.drawn.masks.samples() - 1) as f64,
            sums: vec![0.0; partition.count],
            squares: vec![0.0; partition.count],
            values: ratios.map(|ratios| mean(&|pixel| ratios[pixel])),
        };
        for_each_mask(answered, partition, |answer, mask| {
            let term = |pixel: usize| {
                let expected = ratios.map_or(0.0, |ratios| ratios[pixel]);
                let share = shares[pixel].max(f64::MIN_POSITIVE);
                (answer - expected) * f64::from(mask[pixel]) / share
            };
            for (superpixel, term) in mean(&term).into_iter().enumerate() {
                terms.sums[superpixel] += term;
                terms.squares[superpixel] += term * term;
            }
        });
        terms
    }

    fn means(&self) -> Vec<f64> {
        let means = self.sums.iter().map(|sum| sum / self.count);
        self.values.clone().unwrap_or_else(|| means.collect())
    }

    fn standard_errors(&self) -> Vec<Option<f64>> {
        let error = |(sum, square): (&f64, &f64)| {
            let variance = (square - sum * sum / self.count) / (self.count - 1.0);
            (self.count >= 20.0).then(|| (variance.max(0.0) / self.count).sqrt())
        };
        self.sums.iter().zip(&self.squares).map(error).collect()
    }
}

/// Every drawn mask, [height, width], with the answer to it.
fn for_each_mask(
    answered: &Answered<'_>,
    partition: &Partition<'_>,
    mut each: impl FnMut(f64, &[f32]),
) {
    let drawn = answered.drawn;
    let side = drawn.masks.superpixels().isqrt();
    let mut mask = vec![0.0; partition.labels.len()];
    for (sample, &answer) in answered.probabilities.iter().enumerate().skip(1) {
        let kept = drawn.masks.values(sample);
        soft_mask(&kept, side, drawn.shifts[sample], partition.size, &mut mask);
        each(f64::from(answer), &mask);
    }
}

/// The number of pixels of each superpixel.
fn pixels(partition: &Partition<'_>) -> Vec<f64> {
    let mut pixels = vec![0.0; partition.count];
    for &label in partition.labels {
        pixels[usize::from(label)] += 1.0;
    }
    pixels
}

#[cfg(test)]
mod tests {
    use sampling::Seed;

    use super::*;

    /// Of an additive network a superpixel's relevance is a number of its own plus one that all share: the order of the parts is recovered.
    #[test]
    fn a_planted_additive_function_is_recovered() {
        let size = [30, 40];
        let labels: Vec<u16> = (0..1200)
            .map(|pixel| ((pixel / 40) / 10 * 4 + (pixel % 40) / 10) as u16)
            .collect();
        let planted: [f64; 12] = [
            0.3, -0.2, 0.0, 0.5, 0.1, -0.4, 0.2, 0.0, -0.1, 0.4, 0.6, -0.3,
        ];
        let drawn = grid(0.5).drawn(Seed::derive(3, &[b"planted"]), 6001, 36);
        let mut mask = vec![0.0; 1200];
        let answer = |sample: usize| {
            let cells = drawn.masks.values(sample);
            soft_mask(&cells, 6, drawn.shifts[sample], size, &mut mask);
            let shown = labels
                .iter()
                .zip(&mask)
                .map(|(&label, &share)| planted[usize::from(label)] * f64::from(share));
            (shown.sum::<f64>() / 100.0) as f32
        };
        let answers: Vec<f32> = (0..6001).map(answer).collect();
        let answered = Answered {
            drawn: &drawn,
            probabilities: &answers,
            correction: None,
            sampler: grid(0.5),
            fitting: Fitting::Fixed,
            partition: Some(Partition {
                labels: &labels,
                size,
                count: 12,
            }),
        };
        let found = explanation(&answered).unwrap();
        // Cells are smaller than the parts. A mask still shows neighbours together, so relevances correlate with what was planted and are not equal
        // to it.
        let mean = |values: &[f64]| values.iter().sum::<f64>() / 12.0;
        let (of_planted, of_found) = (mean(&planted), mean(&found.weights));
        let product: f64 = planted
            .iter()
            .zip(&found.weights)
            .map(|(a, b)| (a - of_planted) * (b - of_found))
            .sum();
        let spread = |values: &[f64], mean: f64| {
            values
                .iter()
                .map(|value| (value - mean).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let correlation = product / spread(&planted, of_planted) / spread(&found.weights, of_found);
        assert!(correlation > 0.7, "{correlation}: {:?}", found.weights);
        assert!(
            found
                .standard_errors
                .iter()
                .all(|error| error.is_some_and(|error| error < 0.02))
        );
    }
}
