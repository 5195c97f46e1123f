//! What class activation maps have in common: the layer that they are made from, their enlargement, and the pooling over superpixels.
//!
//! Pure functions of slices: activations and gradients come from whoever runs the network. Axes are [channels, height, width] and
//! [height, width], row-major.

mod error;
mod layer;
mod pool;
mod resize;
mod soft;
mod taps;

pub use error::CamError;
pub use layer::{Activations, Channel, Layer};
pub use pool::pool;
pub use resize::{corners_aligned, enlarge};
pub use soft::soft_mask;
