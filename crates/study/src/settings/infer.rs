//! `[networks.NAME]`: the networks that are explained.

use std::path::PathBuf;

use config::{Choice, Declared, Kind, Limits, Section};
use statistics::{Head, Measured, Reading};

use crate::settings::images::LARGEST;

pub use super::download::Download;

/// Mean of `ImageNet`'s colours, red, green and blue, for values from 0 to 1.
const IMAGENET_MEAN: [f64; 3] = [0.485, 0.456, 0.406];
/// Standard deviation of `ImageNet`'s colours.
const IMAGENET_STD: [f64; 3] = [0.229, 0.224, 0.225];
/// Largest multiple of the published widths.
const WIDEST: f64 = 4.0;

config::settings! {
    /// The networks that are explained, at least one. `architecture` is `"pt2"`, `"onnx"`, `"torchscript"`, or the name of a built-in architecture, whose
    /// weights have torchvision's parameter names.
    pub(crate) struct Shared {
        /// The weights, `.pth` or safetensors; or the network, as `torch.export`, ONNX or TorchScript has it. With `url`, the file need not exist yet.
        weights: PathBuf [Kind::NewFile];
        /// Address from which `pipeline fetch` downloads the file.
        url: Option<String> = None => "none";
        /// SHA-256 of the file at `url`.
        sha256: Option<String> = None => "the digits at the end of the file's name";
        /// Subtracted from red, green and blue, which are values from 0 to 1.
        mean: [f64; 3] [0.0..=1.0] = IMAGENET_MEAN;
        /// Red, green and blue are divided by these values after the mean is subtracted.
        std: [f64; 3] [1e-6..=10.0] = IMAGENET_STD;
        /// Logits are divided by this before they become probabilities; calibration finds values of about 0.5 to 5.
        temperature: f64 [0.01..=100.0] = 1.0;
        /// What LIME, searches and curves measure of the explained class; the same for all networks of a study. Logits have no meaningful zero, so
        /// their relative areas are null.
        measured: Measured = Measured::Probability;
        /// Height and width of the network's input; must equal the `crop` of [images].
        input_size: Option<u32> [1..=LARGEST, "pixels"] = None => "`crop`";
    }
}

config::settings! {
    /// Further keys of a built-in architecture.
    pub(crate) struct BuiltIn {
        /// Every number of channels, as a multiple of the published one.
        width: f64 [Limits::above(0.0, WIDEST)] = 1.0;
        /// The layer whose output Grad-CAM reads: a module path or the name of a value, as `pipeline layers` lists them.
        layer: Option<String> = None => "the last convolutional block";
        /// How logits become probabilities: by a softmax, or each by a sigmoid where an image may show several classes.
        head: Head = Head::Softmax;
    }
}

config::settings! {
    /// Further keys of a network from `torch.export` (`.pt2`) or ONNX (`.onnx`). The file is read as data; its code is never run.
    pub(crate) struct Exported {
        /// The layer whose output Grad-CAM reads: a module path or the name of a value, as `pipeline layers` lists them.
        layer: Option<String> = None => "the last layer with a spatial map; for a transformer, the last norm before attention whose patches have a \
            gradient";
        /// The output with the logits, by its name or its place, where the network gives several.
        output: Option<String> = None => "the only one";
        /// How logits become probabilities: by a softmax, or each by a sigmoid where an image may show several classes.
        head: Head = Head::Softmax;
    }
}

config::settings! {
    /// Further keys of a TorchScript program.
    pub(crate) struct Program {
        /// The program's method that returns the activations.
        features: String = "features".to_owned();
        /// The program's method that turns the activations into logits.
        head: String = "head".to_owned();
    }
}

/// What a network's file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// The weights of a built-in architecture.
    BuiltIn(architectures::Architecture),
    /// Any network that `torch.export` wrote, with its weights.
    Exported,
    /// Any network of ONNX, with its weights.
    Onnx,
    /// Any network, as a program with the methods `forward`, `features` and `head`.
    TorchScript,
}

impl Choice for Architecture {
    const WHAT: &'static str = "architecture";
    const ALL: &'static [Self] = &{
        let built_in = architectures::Architecture::ALL;
        // What is not built in stands behind the built-in ones.
        let mut all = [Self::TorchScript; architectures::Architecture::ALL.len() + 3];
        all[built_in.len()] = Self::Exported;
        all[built_in.len() + 1] = Self::Onnx;
        let mut place = 0;
        while place < built_in.len() {
            all[place] = Self::BuiltIn(built_in[place]);
            place += 1;
        }
        all
    };

    fn name(self) -> &'static str {
        match self {
            Self::BuiltIn(architecture) => architecture.name(),
            Self::Exported => "pt2",
            Self::Onnx => "onnx",
            Self::TorchScript => "torchscript",
        }
    }
}

