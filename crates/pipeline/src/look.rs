//! What the program `look` sees of a study's networks.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;
use stage::StageError;

use crate::run::{beside, not_started};

/// What was seen.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Seen {
    /// Names of the images that the networks were shown.
    pub(crate) images: Vec<String>,
    /// How many images of the study have no label, shown or not; 0 where none were shown.
    pub(crate) unlabelled: usize,
    /// By name.
    pub(crate) networks: BTreeMap<String, Network>,
}

/// A network: either an error, or the rest.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Network {
    /// Why it cannot be used.
    pub(crate) error: Option<String>,
    /// How many classes it tells apart.
    pub(crate) classes: usize,
    /// Channels, height and width of the layer that Grad-CAM reads; none where that cannot be read.
    pub(crate) layer: Option<[usize; 3]>,
    /// Why it cannot.
    pub(crate) layer_error: Option<String>,
    /// Reasons to doubt what it says, or to ask it in another way.
    pub(crate) warnings: Vec<String>,
    /// What it says to each image.
    pub(crate) answers: Vec<Answer>,
    /// How fast it is, where that was asked.
    pub(crate) images_per_second: Option<f64>,
}

impl Seen {
    /// All warnings, with the names of the networks that they are about.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = String> {
        self.networks.iter().flat_map(|(name, network)| {
            let warnings = network.warnings.iter();
            warnings.map(move |warning| format!("warning: the network `{name}`: {warning}"))
        })
    }
}

/// What a network says to an image.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Answer {
    /// The class of the largest logit.
    pub(crate) class: usize,
    /// Its probability.
    pub(crate) probability: f64,
    /// Whether it is the label's; none without one.
    pub(crate) right: Option<bool>,
}

impl Network {
    /// Images that it gets right.
    pub(crate) fn right(&self) -> usize {
        let right = self
            .answers
            .iter()
            .filter(|answer| answer.right == Some(true));
        right.count()
    }

    /// Images with a label that it was shown.
    pub(crate) fn labelled(&self) -> usize {
        let labelled = self.answers.iter().filter(|answer| answer.right.is_some());
        labelled.count()
    }

    /// The probabilities of the right ones, summed: of equally many the surer ones.
    pub(crate) fn sure(&self) -> f64 {
        let right = self
            .answers
            .iter()
            .filter(|answer| answer.right == Some(true));
        right.map(|answer| answer.probability).sum()
    }
}

/// Looks at the networks of a study, and shows them some images, those with a label first.
pub(crate) fn look(config: &Path, images: usize, seconds: Option<f64>) -> Result<Seen, StageError> {
    let program = beside("look")?;
    let mut command = Command::new(&program);
    command.arg("--config").arg(config);
    command.arg("--images").arg(images.to_string());
    if let Some(seconds) = seconds {
        command.arg("--seconds").arg(seconds.to_string());
    }
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|error| not_started(&program, &error))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(StageError::action(said.trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(StageError::action)
}
