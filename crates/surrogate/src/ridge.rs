//! Weighted ridge regression with an unpenalised intercept, by centred normal equations.

use nalgebra::{DMatrix, DVector};
use sampling::Masks;

/// A weighted regression of answers on masks, centred on its weighted means, which takes the intercept out of it.
pub(crate) struct Regression {
    weights: Vec<f64>,
    /// [superpixels, samples], less the superpixels' means: a column is a sample.
    masks: DMatrix<f64>,
    mask_means: DVector<f64>,
    answers: Vec<f64>,
    /// Their weighted mean, which `answers` are less of.
    pub(crate) answer_mean: f64,
    /// `X_c^T W X_c`, [superpixels, superpixels].
    pub(crate) gram: DMatrix<f64>,
    /// `X_c^T W y_c`, [superpixels].
    pub(crate) moment: DVector<f64>,
    /// `y_c^T W y_c`.
    pub(crate) answer_square: f64,
}

/// Coefficients of some of the superpixels.
pub(crate) struct Coefficients {
    /// The superpixels in the model, ascending.
    pub(crate) active: Vec<usize>,
    /// One value for each of `active`.
    pub(crate) values: DVector<f64>,
    /// `G^-1` with `G = X_c^T W X_c + alpha I` over `active`; the pseudo-inverse where G is singular.
    inverse: DMatrix<f64>,
}

impl Regression {
    /// Needs a weight and an answer for each mask, all finite, and a positive sum of weights.
    pub(crate) fn new(masks: &Masks, answers: &[f64], weights: Vec<f64>) -> Self {
        let total: f64 = weights.iter().sum();
        let kept = |superpixel, sample| f64::from(u8::from(masks.kept(sample, superpixel)));
        let mut centred = DMatrix::from_fn(masks.superpixels(), masks.samples(), kept);
        // A sum of the weights in this same order, so that the mean of a superpixel that is always kept is exactly 1.
        let mut mask_means = DVector::zeros(masks.superpixels());
        for (column, &weight) in centred.column_iter().zip(&weights) {
            mask_means.axpy(weight, &column, 1.0);
        }
        mask_means /= total;
        centred
            .column_iter_mut()
            .for_each(|mut column| column -= &mask_means);
        // Relative to one of them, equal answers are exactly 0, and so is whatever is made of them.
        let origin = answers[0];
        let weighted = answers
            .iter()
            .zip(&weights)
            .map(|(answer, weight)| weight * (answer - origin));
        let shift = weighted.sum::<f64>() / total;
        let answers = answers
            .iter()
            .map(|answer| answer - origin - shift)
            .collect();
        Self::centred(centred, mask_means, answers, origin + shift, weights)
    }

