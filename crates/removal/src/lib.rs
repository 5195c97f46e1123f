//! Removing superpixels one after another, and the areas under the curve of probabilities that results
//! (explanation selectivity, Montavon et al. 2018).
//!
//! [`order`] turns relevances into an order, [`step_masks`] an order into the masks that the network evaluates, and [`areas`]
//! the answers into numbers. What stands in place of a removed superpixel is a [`Replacement`],
//! and [`backdrop`] the image of one that is the same for all masks.

mod areas;
mod backdrop;
mod order;
mod replacement;

pub use areas::{Areas, AreasError, areas};
pub use backdrop::backdrop;
pub use order::{Order, OrderError, UnknownOrder, order, ranks, reversed, step_masks, tied};
pub use replacement::{Backdrop, Replacement, UnknownReplacement};
