//! The arguments that all stages share.

use std::path::PathBuf;

use clap::Parser;
use study::{Problems, Study};

use crate::Sharing;

/// How a program ends; part of every `--help`.
pub const EXIT_STATUSES: &str = "\
Exit status:
  0    everything that was asked for is up to date
  1    an action failed: an image, a label, a network; or a signal ended a program that was
       started; the others were done and kept
  2    the arguments, pipeline.toml, or a file that it names are wrong; nothing was run
  3    something that this stage reads is missing, damaged, or not made yet by another share: run
       what the message names, and this stage again
  4    the artifacts folder cannot be written: it is full, or read-only
  75   stopped by SIGTERM; what was finished is kept
  130  stopped by Ctrl-C; what was finished is kept";

/// What to know before a network is loaded; part of the `--help` of the programs that load one.
pub const TRUST: &str = "\
A TorchScript file (architecture = \"torchscript\") is a program, and runs with all that you may do: load it only from
sources that you trust. Weight files (.pth, safetensors) are read as data, and no code of them is run.";

/// What every stage can be told.
#[derive(Clone, Debug, Parser)]
#[command(version)]
pub struct Arguments {
    /// The study.
    #[arg(long, value_name = "FILE", default_value = "pipeline.toml")]
    pub config: PathBuf,
    /// Another folder of artifacts than the study's.
    #[arg(long, value_name = "FOLDER")]
    pub artifacts: Option<PathBuf>,
    /// Which part of the work is done.
    #[command(flatten)]
    pub sharing: Sharing,
    /// How much is said.
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
        .help("Print the main table on standard output as well: each network's methods by mean AUC, with intervals, on the finest partition")
}

/// Name of [`summary`].
pub(crate) const SUMMARY: &str = "summary";

impl Arguments {
    /// The study, with the folder of artifacts that is asked for.
    pub fn study(&self) -> Result<Study, Problems> {
        let mut study = Study::read(&self.config)?;
        if let Some(folder) = &self.artifacts {
            study.artifacts.clone_from(folder);
        }
        Ok(study)
    }
}

/// How much a program says, and in which form.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Verbosity {
    /// Say more; twice: say everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing but warnings and errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Print one JSON object for each event on standard output.
    #[arg(long, global = true)]
    pub json: bool,
}
