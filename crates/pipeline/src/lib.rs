//! The whole study at once. [`run`] brings it up to date by starting the stages that have work to do. [`overview`] shows what is done; [`reasons`]
//! and [`why`] explain what is not. [`verify`], [`gc`], [`audit`] and [`transfer`] look after the cache. This crate does not load libtorch.

pub mod audit;
pub mod challenge;
pub mod check;
mod child;
mod estimate;
pub mod fetch;
pub mod gc;
pub mod init;
pub mod layers;
mod look;
pub mod overview;
pub mod reasons;
pub mod run;
pub mod shells;
pub mod transfer;
pub mod verify;
pub mod why;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use stage::{EXIT_STATUSES, Sharing, Stage, StageError, TRUST, Verbosity};
use store::{Sample, Store};
use study::plan::Plan;
use study::{Kind, Sources, Study};

/// Plans and runs a study.
#[derive(Debug, Parser)]
#[command(name = "pipeline", version, after_help = format!("{TRUST}\n\n{EXIT_STATUSES}"))]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// The study file.
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
        /// Which part of the work is done. A shard runs the stages up to deletion. When all shards are done, a run of the whole study does evaluate
        /// and report.
        #[command(flatten)]
        sharing: Sharing,
    },
    /// Show what is up to date, what would run, and why; run nothing.
    Plan {
        /// Only up to this stage.
        stage: Option<Stage>,
        /// Measure the networks for some seconds, and estimate the hours on this machine.
        #[arg(long)]
        measure: bool,
    },
    /// Look for mistakes in the study, its files and its networks before computing, and list all of them.
    #[command(after_help = check::HELP)]
    Check,
    /// Inspect a network and a folder of images, and write a study for them.
    #[command(after_help = init::HELP)]
    Init(init::Wanted),
    /// List the layers of a network that Grad-CAM can read, with their shapes.
    #[command(after_help = layers::HELP)]
    Layers {
        /// A network's name in the study, or a file of torch.export (.pt2) or ONNX (.onnx).
        #[arg(value_name = "NETWORK")]
        network: PathBuf,
    },
    /// Write the inputs for other tools to explain: crops, superpixels and classes, as `NumPy` files.
    #[command(after_help = challenge::HELP)]
    Challenge {
        /// A folder that is empty or does not exist yet.
        folder: PathBuf,
    },
    /// Show how much of each table is complete, its size and when it last grew.
    Status,
    /// Explain why a result is up to date or not: its inputs, what differs now, what else is stale, and what that cost.
    Why {
        /// At least 6 digits of an action's key or an artifact's id, or a file in artifacts/latest, actions or objects.
        #[arg(value_name = "KEY|PATH")]
        what: String,
    },
    /// Reread all files, and set damaged ones aside.
    #[command(after_help = verify::HELP)]
    Verify {
        /// Share of the artifacts to read, in per cent; all records are read.
        #[arg(long, value_name = "PERCENT", default_value = "100", value_parser = percent)]
        sample: f64,
        /// Chooses the sample; by default, the time chooses it.
        #[arg(long)]
        seed: Option<u64>,
        /// Read only the artifacts that have changed or have not been verified for this many days.
        #[arg(long, value_name = "DAYS")]
        since: Option<u32>,
    },
    /// Remove results that the study does not need.
    #[command(after_help = gc::HELP)]
    Gc {
        /// Only show what would be removed.
        #[arg(long)]
        dry_run: bool,
        /// How many former results of each subject to keep as well, the newest first.
        #[arg(long, value_name = "N", default_value_t = 1)]
        keep_runs: usize,
    },
    /// Recompute a sample of the study's results, and compare.
    #[command(after_help = audit::HELP)]
    Audit {
        /// Share of the actions, in per cent, such as 10%.
        #[arg(value_name = "PERCENT", value_parser = percent)]
        share: f64,
        /// Chooses the sample; by default, the time chooses it.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Write the current study to a folder as plain files.
    #[command(after_help = transfer::EXPORT_HELP)]
    Export {
        /// A folder that does not exist yet.
        folder: PathBuf,
    },
    /// Add the results of an exported study to the cache.
    #[command(after_help = transfer::IMPORT_HELP)]
    Import {
        /// What `pipeline export` wrote.
        folder: PathBuf,
    },
    /// Download the weight files for which the study has a `url`.
    #[command(after_help = fetch::HELP)]
    Fetch,
    /// Measure the speed of the study's networks on this machine by precision, threads and batch, and recommend settings; change nothing.
    Tune {
        /// Seconds for each measurement.
        #[arg(long, default_value_t = 2.0)]
        seconds: f64,
    },
    /// Print what a shell needs to complete the arguments of all programs: `source <(pipeline completions bash)`.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages of all programs into a folder.
    Man {
        /// The folder; it is created if it does not exist.
        folder: PathBuf,
    },
}

