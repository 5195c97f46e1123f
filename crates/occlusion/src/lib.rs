//! What a network answers to a crop from which superpixels are removed, whatever stands in their place.
//!
//! A [`Scene`] is asked with masks. Several explanations of a scene ask about the same masks - the untouched crop, the empty one, what orders
//! begin or end with alike - so that [`Distinct`] gathers them, and each is asked once.

mod distinct;
mod loaded;
mod scene;

pub use distinct::Distinct;
pub use loaded::{Loaded, failed};
pub use scene::{Noise, Scene};
