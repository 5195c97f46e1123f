//! `pipeline init`: writes a study for a network and a folder of images, after looking at both.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use stage::StageError;
use study::settings::infer::Architecture;
use study::{Choice, Classes};

use crate::look::{Network, Seen, look};

/// What `pipeline init --help` says at its end.
pub const HELP: &str = "The file is that of --config, which must not be there yet. A TorchScript program (.pt) is run to look at it: only from a source that you trust. \
                        Exit status: 0 the file is written; 1 it is not, and why; 2 the arguments are wrong.";

/// What is asked of `pipeline init`.
#[derive(Clone, Debug, Args)]
pub struct Wanted {
    /// The network: a TorchScript program (.pt), or weights of a built-in architecture (.pth, .safetensors).
    #[arg(long, value_name = "FILE")]
    network: PathBuf,
    /// The folder of images.
    #[arg(long, value_name = "FOLDER")]
    images: PathBuf,
    /// The labels: a CSV file with the columns path and label. With it, images that the network gets wrong are dropped.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// The names of the classes, one a line, in the order of the network's outputs; or `imagenet`, the default for 1000 classes.
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    /// Height and width of the network's input, in pixels; unless given, the usual ones are tried on a program, and weights get 224.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(i64::from(SMALLEST)..=i64::from(LARGEST)))]
    size: Option<u32>,
    /// Masks that LIME asks for each explanation.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    samples: u32,
    /// Explanations of each image by LIME.
    #[arg(long, value_name = "N", default_value_t = 10)]
    runs: u32,
}

/// Images that the network is shown: enough to see whether it is asked in the way that it was trained.
const SHOWN: usize = 20;
/// Shortest side of an input, in pixels: that of `crop` in a study.
const SMALLEST: u32 = 64;
/// Longest side, that of `crop` and `resize`.
const LARGEST: u32 = 4096;
/// Sides of inputs that are tried, the usual one first.
const SIDES: [u32; 7] = [224, 299, 384, 256, 128, 96, 64];
/// Widths that are tried of a built-in architecture.
const WIDTHS: [f64; 3] = [1.0, 0.5, 0.25];
/// Normalisations that are tried: name, mean and standard deviation of each channel. The first is taken where nothing speaks for another.
const NORMALISATIONS: [(&str, [f64; 3], [f64; 3]); 3] = [
    ("imagenet", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ("half", [0.5; 3], [0.5; 3]),
    ("none", [0.0; 3], [1.0; 3]),
];
/// The word for the shipped class names.
const IMAGENET: &str = "imagenet";
/// How many classes that list has.
const IMAGENET_CLASSES: usize = 1000;

/// A way to use the network file.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    architecture: Architecture,
    width: f64,
    side: u32,
}

/// Looks and writes; what is said about it.
pub fn init(wanted: &Wanted, config: &Path) -> Result<String, StageError> {
    let exists = |path: &Path| {
        StageError::action(format!(
            "{} is there already and is not overwritten: name another file with --config",
            path.display()
        ))
    };
    if config.exists() {
        return Err(exists(config));
    }
    check(wanted, config)?;
    let draft = Draft::new(wanted, config)?;
    let (candidate, seen) = draft.find()?;
    let (place, network) = Draft::best(&seen)?;
    let classes = draft.classes(network)?;
    let text = draft.text(&candidate, place, &seen, &classes);
    match create(config, &text) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(config)),
        Err(error) => Err(StageError::action(format!("{}: {error}", config.display()))),
        Ok(()) => Ok(draft.summary(&candidate, place, &seen)),
    }
}

/// Refuses paths that are not there, which would be mistakes in the file for looking: nobody wrote it, and it is gone by then.
fn check(wanted: &Wanted, config: &Path) -> Result<(), StageError> {
    let classes = wanted.classes.as_deref();
    // A name alone lies in the folder where we are.
    let folder = config
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let named = [
        ("--network", "file", Some(wanted.network.as_path())),
        ("--labels", "file", wanted.labels.as_deref()),
        (
            "--classes",
            "file",
            classes.filter(|path| path.as_os_str() != IMAGENET),
        ),
        ("--images", "folder", Some(wanted.images.as_path())),
        ("--config", "folder", folder),
    ];
    for (option, kind, path) in named {
        let Some(path) = path else {
            continue;
        };
        let there = if kind == "file" {
            path.is_file()
        } else {
            path.is_dir()
        };
        if !there {
            return Err(StageError::action(format!(
                "{option}: there is no {kind} {}",
                path.display()
            )));
        }
    }
    Ok(())
}

