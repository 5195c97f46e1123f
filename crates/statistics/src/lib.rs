//! Descriptive statistics of measured values.
//!
//! Every function takes finite numbers in any order and returns None, never NaN, where the value is not defined: too few
//! numbers, or one that is not finite. Sums run in the order of the input, so that equal input gives equal bits.
//!
//! The image is the statistical unit and runs are nested in it. Three standard deviations are therefore kept apart:
//!
//! | name | of |
//! |---|---|
//! | [`std_over_images`] | the images' means over their runs |
//! | [`std_pooled`] | all image x run values together |
//! | [`std_over_runs`] | the runs of one image |

mod describe;
mod spearman;
mod spread;

pub use describe::{FiveNumbers, five_numbers, mean, quantile, standard_deviation};
pub use spearman::{average_ranks, spearman};
pub use spread::{mean_over_images, std_over_images, std_over_runs, std_pooled};
