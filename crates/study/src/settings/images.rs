//! `[images]`: which images, what is known about them, and how a crop is cut.

use std::path::PathBuf;

use crate::manifest;
use crate::reader::{Choice, Kind, Section};

/// Shortest side of a crop, in pixels, and the shortest to which an image may be scaled. Some built-in networks need more.
pub const SMALLEST: u32 = 16;
/// Longest side of a crop, in pixels, and the longest to which the shorter side of an image may be scaled.
pub const LARGEST: u32 = 4096;

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

/// The names of the classes, in the order of the networks' outputs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassList {
    /// Text file with one class name a line.
    File(PathBuf),
    /// The 1000 classes of `ImageNet`, in torchvision's order and words.
    ImageNet,
}

impl ClassList {
    /// The word in pipeline.toml for the shipped list.
    const IMAGENET: &'static str = "imagenet";

    /// What a person calls it: the file's path, or `imagenet`.
    pub fn display(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::ImageNet => Self::IMAGENET.to_owned(),
        }
    }
}

/// Where the images are, and what is cut out of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder with the images; folders inside it are read too. With a manifest: the folder at which its paths start.
    pub folder: PathBuf,
    /// CSV or Parquet file with a row for each image, in place of the folder's files, labels and masks.
    pub manifest: Option<PathBuf>,
    /// CSV file with the columns `path` and `label`.
    pub labels: Option<PathBuf>,
    /// Folder with a mask of the object for some of the images, under the image's own path.
    pub masks: Option<PathBuf>,
    /// The names of the classes.
    pub classes: ClassList,
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
        let masks = section.optional_path("masks", Kind::Folder);
        let manifest = section.optional_path("manifest", Kind::File);
        let by_manifest = section.has("manifest");
        for key in ["labels", "masks"] {
            if by_manifest && section.has(key) {
                let title = format!("`{key}` stands beside `manifest`, which has a column for it");
                section.wrong(key, title, "remove this, or `manifest`");
            }
        }
        let labelled =
            section.has("labels") || manifest.as_deref().is_some_and(manifest::has_labels);
        let folder = if by_manifest {
            let beside = manifest.as_deref().and_then(std::path::Path::parent);
            section
                .optional_path("folder", Kind::Folder)
                .or(beside.map(std::path::Path::to_path_buf))
                .unwrap_or_default()
        } else {
            section.path("folder", Kind::Folder)
        };
        let classes = match section.path_or_word("classes", Kind::File, ClassList::IMAGENET) {
            Some(path) => ClassList::File(path),
            None => ClassList::ImageNet,
        };
        let settings = Self {
            folder,
            manifest,
            labels,
            masks,
            classes,
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
        let needs = "name the file with `labels`, or a `manifest` with that column, or change this";
        if self.target == Target::True && !labelled {
            section.wrong("target", "`target = \"true\"` needs labels", needs);
        }
        if self.require_correct && !labelled {
            let title = "`require_correct = true` needs labels";
            section.wrong("require_correct", title, needs);
        }
    }
}
