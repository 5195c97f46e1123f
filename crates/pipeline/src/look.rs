//! What the program `look` sees of networks.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use stage::StageError;

use crate::child::{self, End};

/// Images that a network is shown: enough to see whether it is asked in the way that it was trained.
pub(crate) const SHOWN: usize = 20;

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
    /// Why methods cannot read the layers that they name, with their names.
    pub(crate) method_errors: Vec<String>,
    /// Reasons to doubt its answers, or to evaluate it in another way.
    pub(crate) warnings: Vec<String>,
    /// Its answer to each image.
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

/// A network's answer to an image.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Answer {
    /// The class of the largest logit.
    pub(crate) class: usize,
    /// Its probability.
    pub(crate) probability: f64,
    /// The class of the label; none without one.
    pub(crate) label: Option<usize>,
}

impl Answer {
    /// Whether the class is the label's; none without one.
    pub(crate) fn right(&self) -> Option<bool> {
        Some(self.label? == self.class)
    }

    fn is_right(&self) -> bool {
        self.right() == Some(true)
    }

    /// Whether it would be right if the label counted from 1.
    fn is_right_from_one(&self) -> bool {
        self.label == Some(self.class + 1)
    }
}

impl Network {
    fn count(&self, of: impl Fn(&Answer) -> bool) -> usize {
        self.answers.iter().filter(|answer| of(answer)).count()
    }

    /// Images that it gets right.
    pub(crate) fn right(&self) -> usize {
        self.count(Answer::is_right)
    }

    /// Images that it would get right if labels counted from 1.
    pub(crate) fn right_from_one(&self) -> usize {
        self.count(Answer::is_right_from_one)
    }

    /// Images that agree with their labels, whichever way these count.
    pub(crate) fn agreeing(&self) -> usize {
        if self.counts_from_one() {
            self.right_from_one()
        } else {
            self.right()
        }
    }

    /// Images with a label that it was shown.
    pub(crate) fn labelled(&self) -> usize {
        self.count(|answer| answer.label.is_some())
    }

    /// Whether most labels are the predicted class plus 1, and fewer the class itself.
    pub(crate) fn counts_from_one(&self) -> bool {
        let from_one = self.right_from_one();
        2 * from_one > self.labelled() && from_one > self.right()
    }

    /// The probabilities of the right ones, summed: of equally many the surer ones.
    pub(crate) fn sure(&self) -> f64 {
        let right = self.answers.iter();
        let right = right.filter(|answer| answer.is_right() || answer.is_right_from_one());
        right.map(|answer| answer.probability).sum()
    }
}

/// How a network's file can be used.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Found {
    /// Its name in a study.
    pub(crate) architecture: String,
    /// Every number of channels as a multiple of the published one; 1 for a program.
    pub(crate) width: f64,
    /// Height and width of the input.
    pub(crate) side: u32,
    /// Sides that were tried before and that a program does not take.
    pub(crate) refused: Vec<u32>,
    /// How many classes it tells apart.
    pub(crate) classes: usize,
    /// How its images are prepared, where a file beside it says that.
    #[serde(default)]
    pub(crate) preparation: Option<Preparation>,
    /// The names of its classes, where that file has them.
    #[serde(default)]
    pub(crate) names: Option<Vec<String>>,
    /// Height and width of the patches of a transformer whose tokens stand for them, where the crop is a whole number of pairs of patches.
    #[serde(default)]
    pub(crate) patch: Option<u32>,
}

/// How images become a network's inputs, as `scripts/export_pt2.py` writes it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Preparation {
    /// Pixels of the shorter side before the crop, or `squash`.
    pub(crate) resize: Resize,
    /// How pixels are interpolated.
    pub(crate) interpolation: String,
    /// Subtracted from values from 0 to 1.
    pub(crate) mean: [f64; 3],
    /// By which they are divided after that.
    pub(crate) std: [f64; 3],
}

/// What an image is scaled to before the crop.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Resize {
    /// This many pixels, its shorter side.
    To(u32),
    /// `squash`.
    Word(String),
}

impl Found {
    /// Words on the usual side, where the network does not take it.
    pub(crate) fn usual_is_refused(&self) -> String {
        let usual = self.refused.first();
        usual.map_or_else(String::new, |usual| format!("; it takes none of {usual}"))
    }
}

/// Finds out what a network's file is, in one process for all that it may be; `side` is that of its input, if it is known.
pub(crate) fn find(network: &Path, side: Option<u32>) -> Result<Found, StageError> {
    let mut command = child::program("look")?;
    command.arg("--find").arg(network);
    if let Some(side) = side {
        command.arg("--size").arg(side.to_string());
    }
    ask(&mut command)
}

