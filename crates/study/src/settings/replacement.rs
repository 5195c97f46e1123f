//! What removed superpixels are replaced by, as pipeline.toml says it.

use crate::reader::Choice;

pub use removal::{Backdrop, Replacement};

impl Choice for Replacement {
    const WHAT: &'static str = "replacement";
    const ALL: &'static [(&'static str, Self)] = &[
        ("mean", Self::Mean),
        ("black", Self::Black),
        ("gray", Self::Gray),
        ("blur", Self::Blur),
        ("noisy_linear", Self::NoisyLinear),
    ];
}

impl Choice for Backdrop {
    const WHAT: &'static str = "replacement";
    const ALL: &'static [(&'static str, Self)] = &[
        ("mean", Self::Mean),
        ("black", Self::Black),
        ("gray", Self::Gray),
        ("blur", Self::Blur),
    ];
}
