//! Weighted ridge regression with an unpenalised intercept.
//!
//! Let A be the masks and z the answers, both centred on their weighted means and scaled by the roots of the weights. The coefficients are
//! `(A^T A + alpha I)^-1 A^T z`, which equals `A^T (A A^T + alpha I)^-1 z`. So the system that is solved is as large as the number of
//! superpixels or of samples, whichever is smaller (the dual form: Saunders, Gammerman and Vovk 1998).

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::{Llt, Solve};
use faer::{Accum, Mat, MatRef, Par, Side};
use sampling::Masks;

/// A weighted regression of answers on masks, centred on its weighted means, which takes the intercept out of it.
pub(crate) struct Regression {
    weights: Vec<f64>,
    /// `A^T`, [superpixels, samples]: a column is a sample.
    masks: Mat<f64>,
    mask_means: Vec<f64>,
    /// Less `answer_mean`; not scaled.
    answers: Vec<f64>,
    pub(crate) answer_mean: f64,
    /// `A^T z`, one for each superpixel.
    pub(crate) moment: Vec<f64>,
    /// The diagonal of `A^T A`, one for each superpixel.
    pub(crate) squares: Vec<f64>,
    /// `z^T z`.
    pub(crate) answer_square: f64,
}

/// Coefficients of some of the superpixels.
pub(crate) struct Coefficients {
    /// The superpixels in the model, ascending.
    pub(crate) active: Vec<usize>,
    /// One value for each of `active`.
    pub(crate) values: Vec<f64>,
    /// `A^T` over `active`, [active, samples].
    masks: Mat<f64>,
    inverse: Inverse,
}

impl Regression {
    /// Needs a weight and an answer for each mask, all finite, and a positive sum of weights.
    pub(crate) fn new(masks: &Masks, answers: &[f64], weights: Vec<f64>) -> Self {
        let total: f64 = weights.iter().sum();
        let mask_means = mask_means(masks, &weights, total);
        // Relative to one of them, equal answers are exactly 0, and so is whatever is made of them.
        let origin = answers[0];
        let weighted = answers
            .iter()
            .zip(&weights)
            .map(|(answer, weight)| weight * (answer - origin));
        let shift = weighted.sum::<f64>() / total;
        let answers: Vec<f64> = answers
            .iter()
            .map(|answer| answer - origin - shift)
            .collect();
        let roots: Vec<f64> = weights.iter().map(|weight| weight.sqrt()).collect();
        let scaled = |superpixel: usize, sample: usize| {
            let kept = f64::from(u8::from(masks.kept(sample, superpixel)));
            roots[sample] * (kept - mask_means[superpixel])
        };
        let masks = Mat::from_fn(masks.superpixels(), masks.samples(), scaled);
        let scaled: Vec<f64> = roots
            .iter()
            .zip(&answers)
            .map(|(root, answer)| root * answer)
            .collect();
        Self {
            moment: combine(&masks, &scaled),
            squares: squares(&masks),
            answer_square: scaled.iter().map(|answer| answer * answer).sum(),
            answer_mean: origin + shift,
            weights,
            masks,
            mask_means,
            answers,
        }
    }

    /// Number of masks.
    pub(crate) fn samples(&self) -> usize {
        self.weights.len()
    }

    /// Sum of the masks' weights.
    pub(crate) fn total_weight(&self) -> f64 {
        self.weights.iter().sum()
    }

    /// By how much another answer to a sample differs from the one fitted.
    fn difference(&self, sample: usize, answer: f64) -> f64 {
        answer - self.answer_mean - self.answers[sample]
    }

    /// That difference times the sample's weight.
    pub(crate) fn weighted_difference(&self, sample: usize, answer: f64) -> f64 {
        self.weights[sample] * self.difference(sample, answer)
    }

    /// What other answers to some samples do to the coefficients, [active, samples given].
    pub(crate) fn influences(
        &self,
        model: &Coefficients,
        samples: &[usize],
        answers: &[f32],
    ) -> Mat<f64> {
        let mut influences = model.responses(samples);
        for (place, (&sample, &answer)) in samples.iter().zip(answers).enumerate() {
            let scale = self.weights[sample].sqrt() * self.difference(sample, answer.into());
            influences
                .col_as_slice_mut(place)
                .iter_mut()
                .for_each(|value| *value *= scale);
        }
        influences
    }