/// One network of the study.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// The family.
    pub architecture: Architecture,
    /// The file with the weights under torchvision's parameter names, `.pth` or safetensors; or with the whole network.
    pub weights: PathBuf,
    /// Where that file comes from, if it need not be there yet.
    pub download: Option<Download>,
    /// Every number of channels as a multiple of the published one, above 0 and at most 4; 1 for a network that is not built in.
    pub width: f64,
    /// Name of the layer whose output Grad-CAM reads; of a program, of its method that gives it. None where the network's own structure tells.
    pub layer: Option<String>,
    /// Name of a program's method that takes this to the logits.
    pub head: Option<String>,
    /// Of a network of `torch.export` or ONNX that gives several values, the name or the place of the logits.
    pub output: Option<String>,
    /// Subtracted from red, green and blue (values 0 to 1); each within 0 to 1.
    pub mean: [f64; 3],
    /// Red, green and blue are divided by these after that; each above 0 and at most 10.
    pub std: [f64; 3],
    /// How logits become probabilities; the temperature is 0.01 to 100.
    pub reading: Reading,
    /// What is measured of the explained class.
    pub measured: Measured,
}

impl Network {
    /// Whether it is a TorchScript program, which has no named layers and cannot be evaluated in bf16.
    pub fn is_program(&self) -> bool {
        self.architecture == Architecture::TorchScript
    }

    /// Whether it is a graph from a file, which may have attention and has the names that the file gives.
    pub fn is_exported(&self) -> bool {
        matches!(
            self.architecture,
            Architecture::Exported | Architecture::Onnx
        )
    }

    /// `crop` is the height and width, in pixels, of what the networks of the study are shown.
    pub(crate) fn read(mut section: Section<'_>, crop: u32) -> Option<Self> {
        let architecture: Option<Architecture> = section.kind("architecture");
        if let Some(Architecture::BuiltIn(built_in)) = architecture
            && crop < built_in.smallest()
        {
            let (name, least) = (built_in.name(), built_in.smallest());
            let title = format!(
                "{name} takes images of at least {least} x {least} pixels, but the study's crop has {crop} x {crop}"
            );
            let label = "set a larger `crop` in [images], or export a network for smaller images (scripts/export_pt2.py)";
            section.wrong("architecture", title, label);
        }
        let shared = Shared::read(&mut section);
        let download = Download::of(&section, shared.url, shared.sha256);
        if download.is_none() {
            section.must_exist("weights", Kind::File);
        }
        let mut output = None;
        let (width, layer, method, head) = match architecture {
            Some(Architecture::BuiltIn(architecture)) => {
                let built_in = BuiltIn::read(&mut section);
                let layer = built_in
                    .layer
                    .unwrap_or_else(|| architecture.layer().to_owned());
                (built_in.width, Some(layer), None, built_in.head)
            }
            Some(Architecture::Exported | Architecture::Onnx) => {
                let Exported {
                    layer,
                    output: chosen,
                    head,
                } = Exported::read(&mut section);
                output = chosen;
                (1.0, layer, None, head)
            }
            Some(Architecture::TorchScript) => {
                let Program { features, head } = Program::read(&mut section);
                (1.0, Some(features), Some(head), Head::Softmax)
            }
            None => {
                for key in ["width", "layer", "features", "head", "output"] {
                    section.unchecked(key);
                }
                (1.0, None, None, Head::Softmax)
            }
        };
        if let Some(side) = shared.input_size
            && side != crop
        {
            let title = format!(
                "this network takes {side} x {side} pixels, but the study's crop has {crop} x {crop}"
            );
            let label = "every network of a study sees the same crops: set `crop` in [images], or use another study for this network";
            section.wrong("input_size", title, label);
        }
        section.finish();
        Some(Self {
            architecture: architecture?,
            weights: shared.weights,
            download,
            width,
            layer,
            head: method,
            output,
            mean: shared.mean,
            std: shared.std,
            reading: Reading {
                head,
                temperature: shared.temperature,
            },
            measured: shared.measured,
        })
    }
}
