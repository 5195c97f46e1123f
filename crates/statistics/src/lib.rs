//! Descriptive statistics of measured values, intervals, tests, and agreement.
//!
//! Every function takes finite numbers and returns None, never NaN, where the value is not defined: too few numbers, or one that is not
//! finite. Sums run in the order of the input, so that equal input gives equal bits.
//!
//! The image is the statistical unit and runs are nested in it. Three standard deviations are therefore kept apart:
//!
//! | name | of |
//! |---|---|
//! | [`std_over_images`] | the images' means over their runs |
//! | [`std_pooled`] | all image x run values together |
//! | [`std_over_runs`] | the runs of one image |
//!
//! What compares methods takes one number for each image: [`mean_interval`] and [`wilcoxon`] of differences, [`holm`] of the p-values,
//! [`concordance`] of the rankings. [`variance_components`] alone takes the runs.

mod bootstrap;
mod components;
mod describe;
mod effect;
mod holm;
mod kendall;
mod overlap;
mod reading;
mod spearman;
mod spread;
mod wilcoxon;

pub use bootstrap::{Interval, bca, jackknife, mean_interval};
pub use components::{Cell, Components, variance_components};
pub use describe::{FiveNumbers, five_numbers, mean, quantile, standard_deviation};
pub use effect::standardised_difference;
pub use holm::holm;
pub use kendall::{Concordance, concordance, kendall};
pub use overlap::{jaccard_of_top, sign_changes};
pub use reading::{Head, Measured, Reading, largest};
pub use spearman::{average_ranks, pearson, spearman};
pub use spread::{mean_over_images, std_over_images, std_over_runs, std_pooled};
pub use wilcoxon::{SignedRanks, wilcoxon};
