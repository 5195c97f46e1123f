//! What a sampler is.

use std::fmt;

use serde::Serialize;

use crate::{Masks, Seed};

/// A rule that draws masks. Whatever the rule, row 0 is all ones: the untouched image.
///
/// A sampler is a plug-in: one file in `samplers` with one constant of this type. Whatever names a sampler in its inputs has the digest
/// of that file in its key.
#[derive(Clone, Copy, Serialize)]
pub struct Sampler {
    #[serde(rename = "plugin")]
    pub(crate) name: &'static str,
    /// `module_path!()` of the sampler's file.
    pub(crate) module: &'static str,
    /// How many masks are drawn together, by the number of superpixels.
    #[serde(skip)]
    pub(crate) block: fn(usize) -> usize,
    /// Draws masks from a seed: so many, over so many superpixels.
    #[serde(skip)]
    pub(crate) draw: fn(Seed, usize, usize) -> Masks,
}

impl Sampler {
    /// The name in pipeline.toml and in the column `sampler`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// How many masks are drawn together: 1, a pair, or a block.
    pub fn block(self, superpixels: usize) -> usize {
        (self.block)(superpixels)
    }

    /// For each of `samples` masks a number that it shares with the masks drawn together with it; row 0 is on its own.
    pub fn clusters(self, samples: usize, superpixels: usize) -> Vec<usize> {
        let block = self.block(superpixels);
        let rest = (1..samples).map(|sample| 1 + (sample - 1) / block);
        (0..samples.min(1)).chain(rest).collect()
    }

    /// Draws `samples` masks over `superpixels` superpixels.
    ///
    /// The first n rows are the same for every `samples` of at least n.
    pub fn masks(self, seed: Seed, samples: usize, superpixels: usize) -> Masks {
        (self.draw)(seed, samples, superpixels)
    }
}

impl PartialEq for Sampler {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

/// Its name alone: where functions lie in memory says nothing.
impl fmt::Debug for Sampler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

impl fmt::Display for Sampler {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name)
    }
}