    /// Share of the largest pivot or eigenvalue below which another one is rounding, as in `numpy.linalg.lstsq`.
    pub(crate) fn tolerance(&self) -> f64 {
        self.masks.nrows().max(self.masks.ncols()) as f64 * f64::EPSILON
    }

    /// Solves `(A^T A + alpha I) b = A^T z` over the superpixels `active`.
    ///
    /// Where alpha is 0 and the matrix is singular (more superpixels than samples, or two that always go together)
    /// the answer is the one of the least norm, as scikit-learn's.
    pub(crate) fn ridge(&self, active: Vec<usize>, alpha: f64) -> Coefficients {
        let masks = Mat::from_fn(active.len(), self.samples(), |row, sample| {
            self.masks[(active[row], sample)]
        });
        let dual = is_dual(&masks);
        let mut system = square(if dual {
            masks.transpose()
        } else {
            masks.as_ref()
        });
        (0..system.nrows()).for_each(|index| system[(index, index)] += alpha);
        let inverse = Inverse::new(&system, self.tolerance());
        let values = if dual {
            combine(&masks, &inverse.solve_one(&self.scaled_answers()))
        } else {
            let moment: Vec<f64> = active
                .iter()
                .map(|&superpixel| self.moment[superpixel])
                .collect();
            inverse.solve_one(&moment)
        };
        Coefficients {
            active,
            values,
            masks,
            inverse,
        }
    }

    fn scaled_answers(&self) -> Vec<f64> {
        self.weights
            .iter()
            .zip(&self.answers)
            .map(|(weight, answer)| weight.sqrt() * answer)
            .collect()
    }

    /// The model's answer to the mask that keeps nothing, if the answers' mean is `answer_mean`.
    pub(crate) fn intercept(&self, model: &Coefficients, answer_mean: f64) -> f64 {
        let at_means = |(&superpixel, value): (&usize, &f64)| self.mask_means[superpixel] * value;
        answer_mean
            - model
                .active
                .iter()
                .zip(&model.values)
                .map(at_means)
                .sum::<f64>()
    }

    /// What the model leaves of each scaled answer.
    pub(crate) fn residuals(&self, model: &Coefficients) -> Vec<f64> {
        let mut residuals = self.scaled_answers();
        for (sample, residual) in residuals.iter_mut().enumerate() {
            let column = model.masks.col_as_slice(sample);
            *residual -= column
                .iter()
                .zip(&model.values)
                .map(|(mask, value)| mask * value)
                .sum::<f64>();
        }
        residuals
    }

    /// Weighted R^2, at most 1; 1 where all answers are equal, since the intercept is then exact.
    pub(crate) fn r2(&self, residuals: &[f64]) -> f64 {
        let left: f64 = residuals.iter().map(|residual| residual * residual).sum();
        if self.answer_square > 0.0 {
            1.0 - left / self.answer_square
        } else {
            1.0
        }
    }

    /// Whether the masks of positive weight ever disagree about a superpixel.
    pub(crate) fn varies(&self, superpixel: usize) -> bool {
        self.squares[superpixel] > 0.0
    }

    /// The column of `A^T A` that belongs to a superpixel.
    pub(crate) fn products(&self, superpixel: usize) -> Vec<f64> {
        let row: Vec<f64> = (0..self.samples())
            .map(|sample| self.masks[(superpixel, sample)])
            .collect();
        combine(&self.masks, &row)
    }
}

impl Coefficients {
    /// `G^-1 A^T` with `G = A^T A + alpha I`, [active, samples given]: how far the coefficients follow the scaled answer to each of `samples`.
    fn responses(&self, samples: &[usize]) -> Mat<f64> {
        if is_dual(&self.masks) {
            let unit = |row, column: usize| f64::from(u8::from(row == samples[column]));
            let units = Mat::from_fn(self.masks.ncols(), samples.len(), unit);
            &self.masks * self.inverse.solve(units)
        } else {
            let chosen = |row, column: usize| self.masks[(row, samples[column])];
            self.inverse
                .solve(Mat::from_fn(self.masks.nrows(), samples.len(), chosen))
        }
    }

