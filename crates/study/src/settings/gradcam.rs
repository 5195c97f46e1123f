//! `[methods.NAME]` with `kind = "gradcam"`.

use crate::reader::Section;

/// Grad-CAM has nothing to set: its layer belongs to the network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {}

impl Settings {
    pub(crate) fn read(section: Section<'_>) -> Self {
        section.finish();
        Self {}
    }
}
