//! `[evaluate]`: how explanations, curves and methods are measured and compared.

use std::ops::Bound;

use crate::reader::Section;

/// How methods are compared, and what counts as agreement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Bootstrap resamples of an interval, 100 to 1,000,000.
    pub resamples: u32,
    /// Level of intervals, at least 0.5 and below 1.
    pub confidence: f64,
    /// Rank correlation between runs from which a number of samples is enough, above 0 and at most 1.
    pub agreement: f64,
}

impl Settings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let below_1 = (Bound::Included(0.5), Bound::Excluded(1.0));
        let above_0 = (Bound::Excluded(0.0), Bound::Included(1.0));
        let settings = Self {
            resamples: section.integer("resamples", Some(10_000), 100..=1_000_000),
            confidence: section.number("confidence", Some(0.95), below_1),
            agreement: section.number("agreement", Some(0.9), above_0),
        };
        section.finish();
        settings
    }
}