    /// Variances of the coefficients: the diagonal of `G^-1 (sum over clusters of s s^T) G^-1`, where s is the
    /// cluster's sum of residuals times columns of `A^T`. `clusters` lists the samples of each cluster.
    pub(crate) fn sandwich<'a>(
        &self,
        residuals: &[f64],
        clusters: impl Iterator<Item = &'a [usize]>,
    ) -> Vec<f64> {
        let all: Vec<usize> = (0..self.masks.ncols()).collect();
        let responses = self.responses(&all);
        let mut variances = vec![0.0; self.active.len()];
        for samples in clusters {
            let mut influence = vec![0.0; self.active.len()];
            for &sample in samples {
                add(
                    &mut influence,
                    residuals[sample],
                    responses.col_as_slice(sample),
                );
            }
            for (variance, value) in variances.iter_mut().zip(influence) {
                *variance += value * value;
            }
        }
        variances
    }
}

/// Inverse of a symmetric matrix without negative eigenvalues.
enum Inverse {
    Regular(Llt<f64>),
    /// The pseudo-inverse of a singular matrix is this times its transpose.
    Singular(Mat<f64>),
}

impl Inverse {
    /// Of the matrix of which `lower` holds the lower triangle.
    fn new(lower: &Mat<f64>, tolerance: f64) -> Self {
        let diagonal = lower.diagonal().column_vector().iter();
        let smallest = tolerance * diagonal.fold(0.0_f64, |most, &value| most.max(value));
        let is_regular = |factor: &Llt<f64>| {
            let mut roots = factor.L().diagonal().column_vector().iter();
            roots.all(|root| root * root > smallest)
        };
        match lower.llt(Side::Lower) {
            Ok(factor) if is_regular(&factor) => Self::Regular(factor),
            _ => Self::Singular(root_of_pseudo_inverse(lower, tolerance)),
        }
    }

    fn solve(&self, mut right: Mat<f64>) -> Mat<f64> {
        match self {
            Self::Regular(factor) => {
                factor.solve_in_place(&mut right);
                right
            }
            Self::Singular(root) => root * (root.transpose() * right),
        }
    }

    fn solve_one(&self, right: &[f64]) -> Vec<f64> {
        let right = Mat::from_fn(right.len(), 1, |row, _| right[row]);
        self.solve(right).col_as_slice(0).to_vec()
    }
}

/// The eigenvectors of the eigenvalues above 0, each by the root of its eigenvalue.
fn root_of_pseudo_inverse(lower: &Mat<f64>, tolerance: f64) -> Mat<f64> {
    let eigen = lower
        .self_adjoint_eigen(Side::Lower)
        .expect("the eigenvalues of a finite symmetric matrix converge");
    let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
    // They ascend.
    let smallest = tolerance * values.last().copied().unwrap_or(0.0);
    let zeros = values.partition_point(|&value| value <= smallest);
    Mat::from_fn(values.len(), values.len() - zeros, |row, column| {
        eigen.U()[(row, zeros + column)] / values[zeros + column].sqrt()
    })
}

/// Whether the system of the samples is the smaller one.
fn is_dual(masks: &Mat<f64>) -> bool {
    masks.ncols() < masks.nrows()
}

