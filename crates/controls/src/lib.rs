//! Controls: orders of superpixels that come from no explanation, to hold explanations against.
//!
//! [`random`] draws an order, [`edges`] looks at the image and not at the network, [`greedy`] asks the network for each candidate at each
//! step, and [`oracle`] asks it about every subset and finds the order of least area. All put the superpixel to be removed first at the front,
//! and break ties by the seed, so that no control gains from how superpixels are numbered.

mod edges;
mod greedy;
mod oracle;
mod random;

pub use edges::{edge_strengths, edges};
pub use greedy::greedy;
pub use oracle::{MOST_SUPERPIXELS, OracleError, oracle};
pub use random::random;

/// A control's order, and the relevances behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// The superpixels, the one to be removed first at the front.
    pub order: Vec<u16>,
    /// Of each superpixel, higher meaning more relevant: a measured one, or, where the order is all that there is, how many
    /// superpixels come after it.
    pub relevance: Vec<f64>,
}

impl Ranking {
    /// An order without any measure behind it.
    fn of_order(order: Vec<u16>) -> Self {
        let mut relevance = vec![0.0; order.len()];
        for (after, &superpixel) in order.iter().rev().enumerate() {
            relevance[usize::from(superpixel)] = after as f64;
        }
        Self { order, relevance }
    }
}

/// The place of each superpixel in the order of the seed; among equals the lowest goes first.
fn priorities(seed: sampling::Seed, superpixels: usize) -> Vec<usize> {
    let mut priorities = vec![0; superpixels];
    for (place, superpixel) in random::shuffled(seed, superpixels).into_iter().enumerate() {
        priorities[usize::from(superpixel)] = place;
    }
    priorities
}
