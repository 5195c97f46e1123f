//! Methods that give an order of the superpixels.

use imaging::Rgb;
use parts::ActionError;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sampling::{Masks, Seed};

use crate::plugin::Plugin;

/// Draws an order of so many superpixels, at most 65,536, by a seed. Its setting is how many orders a study has.
pub type Drawn = Plugin<fn(usize, Seed) -> Ranking, u32>;

/// Orders superpixels by the image alone: from the crop, the superpixel of each pixel, how many there are, and a seed that breaks ties.
pub type Seen = Plugin<fn(&Rgb, &[u16], usize, Seed) -> Ranking>;

/// Evaluates the network on masks while it searches for an order.
pub type Searched = Plugin<Search>;

/// A search.
#[derive(Clone, Copy, Debug)]
pub struct Search {
    /// Most superpixels that it takes, where it does not take any number.
    pub most: Option<usize>,
    /// How many masks it asks about, at most, by the number of superpixels.
    pub queries: fn(u64) -> u64,
    /// Finds the order of so many superpixels; a seed breaks ties.
    pub find: fn(usize, Seed, Ask<'_>) -> Result<Ranking, ActionError>,
}

/// Gives the class's probability, or logit, under each mask.
pub type Ask<'a> = &'a mut dyn FnMut(&Masks) -> Result<Vec<f32>, ActionError>;

/// An order, and the relevances behind it.
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
    pub(crate) fn of_order(order: Vec<u16>) -> Self {
        let mut relevance = vec![0.0; order.len()];
        for (after, &superpixel) in order.iter().rev().enumerate() {
            relevance[usize::from(superpixel)] = after as f64;
        }
        Self { order, relevance }
    }
}

/// The place of each superpixel in the order of the seed; among equals the lowest goes first.
pub(crate) fn priorities(seed: Seed, superpixels: usize) -> Vec<usize> {
    let mut priorities = vec![0; superpixels];
    for (place, superpixel) in shuffled(seed, superpixels).into_iter().enumerate() {
        priorities[usize::from(superpixel)] = place;
    }
    priorities
}

/// An order drawn uniformly from all orders: Fisher and Yates' shuffle, from the end.
pub(crate) fn shuffled(seed: Seed, superpixels: usize) -> Vec<u16> {
    let mut generator = ChaCha8Rng::from_seed(seed.0);
    let mut order: Vec<u16> = (0..=u16::MAX).take(superpixels).collect();
    for last in (1..order.len()).rev() {
        let chosen = below(&mut generator, last as u32 + 1);
        order.swap(last, chosen as usize);
    }
    order
}

/// A number from 0 to `end` - 1, each as likely: numbers of the last, incomplete round are redrawn.
fn below(generator: &mut ChaCha8Rng, end: u32) -> u32 {
    let rounds = u32::MAX - u32::MAX % end;
    loop {
        let number = generator.next_u32();
        if number < rounds {
            return number % end;
        }
    }
}
