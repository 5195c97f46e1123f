//! Inputs of `logits`.

use parts::{Pixels, Read};
use serde::Serialize;
use statistics::Reading;

use crate::names::Seen;
use crate::network::Network;

/// A network's answer to an untouched crop.
#[derive(Debug, Serialize)]
pub struct Logits {
    /// Names in the row.
    pub names: Seen,
    /// The crop.
    pub pixels: Read<Pixels>,
    /// The network.
    pub network: Network,
    /// How logits become probabilities.
    pub reading: Reading,
}
