//! On which masks to evaluate a network.
//!
//! A mask says for every superpixel of an image whether it is kept (1) or replaced (0). [`Masks`] is the packed form
//! in which masks are stored, evaluated and fitted; a [`Sampler`] draws them; [`Seed`] names the random numbers.
//! A row depends on nothing but the seed and its own index, so asking for more samples extends a set of masks and
//! changes none of them.

mod again;
mod masks;
mod normal;
mod sampler;
pub mod samplers;
mod seed;
mod shapley;
mod shuffle;

pub use again::{STRATA, second_order, stratum};
pub use masks::{Masks, MasksError};
pub use normal::Normal;
pub use sampler::{Drawn, Sampler};
pub use seed::Seed;
pub use shapley::size_weights;