fn create(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// A file for looking that is gone afterwards.
struct Scratch(PathBuf);

impl Scratch {
    fn new(beside: &Path, text: &str) -> Result<Self, StageError> {
        let path = beside.with_file_name(format!(".pipeline-init-{}.toml", std::process::id()));
        create(&path, text)
            .map_err(|error| StageError::action(format!("{}: {error}", path.display())))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    #[expect(
        clippy::disallowed_methods,
        reason = "the file is not below artifacts/, and this program's own"
    )]
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

struct Draft<'a> {
    wanted: &'a Wanted,
    config: &'a Path,
    /// Paths as they stand in the file.
    network: String,
    images: String,
    labels: Option<String>,
    classes: Option<String>,
}

impl<'a> Draft<'a> {
    fn new(wanted: &'a Wanted, config: &'a Path) -> Result<Self, StageError> {
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
        let classes = match &wanted.classes {
            Some(word) if word.as_os_str() == IMAGENET => Some(IMAGENET.to_owned()),
            Some(path) => Some(place(path)?),
            None => None,
        };
        Ok(Self {
            network: place(&wanted.network)?,
            images: place(&wanted.images)?,
            labels: wanted.labels.as_deref().map(place).transpose()?,
            classes,
            wanted,
            config,
        })
    }

    /// What the file may be, the likeliest first.
    fn candidates(&self) -> Vec<Candidate> {
        let program = self
            .wanted
            .network
            .extension()
            .is_some_and(|ending| ending == "pt");
        let wanted = self.wanted.size.as_slice();
        let sides = if wanted.is_empty() { &SIDES } else { wanted };
        let usual = sides[0];
        let weights = WIDTHS.into_iter().flat_map(|width| {
            let known = Architecture::ALL
                .iter()
                .map(|(_, architecture)| *architecture);
            let built_in = known.filter(|known| *known != Architecture::TorchScript);
            built_in.map(move |architecture| Candidate {
                architecture,
                width,
                side: usual,
            })
        });
        if !program {
            return weights.collect();
        }
        let programs = sides.iter().map(|&side| Candidate {
            architecture: Architecture::TorchScript,
            width: 1.0,
            side,
        });
        programs.collect()
    }

    /// The first way in which the network can be used, and what it says then.
    fn find(&self) -> Result<(Candidate, Seen), StageError> {
        let mut errors: Vec<String> = Vec::new();
        for candidate in self.candidates() {
            let scratch = Scratch::new(self.config, &self.trial(&candidate))?;
            // First without images, which takes no time where the file is something else.
            let seen = look(&scratch.0, 0, None)?;
            let error = seen
                .networks
                .values()
                .find_map(|network| network.error.clone());
            match error {
                None => {
                    // Labels are read with the classes, so these must be the network's.
                    if let Some(network) = seen.networks.values().next() {
                        self.classes(network)?;
                    }
                    return Ok((candidate, look(&scratch.0, SHOWN, None)?));
                }
                Some(error) if !errors.contains(&error) => errors.push(error),
                Some(_) => {}
            }
        }
        let first = errors.first().cloned().unwrap_or_default();
        let others = errors.len().saturating_sub(1);
        let more = if others == 0 {
            String::new()
        } else {
            format!(" ({others} other ways of reading it fail too)")
        };
        Err(StageError::action(format!("{first}{}{more}", mend(&first))))
    }

