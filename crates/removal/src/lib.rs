//! Removing superpixels one after another, and the areas under the curve of probabilities that results
//! (explanation selectivity, Montavon et al. 2018).
//!
//! [`order`] turns relevances into an order, [`step_masks`] an order into the masks that the network evaluates, and [`areas`]
//! the answers into numbers. A removed superpixel shows a [`Replacement`]; [`backdrop`] is the image of a replacement that is the same for all masks.

mod areas;
mod backdrop;
mod direction;
mod order;
mod ranks;
mod replacement;
mod steps;
mod ties;

pub use areas::{Areas, AreasError, areas};
pub use backdrop::backdrop;
pub use direction::Order;
pub use order::{OrderError, order};
pub use ranks::ranks;
pub use replacement::{Backdrop, Replacement};
pub use steps::{StepsError, reversed, step_masks};
pub use ties::tied;
