//! The study that `pipeline init` writes: the network's answers to some images, and the file's text.

use std::collections::BTreeSet;
use std::fmt::{Display, Write as _};
use std::path::Path;

use stage::StageError;
use study::Classes;
use study::plan::remedy;
use study::settings::images::LARGEST;

use super::{IMAGENET, Scratch, Wanted, create};
use crate::look::{Found, Network, Resize, SHOWN, Seen, look};

/// The architecture of a program.
const PROGRAM: &str = "torchscript";
/// The names of networks that were exported.
const EXPORTED: [&str; 2] = ["pt2", "onnx"];
/// Name, mean and standard deviation of each channel.
type Normalisation = (&'static str, [f64; 3], [f64; 3]);
/// Normalisations that are tried where no file states one. The first is taken where nothing speaks for another.
const NORMALISATIONS: [Normalisation; 3] = [
    ("imagenet", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ("half", [0.5; 3], [0.5; 3]),
    ("none", [0.0; 3], [1.0; 3]),
];
/// What `init` knows of a study before it looks at anything.
pub(super) struct Draft<'a> {
    wanted: &'a Wanted,
    config: &'a Path,
    /// Paths as they are written in the file.
    network: String,
    images: String,
    labels: Option<String>,
    classes: Option<String>,
    /// The classes that were named, or those of `ImageNet`.
    list: Classes,
}

impl<'a> Draft<'a> {
    pub(super) fn new(wanted: &'a Wanted, config: &'a Path) -> Result<Self, StageError> {
        // Paths in the file start at its own folder, those on the command line here.
        let here = config
            .parent()
            .is_none_or(|folder| folder.as_os_str().is_empty());
        let place = |path: &Path| -> Result<String, StageError> {
            let failed = |error: &dyn std::fmt::Display| {
                StageError::action(format!("{}: {error}", path.display()))
            };
            let path = if here {
                path.to_path_buf()
            } else {
                path.canonicalize().map_err(|error| failed(&error))?
            };
            let text = path
                .to_str()
                .ok_or_else(|| failed(&"its name is not UTF-8 text"))?;
            Ok(text.to_owned())
        };
        let (classes, list) = match &wanted.classes {
            Some(word) if word.as_os_str() == IMAGENET => {
                (Some(IMAGENET.to_owned()), Classes::imagenet())
            }
            Some(path) => (Some(place(path)?), Classes::read(path)?),
            None => (None, Classes::imagenet()),
        };
        Ok(Self {
            network: place(&wanted.network)?,
            images: place(&wanted.images)?,
            labels: wanted.labels.as_deref().map(place).transpose()?,
            classes,
            list,
            wanted,
            config,
        })
    }

    /// The network's answers to some images under each normalisation.
    pub(super) fn look(&self, found: &Found, classes: &str) -> Result<Seen, StageError> {
        let scratch = Scratch::new(self.config, &self.trial(found, classes))?;
        let seen = look(&scratch.0, SHOWN, None)?;
        let mut networks = seen.networks.values();
        match networks.find_map(|network| network.error.as_ref()) {
            Some(error) => Err(StageError::action(error.clone())),
            None => Ok(seen),
        }
    }

    /// A study for looking: the network under each normalisation.
    fn trial(&self, found: &Found, classes: &str) -> String {
        let mut text = format!(
            "[study]\nseed = 1\n\n[images]\nfolder = {}\nclasses = {}\nresize = {}\ncrop = {}\nrequire_correct = false\n",
            quoted(&self.images),
            quoted(classes),
            resize(found),
            found.side,
        );
        if let Some(interpolation) = interpolation(found) {
            let _ = writeln!(text, "interpolation = {}", quoted(interpolation));
        }
        if let Some(labels) = &self.labels {
            let _ = writeln!(text, "labels = {}", quoted(labels));
        }
        for (name, mean, std) in normalisations(found) {
            let _ = write!(
                text,
                "\n[networks.{name}]\n{}mean = {mean:?}\nstd = {std:?}\n",
                self.network_keys(found)
            );
        }
        text.push_str(
            "\n[partitions.grid]\nalgorithm = \"grid\"\n\n[methods.lime]\nkind = \"lime\"\n",
        );
        text
    }

    fn network_keys(&self, found: &Found) -> String {
        let mut text = format!(
            "architecture = {}\nweights = {}\n",
            quoted(&found.architecture),
            quoted(&self.network)
        );
        let architecture = found.architecture.as_str();
        if architecture != PROGRAM && !EXPORTED.contains(&architecture) {
            let _ = writeln!(text, "width = {}", found.width);
        }
        text
    }

    /// The normalisation under which the network gets most images right, of equally good ones that under which it is surer.
    pub(super) fn best(found: &Found, seen: &Seen) -> Result<Normalisation, StageError> {
        let best = normalisations(found)
            .into_iter()
            .filter_map(|tried| Some((tried, seen.networks.get(tried.0)?)))
            .reduce(|best, other| {
                let [right, most] = [other.1, best.1].map(Network::agreeing);
                let better = right > most || right == most && other.1.sure() > best.1.sure();
                if better { other } else { best }
            });
        best.map(|(tried, _)| tried)
            .ok_or_else(|| StageError::action("`look` reported nothing about the network"))
    }

    /// The class list for a network of so many classes: the one that was named, or that of `ImageNet` where it fits.
    pub(super) fn classes(&mut self, found: &Found) -> Result<String, StageError> {
        let count = found.classes;
        if let (None, Some(names)) = (&self.classes, &found.names) {
            return self.write_classes(names);
        }
        let named = self.list.count();
        let why = match &self.classes {
            None if named == count => return Ok(IMAGENET.to_owned()),
            Some(list) if named == count => return Ok(list.clone()),
            None => "their names are unknown: write them to a file, one on each line in the order of the outputs, and name \
                     the file with --classes"
                .to_owned(),
            Some(list) if list == IMAGENET => {
                format!("ImageNet has {named}: give another list with --classes")
            }
            Some(list) => format!("{list} names {named}: {}", Classes::remedy(count, named)),
        };
        Err(StageError::action(format!(
            "the network has {count} classes, and {why}"
        )))
    }

    /// Writes the names that the file beside the network has into a list beside the study, unless they are those of `ImageNet`.
    fn write_classes(&mut self, names: &[String]) -> Result<String, StageError> {
        let known = Classes::imagenet();
        let is_known = |(class, name): (usize, &String)| known.name(class) == Some(name);
        if names.len() == known.count() && names.iter().enumerate().all(is_known) {
            return Ok(IMAGENET.to_owned());
        }
        let path = self.config.with_extension("classes.txt");
        // A study takes each name once.
        let mut seen = BTreeSet::new();
        let name = |(class, name): (usize, &String)| {
            let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
            let is_new = !name.is_empty() && seen.insert(name.clone());
            if is_new {
                name
            } else {
                format!("{name} ({class})")
            }
        };
        let lines: Vec<String> = names.iter().enumerate().map(name).collect();
        let text = lines.join("\n") + "\n";
        let written = match std::fs::read_to_string(&path) {
            Ok(there) if there == text => Ok(()),
            _ => create(&path, &text),
        };
        written.map_err(|error| StageError::action(format!("{}: {error}", path.display())))?;
        self.list = Classes::read(&path)?;
        let name = path.file_name().and_then(|name| name.to_str());
        Ok(name.unwrap_or_default().to_owned())
    }

    pub(super) fn text(
        &self,
        found: &Found,
        (name, mean, std): Normalisation,
        seen: &Seen,
        classes: &str,
    ) -> String {
        let network = &seen.networks[name];
        let mut text = String::new();
        let _ = write!(
            text,
            "# Written by `pipeline init`. pipeline.toml of the program's own folder explains every key.\n\
             # `pipeline check` looks for mistakes, `pipeline plan --measure` estimates the time, and `pipeline run` runs the study.\n\
             # Paths are relative to this file.\n\n\
             [study]\nseed = 1\nruns = {}                  # explanations of an image by LIME, which draws random numbers\n\
             artifacts = {}    # folder of the cache and the report\n\n\
             [images]\nfolder = {}\n",
            self.wanted.runs,
            quoted(&self.artifacts()),
            quoted(&self.images)
        );
        match &self.labels {
            Some(labels) => {
                let _ = writeln!(text, "labels = {}", quoted(labels));
                if seen.unlabelled > 0 {
                    let _ = writeln!(
                        text,
                        "require_correct = false    # {} images have no label; true, the default with labels, drops images that the network gets \
                         wrong",
                        seen.unlabelled
                    );
                }
            }
            None => text.push_str(
                "# labels = \"labels.csv\"    # columns path,label; with it, images that the network gets wrong are dropped\n",
            ),
        }
        let _ = write!(
            text,
            "classes = {}       # {} names, in the order of the network's outputs\n\
             resize = {}               # pixels of the shorter side{}\n\
             crop = {}                 # pixels, height and width, from the centre: an input that the network takes{}\n",
            quoted(classes),
            network.classes,
            resize(found),
            if found.preparation.is_some() {
                ""
            } else {
                ": check that the network was trained with it"
            },
            found.side,
            found.usual_is_refused()
        );
        if let Some(interpolation) = interpolation(found) {
            let _ = writeln!(text, "interpolation = {}", quoted(interpolation));
        }
        text.push('\n');
        text.push_str(&self.seen(network, seen));
        let _ = write!(
            text,
            "[networks.{}]\n{}{}mean = {mean:?}   # of red, green and blue, for values from 0 to 1{}\nstd = {std:?}\n\n",
            self.name(),
            self.network_keys(found),
            network
                .layer
                .map_or_else(String::new, |[channels, height, width]| format!(
                    "# Grad-CAM reads {channels} channels of {height} x {width} cells.\n"
                )),
            self.why(found, name, seen),
        );
        text.push_str("[partitions.quickshift]\nalgorithm = \"quickshift\"\n\n");
        if let Some(patch) = found.patch {
            let _ = write!(
                text,
                "[partitions.patches]         # the network's own patches, in blocks of 2 x 2\nalgorithm = \"patches\"\npatch = {patch}\nmultiple = \
                 2\n\n"
            );
        }
        match &network.layer_error {
            None => text.push_str("[methods.gradcam]\nkind = \"gradcam\"\n\n"),
            Some(error) => {
                let _ = write!(
                    text,
                    "# No Grad-CAM: {}\n# [methods.gradcam]\n# kind = \"gradcam\"\n\n",
                    comment(&error.split_whitespace().collect::<Vec<_>>().join(" "))
                );
            }
        }
        let _ = write!(
            text,
            "[methods.lime]\nkind = \"lime\"\nsamples = {}             # masks for an explanation\n\n\
             [methods.random]           # a control that any method must beat\nkind = \"random\"\n\n\
             [deletion]\norders = [\"most_relevant_first\", \"least_relevant_first\"]\nreplacements = [\"mean\"]     # also \"black\", \"gray\", \
             \"blur\", \"noisy_linear\"\n",
            self.wanted.samples
        );
        text
    }

    /// Where results go: apart from those of other studies beside it, whose report and tables would be replaced. `pipeline.toml`, the
    /// usual name, has the usual folder.
    fn artifacts(&self) -> String {
        let stem = self.config.file_stem().and_then(|stem| stem.to_str());
        match stem {
            Some(stem) if stem != "pipeline" => format!("artifacts-{stem}"),
            _ => "artifacts".to_owned(),
        }
    }

    /// The network's name in the study: its file's, as far as a name may be that.
    fn name(&self) -> String {
        let stem = self
            .wanted
            .network
            .file_stem()
            .and_then(|stem| stem.to_str());
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() || letter == '_' {
                letter.to_ascii_lowercase()
            } else {
                '_'
            }
        };
        let name: String = stem.unwrap_or_default().chars().map(plain).collect();
        // Readers of folders such as pandas skip files whose names begin so.
        let name = name.trim_start_matches('_');
        study::Name::new(name).map_or("network".to_owned(), |name| name.to_string())
    }

    /// Comments on the network's answers to the images.
    fn seen(&self, network: &Network, seen: &Seen) -> String {
        let mut text = String::new();
        if self.labels.is_some() {
            let _ = writeln!(
                text,
                "# The network gets {} of {} labelled images right that it was shown.",
                network.right(),
                network.labelled()
            );
        }
        if let Some(warning) = from_one(network) {
            let _ = writeln!(text, "# {warning}");
        }
        for (image, answer) in seen.images.iter().zip(&network.answers) {
            let judged = match answer.right() {
                Some(true) => ", right",
                // As the file says: none is dropped where one has no label.
                Some(false) if seen.unlabelled > 0 => ", WRONG",
                Some(false) => ", WRONG: dropped",
                None => "",
            };
            let _ = writeln!(
                text,
                "#   {}: class {}{} with {:.3}{judged}",
                comment(image),
                answer.class,
                comment(&self.class_name(answer.class)),
                answer.probability
            );
        }
        text
    }

    fn class_name(&self, class: usize) -> String {
        let name = self.list.name(class);
        name.map_or_else(String::new, |name| format!(" ({name})"))
    }

    /// Why a normalisation was chosen.
    fn why(&self, found: &Found, chosen: &str, seen: &Seen) -> String {
        if found.preparation.is_some() {
            return "; from the network's JSON file".to_owned();
        }
        let right = |name: &str| seen.networks.get(name).map_or(0, Network::agreeing);
        if self.labels.is_none() {
            return "; ImageNet's: check that the network was trained with it".to_owned();
        }
        let others: Vec<String> = NORMALISATIONS
            .iter()
            .filter(|(name, ..)| *name != chosen)
            .map(|(name, mean, _)| format!("{} with {mean:?}", right(name)))
            .collect();
        let from_one = seen.networks[chosen].counts_from_one();
        format!(
            "; {} images are right with these, {}{}",
            right(chosen),
            others.join(", "),
            if from_one {
                ", where labels count from 1"
            } else {
                ""
            }
        )
    }

    pub(super) fn summary(&self, found: &Found, (name, ..): Normalisation, seen: &Seen) -> String {
        let network = &seen.networks[name];
        let mut text = format!(
            "{}: {} with {} classes, inputs of {} x {} pixels{}",
            self.config.display(),
            found.architecture,
            network.classes,
            found.side,
            found.side,
            found.usual_is_refused()
        );
        if self.labels.is_some() {
            let _ = write!(
                text,
                "; {} of {} images right",
                network.right(),
                network.labelled()
            );
            if seen.unlabelled > 0 {
                let _ = write!(text, "; without a label: {}", seen.unlabelled);
            }
        }
        if network.layer_error.is_some() {
            text.push_str("; no Grad-CAM, as the file says");
        }
        for warning in from_one(network).iter().chain(&network.warnings) {
            let _ = write!(text, "\nwarning: {warning}");
        }
        text.push_str("\nnext:");
        let program = std::env::args_os().next();
        let program = program.as_deref().map_or(Path::new("pipeline"), Path::new);
        for command in ["check", "plan --measure", "run"] {
            let _ = write!(
                text,
                "\n  {} {command} --config {}",
                program.display(),
                self.config.display()
            );
        }
        text
    }
}

