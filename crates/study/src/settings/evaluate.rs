//! `[evaluate]`: how curves become scores.

use crate::reader::Section;

/// The first measures have nothing to set; the statistics between methods will.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {}

impl Settings {
    pub(crate) fn read(section: Section<'_>) -> Self {
        section.finish();
        Self {}
    }
}
