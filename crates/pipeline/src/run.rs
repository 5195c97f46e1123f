//! Starts the stages that have something to do, in order.

use std::path::Path;
use std::process::{Child, ExitCode};
use std::time::Instant;

use stage::{Shard, Signals, Stage, StageError, Verbosity};
use store::Store;
use study::plan::{Action, Plan};
use study::{Kind, Problems, Study};

use crate::View;
use crate::child::{self, End};

/// Exit status of a stage in which actions failed: the others are done.
const FAILED: i32 = 1;
/// Exit status of a stage that misses results of an earlier one: see `--help`.
const LOST: i32 = 3;
/// How often results may be lost before the cause must be another one. A kind of action that finds damage sets all damaged inputs aside. Recomputing
/// these may find damage in each earlier kind, once for the scores and once for the report.
const ATTEMPTS: usize = 2 * Kind::ALL.len();

/// What is to be run, and how.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// The last stage.
    pub last: Stage,
    /// The shard. One of several shards runs only the stages that can be divided.
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
                tracing::info!("earlier results are missing and will be recomputed");
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
            "shard {} is done; when all shards are done, `pipeline run --shard 1/1` computes the scores and the report",
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

/// The same view, whose plans read every artifact that has not been verified in its current state. Shards would all read the same artifacts, so only
/// a run of the whole study does this.
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
        some_image_is_left(view, &plan)?;
        return Ok(Round::Done(0));
    }
    let (mut ran, mut failed) = (0, false);
    for stage in order.stages() {
        // What does not read the results that are missing can be made all the same; evaluate reads everything.
        if failed && !Shard::divides(stage) {
            break;
        }
        signals.check()?;
        let plan = view.plan(stage)?;
        some_image_is_left(view, &plan)?;
        if is_done(view, order, &plan, stage) {
            continue;
        }
        ran += 1;
        tracing::debug!("starting {stage}");
        match child::wait(start(stage, order)?, signals)? {
            End::Status(0) => {}
            End::Status(FAILED) => failed = true,
            End::Status(LOST) if failed => {}
            End::Status(status) => return Ok(Round::Failed(status)),
            End::Signal(signal) => {
                let killed = killed(&view.study, stage, signal);
                let rest = rest(view, order)?;
                return Err(StageError::action(format!("{killed}. {rest}")));
            }
        }
    }
    if failed {
        return Ok(Round::Failed(FAILED));
    }
    Ok(Round::Done(ran))
}

/// What an order still has to do, in words.
fn rest(view: &View, order: &Order<'_>) -> Result<String, StageError> {
    let plan = view.plan(order.last)?;
    let counts = order.stages().filter_map(|stage| {
        let due = mine(view, order, &plan, stage).filter(|action| !action.is_done());
        let count = due.count();
        (count > 0).then(|| format!("{stage} ({count} actions)"))
    });
    let counts: Vec<String> = counts.collect();
    Ok(format!(
        "Finished results are kept. Not done yet: {}. `pipeline run` resumes there",
        counts.join(", ")
    ))
}

/// An error where the study drops every image, so that nothing is left to explain.
fn some_image_is_left(view: &View, plan: &Plan) -> Result<(), StageError> {
    match plan.nothing_left(&view.study, &view.sources) {
        Some(problem) => Err(Problems::from(problem).into()),
        None => Ok(()),
    }
}

/// The actions of a stage in the order's shard.
fn mine<'a>(
    view: &'a View,
    order: &'a Order<'_>,
    plan: &'a Plan,
    stage: Stage,
) -> impl Iterator<Item = &'a Action> {
    plan.stage(stage)
        .filter(|action| order.shard.holds(&action.subject, &view.sources))
}

/// Whether nothing of the order's shard is left for a stage.
fn is_done(view: &View, order: &Order<'_>, plan: &Plan, stage: Stage) -> bool {
    mine(view, order, plan, stage).all(Action::is_done)
}

/// Starts the stage's program.
pub(crate) fn start(stage: Stage, order: &Order<'_>) -> Result<Child, StageError> {
    let mut command = child::program(stage.name())?;
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
    child::start(&mut command)
}

/// An error that says which signal ended a stage, and which networks it may have loaded where it crashed.
pub(crate) fn killed(study: &Study, stage: Stage, signal: i32) -> StageError {
    let said = child::killed(&format!("the stage {stage}"), signal);
    let hint = if child::is_crash(signal) && stage.loads_networks() {
        format!("; {}", networks(study))
    } else {
        String::new()
    };
    StageError::action(format!("{said}{hint}"))
}

/// The files of the study's networks, one of which a program that crashed had loaded.
fn networks(study: &Study) -> String {
    let files = study.networks.values();
    let files: Vec<String> = files
        .map(|network| format!("`{}`", network.weights.display()))
        .collect();
    format!(
        "it loads {}: `pipeline check` tries each network alone",
        files.join(", ")
    )
}

/// Measures the study's networks, by the program that loads them; its exit status.
pub(crate) fn tune(config: &Path, seconds: f64) -> Result<ExitCode, StageError> {
    let mut command = child::program("tune")?;
    command.arg("--config").arg(config);
    command.arg("--seconds").arg(seconds.to_string());
    let child = child::start(&mut command)?;
    match child::wait(child, &Signals::listen())? {
        End::Status(status) => Ok(ExitCode::from(u8::try_from(status).unwrap_or(1))),
        End::Signal(signal) => {
            let said = child::killed("`tune`", signal);
            let networks = networks(&Study::read(config)?);
            Err(StageError::action(format!("{said}; {networks}")))
        }
    }
}