    /// A study for looking: the network under each normalisation.
    fn trial(&self, candidate: &Candidate) -> String {
        let mut text = format!(
            "[study]\nseed = 1\n\n[images]\nfolder = {}\nclasses = {}\nresize = {}\ncrop = {}\nrequire_correct = false\n",
            json!(self.images),
            json!(self.classes.as_deref().unwrap_or(IMAGENET)),
            resize(candidate.side),
            candidate.side,
        );
        if let Some(labels) = &self.labels {
            let _ = writeln!(text, "labels = {}", json!(labels));
        }
        for (name, mean, std) in NORMALISATIONS {
            let _ = write!(
                text,
                "\n[networks.{name}]\n{}mean = {mean:?}\nstd = {std:?}\n",
                self.network_keys(candidate)
            );
        }
        text.push_str(
            "\n[partitions.grid]\nalgorithm = \"grid\"\n\n[methods.lime]\nkind = \"lime\"\n",
        );
        text
    }

    fn network_keys(&self, candidate: &Candidate) -> String {
        let mut text = format!(
            "architecture = {}\nweights = {}\n",
            json!(candidate.architecture.name()),
            json!(self.network)
        );
        if candidate.architecture != Architecture::TorchScript {
            let _ = writeln!(text, "width = {}", candidate.width);
        }
        text
    }

    /// The normalisation under which the network gets most images right, of equally good ones the one under which it is surer; and what it says then.
    fn best(seen: &Seen) -> Result<(usize, &Network), StageError> {
        let of = |place: usize| seen.networks.get(NORMALISATIONS[place].0);
        let best = (0..NORMALISATIONS.len())
            .filter_map(|place| Some((place, of(place)?)))
            .reduce(|best, other| {
                let better = other.1.right() > best.1.right()
                    || other.1.right() == best.1.right() && other.1.sure() > best.1.sure();
                if better { other } else { best }
            });
        best.ok_or_else(|| StageError::action("`look` said nothing about the network"))
    }

    /// The class list: the one that was named, or that of `ImageNet` where it fits.
    fn classes(&self, network: &Network) -> Result<String, StageError> {
        let count = network.classes;
        match &self.classes {
            None if count == IMAGENET_CLASSES => Ok(IMAGENET.to_owned()),
            None => Err(StageError::action(format!(
                "the network tells {count} classes apart, and their names are not known: write them into a file, one a line in the order of its outputs, and name it with --classes"
            ))),
            Some(list) if list == IMAGENET && count != IMAGENET_CLASSES => {
                Err(StageError::action(format!(
                    "the network tells {count} classes apart, and ImageNet has {IMAGENET_CLASSES}: name another list with --classes"
                )))
            }
            Some(list) if list == IMAGENET => Ok(list.clone()),
            Some(list) => {
                let path = self.wanted.classes.as_deref().unwrap_or(Path::new(list));
                let named = Classes::read(path)?.count();
                if named != count {
                    return Err(StageError::action(format!(
                        "the network tells {count} classes apart, and {list} names {named}: give the class list of this network"
                    )));
                }
                Ok(list.clone())
            }
        }
    }

