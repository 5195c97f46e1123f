//! What a sampler is.

use std::fmt;
use std::ops::Range;

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
    /// What its law depends on besides, of a sampler that has such a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parameter: Option<f64>,
    /// How many masks are drawn together, by the number of superpixels.
    #[serde(skip)]
    pub(crate) block: fn(usize) -> usize,
    /// Draws masks from a seed: so many, over so many superpixels.
    #[serde(skip)]
    pub(crate) draw: fn(Sampler, Seed, usize, usize) -> Drawn,
}

/// Masks, and what their sampler knows of them besides.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawn {
    /// Row 0 is all ones.
    pub masks: Masks,
    /// How many of the rows after those that are always there are all masks of some sizes, and not drawn; the drawn ones follow.
    pub enumerated: usize,
    /// How often each row was drawn; empty where each was drawn once.
    pub repeats: Vec<u32>,
    /// Of masks over the cells of a grid by how much each is shifted up and to the left, in 65,536ths of a cell; empty of masks over superpixels.
    pub shifts: Vec<[u16; 2]>,
}

impl From<Masks> for Drawn {
    fn from(masks: Masks) -> Self {
        Self {
            masks,
            enumerated: 0,
            repeats: Vec::new(),
            shifts: Vec::new(),
        }
    }
}

impl Drawn {
    /// Some rows, in order.
    #[must_use]
    pub fn rows(&self, rows: Range<usize>) -> Self {
        Self {
            masks: self.masks.select(rows.clone()),
            enumerated: self.enumerated,
            repeats: self.repeats.get(rows.clone()).unwrap_or_default().to_vec(),
            shifts: self.shifts.get(rows).unwrap_or_default().to_vec(),
        }
    }
}

impl Sampler {
    /// The name in pipeline.toml and in the column `sampler`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// What its law depends on besides, of a sampler that has such a number.
    pub fn parameter(self) -> Option<f64> {
        self.parameter
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

    /// Draws `samples` masks over `superpixels` superpixels, or fewer where there are no more.
    ///
    /// The first n rows are the same for every `samples` of at least n, unless the sampler enumerates some.
    pub fn drawn(self, seed: Seed, samples: usize, superpixels: usize) -> Drawn {
        (self.draw)(self, seed, samples, superpixels)
    }

    /// The masks alone.
    pub fn masks(self, seed: Seed, samples: usize, superpixels: usize) -> Masks {
        self.drawn(seed, samples, superpixels).masks
    }
}

impl PartialEq for Sampler {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.parameter) == (other.name, other.parameter)
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