/// The normalisations to try: the one that the file beside the network states, or the usual ones.
fn normalisations(found: &Found) -> Vec<Normalisation> {
    match &found.preparation {
        Some(stated) => vec![("stated", stated.mean, stated.std)],
        None => NORMALISATIONS.to_vec(),
    }
}

/// How pixels are interpolated, where that is not as usual.
fn interpolation(found: &Found) -> Option<&str> {
    let stated = found.preparation.as_ref()?;
    Some(stated.interpolation.as_str()).filter(|name| *name != "bilinear")
}

/// The study's size before the crop: from the network's JSON file, or the usual size.
fn resize(found: &Found) -> String {
    match &found.preparation {
        Some(stated) => match &stated.resize {
            Resize::To(side) => side.to_string(),
            Resize::Word(word) => quoted(word).to_string(),
        },
        None => usual_resize(found.side).to_string(),
    }
}

/// The shorter side before the crop: 256 for 224, as is usual, as far as a study allows.
fn usual_resize(side: u32) -> u32 {
    (side * 8).div_ceil(7).min(LARGEST)
}

/// A warning where labels seem to count from 1.
fn from_one(network: &Network) -> Option<String> {
    let (count, labelled) = (network.right_from_one(), network.labelled());
    let warning = || format!("{count} of {labelled} images: {}", remedy(true));
    network.counts_from_one().then(warning)
}

/// A string of TOML.
fn quoted(text: &str) -> impl Display {
    toml::Value::from(text)
}

/// Text that stays within the comment it is written into.
fn comment(text: &str) -> String {
    let escaped = |letter: char| {
        let breaks = letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
        if breaks {
            letter.escape_default().to_string()
        } else {
            letter.to_string()
        }
    };
    text.chars().map(escaped).collect()
}
#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_image_is_scaled_to_what_a_study_allows() {
        assert_eq!([64, 224, LARGEST].map(usual_resize), [74, 256, LARGEST]);
    }

    proptest! {
        #[test]
        fn any_name_is_itself_in_a_study_and_ends_no_comment(name in any::<String>()) {
            let text = format!("a = {} # {}\n# {}\nb = 1", quoted(&name), comment(&name), comment(&name));
            let table: toml::Table = text.parse().unwrap();
            prop_assert_eq!(table["a"].as_str(), Some(&*name));
            prop_assert_eq!(table.len(), 2);
        }
    }
}
