//! The arguments that all stages share.

use std::path::PathBuf;

use clap::Parser;
use study::{Problems, Study};

use crate::Sharing;

/// The exit statuses; part of every `--help`.
pub const EXIT_STATUSES: &str = "\
Exit status:
  0    all requested results are up to date
  1    an action failed (an image, a label, a network), or a signal ended a program that was
       started; the other results are kept
  2    the arguments, pipeline.toml, or a file that it names are wrong; nothing was run
  3    an input of this stage is missing or damaged, or another shard has not computed it yet:
       run what the message names, then rerun this stage
  4    the artifacts folder cannot be written: it is full or read-only
  75   stopped by SIGTERM; finished results are kept
  130  stopped by Ctrl-C; finished results are kept";

/// What to know before loading a network; part of the `--help` of the programs that load one.
pub const TRUST: &str = "\
A TorchScript file (architecture = \"torchscript\") can execute arbitrary code with your permissions. Load only
files that you trust. Weight files (.pth, safetensors) are read as data; their code is never run.";

/// The options of every stage.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// The study file.
    #[arg(long, value_name = "FILE", default_value = "pipeline.toml")]
    pub config: PathBuf,
    /// A folder of artifacts to use instead of the study's.
    #[arg(long, value_name = "FOLDER")]
    pub artifacts: Option<PathBuf>,
    /// Which part of the work is done.
    #[command(flatten)]
    pub sharing: Sharing,
    /// How much is printed.
    #[command(flatten)]
    pub verbosity: Verbosity,
    /// Whether the report's main table is printed; an option of the stage `report` alone.
    #[arg(skip)]
    pub summary: bool,
}

/// The option of [`Arguments::summary`].
pub(crate) fn summary() -> clap::Arg {
    clap::Arg::new(SUMMARY)
        .long(SUMMARY)
        .action(clap::ArgAction::SetTrue)
        .conflicts_with("json")
        .help("Also print the main table to standard output: each network's methods by mean AUC, with intervals, on the finest partition")
}

/// Name of [`summary`].
pub(crate) const SUMMARY: &str = "summary";

impl Arguments {
    /// The study, with the requested folder of artifacts.
    pub fn study(&self) -> Result<Study, Problems> {
        let mut study = Study::read(&self.config)?;
        if let Some(folder) = &self.artifacts {
            study.artifacts.clone_from(folder);
        }
        Ok(study)
    }
}

/// How much a program prints, and in which form.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Verbosity {
    /// Print more; twice: print everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Print only warnings and errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print one JSON object for each event on standard output.
    #[arg(long, global = true)]
    pub json: bool,
}
