//! `[images]`: which images, what is known about them, and how a crop is cut.

use std::path::PathBuf;

use crate::reader::{Choice, Kind, Section};

/// Shortest side, in pixels, to which an image may be scaled. The built-in networks need 63 pixels.
const SMALLEST: u32 = 64;
/// Longest side, in pixels, to which the shorter side of an image may be scaled.
const LARGEST: u32 = 4096;

/// The class whose probability is explained and measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The class that the network predicts for the untouched image.
    Predicted,
    /// The class of the image's label.
    True,
}

impl Choice for Target {
    const WHAT: &'static str = "target";
    const ALL: &'static [(&'static str, Self)] =
        &[("predicted", Self::Predicted), ("true", Self::True)];
}

/// How an image is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resize {
    /// Pixels of the shorter side, at least `crop`; the shape stays.
    Shorter(u32),
    /// Height and width become those of the crop, whatever the shape was.
    Squash,
}

impl Resize {
    const SQUASH: &'static str = "squash";

    /// Either a number of pixels or `"squash"`.
    fn read(section: &mut Section<'_>) -> Self {
        if section.has_text("resize") {
            let expected = "`resize` must be a whole number of pixels, or \"squash\"";
            section.word("resize", Self::SQUASH, expected);
            return Self::Squash;
        }
        Self::Shorter(section.integer("resize", Some(256), SMALLEST..=LARGEST))
    }
}

/// The filter of the scaling; where an image shrinks it is as wide as the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interpolation {
    /// A triangle, as torchvision prepares images for the built-in architectures.
    Bilinear,
    /// Pillow's cubic, as timm prepares them for most networks.
    Bicubic,
}

impl Choice for Interpolation {
    const WHAT: &'static str = "interpolation";
    const ALL: &'static [(&'static str, Self)] =
        &[("bilinear", Self::Bilinear), ("bicubic", Self::Bicubic)];
}

/// Where the images are, and what is cut out of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder with the images; folders inside it are read too.
    pub folder: PathBuf,
    /// CSV file with the columns `path` and `label`.
    pub labels: Option<PathBuf>,
    /// Folder with a mask of the object for some of the images, under the image's own path.
    pub masks: Option<PathBuf>,
    /// Text file with one class name a line, in the order of the networks' outputs.
    pub classes: PathBuf,
    /// How an image is scaled before the crop is cut.
    pub resize: Resize,
    /// How values between pixels are found.
    pub interpolation: Interpolation,
    /// Height and width, in pixels, of the crop from the centre.
    pub crop: u32,
    /// The class that is asked about; [`Target::True`] only with labels.
    pub target: Target,
    /// Whether an image that any network gets wrong is dropped; true only with labels.
    pub require_correct: bool,
}

impl Settings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let labels = section.optional_path("labels", Kind::File);
        let labelled = section.has("labels");
        let settings = Self {
            folder: section.path("folder", Kind::Folder),
            labels,
            masks: section.optional_path("masks", Kind::Folder),
            classes: section.path("classes", Kind::File),
            resize: Resize::read(&mut section),
            interpolation: section.choice("interpolation", Interpolation::Bilinear),
            crop: section.integer("crop", Some(224), SMALLEST..=LARGEST),
            target: section.choice("target", Target::Predicted),
            require_correct: section.flag("require_correct", labelled),
        };
        settings.check(&section, labelled);
        section.finish();
        settings
    }

    fn check(&self, section: &Section<'_>, labelled: bool) {
        if let Resize::Shorter(shorter) = self.resize
            && self.crop > shorter
        {
            let title = "`crop` must not be larger than `resize`";
            let label = format!("a crop of {} does not fit into {shorter} pixels", self.crop);
            section.wrong("crop", title, label);
        }
        let needs = "name the file with `labels`, or change this";
        if self.target == Target::True && !labelled {
            section.wrong("target", "`target = \"true\"` needs labels", needs);
        }
        if self.require_correct && !labelled {
            let title = "`require_correct = true` needs labels";
            section.wrong("require_correct", title, needs);
        }
    }
}
