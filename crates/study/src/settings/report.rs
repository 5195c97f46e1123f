//! `[report]`: what the report says beside its numbers.

use crate::reader::Section;

/// What the report says beside its numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The heading.
    pub title: String,
}

impl Settings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let title = section.text("title", Some("Explanation selectivity"));
        section.finish();
        Self { title }
    }
}
