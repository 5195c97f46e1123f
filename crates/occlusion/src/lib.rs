//! A network's answers to a crop with removed superpixels, for any replacement. A [`Scene`] is evaluated on masks. Several explanations of a scene
//! need the same masks (the untouched crop, the empty one, equal beginnings or ends of orders), so [`Distinct`] gathers them, and each is evaluated
//! once.

mod distinct;
mod loaded;
mod scene;

pub use distinct::Distinct;
pub use loaded::{Loaded, failed};
pub use scene::{Noise, Scene};
