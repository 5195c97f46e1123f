//! `pipeline init`: writes a study for a network and a folder of images, after looking at both.

mod draft;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use stage::StageError;
use study::settings::images::{LARGEST, SMALLEST};

use crate::look::find;
use draft::Draft;

/// The end of `pipeline init --help`.
pub const HELP: &str = "\
Writes the file that --config names, which must not exist yet. The type of the network's file is read from its content, not its name. A \
TorchScript program is run to inspect it, so use only programs from a source that you trust.

Exit status:
  0    the file is written
  1    the file is not written; the message says why
  2    the arguments are wrong";

/// The options of `pipeline init`.
#[derive(Clone, Debug, Args)]
pub struct Wanted {
    /// The network: a file of torch.export (.pt2) or ONNX (.onnx), weights of a built-in architecture as torch.save or safetensors writes them, or a TorchScript
    /// program. For NAME.pt2 or NAME.onnx, the file NAME.json next to it says how images are prepared (the exporter writes both).
    #[arg(long, value_name = "FILE")]
    network: PathBuf,
    /// The folder of images.
    #[arg(long, value_name = "FOLDER")]
    images: PathBuf,
    /// The labels: a CSV file with the columns path and label. With it, images that the network gets wrong are dropped.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// The names of the classes, one on each line, in the order of the network's outputs; or `imagenet`, the default for 1000 classes.
    #[arg(long, value_name = "FILE")]
    classes: Option<PathBuf>,
    /// Height and width of the network's input, in pixels. By default, the usual sizes are tried on a program, and weights get 224.
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(i64::from(SMALLEST)..=i64::from(LARGEST)))]
    size: Option<u32>,
    /// Masks that LIME evaluates for each explanation.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    samples: u32,
    /// Explanations of each image by LIME.
    #[arg(long, value_name = "N", default_value_t = 10)]
    runs: u32,
}

/// The word for the shipped class names.
const IMAGENET: &str = "imagenet";

/// Inspects the inputs and writes the study; a summary of both.
pub fn init(wanted: &Wanted, config: &Path) -> Result<String, StageError> {
    let exists = |path: &Path| {
        StageError::action(format!(
            "{} exists already and is not overwritten: name another file with --config",
            path.display()
        ))
    };
    if config.exists() {
        return Err(exists(config));
    }
    check(wanted, config)?;
    let mut draft = Draft::new(wanted, config)?;
    let found = find(&wanted.network, wanted.size).map_err(|error| for_init(&error))?;
    // Labels are read with the classes, so these must be the network's.
    let classes = draft.classes(&found)?;
    let seen = draft.look(&found, &classes)?;
    let chosen = Draft::best(&found, &seen)?;
    let text = draft.text(&found, chosen, &seen, &classes);
    match create(config, &text) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(config)),
        Err(error) => Err(StageError::action(format!("{}: {error}", config.display()))),
        Ok(()) => Ok(draft.summary(&found, chosen, &seen)),
    }
}

/// Refuses paths that do not exist. Otherwise the message would name a temporary file that the user never wrote.
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

/// An error that names a setting, with the option of `init` that sets it.
fn for_init(error: &StageError) -> StageError {
    let said = error.to_string();
    let here = if said.contains("`crop`") {
        "; here that is --size"
    } else {
        ""
    };
    StageError::action(format!("{said}{here}"))
}
