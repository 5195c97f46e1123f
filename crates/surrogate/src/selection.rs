//! Choosing the superpixels of a sparse explanation, as the lime package's `LimeBase` does.

use nalgebra::{DMatrix, DVector};

use crate::ridge::Regression;

/// Penalty of the fit whose largest weights are kept (lime: `highest_weights`).
const SELECTION_ALPHA: f64 = 0.01;

/// The `count` superpixels of the largest absolute weight, ascending; ties by lower id.
pub(crate) fn highest_weights(regression: &Regression, count: usize) -> Vec<usize> {
    let all: Vec<usize> = (0..regression.moment.len()).collect();
    let model = regression.ridge(all.clone(), SELECTION_ALPHA);
    let mut order = all;
    order.sort_by(|&a, &b| model.values[b].abs().total_cmp(&model.values[a].abs()));
    order.truncate(count);
    order.sort_unstable();
    order
}

/// Up to `count` superpixels, each the one that raises R^2 the most at alpha 0 given those before it, ascending;
/// ties by lower id.
///
/// The lime package fits every candidate anew. Here the chosen superpixel is swept out of the normal equations; the
/// gain of a candidate is then its remaining moment, squared, by its remaining square.
pub(crate) fn forward_selection(regression: &Regression, count: usize) -> Vec<usize> {
    let mut gram = regression.gram.clone();
    let mut moment = regression.moment.clone();
    let mut chosen = Vec::new();
    while chosen.len() < count.min(moment.len()) {
        let best = best_candidate(regression, &gram, &moment, &chosen);
        if is_new(regression, &gram, best) {
            sweep(&mut gram, &mut moment, best);
        }
        chosen.push(best);
    }
    chosen.sort_unstable();
    chosen
}

/// The superpixel not yet chosen that explains most of what is left.
fn best_candidate(
    regression: &Regression,
    gram: &DMatrix<f64>,
    moment: &DVector<f64>,
    chosen: &[usize],
) -> usize {
    let rounding = regression.tolerance() * regression.answer_square;
    let gain = |candidate: usize| {
        let gain = moment[candidate].powi(2) / gram[(candidate, candidate)];
        if is_new(regression, gram, candidate) && gain > rounding {
            gain
        } else {
            0.0
        }
    };
    let candidates = (0..moment.len()).filter(|candidate| !chosen.contains(candidate));
    let better = |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
    let best = candidates
        .map(|candidate| (candidate, gain(candidate)))
        .reduce(better);
    best.expect("fewer superpixels are chosen than there are").0
}

/// Whether a superpixel is more than a combination of those chosen.
fn is_new(regression: &Regression, gram: &DMatrix<f64>, candidate: usize) -> bool {
    let own = regression.gram[(candidate, candidate)];
    gram[(candidate, candidate)] > regression.tolerance() * own
}

/// Takes what a superpixel explains out of all others and of the answers.
fn sweep(gram: &mut DMatrix<f64>, moment: &mut DVector<f64>, pivot: usize) {
    let column = gram.column(pivot).clone_owned();
    let square = column[pivot];
    let explained = moment[pivot] / square;
    gram.ger(-1.0 / square, &column, &column, 1.0);
    moment.axpy(-explained, &column, 1.0);
}