/// The layers of a network that a CAM can read.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Layers {
    /// In the order of execution.
    pub(crate) layers: Vec<Layer>,
    /// The one that is read unless another is named.
    pub(crate) usual: Option<String>,
}

/// One of them.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Layer {
    /// The path of its module.
    pub(crate) name: String,
    /// Channels, height and width.
    pub(crate) shape: [usize; 3],
    /// How it holds positions, in words.
    pub(crate) layout: String,
}

/// Lists the layers of a network of a study, or of a file.
pub(crate) fn layers(network: &Path, config: &Path) -> Result<Layers, StageError> {
    let mut command = child::program("look")?;
    command.arg("--layers").arg(network);
    ask(command.arg("--config").arg(config))
}

/// Looks at the networks of a study, and shows them some images, those with a label first.
pub(crate) fn look(config: &Path, images: usize, seconds: Option<f64>) -> Result<Seen, StageError> {
    let mut command = child::program("look")?;
    command.arg("--config").arg(config);
    command.arg("--images").arg(images.to_string());
    if let Some(seconds) = seconds {
        command.arg("--seconds").arg(seconds.to_string());
    }
    ask(&mut command)
}

/// A line in which `look` says which file it loads next, so that a crash can be put down to it.
#[derive(Deserialize)]
struct Loading {
    loading: String,
}

fn ask<T: DeserializeOwned>(command: &mut Command) -> Result<T, StageError> {
    command.stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = child::start(command)?.wait_with_output();
    let output = output.map_err(StageError::action)?;
    let said = String::from_utf8_lossy(&output.stdout);
    match End::from(output.status) {
        End::Status(0) => last(&said).ok_or_else(|| StageError::action("`look` reported nothing")),
        End::Status(status) => {
            let error = String::from_utf8_lossy(&output.stderr);
            Err(StageError::action(reason(&error, status)))
        }
        End::Signal(signal) => {
            let loading = last::<Loading>(&said);
            let what = loading.map_or_else(
                || "`look`".to_owned(),
                |Loading { loading }| format!("`{loading}`: `look`, which tried this network,"),
            );
            Err(StageError::action(child::killed(&what, signal)))
        }
    }
}

/// The last line that is a `T`. A TorchScript program may print lines of its own.
fn last<T: DeserializeOwned>(said: &str) -> Option<T> {
    let mut lines = said.lines().rev();
    lines.find_map(|line| serde_json::from_str(line).ok())
}

/// What `look` said of its failure, without its own name.
fn reason(said: &str, status: i32) -> String {
    let said = said.trim();
    if said.is_empty() {
        return format!("`look` ended with exit status {status} and no message");
    }
    let ours = said.strip_prefix("error: ").unwrap_or(said);
    ours.strip_prefix("look: ").unwrap_or(ours).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask_shell(script: &str) -> String {
        let mut shell = Command::new("sh");
        let asked = ask::<Seen>(shell.args(["-c", script]));
        asked.unwrap_err().to_string()
    }

    #[test]
    fn a_crash_names_the_file_that_was_loaded_and_the_signal() {
        let said = ask_shell(
            "echo '{\"loading\": \"a.pt\"}'; echo '{\"loading\": \"b.pt\"}'; echo noise; kill -SEGV $$",
        );
        assert!(
            said.starts_with("`b.pt`: ") && said.contains("signal 11 (SIGSEGV)"),
            "{said}"
        );
    }

    #[test]
    fn no_failure_is_without_words() {
        assert_eq!(
            ask_shell("echo 'error: look: a.pt: no' >&2; exit 1"),
            "a.pt: no"
        );
        assert!(ask_shell("exit 7").contains("exit status 7"));
        assert!(ask_shell("exit 0").contains("reported nothing"));
    }

    #[test]
    fn labels_that_count_from_one_are_told_from_a_bad_network() {
        let network = |answers: &[(usize, usize)]| Network {
            answers: answers
                .iter()
                .map(|&(class, label)| Answer {
                    class,
                    probability: 0.5,
                    label: Some(label),
                })
                .collect(),
            ..Network::default()
        };
        assert!(network(&[(0, 1), (4, 5), (2, 9)]).counts_from_one());
        assert!(!network(&[(0, 1), (4, 7), (2, 9)]).counts_from_one());
        assert!(!network(&[(0, 0), (4, 5)]).counts_from_one());
        assert!(!network(&[]).counts_from_one());
    }
}
