//! Starts the stages that have something to do, in order.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use stage::{Shard, Signals, Stage, StageError, Verbosity};
use store::Store;
use study::Kind;
use study::plan::{Action, Plan};

use crate::View;

/// Exit status of a stage in which actions failed: the others are done.
const FAILED: i32 = 1;
/// Exit status of a stage that misses what an earlier one made: see `--help`.
const LOST: i32 = 3;
/// How often something may be lost before something else must be wrong. A kind of action that meets damage sets all of it aside that
/// it reads; what is made again in turn may do so in each kind before it, and this once for the scores and once for the report.
const ATTEMPTS: usize = 2 * Kind::ALL.len();
/// Time between two looks at a running stage.
const LOOK: Duration = Duration::from_millis(20);

/// What is to be run, and how.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The last stage.
    pub last: Stage,
    /// The share of the work. One of several goes through the stages that can be divided.
    pub shard: Shard,
    /// Another folder of artifacts than the study's.
    pub artifacts: Option<&'a Path>,
    /// The study.
    pub config: &'a Path,
    /// How much is said.
    pub verbosity: Verbosity,
}

/// Brings everything up to the last stage up to date, and says where the report is.
pub fn run(view: &View, order: &Order<'_>) -> Result<ExitCode, StageError> {
    let start = Instant::now();
    let signals = Signals::listen();
    let view = &verifying(view, order, &signals);
    let mut ran = 0;
    for attempt in 1..=ATTEMPTS {
        match round(view, order, &signals)? {
            Round::Done(stages) => {
                ran += stages;
                break;
            }
            Round::Failed(status) if status == LOST && attempt < ATTEMPTS => {
                ran += 1;
                tracing::info!("something that was made before is gone; it is made again");
            }
            Round::Failed(status) => return Ok(ExitCode::from(u8::try_from(status).unwrap_or(1))),
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    // The settings may have gone back to something that is done, or other processes may have done the later stages: then only what is
    // shown changes.
    Store::open(&view.study.artifacts)?.set_latest(
        &view.study.file,
        &view.plan(Stage::Evaluate)?.artifacts(&view.sources),
    )?;
    if ran == 0 {
        tracing::info!("everything is up to date: nothing was run");
    } else {
        tracing::info!("up to date after {seconds:.0} s");
    }
    if !order.shard.is_whole() {
        tracing::info!(
            "share {} is done; when all shares are, `pipeline run --shard 1/1` makes scores and report",
            order.shard
        );
    } else if order.last == Stage::Report {
        tracing::info!(
            "the report is {}",
            view.study
                .artifacts
                .join("report")
                .join("index.html")
                .display()
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// The same view, whose plans read every artifact that has not been verified as it is now. Shares of the work would all read the same ones,
/// so that is left to the run of the whole after them.
fn verifying(view: &View, order: &Order<'_>, signals: &Signals) -> View {
    let store = if order.shard.is_whole() {
        view.store.thorough(signals.flag())
    } else {
        view.store.clone()
    };
    View {
        store,
        ..view.clone()
    }
}

impl Order<'_> {
    fn stages(&self) -> impl Iterator<Item = Stage> {
        let shard = self.shard;
        let stages = self.last.with_needs().into_iter();
        stages.filter(move |stage| shard.is_whole() || Shard::divides(*stage))
    }
}

enum Round {
    Done(usize),
    Failed(i32),
}

fn round(view: &View, order: &Order<'_>, signals: &Signals) -> Result<Round, StageError> {
    // Often nothing is to be done, and one plan tells that of all stages.
    let plan = view.plan(order.last)?;
    signals.check()?;
    if order
        .stages()
        .all(|stage| is_done(view, order, &plan, stage))
    {
        return Ok(Round::Done(0));
    }
    let (mut ran, mut failed) = (0, false);
    for stage in order.stages() {
        // What does not read the results that are missing can be made all the same; evaluate reads everything.
        if failed && !Shard::divides(stage) {
            break;
        }
        signals.check()?;
        if is_done(view, order, &view.plan(stage)?, stage) {
            continue;
        }
        ran += 1;
        tracing::debug!("starting {stage}");
        match wait(start(stage, order)?, signals)? {
            0 => {}
            FAILED => failed = true,
            LOST if failed => {}
            status => return Ok(Round::Failed(status)),
        }
    }
    if failed {
        return Ok(Round::Failed(FAILED));
    }
    Ok(Round::Done(ran))
}

/// Whether nothing of the order's share is left for a stage.
fn is_done(view: &View, order: &Order<'_>, plan: &Plan, stage: Stage) -> bool {
    let mut mine = plan
        .stage(stage)
        .filter(|action| order.shard.holds(&action.subject, &view.sources));
    mine.all(Action::is_done)
}

/// Starts the stage's program, which lies beside this one.
pub(crate) fn start(stage: Stage, order: &Order<'_>) -> Result<Child, StageError> {
    let program = beside(stage.name())?;
    let mut command = Command::new(&program);
    let verbosity = order.verbosity;
    command.arg("--config").arg(order.config);
    // Of the whole too, so that no stage looks into the environment for itself.
    command.arg("--shard").arg(order.shard.to_string());
    if let Some(folder) = order.artifacts {
        command.arg("--artifacts").arg(folder);
    }
    command.args(std::iter::repeat_n("-v", usize::from(verbosity.verbose)));
    command
        .args(verbosity.quiet.then_some("-q"))
        .args(verbosity.json.then_some("--json"));
    command
        .spawn()
        .map_err(|error| not_started(&program, &error))
}

/// Measures the study's networks, by the program that loads them; its exit status.
pub(crate) fn tune(config: &Path, seconds: f64) -> Result<ExitCode, StageError> {
    let program = beside("tune")?;
    let mut command = Command::new(&program);
    command.arg("--config").arg(config);
    command.arg("--seconds").arg(seconds.to_string());
    let child = command
        .spawn()
        .map_err(|error| not_started(&program, &error))?;
    let status = wait(child, &Signals::listen())?;
    Ok(ExitCode::from(u8::try_from(status).unwrap_or(1)))
}

/// A program that lies beside this one.
pub(crate) fn beside(name: &str) -> Result<PathBuf, StageError> {
    let here = std::env::current_exe().map_err(StageError::action)?;
    Ok(here
        .with_file_name(name)
        .with_extension(std::env::consts::EXE_EXTENSION))
}

pub(crate) fn not_started(program: &Path, error: &std::io::Error) -> StageError {
    StageError::action(format!(
        "{} cannot be started: {error}; `make build` makes it",
        program.display()
    ))
}

/// Waits for a stage. Ctrl-C reaches it from the terminal; SIGTERM is passed on.
pub(crate) fn wait(mut child: Child, signals: &Signals) -> Result<i32, StageError> {
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait().map_err(StageError::action)? {
            return Ok(status.code().unwrap_or(1));
        }
        if signals.received().is_some() && !told {
            told = true;
            if let Some(pid) = Pid::from_raw(child.id() as i32) {
                // It may just have ended, which the next look shows.
                let _ = kill_process(pid, Signal::TERM);
            }
        }
        std::thread::sleep(LOOK);
    }
}
