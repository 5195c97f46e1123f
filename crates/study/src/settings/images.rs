//! `[images]`: which images, what is known about them, and how a crop is cut.

use std::path::{Path, PathBuf};

pub use actions::Rule as Target;
use config::{Declared, Kind, Section, Value};
use imaging::{Filter, Preparation, PreparationError};

use crate::manifest;

/// Shortest side of a crop, in pixels, and the shortest to which an image may be scaled. Some built-in networks need more.
pub const SMALLEST: u32 = 16;
/// Longest side of a crop, in pixels, and the longest to which the shorter side of an image may be scaled.
pub const LARGEST: u32 = 4096;

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
    /// As torchvision prepares images.
    const USUAL: u32 = 256;
}

impl Value for Resize {
    type Limits = ();

    fn read(section: &mut Section<'_>, key: &'static str, _: Option<Self>, (): ()) -> Self {
        if section.has_text(key) {
            let expected = "`resize` must be a whole number of pixels, or \"squash\"";
            section.word(key, Self::SQUASH, expected);
            return Self::Squash;
        }
        Self::Shorter(section.integer(key, Some(Self::USUAL), SMALLEST..=LARGEST))
    }

    fn takes((): &()) -> String {
        format!(
            "a whole number from {SMALLEST} to {LARGEST}, pixels; or \"{}\"",
            Self::SQUASH
        )
    }

    fn written(&self) -> String {
        Self::USUAL.to_string()
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

config::choice!(Interpolation, "interpolation": Bilinear => "bilinear", Bicubic => "bicubic");

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

impl Value for ClassList {
    type Limits = ();

    fn read(section: &mut Section<'_>, key: &'static str, _: Option<Self>, (): ()) -> Self {
        let path = section.path_or_word(key, Kind::File, Self::IMAGENET);
        path.map_or(Self::ImageNet, Self::File)
    }

    fn takes((): &()) -> String {
        format!("the path of a file, or \"{}\"", Self::IMAGENET)
    }

    fn written(&self) -> String {
        format!("{:?}", self.display())
    }
}

config::settings! {
    /// Which images to use, what is known about them, and how crops are cut.
    pub(crate) struct Written {
        /// The folder with the images; folders inside it are read too. With a manifest, its paths start at this folder.
        folder: Option<PathBuf> [Kind::Folder] = None => "required without `manifest`; with one, its folder";
        /// CSV or Parquet file with a row for each image; it replaces the folder's files, `labels` and `masks`.
        manifest: Option<PathBuf> [Kind::File] = None => "none";
        /// CSV file with the columns `path` and `label`.
        labels: Option<PathBuf> [Kind::File] = None => "none";
        /// Folder with a mask of the object for some of the images, under the image's own path.
        masks: Option<PathBuf> [Kind::Folder] = None => "none";
        /// Text file with one class name on each line, in the order of the networks' outputs; or the 1000 classes of ImageNet.
        classes: ClassList;
        /// Length to which the shorter side is scaled, at least `crop`. With `squash`, height and width become those of the crop.
        resize: Resize = Resize::Shorter(Resize::USUAL);
        /// The filter for scaling: `bilinear` as in torchvision, `bicubic` as in timm.
        interpolation: Interpolation = Interpolation::Bilinear;
        /// Height and width of the crop from the centre.
        crop: u32 [SMALLEST..=LARGEST, "pixels"] = 224;
        /// Which class is explained: the predicted one, or that of the label.
        target: Target = Target::Predicted;
        /// Whether an image that any network gets wrong is dropped.
        require_correct: Option<bool> = None => "`true` with labels, else `false`";
    }
}

/// Where the images are, and what is cut out of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The folder with the images; folders inside it are read too. With a manifest, its paths start at this folder.
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
    /// The class that is explained; [`Target::True`] only with labels.
    pub target: Target,
    /// Whether an image that any network gets wrong is dropped; true only with labels.
    pub require_correct: bool,
}

impl Settings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let written = Written::read(&mut section);
        for key in ["labels", "masks"] {
            if section.has("manifest") && section.has(key) {
                let title =
                    format!("`{key}` cannot be used with `manifest`, which has a column for it");
                section.wrong(key, title, "remove this, or `manifest`");
            }
        }
        if !section.has("manifest") && !section.has("folder") {
            section.lacks("folder");
        }
        let listed = written.manifest.as_deref();
        let labelled = section.has("labels") || listed.is_some_and(manifest::has_labels);
        let beside = listed.and_then(Path::parent).map(Path::to_path_buf);
        let settings = Self {
            folder: written.folder.or(beside).unwrap_or_default(),
            manifest: written.manifest,
            labels: written.labels,
            masks: written.masks,
            classes: written.classes,
            resize: written.resize,
            interpolation: written.interpolation,
            crop: written.crop,
            target: written.target,
            require_correct: written.require_correct.unwrap_or(labelled),
        };
        settings.check(&section, labelled);
        section.finish();
        settings
    }

    /// How an image becomes a crop.
    ///
    /// # Panics
    /// Never: the settings were read within the ranges of [`Preparation`].
    pub fn preparation(&self) -> Preparation {
        let preparation = || -> Result<_, PreparationError> {
            let scaled = match self.resize {
                Resize::Shorter(shorter) => Preparation::new(shorter, self.crop)?,
                Resize::Squash => Preparation::squashed(self.crop)?,
            };
            Ok(scaled.with(match self.interpolation {
                Interpolation::Bilinear => Filter::Bilinear,
                Interpolation::Bicubic => Filter::Bicubic,
            }))
        };
        preparation().expect("`resize` and `crop` are in range")
    }

    fn check(&self, section: &Section<'_>, labelled: bool) {
        if let Resize::Shorter(shorter) = self.resize
            && self.crop > shorter
        {
            let title = "`crop` must not be larger than `resize`";
            let label = format!("a crop of {} does not fit into {shorter} pixels", self.crop);
            section.wrong("crop", title, label);
        }
        let needs =
            "give the file as `labels`, or a `manifest` with that column, or change this setting";
        if self.target == Target::True && !labelled {
            section.wrong("target", "`target = \"true\"` needs labels", needs);
        }
        if self.require_correct && !labelled {
            let title = "`require_correct = true` needs labels";
            section.wrong("require_correct", title, needs);
        }
    }
}
