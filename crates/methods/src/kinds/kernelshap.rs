//! Kernel SHAP (Lundberg and Lee 2017).

use std::collections::BTreeMap;

use config::Declared;
use faer::linalg::solvers::{DenseSolveCore, Solve};
use faer::{Mat, Side};
use removal::Backdrop;
use sampling::samplers::SHAPLEY;
use sampling::{Masks, size_weights};
use surrogate::SurrogateError;

use crate::asking::{Asking, Fitting};
use crate::hides::Hides;
use crate::plugin::{Plugin, Role};
use crate::samples::Samples;
use crate::weights::{Answered, Estimate, Weighted, Weights};

/// Kernel SHAP.
pub static METHOD: Weights = Plugin {
    kind: "kernelshap",
    module: module_path!(),
    title: "KernelSHAP",
    about: "Evaluates the network on images without some superpixels, and estimates the Shapley value of each (Lundberg and Lee 2017). Built like \
            the package shap: small sizes are enumerated, and masks are paired with their complements. The values sum to the answer to the image \
            minus the answer to the image with everything replaced. No features are selected (`l1_reg` of shap is off).",
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
    /// What Kernel SHAP takes.
    struct Settings {
        /// Masks for each explanation, including the untouched image and the one without any superpixel. Or when to stop: at a standard error of
        /// every value, or when the superpixels of the highest values stay the same.
        samples: Samples = Samples::ForEach { superpixel: 2, more: 2050 };
        /// What removed superpixels show while KernelSHAP samples; independent of `[deletion] replacements`.
        replacement: Backdrop = Backdrop::Mean;
    }
}

impl Settings {
    fn asking(&self) -> Asking {
        Asking {
            samples: self.samples,
            sampler: SHAPLEY,
            precision: None,
            hides: Hides::Superpixels(self.replacement),
            fitting: Fitting::Fixed,
        }
    }
}

/// The rows of the untouched image and of the one without any superpixel.
const ENDS: usize = 2;
/// The fewest pairs of drawn masks that tell a standard error.
const FEWEST: usize = 20;

fn weights(answered: &Answered<'_>) -> Result<Vec<f64>, SurrogateError> {
    Ok(Solved::of(answered)?.values)
}

fn explanation(answered: &Answered<'_>) -> Result<Weighted, SurrogateError> {
    let solved = Solved::of(answered)?;
    Ok(Weighted {
        standard_errors: solved.standard_errors(answered),
        intercept: Some(solved.nothing),
        r2: Some(solved.r2()),
        local_prediction: Some(solved.nothing + solved.values.iter().sum::<f64>()),
        weights: solved.values,
    })
}

/// A weighted regression through both ends: the last superpixel's value is what the others leave (Lundberg and Lee 2017, theorem 2).
struct Solved {
    /// The answer to the image without any superpixel.
    nothing: f64,
    /// The Shapley value of each superpixel.
    values: Vec<f64>,
    /// Of each row after the ends its weight.
    weights: Vec<f64>,
    /// What is regressed on: [superpixels - 1, rows], each kept superpixel less the last one.
    design: Mat<f64>,
    /// Answers less those of the fit.
    residuals: Vec<f64>,
    /// Answers less the one to the image without any superpixel.
    answers: Vec<f64>,
    /// The inverse of the design times its transpose, by weight.
    inverse: Mat<f64>,
}

