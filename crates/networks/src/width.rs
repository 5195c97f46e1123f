//! The width of a network.

use crate::error::NetworkError;

/// Every number of channels as a multiple of the published one; 1 is the published network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Width(f64);

impl Width {
    /// That of the published networks.
    pub const PUBLISHED: Self = Self(1.0);

    /// Accepts a width above 0 and at most 4.
    pub fn new(width: f64) -> Result<Self, NetworkError> {
        if width > 0.0 && width <= 4.0 {
            Ok(Self(width))
        } else {
            Err(NetworkError::Width { width })
        }
    }

    /// The multiple itself.
    pub fn get(self) -> f64 {
        self.0
    }
}
