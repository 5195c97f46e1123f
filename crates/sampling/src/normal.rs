//! Standard normal numbers.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng;

use crate::Seed;

/// Standard normal numbers (Box and Muller 1958), one of each pair.
#[derive(Debug)]
pub struct Normal(ChaCha8Rng);

impl Normal {
    /// The numbers of one of the 2^64 independent generators of a seed, from their start.
    pub fn of(seed: Seed, index: u64) -> Self {
        Self(seed.stream(index))
    }

    /// The next number.
    pub fn draw(&mut self) -> f64 {
        // Above 0 and at most 1, so that the logarithm is finite.
        let radius = (f64::from(self.0.next_u32()) + 1.0) / 4_294_967_296.0;
        let angle = f64::from(self.0.next_u32()) / 4_294_967_296.0;
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}