impl Solved {
    fn of(answered: &Answered<'_>) -> Result<Self, SurrogateError> {
        let masks = &answered.drawn.masks;
        let superpixels = masks.superpixels();
        let [all, nothing, answers @ ..] = answered.probabilities else {
            return Err(SurrogateError::Empty {
                samples: masks.samples(),
                superpixels,
            });
        };
        if superpixels == 0 {
            return Err(SurrogateError::Empty {
                samples: masks.samples(),
                superpixels,
            });
        }
        let nothing = f64::from(*nothing);
        let total = f64::from(*all) - nothing;
        let last = superpixels - 1;
        let kept = |row: usize, superpixel| f64::from(u8::from(masks.kept(ENDS + row, superpixel)));
        let weights = row_weights(answered);
        let design = Mat::from_fn(last, answers.len(), |superpixel, row| {
            kept(row, superpixel) - kept(row, last)
        });
        let answers: Vec<f64> = answers
            .iter()
            .map(|&answer| f64::from(answer) - nothing)
            .collect();
        // What is left to explain when the last superpixel takes all of it.
        let rest = |row: usize| answers[row] - kept(row, last) * total;
        let weighted = Mat::from_fn(last, answers.len(), |superpixel, row| {
            weights[row] * design[(superpixel, row)]
        });
        let gram = &weighted * design.transpose();
        let moment = &weighted * Mat::from_fn(answers.len(), 1, |row, _| rest(row));
        // Fewer samples than superpixels have a solution of least norm.
        let (solution, inverse) = if let Ok(cholesky) = gram.llt(Side::Lower) {
            (cholesky.solve(&moment), cholesky.inverse())
        } else {
            let inverse = pseudoinverse(&gram);
            (&inverse * &moment, inverse)
        };
        let mut values: Vec<f64> = (0..last)
            .map(|superpixel| solution[(superpixel, 0)])
            .collect();
        let residual = |row: usize| {
            let fitted: f64 = values
                .iter()
                .enumerate()
                .map(|(superpixel, value)| value * design[(superpixel, row)])
                .sum();
            rest(row) - fitted
        };
        let residuals = (0..answers.len()).map(residual).collect();
        values.push(total - values.iter().sum::<f64>());
        Ok(Self {
            nothing,
            values,
            weights,
            design,
            residuals,
            answers,
            inverse,
        })
    }

    /// The weighted coefficient of determination.
    fn r2(&self) -> f64 {
        let total: f64 = self.weights.iter().sum();
        let rows = || self.weights.iter().zip(&self.answers);
        let mean = rows().map(|(weight, answer)| weight * answer).sum::<f64>() / total;
        let spread: f64 = rows()
            .map(|(weight, answer)| weight * (answer - mean).powi(2))
            .sum();
        let rest: f64 = self
            .weights
            .iter()
            .zip(&self.residuals)
            .map(|(weight, residual)| weight * residual * residual)
            .sum();
        if spread > 0.0 {
            1.0 - rest / spread
        } else {
            1.0
        }
    }

    /// The sandwich standard error of each value: a cluster is a pair of a drawn mask and its complement, and enumerated masks vary not at all. All 0
    /// where every mask is enumerated; none where too few pairs were drawn, or where not all masks of an enumerated size are there.
    fn standard_errors(&self, answered: &Answered<'_>) -> Vec<Option<f64>> {
        let superpixels = self.values.len();
        let rows = self.weights.len();
        let enumerated = answered.drawn.enumerated;
        if rows < enumerated {
            return vec![None; superpixels];
        }
        if rows == enumerated {
            // The first masks of more may end where the enumeration does.
            let all = rows + ENDS
                == 1_usize
                    .checked_shl(superpixels as u32)
                    .unwrap_or(usize::MAX);
            return vec![all.then_some(0.0); superpixels];
        }
        let clusters = clusters(&answered.drawn.masks, enumerated);
        if clusters.len() < FEWEST {
            return vec![None; superpixels];
        }
        // Each draw's score; a pair that was drawn several times is several draws of one score.
        let draws = |cluster: &[usize]| {
            let repeats = answered.drawn.repeats.get(ENDS + cluster[0]);
            f64::from(repeats.copied().unwrap_or(1))
        };
        let score = |cluster: &Vec<usize>| {
            let draws = draws(cluster);
            let sum = |superpixel: usize| {
                let parts = cluster.iter().map(|&row| {
                    self.weights[row] * self.design[(superpixel, row)] * self.residuals[row]
                });
                parts.sum::<f64>() / draws
            };
            (draws, (0..superpixels - 1).map(sum).collect::<Vec<f64>>())
        };
        let scores: Vec<(f64, Vec<f64>)> = clusters.iter().map(score).collect();
        let count: f64 = scores.iter().map(|(draws, _)| draws).sum();
        let mean = |superpixel: usize| {
            let parts = scores
                .iter()
                .map(|(draws, score)| draws * score[superpixel]);
            parts.sum::<f64>() / count
        };
        let means: Vec<f64> = (0..superpixels - 1).map(mean).collect();
        let influences = &self.inverse
            * Mat::from_fn(superpixels - 1, scores.len(), |superpixel, place| {
                let (draws, score) = &scores[place];
                draws.sqrt() * (score[superpixel] - means[superpixel])
            });
        // The last value is the total less the others.
        let influence = |superpixel: usize, place: usize| {
            if superpixel + 1 < superpixels {
                influences[(superpixel, place)]
            } else {
                -(0..superpixels - 1)
                    .map(|other| influences[(other, place)])
                    .sum::<f64>()
            }
        };
        let error = |superpixel: usize| {
            let squares = (0..scores.len()).map(|place| influence(superpixel, place).powi(2));
            Some((count / (count - 1.0) * squares.sum::<f64>()).sqrt())
        };
        (0..superpixels).map(error).collect()
    }
}

