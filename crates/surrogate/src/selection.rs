//! Choosing the superpixels of a sparse explanation, as the lime package's `LimeBase` does.

use crate::ridge::{Regression, add};

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
/// The lime package fits every candidate anew. Here what the chosen superpixel explains is taken out of the normal equations; the
/// gain of a candidate is then its remaining moment, squared, by its remaining square.
pub(crate) fn forward_selection(regression: &Regression, count: usize) -> Vec<usize> {
    let mut left = Left {
        regression,
        squares: regression.squares.clone(),
        moment: regression.moment.clone(),
        taken_out: Vec::new(),
    };
    let mut chosen = Vec::new();
    while chosen.len() < count.min(left.moment.len()) {
        let best = left.best_candidate(&chosen);
        if left.is_new(best) {
            left.take_out(best);
        }
        chosen.push(best);
    }
    chosen.sort_unstable();
    chosen
}

/// What the chosen superpixels leave to explain.
struct Left<'a> {
    regression: &'a Regression,
    /// The diagonal of what is left of the normal equations' matrix; no other entry of it is needed before its superpixel is chosen.
    squares: Vec<f64>,
    moment: Vec<f64>,
    /// Each superpixel that was taken out, with its column of the matrix at that time.
    taken_out: Vec<(usize, Vec<f64>)>,
}

impl Left<'_> {
    /// The superpixel not yet chosen that explains most of what is left.
    fn best_candidate(&self, chosen: &[usize]) -> usize {
        let rounding = self.regression.tolerance() * self.regression.answer_square;
        let gain = |candidate: usize| {
            let gain = self.moment[candidate].powi(2) / self.squares[candidate];
            if self.is_new(candidate) && gain > rounding {
                gain
            } else {
                0.0
            }
        };
        let candidates = (0..self.moment.len()).filter(|candidate| !chosen.contains(candidate));
        let better =
            |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
        let best = candidates
            .map(|candidate| (candidate, gain(candidate)))
            .reduce(better);
        best.expect("fewer superpixels are chosen than there are").0
    }

    /// Whether a superpixel is more than a combination of those chosen.
    fn is_new(&self, candidate: usize) -> bool {
        let own = self.regression.squares[candidate];
        self.squares[candidate] > self.regression.tolerance() * own
    }

    /// Takes what a superpixel explains out of all others and of the answers.
    fn take_out(&mut self, pivot: usize) {
        let mut column = self.regression.products(pivot);
        for (before, taken) in &self.taken_out {
            add(&mut column, -taken[pivot] / taken[*before], taken);
        }
        let square = column[pivot];
        let explained = self.moment[pivot] / square;
        for (left, value) in self.squares.iter_mut().zip(&column) {
            *left -= value * value / square;
        }
        add(&mut self.moment, -explained, &column);
        self.taken_out.push((pivot, column));
    }
}