/// The lower triangle of `M M^T`.
fn square(matrix: MatRef<'_, f64>) -> Mat<f64> {
    let mut product = Mat::zeros(matrix.nrows(), matrix.nrows());
    triangular::matmul(
        &mut product,
        BlockStructure::TriangularLower,
        Accum::Replace,
        matrix,
        BlockStructure::Rectangular,
        matrix.transpose(),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    product
}

/// Weighted mean of each superpixel, in the order in which the weights are summed up: that of one that is always kept is exactly 1.
fn mask_means(masks: &Masks, weights: &[f64], total: f64) -> Vec<f64> {
    let mean = |superpixel| {
        let kept = (0..masks.samples()).filter(|&sample| masks.kept(sample, superpixel));
        kept.map(|sample| weights[sample]).sum::<f64>() / total
    };
    (0..masks.superpixels()).map(mean).collect()
}

/// The sum of the columns, each by its factor.
fn combine(columns: &Mat<f64>, factors: &[f64]) -> Vec<f64> {
    let mut sum = vec![0.0; columns.nrows()];
    for (column, &factor) in factors.iter().enumerate() {
        add(&mut sum, factor, columns.col_as_slice(column));
    }
    sum
}

/// The sum of squares of each row.
fn squares(matrix: &Mat<f64>) -> Vec<f64> {
    let mut sum = vec![0.0; matrix.nrows()];
    for column in 0..matrix.ncols() {
        for (sum, value) in sum.iter_mut().zip(matrix.col_as_slice(column)) {
            *sum += value * value;
        }
    }
    sum
}

/// Adds the values, each by the factor.
pub(crate) fn add(sum: &mut [f64], factor: f64, values: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += factor * value;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sampling::{Seed, samplers};

    use super::*;

    fn regression(samples: usize, superpixels: usize, answers: &[f64]) -> Regression {
        let masks = samplers::COIN.masks(Seed::derive(6, &[b"ridge"]), samples, superpixels);
        let weights = (0..samples).map(|sample| 1.0 / (1 + sample % 5) as f64);
        Regression::new(&masks, answers, weights.collect())
    }

    /// By how much the normal equations are missed: `A^T (z - A b) - alpha b`.
    fn missed(regression: &Regression, model: &Coefficients, alpha: f64) -> f64 {
        let explained = combine(&model.masks, &regression.residuals(model));
        let left = explained
            .iter()
            .zip(&model.values)
            .map(|(moment, value)| moment - alpha * value);
        left.map(f64::abs).fold(0.0, f64::max)
    }

    /// More samples than superpixels, as many, and fewer.
    const SHAPES: [[usize; 2]; 3] = [[40, 9], [9, 9], [9, 40]];

    proptest! {
        #[test]
        fn coefficients_solve_the_normal_equations_whichever_system_is_smaller(
            answers in prop::collection::vec(-1.0..1.0_f64, 40), shape in prop::sample::select(&SHAPES),
            alpha in prop_oneof![Just(0.0), 0.01..3.0_f64], every in 1_usize..4,
        ) {
            let [samples, superpixels] = shape;
            let regression = regression(samples, superpixels, &answers[..samples]);
            let model = regression.ridge((0..superpixels).step_by(every).collect(), alpha);
            prop_assert!(missed(&regression, &model, alpha) < 1e-12);
        }

        #[test]
        fn coefficients_follow_an_answer_by_its_response(
            answers in prop::collection::vec(-1.0..1.0_f64, 40), shape in prop::sample::select(&SHAPES),
            alpha in prop_oneof![Just(0.0), 0.01..3.0_f64], sample in 0_usize..9,
        ) {
            let [samples, superpixels] = shape;
            let all: Vec<usize> = (0..superpixels).collect();
            let before = regression(samples, superpixels, &answers[..samples]);
            let model = before.ridge(all.clone(), alpha);
            let influence = before.influences(&model, &[sample], &[1.5]);
            let mut answers = answers;
            answers[sample] = 1.5;
            let after = regression(samples, superpixels, &answers[..samples]).ridge(all, alpha);
            for (place, (before, after)) in model.values.iter().zip(&after.values).enumerate() {
                prop_assert!((after - before - influence[(place, 0)]).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn a_few_samples_of_thousands_of_superpixels_are_fitted() {
        let answers: Vec<f64> = (0..32).map(|sample| f64::from(sample).sin()).collect();
        let regression = regression(32, 4096, &answers);
        let model = regression.ridge((0..4096).collect(), 1.0);
        assert!(missed(&regression, &model, 1.0) < 1e-12);
        assert!(model.values.iter().any(|value| value.abs() > 1e-4));
    }

    fn solved(rows: &[[f64; 3]; 3], right: [f64; 3]) -> Vec<f64> {
        let matrix = Mat::from_fn(3, 3, |row, column| rows[row][column]);
        Inverse::new(&matrix, 1e-14).solve_one(&right)
    }

    fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
        let pairs = found.iter().zip(expected);
        assert!(
            found.len() == expected.len() && pairs.clone().all(|(a, b)| (a - b).abs() <= tolerance),
            "{found:?} for {expected:?}"
        );
    }

    #[test]
    fn a_regular_system_is_solved() {
        let rows = [[4.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 2.0]];
        let product = |row: [f64; 3]| row[0] - 2.0 * row[1] + 4.0 * row[2];
        assert_close(&solved(&rows, rows.map(product)), &[1.0, -2.0, 4.0], 1e-14);
    }

    #[test]
    fn a_singular_system_has_the_solution_of_least_norm() {
        let rows = [[2.0, 2.0, 0.0], [2.0, 2.0, 0.0], [0.0, 0.0, 3.0]];
        assert_close(&solved(&rows, [4.0, 4.0, 6.0]), &[1.0, 1.0, 2.0], 1e-14);
        assert_close(&solved(&[[0.0; 3]; 3], [1.0; 3]), &[0.0; 3], 0.0);
    }
}
