//! LIME's surrogate (Ribeiro et al. 2016): from masks and probabilities to a weight for each superpixel.
//!
//! A linear model of the masks is fitted to the network's answers, weighted by how near each mask is to the untouched
//! image, with a ridge penalty and an unpenalised intercept. The numbers are those of the lime package, 0.2.0.1, and of
//! scikit-learn's `Ridge`, which it calls. All sums run in a fixed order, so that a result does not depend on threads.

mod correction;
mod fit;
mod kernel;
#[cfg(test)]
mod laws;
mod ridge;
mod selection;

pub use correction::Correction;
pub use fit::{
    Explanation, Features, Settings, SurrogateError, correction_size, fit, fit_clustered,
    fit_corrected, weights,
};
pub use kernel::Distance;