/// The inverse of a symmetric matrix on what it does not take to nothing.
fn pseudoinverse(matrix: &Mat<f64>) -> Mat<f64> {
    let size = matrix.nrows();
    let Ok(parts) = matrix.self_adjoint_eigen(Side::Lower) else {
        // Answers that are not finite: whoever checks the rows says so.
        return Mat::from_fn(size, size, |_, _| f64::NAN);
    };
    let (vectors, values) = (parts.U(), parts.S().column_vector());
    let largest = (0..size).map(|place| values[place]).fold(0.0, f64::max);
    let tolerance = largest * size as f64 * f64::EPSILON;
    let scaled = Mat::from_fn(size, size, |row, place| {
        let value = values[place];
        if value > tolerance {
            vectors[(row, place)] / value
        } else {
            0.0
        }
    });
    scaled * vectors.transpose()
}

/// The weight of each row after the ends. An enumerated mask has its share of its size's weight. Drawn masks share what the sizes leave that are not
/// enumerated, by how often each was drawn.
fn row_weights(answered: &Answered<'_>) -> Vec<f64> {
    let masks = &answered.drawn.masks;
    let superpixels = masks.superpixels();
    let of_sizes = size_weights(superpixels);
    let rows = masks.samples().saturating_sub(ENDS);
    let size = |row: usize| {
        let kept = masks.kept_count(ENDS + row);
        kept.min(superpixels - kept)
    };
    let enumerated = answered.drawn.enumerated.min(rows);
    let mut counts: BTreeMap<usize, f64> = BTreeMap::new();
    for row in 0..enumerated {
        *counts.entry(size(row)).or_default() += 1.0;
    }
    let left = 1.0 - counts.keys().map(|size| of_sizes[size - 1]).sum::<f64>();
    let repeats = |row: usize| {
        let repeats = answered.drawn.repeats.get(ENDS + row);
        f64::from(repeats.copied().unwrap_or(1))
    };
    let drawn: f64 = (enumerated..rows).map(repeats).sum();
    let weight = |row: usize| {
        if row < enumerated {
            of_sizes[size(row) - 1] / counts[&size(row)]
        } else {
            left * repeats(row) / drawn
        }
    };
    (0..rows).map(weight).collect()
}