/// A share in per cent, with or without its sign.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).trim();
    let share: Option<f64> = number.parse().ok();
    share
        .filter(|share| (0.0..=100.0).contains(share))
        .ok_or_else(|| "expected a number from 0 to 100, such as 10 or 10%".to_owned())
}

/// A study with its files and its store, as the commands look at it.
#[derive(Clone, Debug)]
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
    pub fn plan(&self, last: Stage) -> Result<Plan, StageError> {
        let kind = Kind::of(last).last().unwrap_or(Kind::Report);
        Ok(Plan::new(&self.study, &self.sources, &self.store, kind)?)
    }
}

/// Reads the arguments and runs the command.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome =
        stage::start_logging("pipeline", arguments.verbosity, None).map_err(StageError::from);
    match outcome.and_then(|()| obey(&arguments)) {
        Ok(status) => status,
        error => stage::conclude("pipeline", error.map(|_| ())),
    }
}

/// Runs the command.
fn obey(arguments: &Arguments) -> Result<ExitCode, StageError> {
    let (config, verbosity) = (&*arguments.config, arguments.verbosity);
    let json = verbosity.json;
    let view = || View::open(config);
    let whole = |stage: &Option<Stage>| stage.unwrap_or(Stage::Report);
    let sampled = |percent: &f64, seed: &Option<u64>| Sample {
        percent: *percent,
        seed: seed.unwrap_or_else(any_seed),
    };
    let said = match &arguments.command {
        Command::Run { stage, sharing } => {
            let order = run::Order {
                last: whole(stage),
                shard: sharing.shard()?,
                artifacts: None,
                config,
                verbosity,
            };
            return run::run(&view()?, &order);
        }
        Command::Plan { stage, measure } => {
            let measured = measure.then_some(config);
            overview::plan(&view()?, whole(stage), measured, json)?
        }
        Command::Check => check::check(config)?,
        Command::Init(wanted) => init::init(wanted, config)?,
        Command::Layers { network } => layers::layers(network, config, json)?,
        Command::Challenge { folder } => challenge::challenge(&view()?, folder)?,
        Command::Status => overview::status(&view()?, json)?,
        Command::Why { what } => why::why(&view()?, what, json)?,
        Command::Verify {
            sample,
            seed,
            since,
        } => {
            let store = Store::browse(Study::read(config)?.artifacts);
            let (text, status) = verify::verify(&store, sampled(sample, seed), *since, json)?;
            print(&text);
            return Ok(status);
        }
        Command::Gc { dry_run, keep_runs } => gc::gc(&view()?, *keep_runs, *dry_run, json)?,
        Command::Audit { share, seed } => {
            return audit::audit(&view()?, sampled(share, seed), config, verbosity);
        }
        Command::Export { folder } => transfer::export(&view()?, folder)?,
        Command::Import { folder } => {
            let store = Store::open(Study::read(config)?.artifacts)?;
            transfer::import(&store, folder)?
        }
        Command::Fetch => fetch::fetch(&Study::read(config)?)?,
        Command::Tune { seconds } => return run::tune(config, *seconds),
        Command::Completions { shell } => {
            let text = shells::completions(*shell, Arguments::command());
            String::from_utf8_lossy(&text).into_owned()
        }
        Command::Man { folder } => {
            shells::pages(folder, Arguments::command())?;
            return Ok(ExitCode::SUCCESS);
        }
    };
    print(&said);
    Ok(ExitCode::SUCCESS)
}

/// A seed that is another one each time.
fn any_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |now| u64::from(now.subsec_nanos()))
}

/// Prints to standard output; a reader that went away is no error.
pub(crate) fn print(text: &str) {
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
}
