//! Means and standard deviations of values nested as images x runs.
//!
//! `values` holds for each image the values of its runs; images may have different numbers of runs.

use crate::{mean, standard_deviation};

/// The mean over images of each image's mean over its runs: every image counts the same, however many runs it has.
/// None without images, or where an image has no run.
pub fn mean_over_images<R: AsRef<[f64]>>(values: &[R]) -> Option<f64> {
    mean(&image_means(values)?)
}

/// Standard deviation (ddof 1) of the images' means over their runs. None for fewer than 2 images, or where an image has no
/// run.
pub fn std_over_images<R: AsRef<[f64]>>(values: &[R]) -> Option<f64> {
    standard_deviation(&image_means(values)?)
}

/// Standard deviation (ddof 1) of all image x run values as one sample. None for fewer than 2 values.
pub fn std_pooled<R: AsRef<[f64]>>(values: &[R]) -> Option<f64> {
    let all: Vec<f64> = values.iter().flat_map(AsRef::as_ref).copied().collect();
    standard_deviation(&all)
}

/// Standard deviation (ddof 1) of one image's values over its runs. None for fewer than 2 runs.
pub fn std_over_runs(runs: &[f64]) -> Option<f64> {
    standard_deviation(runs)
}

fn image_means<R: AsRef<[f64]>>(values: &[R]) -> Option<Vec<f64>> {
    values.iter().map(|runs| mean(runs.as_ref())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_deviations_differ() {
        let values = [vec![1.0, 3.0], vec![6.0], vec![2.0, 4.0, 6.0]];
        assert_eq!(mean_over_images(&values), Some(4.0));
        assert_eq!(std_over_images(&values), Some(2.0));
        // Squares around 22 / 6: 102 - 22^2 / 6, by 5.
        let pooled = ((102.0 - 484.0 / 6.0) / 5.0_f64).sqrt();
        assert!((std_pooled(&values).unwrap() - pooled).abs() < 1e-12);
        assert_eq!(std_over_runs(&values[2]), Some(2.0));
    }

    #[test]
    fn what_is_not_defined_is_none() {
        assert_eq!(
            (
                std_over_images(&[[1.0, 2.0]]),
                std_pooled(&[[1.0]]),
                std_over_runs(&[1.0])
            ),
            (None, None, None)
        );
        assert_eq!(mean_over_images(&[vec![1.0], vec![]]), None);
        assert_eq!(mean_over_images::<Vec<f64>>(&[]), None);
    }
}
