//! `[networks.NAME]`: the networks that are explained.

use std::ops::{Bound, RangeInclusive};
use std::path::PathBuf;

use crate::reader::{Choice, Kind, Section};
use crate::settings::images::LARGEST;

pub use super::download::Download;

/// Mean of `ImageNet`'s colours, red, green and blue, for values from 0 to 1.
const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of `ImageNet`'s colours.
const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];
/// Of the softmax: calibration finds values of about 0.5 to 5.
const TEMPERATURES: RangeInclusive<f64> = 0.01..=100.0;
/// Largest multiple of the published widths.
const WIDEST: f64 = 4.0;

/// What a network's file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// The weights of a built-in architecture.
    BuiltIn(architectures::Architecture),
    /// Any network, as a program with the methods `forward`, `features` and `head`.
    TorchScript,
}

/// All built-in ones.
const BUILT_IN: [architectures::Architecture; architectures::Architecture::ALL.len()] =
    architectures::Architecture::ALL;
/// The programs' name behind those of the built-in ones.
const NAMES: [(&str, Architecture); BUILT_IN.len() + 1] = {
    let mut names = [("torchscript", Architecture::TorchScript); BUILT_IN.len() + 1];
    let mut place = 0;
    while place < BUILT_IN.len() {
        let built_in = BUILT_IN[place];
        names[place] = (built_in.name(), Architecture::BuiltIn(built_in));
        place += 1;
    }
    names
};

impl Choice for Architecture {
    const WHAT: &'static str = "architecture";
    const ALL: &'static [(&'static str, Self)] = &NAMES;
}

/// One network of the study.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The family.
    pub architecture: Architecture,
    /// The file with the weights under torchvision's parameter names, `.pth` or safetensors; or with the program.
    pub weights: PathBuf,
    /// Where that file comes from, if it need not be there yet.
    pub download: Option<Download>,
    /// Every number of channels as a multiple of the published one, above 0 and at most 4; 1 for a program.
    pub width: f64,
    /// Name of the layer whose output Grad-CAM reads; of a program, of its method that gives it.
    pub layer: String,
    /// Name of a program's method that takes this to the logits.
    pub head: Option<String>,
    /// Subtracted from red, green and blue (values 0 to 1); each within 0 to 1.
    pub mean: [f64; 3],
    /// Red, green and blue are divided by these after that; each above 0 and at most 10.
    pub std: [f64; 3],
    /// Probabilities are the softmax of the logits divided by this; 0.01 to 100.
    pub temperature: f64,
}

impl Network {
    /// `crop` is the height and width, in pixels, of what the networks of the study are shown.
    pub(crate) fn read(mut section: Section<'_>, crop: u32) -> Option<Self> {
        let architecture: Option<Architecture> = section.kind("architecture");
        if let Some(Architecture::BuiltIn(built_in)) = architecture
            && crop < built_in.smallest()
        {
            let (name, least) = (built_in.name(), built_in.smallest());
            let title = format!(
                "{name} takes pictures of at least {least} x {least} pixels, and the study's crop has {crop} x {crop}"
            );
            let label = "set a larger `crop` in [images], or export a network for smaller pictures as TorchScript";
            section.wrong("architecture", title, label);
        }
        let download = Download::read(&mut section);
        let there = if download.is_some() {
            Kind::NewFile
        } else {
            Kind::File
        };
        let weights = section.path("weights", there);
        let width = if architecture == Some(Architecture::TorchScript) {
            // A program's layers are not ours to widen: the key is reported as unknown.
            1.0
        } else {
            let range = (Bound::Excluded(0.0), Bound::Included(WIDEST));
            section.number("width", Some(1.0), range)
        };
        let method = |section: &mut Section<'_>, key| section.text(key, Some(key));
        let (layer, head) = match architecture {
            Some(Architecture::BuiltIn(architecture)) => {
                let layers = architecture.layers();
                (section.one_of("layer", "layer", layers).to_owned(), None)
            }
            Some(Architecture::TorchScript) => {
                let features = method(&mut section, "features");
                (features, Some(method(&mut section, "head")))
            }
            None => {
                for key in ["layer", "features", "head"] {
                    section.unchecked(key);
                }
                (String::new(), None)
            }
        };
        let mean = section.colour("mean", IMAGENET_MEAN, 0.0..=1.0);
        let std = section.colour("std", IMAGENET_STD, 1e-6..=10.0);
        let temperature = section.number("temperature", Some(1.0), TEMPERATURES);
        if let Some(side) = section.optional_integer("input_size", 1..=LARGEST)
            && side != crop
        {
            let title = format!(
                "this network takes {side} x {side} pixels, and the study's crop has {crop} x {crop}"
            );
            let label = "every network of a study sees the same crops: set `crop` in [images], or study this network apart";
            section.wrong("input_size", title, label);
        }
        section.finish();
        Some(Self {
            architecture: architecture?,
            weights,
            download,
            width,
            layer,
            head,
            mean,
            std,
            temperature,
        })
    }
}