    fn text(&self, candidate: &Candidate, place: usize, seen: &Seen, classes: &str) -> String {
        let (name, mean, std) = NORMALISATIONS[place];
        let network = &seen.networks[name];
        let mut text = String::new();
        let _ = write!(
            text,
            "# Written by `pipeline init`. pipeline.toml of the program's own folder explains every key.\n\
             # `pipeline check` looks for mistakes, `pipeline plan --measure` says how long it will take, `pipeline run` does it.\n\
             # Paths are relative to this file.\n\n\
             [study]\nseed = 1\nruns = {}                  # explanations of an image by LIME, which draws random numbers\n\
             artifacts = {}    # folder of the cache and the report\n\n\
             [images]\nfolder = {}\n",
            self.wanted.runs,
            json!(self.artifacts()),
            json!(self.images)
        );
        match &self.labels {
            Some(labels) => {
                let _ = writeln!(text, "labels = {}", json!(labels));
                if seen.unlabelled > 0 {
                    let _ = writeln!(
                        text,
                        "require_correct = false    # {} images have no label; true, the default with labels, drops images that the network gets wrong",
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
             resize = {}               # pixels of the shorter side: check that it is what the network was trained with\n\
             crop = {}                 # pixels, height and width, from the centre: an input that the network takes\n\n",
            json!(classes),
            network.classes,
            resize(candidate.side),
            candidate.side
        );
        text.push_str(&self.seen(network, seen));
        let _ = write!(
            text,
            "[networks.{}]\n{}{}mean = {mean:?}   # of red, green and blue, for values from 0 to 1{}\nstd = {std:?}\n\n",
            self.name(),
            self.network_keys(candidate),
            network
                .layer
                .map_or_else(String::new, |[channels, height, width]| format!(
                    "# Grad-CAM reads {channels} channels of {height} x {width} cells.\n"
                )),
            self.why(place, seen),
        );
        text.push_str("[partitions.quickshift]\nalgorithm = \"quickshift\"\n\n");
        match &network.layer_error {
            None => text.push_str("[methods.gradcam]\nkind = \"gradcam\"\n\n"),
            Some(error) => {
                let _ = write!(
                    text,
                    "# No Grad-CAM: {}\n# [methods.gradcam]\n# kind = \"gradcam\"\n\n",
                    error.split_whitespace().collect::<Vec<_>>().join(" ")
                );
            }
        }
        let _ = write!(
            text,
            "[methods.lime]\nkind = \"lime\"\nsamples = {}             # masks asked for an explanation\n\n\
             [methods.random]           # a control: what any method must beat\nkind = \"random\"\n\n\
             [deletion]\norders = [\"most_relevant_first\", \"least_relevant_first\"]\nreplacements = [\"mean\"]     # also \"black\", \"gray\", \"blur\", \"noisy_linear\"\n",
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
        let known = study::Name::new(&name).is_some();
        if known { name } else { "network".to_owned() }
    }

    /// Comments on what the network says to the images.
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
        for (image, answer) in seen.images.iter().zip(&network.answers) {
            let judged = match answer.right {
                Some(true) => ", right",
                // As the file says: none is dropped where one has no label.
                Some(false) if seen.unlabelled > 0 => ", WRONG",
                Some(false) => ", WRONG: dropped",
                None => "",
            };
            let _ = writeln!(
                text,
                "#   {image}: class {}{} with {:.3}{judged}",
                answer.class,
                self.class_name(answer.class),
                answer.probability
            );
        }
        text
    }

    fn class_name(&self, class: usize) -> String {
        let list = match &self.wanted.classes {
            Some(path) if path.as_os_str() != IMAGENET => study::Classes::read(path).ok(),
            _ => Some(study::Classes::imagenet()),
        };
        let name = list.and_then(|list| list.name(class).map(str::to_owned));
        name.map_or_else(String::new, |name| format!(" ({name})"))
    }

    /// Why a normalisation was chosen.
    fn why(&self, place: usize, seen: &Seen) -> String {
        let right = |place: usize| {
            let network = seen.networks.get(NORMALISATIONS[place].0);
            network.map_or(0, Network::right)
        };
        if self.labels.is_none() {
            return "; ImageNet's: check that it is what the network was trained with".to_owned();
        }
        let others: Vec<String> = (0..NORMALISATIONS.len())
            .filter(|other| *other != place)
            .map(|other| format!("{} with {:?}", right(other), NORMALISATIONS[other].1))
            .collect();
        format!(
            "; {} images are right with these, {}",
            right(place),
            others.join(", ")
        )
    }

    fn summary(&self, candidate: &Candidate, place: usize, seen: &Seen) -> String {
        let network = &seen.networks[NORMALISATIONS[place].0];
        let mut text = format!(
            "{}: {} with {} classes, inputs of {} x {} pixels",
            self.config.display(),
            candidate.architecture.name(),
            network.classes,
            candidate.side,
            candidate.side
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
        for warning in &network.warnings {
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

/// The shorter side before the crop: 256 for 224, as is usual, as far as a study allows.
fn resize(side: u32) -> u32 {
    (side * 8).div_ceil(7).min(LARGEST)
}

/// What helps here against an error that speaks to somebody with a study.
fn mend(error: &str) -> &'static str {
    if error.contains("`crop`") {
        "; here that is --size"
    } else if error.contains("not a TorchScript program") {
        "; weights alone (a state dict) belong in a `.pth` file, which is tried as each built-in architecture, or in a study that names their `architecture`"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_scaled_to_what_a_study_allows() {
        assert_eq!([64, 224, LARGEST].map(resize), [74, 256, LARGEST]);
    }
}
