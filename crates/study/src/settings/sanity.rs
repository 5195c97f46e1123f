//! `[sanity]`: explanations of the networks with their upper layers random (Adebayo et al. 2018).

use crate::reader::Section;

/// Which explanations are made again, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The first so many images by name, those left out that the study drops; 0: none, which is the default.
    pub images: u32,
    /// Into how many steps the way from the output layer down to the input is divided, 1 to 1000.
    pub depths: u32,
}

impl Settings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            images: section.integer("images", Some(0), 0..=u32::MAX),
            depths: section.integer("depths", Some(4), 1..=1000),
        };
        section.finish();
        settings
    }
}
