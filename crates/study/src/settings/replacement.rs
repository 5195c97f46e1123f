//! What removed superpixels are replaced by, as pipeline.toml says it.

use crate::reader::Choice;

pub use removal::Replacement;

impl Choice for Replacement {
    const WHAT: &'static str = "replacement";
    const ALL: &'static [(&'static str, Self)] = &[
        ("mean", Self::Mean),
        ("black", Self::Black),
        ("gray", Self::Gray),
        ("blur", Self::Blur),
    ];
}
