//! The action `curves`: explanation selectivity (Montavon et al. 2018). Superpixels go one after another, and the network is
//! asked at every step.

use imaging::Rgb;
use networks::{Classifier, NetworkError, Question};
use removal::{Order, OrderError, Replacement};

/// What is removed from where.
#[derive(Clone, Copy, Debug)]
pub struct Removal<'a> {
    /// The untouched crop.
    pub crop: &'a Rgb,
    /// The superpixel of every pixel.
    pub labels: &'a [u16],
    /// The relevance of every superpixel, higher meaning more relevant.
    pub relevance: &'a [f64],
    /// Which go first.
    pub order: Order,
    /// What stands in their place.
    pub replacement: Replacement,
    /// The network's mean colour, in [0, 1].
    pub mean: [f64; 3],
    /// The class that is watched.
    pub target: usize,
}

/// The crop after some removals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// The superpixel that went last; none at step 0.
    pub superpixel: Option<u16>,
    /// Share of the pixels that are removed, in [0, 1].
    pub removed_area: f64,
    /// Of the target.
    pub probability: f32,
    /// Of the target.
    pub logit: f32,
}

/// Why there is no curve.
#[derive(Debug, thiserror::Error)]
pub enum CurveError {
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// The relevances cannot be put in order.
    #[error(transparent)]
    Order(#[from] OrderError),
}

/// Step 0 is the untouched crop, step k has the first k superpixels replaced, the last step has all.
pub fn curve(
    classifier: &Classifier,
    removal: &Removal<'_>,
    interrupted: &dyn Fn() -> bool,
) -> Result<Vec<Step>, CurveError> {
    let superpixels = removal.relevance.len();
    let order = removal::order(removal.relevance, removal.order)?;
    let masks = removal::step_masks(&order)?;
    let replacement = removal::backdrop(
        removal.replacement,
        removal.crop,
        removal.labels,
        superpixels,
        removal.mean,
    );
    let question = Question {
        crop: removal.crop,
        replacement: &replacement,
        labels: removal.labels,
        masks: &masks,
        target: removal.target,
    };
    let answers = classifier.ask(&question, interrupted)?;
    let removed = std::iter::once(None).chain(order.iter().copied().map(Some));
    let steps = removed
        .zip(removed_areas(removal.labels, &order))
        .zip(answers.probabilities.into_iter().zip(answers.logits));
    Ok(steps
        .map(|((superpixel, removed_area), (probability, logit))| Step {
            superpixel,
            removed_area,
            probability,
            logit,
        })
        .collect())
}

/// The share of pixels that are gone after each step, from 0 to 1.
fn removed_areas(labels: &[u16], order: &[u16]) -> Vec<f64> {
    let mut pixels = vec![0_u64; order.len()];
    for &label in labels {
        pixels[usize::from(label)] += 1;
    }
    let mut removed = 0;
    let after = order.iter().map(|&superpixel| {
        removed += pixels[usize::from(superpixel)];
        removed as f64 / labels.len() as f64
    });
    std::iter::once(0.0).chain(after).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn areas_rise_from_nothing_to_all_by_each_superpixels_share() {
        assert_eq!(
            removed_areas(&[0, 1, 1, 2, 2, 2, 2, 2], &[2, 0, 1]),
            [0.0, 0.625, 0.75, 1.0]
        );
    }
}
