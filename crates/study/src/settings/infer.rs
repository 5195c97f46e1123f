//! `[networks.NAME]`: the networks that are explained.

use std::ops::Bound;
use std::path::PathBuf;

use crate::reader::{Choice, Kind, Section};

pub use super::download::Download;

/// Mean of `ImageNet`'s colours, red, green and blue, for values from 0 to 1.
const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of `ImageNet`'s colours.
const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];
/// Largest multiple of the published widths.
const WIDEST: f64 = 4.0;

/// A family of networks whose layers are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// `AlexNet` as in torchvision (Krizhevsky 2014).
    AlexNet,
    /// ResNet-50 as in torchvision (He et al. 2016, stride in the 3x3 convolution).
    ResNet50,
    /// Any network, as a program with the methods `forward`, `features` and `head`.
    TorchScript,
}

impl Choice for Architecture {
    const WHAT: &'static str = "architecture";
    const ALL: &'static [(&'static str, Self)] = &[
        ("alexnet", Self::AlexNet),
        ("resnet50", Self::ResNet50),
        ("torchscript", Self::TorchScript),
    ];
}

impl Architecture {
    /// The layers at which the network can be split for Grad-CAM, the default one first.
    fn layers(self) -> &'static [&'static str] {
        match self {
            Self::AlexNet => &["features.11"],
            Self::ResNet50 => &["layer4"],
            Self::TorchScript => &["features"],
        }
    }
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
    /// Name of the layer whose output Grad-CAM reads.
    pub layer: &'static str,
    /// Subtracted from red, green and blue (values 0 to 1); each within 0 to 1.
    pub mean: [f64; 3],
    /// Red, green and blue are divided by these after that; each above 0 and at most 10.
    pub std: [f64; 3],
}

impl Network {
    pub(crate) fn read(mut section: Section<'_>) -> Option<Self> {
        let architecture: Option<Architecture> = section.kind("architecture");
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
        let layer = match architecture {
            Some(architecture) => section.one_of("layer", "layer", architecture.layers()),
            None => section.unchecked("layer"),
        };
        let mean = section.colour("mean", IMAGENET_MEAN, 0.0..=1.0);
        let std = section.colour("std", IMAGENET_STD, 1e-6..=10.0);
        section.finish();
        Some(Self {
            architecture: architecture?,
            weights,
            download,
            width,
            layer,
            mean,
            std,
        })
    }
}
