//! The whole study at once: [`run`] brings it up to date by starting the stages that have something to do, [`overview`] says what is
//! done, and [`reasons`] why something is not. None of it loads libtorch.

pub mod overview;
pub mod reasons;
pub mod run;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use stage::{EXIT_STATUSES, Sharing, Stage, StageError, TRUST, Verbosity};
use store::Store;
use study::plan::Plan;
use study::{Kind, Sources, Study};

/// Plans and runs a study.
#[derive(Debug, Parser)]
#[command(name = "pipeline", version, after_help = format!("{TRUST}\n\n{EXIT_STATUSES}"))]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The study.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "pipeline.toml"
    )]
    config: PathBuf,
    /// How much is said.
    #[command(flatten)]
    verbosity: Verbosity,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Bring the study, or one stage and what it needs, up to date.
    Run {
        /// segment, infer, gradcam, lime, deletion, evaluate or report.
        stage: Option<Stage>,
        /// Which part of the work is done. A share goes through the stages up to deletion; evaluate and report are left for a run of the
        /// whole, when all shares are through.
        #[command(flatten)]
        sharing: Sharing,
    },
    /// Say what is up to date, what would run, and why; run nothing.
    Plan {
        /// Only up to this stage.
        stage: Option<Stage>,
    },
    /// Say how far each stage is, how much it holds and when it last ran.
    Status,
}

/// A study with its files and its store, as the commands look at it.
#[derive(Debug)]
pub struct View {
    /// The settings.
    pub study: Study,
    /// The files.
    pub sources: Sources,
    /// The artifacts.
    pub store: Store,
}

impl View {
    fn open(config: &std::path::Path) -> Result<Self, StageError> {
        let study = Study::read(config)?;
        let sources = Sources::read(&study)?;
        let store = Store::browse(&study.artifacts);
        Ok(Self {
            study,
            sources,
            store,
        })
    }

    /// The plan up to the last action of a stage, as things stand now.
    pub fn plan(&self, last: Stage) -> Plan {
        let kind = Kind::of(last).last().unwrap_or(Kind::Report);
        Plan::new(&self.study, &self.sources, &self.store, kind)
    }
}

/// Reads the arguments and does what they say.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome =
        stage::start_logging("pipeline", arguments.verbosity, None).map_err(StageError::from);
    match outcome.and_then(|()| obey(&arguments)) {
        Ok(status) => status,
        error => stage::conclude("pipeline", error.map(|_| ())),
    }
}

fn obey(arguments: &Arguments) -> Result<ExitCode, StageError> {
    let view = View::open(&arguments.config)?;
    let json = arguments.verbosity.json;
    match &arguments.command {
        Command::Run { stage, sharing } => {
            let order = run::Order {
                last: stage.unwrap_or(Stage::Report),
                shard: sharing.shard()?,
                config: &arguments.config,
                verbosity: arguments.verbosity,
            };
            return run::run(&view, &order);
        }
        Command::Plan { stage } => print(&overview::plan(
            &view,
            stage.unwrap_or(Stage::Report),
            json,
        )?),
        Command::Status => print(&overview::status(&view, json)?),
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints to standard output; a reader that went away is no error.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}