/// The drawn rows, counted from behind the ends: each with its complement where that follows it.
fn clusters(masks: &Masks, enumerated: usize) -> Vec<Vec<usize>> {
    let rows = masks.samples() - ENDS;
    let complements = |row: usize| {
        let superpixels = 0..masks.superpixels();
        row + 1 < rows
            && superpixels.into_iter().all(|superpixel| {
                masks.kept(ENDS + row, superpixel) != masks.kept(ENDS + row + 1, superpixel)
            })
    };
    let mut clusters = Vec::new();
    let mut row = enumerated;
    while row < rows {
        let count = if complements(row) { 2 } else { 1 };
        clusters.push((row..row + count).collect());
        row += count;
    }
    clusters
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sampling::{Drawn, Seed};

    use super::*;

    fn answered<'a>(drawn: &'a Drawn, answers: &'a [f32]) -> Answered<'a> {
        Answered {
            drawn,
            probabilities: answers,
            correction: None,
            sampler: SHAPLEY,
            fitting: Fitting::Fixed,
            partition: None,
        }
    }

    /// The answer to a mask by a table of the answers to all masks.
    fn asked(drawn: &Drawn, table: &[f32]) -> Vec<f32> {
        let masks = &drawn.masks;
        let place = |row: usize| -> usize {
            let kept = (0..masks.superpixels()).filter(|&superpixel| masks.kept(row, superpixel));
            kept.map(|superpixel| 1 << superpixel).sum()
        };
        (0..masks.samples()).map(|row| table[place(row)]).collect()
    }

    /// Shapley's definition: the mean over all orders of what a superpixel adds.
    fn exact(table: &[f32], superpixels: usize) -> Vec<f64> {
        let factorial = |count: usize| (1..=count).map(|factor| factor as f64).product::<f64>();
        let value = |superpixel: usize| {
            let without = (0..table.len()).filter(|mask| mask & (1 << superpixel) == 0);
            let parts = without.map(|mask| {
                let kept = mask.count_ones() as usize;
                let weight =
                    factorial(kept) * factorial(superpixels - kept - 1) / factorial(superpixels);
                weight * (f64::from(table[mask | 1 << superpixel]) - f64::from(table[mask]))
            });
            parts.sum()
        };
        (0..superpixels).map(value).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn with_every_mask_they_are_the_exact_shapley_values(
            table in prop::collection::vec(0.0_f32..1.0, 1024), superpixels in 1usize..=10,
        ) {
            let table = &table[..1 << superpixels];
            let drawn = SHAPLEY.drawn(Seed([1; 32]), 2100, superpixels);
            let answers = asked(&drawn, table);
            let found = explanation(&answered(&drawn, &answers)).unwrap();
            for (found, expected) in found.weights.iter().zip(exact(table, superpixels)) {
                prop_assert!((found - expected).abs() < 1e-8, "{found}, {expected}");
            }
            prop_assert_eq!(found.standard_errors, vec![Some(0.0); superpixels]);
        }

        #[test]
        fn they_sum_to_what_the_image_has_above_nothing(
            table in prop::collection::vec(0.0_f32..1.0, 256), seed in any::<[u8; 32]>(), samples in 10usize..100,
        ) {
            let drawn = SHAPLEY.drawn(Seed(seed), samples, 8);
            let answers = asked(&drawn, &table);
            let sum: f64 = weights(&answered(&drawn, &answers)).unwrap().iter().sum();
            prop_assert!((sum - f64::from(table[255]) + f64::from(table[0])).abs() < 1e-9);
        }
    }

    /// As where masks are looked at before all of them are answered.
    #[test]
    fn enumerated_sizes_alone_tell_no_standard_error() {
        let drawn = SHAPLEY.drawn(Seed([1; 32]), 202, 12);
        let first = drawn.rows(0..ENDS + drawn.enumerated);
        let answers: Vec<f32> = (0..first.masks.samples())
            .map(|row| (row as f32).sin())
            .collect();
        let found = explanation(&answered(&first, &answers)).unwrap();
        assert_eq!(found.standard_errors, [None; 12]);
    }

    /// Values of many seeds spread as their standard errors say.
    #[test]
    fn standard_errors_tell_the_spread_over_seeds() {
        let table: Vec<f32> = (0..4096_u32)
            .map(|mask| (mask.count_ones() as f32 * 0.7).sin() + ((mask * 37 % 101) as f32) / 50.0)
            .collect();
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for seed in 0..200 {
            let drawn = SHAPLEY.drawn(Seed::derive(seed, &[b"spread"]), 302, 12);
            let answers = asked(&drawn, &table);
            let found = explanation(&answered(&drawn, &answers)).unwrap();
            values.push([found.weights[3], found.weights[11]]);
            errors.push([3, 11].map(|superpixel| found.standard_errors[superpixel].unwrap()));
        }
        for place in 0..2 {
            let mean = values.iter().map(|values| values[place]).sum::<f64>() / 200.0;
            let variance = values
                .iter()
                .map(|values| (values[place] - mean).powi(2))
                .sum::<f64>()
                / 199.0;
            let told = errors
                .iter()
                .map(|errors| errors[place].powi(2))
                .sum::<f64>()
                / 200.0;
            // A variance of 200 values has a standard error of a tenth.
            assert!((told / variance - 1.0).abs() < 0.4, "{told}, {variance}");
        }
    }
}