    fn centred(
        masks: DMatrix<f64>,
        mask_means: DVector<f64>,
        answers: Vec<f64>,
        answer_mean: f64,
        weights: Vec<f64>,
    ) -> Self {
        let superpixels = masks.nrows();
        let mut gram = DMatrix::zeros(superpixels, superpixels);
        let mut moment = DVector::zeros(superpixels);
        for ((column, &weight), &answer) in masks.column_iter().zip(&weights).zip(&answers) {
            gram.syger(weight, &column, &column, 1.0);
            moment.axpy(weight * answer, &column, 1.0);
        }
        gram.fill_upper_triangle_with_lower_triangle();
        let answer_square = answers
            .iter()
            .zip(&weights)
            .map(|(answer, weight)| weight * answer * answer)
            .sum();
        Self {
            weights,
            masks,
            mask_means,
            answers,
            answer_mean,
            gram,
            moment,
            answer_square,
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

    /// `w_i d_i`: by how much another answer to a sample differs from the one fitted, weighted.
    pub(crate) fn weighted_difference(&self, sample: usize, answer: f64) -> f64 {
        self.weights[sample] * (answer - self.answer_mean - self.answers[sample])
    }

    /// `G^-1 w_i (x_i - xbar) d_i`: what another answer to a sample does to the coefficients.
    pub(crate) fn influence(
        &self,
        model: &Coefficients,
        sample: usize,
        answer: f64,
    ) -> DVector<f64> {
        let row = self.masks.column(sample).select_rows(&model.active);
        &model.inverse * row * self.weighted_difference(sample, answer)
    }

    /// Share of the largest pivot or eigenvalue below which another one is rounding, as in `numpy.linalg.lstsq`.
    pub(crate) fn tolerance(&self) -> f64 {
        self.masks.nrows().max(self.masks.ncols()) as f64 * f64::EPSILON
    }

    /// Solves `(X_c^T W X_c + alpha I) b = X_c^T W y_c` over the superpixels `active`.
    ///
    /// Where alpha is 0 and the matrix is singular (more superpixels than samples, or two that always go together)
    /// the answer is the one of the least norm, as scikit-learn's.
    pub(crate) fn ridge(&self, active: Vec<usize>, alpha: f64) -> Coefficients {
        let mut gram = self.gram.select_rows(&active).select_columns(&active);
        (0..active.len()).for_each(|index| gram[(index, index)] += alpha);
        let inverse = inverse(gram, self.tolerance());
        let values = &inverse * self.moment.select_rows(&active);
        Coefficients {
            active,
            values,
            inverse,
        }
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

    /// What the model leaves of each answer.
    pub(crate) fn residuals(&self, model: &Coefficients) -> Vec<f64> {
        let residual = |(sample, answer): (usize, &f64)| {
            let part =
                |(&superpixel, value): (&usize, &f64)| self.masks[(superpixel, sample)] * value;
            answer
                - model
                    .active
                    .iter()
                    .zip(&model.values)
                    .map(part)
                    .sum::<f64>()
        };
        self.answers.iter().enumerate().map(residual).collect()
    }

    /// Weighted R^2, at most 1; 1 where all answers are equal, since the intercept is then exact.
    pub(crate) fn r2(&self, residuals: &[f64]) -> f64 {
        let left: f64 = residuals
            .iter()
            .zip(&self.weights)
            .map(|(residual, weight)| weight * residual * residual)
            .sum();
        if self.answer_square > 0.0 {
            1.0 - left / self.answer_square
        } else {
            1.0
        }
    }

    /// Whether the masks of positive weight ever disagree about a superpixel.
    pub(crate) fn varies(&self, superpixel: usize) -> bool {
        self.gram[(superpixel, superpixel)] > 0.0
    }

    /// Variances of the coefficients: the diagonal of `G^-1 (sum over clusters of s s^T) G^-1`, where s is the
    /// cluster's sum of `w_i e_i x_i`. `clusters` lists the samples of each cluster.
    pub(crate) fn sandwich<'a>(
        &self,
        model: &Coefficients,
        residuals: &[f64],
        clusters: impl Iterator<Item = &'a [usize]>,
    ) -> DVector<f64> {
        let mut variances = DVector::zeros(model.active.len());
        for samples in clusters {
            let mut score = DVector::zeros(model.active.len());
            for &sample in samples {
                let row = self.masks.column(sample).select_rows(&model.active);
                score.axpy(self.weights[sample] * residuals[sample], &row, 1.0);
            }
            let influence = &model.inverse * score;
            variances += influence.component_mul(&influence);
        }
        variances
    }
}

/// Inverse of a symmetric matrix without negative eigenvalues, or its pseudo-inverse where it is singular.
fn inverse(matrix: DMatrix<f64>, tolerance: f64) -> DMatrix<f64> {
    let smallest_pivot = tolerance * matrix.diagonal().max();
    let factor = matrix.clone().cholesky();
    let regular = factor.filter(|factor| {
        factor
            .l_dirty()
            .diagonal()
            .iter()
            .all(|root| root * root > smallest_pivot)
    });
    regular.map_or_else(
        || pseudo_inverse(matrix, tolerance),
        |factor| factor.inverse(),
    )
}

fn pseudo_inverse(matrix: DMatrix<f64>, tolerance: f64) -> DMatrix<f64> {
    let eigen = matrix.symmetric_eigen();
    let smallest = tolerance * eigen.eigenvalues.max();
    let size = eigen.eigenvalues.len();
    let mut inverse = DMatrix::zeros(size, size);
    for (value, vector) in eigen
        .eigenvalues
        .iter()
        .zip(eigen.eigenvectors.column_iter())
    {
        if *value > smallest {
            inverse.ger(1.0 / value, &vector, &vector, 1.0);
        }
    }
    inverse
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_of_a_regular_matrix_undoes_it() {
        let matrix =
            DMatrix::from_row_slice(3, 3, &[4.0, 1.0, 0.5, 1.0, 3.0, 0.25, 0.5, 0.25, 2.0]);
        let product = inverse(matrix.clone(), 1e-14) * matrix;
        assert!((product - DMatrix::identity(3, 3)).amax() < 1e-14);
    }

    #[test]
    fn inverse_of_a_singular_matrix_is_its_pseudo_inverse() {
        let matrix = DMatrix::from_row_slice(2, 2, &[2.0, 2.0, 2.0, 2.0]);
        assert!((inverse(matrix, 1e-14) - DMatrix::from_element(2, 2, 0.125)).amax() < 1e-15);
        assert!(inverse(DMatrix::zeros(2, 2), 1e-14).amax() < 1e-300);
    }
}
