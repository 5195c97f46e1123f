//! Removing superpixels one after another, and the areas under the curve of probabilities that results
//! (explanation selectivity, Montavon et al. 2018).
//!
//! [`relevance`] reads an explanation, [`order`] turns relevances into an order, [`step_masks`] an order into the masks to ask the network, and [`areas`]
//! the answers into numbers. What stands in place of a removed superpixel is a [`Replacement`],
//! and [`backdrop`] the image of one that is the same for all masks.

mod areas;
mod backdrop;
mod order;
mod relevance;
mod replacement;

pub use areas::{Areas, AreasError, areas};
pub use backdrop::backdrop;
pub use order::{Order, OrderError, UnknownOrder, order, step_masks, tied};
pub use relevance::{Explanation, relevance};
pub use replacement::{Backdrop, Replacement, UnknownReplacement};
