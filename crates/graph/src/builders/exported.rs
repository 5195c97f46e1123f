//! Networks that `torch.export` wrote: keys of their results hold the code of the reader by this file.

use crate::pt2::{self, Program, Refusal};

/// The network in the content of a `.pt2` file.
pub fn exported(bytes: &[u8]) -> Result<Program<'_>, Refusal> {
    pt2::read(bytes)
}
