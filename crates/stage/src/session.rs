//! One run of one stage over a study.

use std::collections::BTreeMap;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use parts::Rows;
use rayon::prelude::*;
use schema::Table;
use store::{Cost, Environment, Preimage, Store};
use study::plan::{Action, Context, LIBTORCH, Plan, Planned, State, Subject, reads};
use study::{Kind, Sources, Stage, Study};

use crate::groups::{attempt, shared_out, shares};
use crate::output::Ran;
use crate::progress::Progress;
use crate::{Arguments, Output, Shard, Signals, StageError, Verbosity, logging};

/// A result for each action of a group.
pub type Outputs = Vec<Result<Output, StageError>>;

/// Takes results to the writer.
type Sender<'a> = SyncSender<(&'a Subject, store::Action)>;

/// One action to do: its inputs, and what reads the rows that they name.
///
/// Rows must follow from `inputs` and from what `rows` reads. The plan and the subject are there to check rows with, and for messages.
#[derive(Debug)]
pub struct Job<'a, I> {
    /// What the action is about.
    pub subject: &'a Subject,
    /// All that its rows may depend on.
    pub inputs: I,
    /// Reads what the inputs name.
    pub rows: Rows<'a>,
    /// The plan that the action belongs to.
    pub plan: &'a Plan,
}

/// Results that may wait to be written while the next is computed.
const WAITING_RESULTS: usize = 32;

/// A study that is open for one stage.
#[derive(Debug)]
pub struct Session {
    /// The settings.
    pub study: Study,
    /// The files.
    pub sources: Sources,
    /// The artifacts.
    pub store: Store,
    /// Whether to stop.
    pub signals: Signals,
    /// Whether the report's main table is printed.
    pub summary: bool,
    shard: Shard,
    stage: Stage,
    verbosity: Verbosity,
    outcome: Mutex<Outcome>,
}

/// How the actions of all kinds went so far.
#[derive(Debug, Default)]
struct Outcome {
    failures: Vec<StageError>,
    due: usize,
    waiting: usize,
}

impl Session {
    /// Reads the study, takes the digests of its files, and opens its store.
    pub fn open(stage: Stage, arguments: &Arguments) -> Result<Self, StageError> {
        let signals = Signals::listen();
        Signals::end_in_time();
        let shard = arguments.sharing.shard()?;
        let study = arguments.study()?;
        let mut store = Store::open(&study.artifacts)?;
        logging::start(stage.name(), arguments.verbosity, Some(&store))?;
        // Shares of the work would all read the same artifacts; the run of the whole reads them once.
        if shard.is_whole() {
            store = store.thorough(signals.flag());
        }
        let sources = Sources::read(&study)?;
        // Once in a run of all stages.
        if stage == Stage::Segment {
            for warning in &sources.images.warnings {
                tracing::warn!("{warning}");
            }
        }
        let session = Self {
            study,
            sources,
            store,
            signals,
            summary: arguments.summary,
            shard,
            stage,
            verbosity: arguments.verbosity,
            outcome: Mutex::default(),
        };
        session.announce_share();
        Ok(session)
    }

    /// Whether an action is in this process's shard.
    pub fn holds(&self, subject: &Subject) -> bool {
        self.shard.holds(subject, &self.sources)
    }

    fn announce_share(&self) {
        let (shard, stage) = (self.shard, self.stage);
        if shard.is_whole() {
            return;
        }
        if !Shard::divides(stage) {
            let does = if shard.is_first() {
                "which this is"
            } else {
                "so nothing is left for this shard"
            };
            tracing::info!("{stage} is one action for the whole study, done by shard 1, {does}");
            return;
        }
        let all = self.sources.len();
        let subject = |image| Subject {
            image: Some(image),
            ..Subject::default()
        };
        let mine = (0..all)
            .filter(|&image| self.holds(&subject(image)))
            .count();
        tracing::info!("shard {shard}: {mine} of {all} images; --shard 1/1 does all of them");
    }

    /// The plan up to and with a kind of action, as things stand now.
    pub fn plan(&self, last: Kind) -> Result<Plan, StageError> {
        Ok(Plan::new(&self.study, &self.sources, &self.store, last)?)
    }

    /// The rows of a table that an earlier action made.
    pub fn read<T: Table>(
        &self,
        plan: &Plan,
        kind: Kind,
        subject: &Subject,
    ) -> Result<Vec<T>, StageError> {
        let id = plan
            .artifact::<T>(kind, subject)
            .ok_or_else(|| StageError::Waiting {
                waiting: 1,
                missing: format!("{kind} of {}", subject.describe(&self.sources)),
            })?;
        Ok(self.store.read(&id)?)
    }

    /// The one row of a table that an earlier action made.
    pub fn read_one<T: Table>(
        &self,
        plan: &Plan,
        kind: Kind,
        subject: &Subject,
    ) -> Result<T, StageError> {
        let rows = self.read::<T>(plan, kind, subject)?;
        let found = rows.len();
        let mut rows = rows.into_iter();
        match (rows.next(), rows.next()) {
            (Some(row), None) => Ok(row),
            _ => Err(StageError::action(format!(
                "table {} of {} has {found} rows, expected 1",
                T::NAME,
                subject.describe(&self.sources)
            ))),
        }
    }

    /// Does all actions of a kind that are due, on all cores, in any order.
    pub fn each<I: Planned>(
        &self,
        work: impl Fn(&Job<'_, I>) -> Result<Output, StageError> + Sync,
    ) -> Result<(), StageError> {
        let inputs =
            |context: &Context<'_>, plan: &Plan, subject: &Subject| context.inputs(plan, subject);
        self.each_of(I::KIND, inputs, work)
    }

    /// Computes the rows of a measure where they are due.
    pub fn measure(&self, measure: measures::Kind) -> Result<(), StageError> {
        self.each_of(
            Kind::Measure(measure),
            |context, plan, _| context.measure(plan, measure),
            |job| Output::measured(&*job.inputs.rows(&job.rows)?),
        )
    }

    fn each_of<I: Send>(
        &self,
        kind: Kind,
        inputs: impl Fn(&Context<'_>, &Plan, &Subject) -> Option<I> + Sync,
        work: impl Fn(&Job<'_, I>) -> Result<Output, StageError> + Sync,
    ) -> Result<(), StageError> {
        let plan = self.plan(kind)?;
        let context = Context::new(&self.study, &self.sources);
        let run = Run::new(self, kind, &plan)?;
        run.due.par_iter().try_for_each(|(subject, preimage)| {
            let start = Instant::now();
            let outcome = self.signals.check().and_then(|()| {
                let inputs = inputs(&context, &plan, subject);
                let job = self.job(&plan, inputs, subject)?;
                work(&job).map_err(|error| self.stopped(error))
            });
            let published = outcome.and_then(|output| {
                Ok(self.store.publish(&self.record(
                    preimage,
                    output,
                    start.elapsed().as_secs_f64(),
                ))?)
            });
            run.settle(subject, published)
        })?;
        run.conclude();
        Ok(())
    }

    /// The inputs of a due action, and what they name.
    fn job<'a, I>(
        &'a self,
        plan: &'a Plan,
        inputs: Option<I>,
        subject: &'a Subject,
    ) -> Result<Job<'a, I>, StageError> {
        let inputs = inputs.ok_or(StageError::Waiting {
            waiting: 1,
            missing: "they were lost meanwhile; rerun this stage".to_owned(),
        })?;
        Ok(Job {
            subject,
            inputs,
            rows: Rows::of(&self.store),
            plan,
        })
    }

    /// The error of an action, with the signal if that is why it stopped.
    fn stopped(&self, error: StageError) -> StageError {
        match (error, self.signals.received()) {
            (StageError::Interrupted { .. }, Some(signal)) => StageError::Interrupted { signal },
            (error, _) => error,
        }
    }

    /// Does all actions of a kind that are due, one after another on each device, because they share a network; results are written beside. Each
    /// device has a state, at least one, and the next action goes to the device that is done first: no result may depend on which that is.
    pub fn in_turn<I: Planned, S: Send>(
        &self,
        devices: &[Mutex<S>],
        work: impl Fn(&mut S, &Job<'_, I>) -> Result<Output, StageError> + Sync,
    ) -> Result<(), StageError> {
        let alone = |subject: &Subject| subject.clone();
        self.in_groups(alone, devices, |state, jobs: &[Job<'_, I>]| {
            Ok(jobs.iter().map(|job| work(state, job)).collect())
        })
    }

    /// Like [`Session::in_turn`] for actions that share work: those for which `group` gives the same are handed over together, in the
    /// plan's order, and each gets a result of its own. No result may depend on what else is in its group: other actions may be up to
    /// date, or in another shard. Where a group fails as a whole, its halves are tried, down to the action that fails.
    ///
    /// # Panics
    /// When `work` does not give as many results as it was given subjects.
    pub fn in_groups<I: Planned, G: Ord, S: Send>(
        &self,
        group: impl Fn(&Subject) -> G,
        devices: &[Mutex<S>],
        work: impl Fn(&mut S, &[Job<'_, I>]) -> Result<Outputs, StageError> + Sync,
    ) -> Result<(), StageError> {
        let plan = self.plan(I::KIND)?;
        let context = Context::new(&self.study, &self.sources);
        let run = Run::new(self, I::KIND, &plan)?;
        let mut groups: BTreeMap<G, Vec<usize>> = BTreeMap::new();
        for (place, (subject, _)) in run.due.iter().enumerate() {
            groups.entry(group(subject)).or_default().push(place);
        }
        let groups: Vec<_> = groups.into_values().collect();
        self.grouped(run, &groups, devices, |state, group| {
            let jobs = group
                .iter()
                .map(|subject| self.job(&plan, context.inputs(&plan, subject), subject));
            let jobs = jobs.collect::<Result<Vec<_>, _>>()?;
            work(state, &jobs).map_err(|error| self.stopped(error))
        })
    }

    /// Does groups of due actions, given by their places, one after another on each device.
    fn grouped<'a, S: Send>(
        &self,
        run: Run<'a>,
        groups: &[Vec<usize>],
        devices: &[Mutex<S>],
        work: impl Fn(&mut S, &[&Subject]) -> Result<Outputs, StageError> + Sync,
    ) -> Result<(), StageError> {
        let run_ref = &run;
        std::thread::scope(|scope| {
            let (sender, receiver) = sync_channel::<(&'a Subject, store::Action)>(WAITING_RESULTS);
            let writer = scope.spawn(move || {
                while let Ok(first) = receiver.recv() {
                    // Whatever has gathered shares the waiting for the disk.
                    let (subjects, actions): (Vec<_>, Vec<_>) =
                        std::iter::once(first).chain(receiver.try_iter()).unzip();
                    let published = self.store.publish_many(&actions);
                    subjects
                        .iter()
                        .zip(published)
                        .try_for_each(|(subject, published)| {
                            run_ref.settle(subject, published.map_err(StageError::from))
                        })?;
                }
                Ok(())
            });
            let computed = shared_out(groups.len(), devices, |state, place| {
                self.group(run_ref, &groups[place], &sender, &mut |group| {
                    work(state, group)
                })
            });
            drop(sender);
            let written = writer
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            written.and(computed.or_else(|error: Option<StageError>| error.map_or(Ok(()), Err)))
        })?;
        run.conclude();
        Ok(())
    }

    /// Does one group, and hands the results to the writer. An error ends the work; none where the writer has one of its own.
    fn group<'a>(
        &self,
        run: &Run<'a>,
        places: &[usize],
        sender: &Sender<'a>,
        work: &mut dyn FnMut(&[&Subject]) -> Result<Outputs, StageError>,
    ) -> Result<(), Option<StageError>> {
        let start = Instant::now();
        let subjects: Vec<&Subject> = places.iter().map(|&place| run.due[place].0).collect();
        self.signals.check().map_err(Some)?;
        let outputs = attempt(&subjects, work);
        let shares = shares(&outputs, start.elapsed().as_secs_f64());
        for ((&place, output), seconds) in places.iter().zip(outputs).zip(shares) {
            let (subject, preimage) = run.due[place];
            match output {
                // The writer goes away only with an error of its own, which is reported below.
                Ok(output) => sender
                    .send((subject, self.record(preimage, output, seconds)))
                    .map_err(|_| None)?,
                Err(error) => run
                    .settle::<()>(subject, Err(self.stopped(error)))
                    .map_err(Some)?,
            }
        }
        Ok(())
    }

    fn environment(
        &self,
        libtorch: Option<String>,
        ran: Option<Ran>,
        program: String,
    ) -> Environment {
        let threads = libtorch.is_some().then_some(self.study.compute.threads());
        let batch = ran.as_ref().map(|ran| ran.batch as u32);
        let device = ran.map_or_else(|| "cpu".to_owned(), |ran| ran.device);
        Environment {
            threads,
            batch,
            ..Environment::here(device, libtorch, program)
        }
    }

    fn record(&self, preimage: &Preimage, output: Output, wall_seconds: f64) -> store::Action {
        let libtorch = (output.forward_passes > 0).then(|| LIBTORCH.to_owned());
        let program = format!("{} {}", self.stage, env!("CARGO_PKG_VERSION"));
        store::Action {
            preimage: preimage.clone(),
            tables: output.tables,
            facets: output.facets,
            cost: Cost {
                wall_seconds,
                forward_passes: output.forward_passes,
                computed_forward_passes: Some(output.computed),
                backward_passes: output.backward_passes,
            },
            environment: self.environment(libtorch, output.ran, program),
        }
    }

    /// An error if any action failed, or could not be tried.
    pub(crate) fn outcome(&self) -> Result<(), StageError> {
        let mut outcome =
            std::mem::take(&mut *self.outcome.lock().unwrap_or_else(PoisonError::into_inner));
        let lost = outcome
            .failures
            .iter()
            .position(|error| matches!(error, StageError::Store(_)));
        match (lost, outcome.failures.len(), outcome.waiting) {
            (Some(lost), ..) => Err(outcome.failures.swap_remove(lost)),
            (None, 0, 0) => Ok(()),
            (None, 0, waiting) => Err(self.waiting(waiting)),
            (None, failed, _) => Err(StageError::Failed {
                failed,
                total: outcome.due,
            }),
        }
    }

    /// Reads all inputs of an action, so that all damage is set aside at once; the next run then recomputes all of it.
    fn set_damage_aside(&self, plan: &Plan, kind: Kind, subject: &Subject) {
        let inputs: Vec<&Action> = reads::inputs(plan, kind, subject).collect();
        inputs.par_iter().for_each(|action| {
            let made = plan.summary(action).map(|summary| summary.artifacts);
            for (table, artifact) in made.into_iter().flatten() {
                // It says what it finds, and a program that is told to stop need not find more.
                if self.signals.received().is_none() {
                    let _ = self.store.check(&table, &artifact.id);
                }
            }
        });
    }

    /// The error of actions whose input is missing.
    fn waiting(&self, waiting: usize) -> StageError {
        let stage = self.stage;
        let plan = Kind::of(stage).last().and_then(|last| self.plan(last).ok());
        let undone: Vec<&Action> = plan.iter().flat_map(|plan| self.undone(plan)).collect();
        match undone.first() {
            Some(first) if !self.shard.is_whole() => StageError::ShareWaiting {
                waiting,
                shard: self.shard,
                stage: stage.name(),
                first: first.stage.name(),
            },
            _ => StageError::Waiting {
                waiting,
                missing: self.missing(&undone),
            },
        }
    }

    /// What this shard reads and earlier stages have not computed, in the order of computation.
    fn undone<'a>(&'a self, plan: &'a Plan) -> impl Iterator<Item = &'a Action> {
        let reads = |action: &&Action| !Shard::divides(self.stage) || self.holds(&action.subject);
        let earlier = self.stage.with_needs().into_iter();
        earlier
            .filter(|stage| *stage != self.stage)
            .flat_map(|stage| plan.stage(stage))
            .filter(|action| !action.is_done())
            .filter(reads)
    }

    /// Undone actions in words: how many of each kind, the first of them, and what makes them.
    fn missing(&self, undone: &[&Action]) -> String {
        let Some(first) = undone.first() else {
            return "they were lost meanwhile; rerun this stage".to_owned();
        };
        let kinds = undone.chunk_by(|one, next| one.kind == next.kind);
        let kinds: Vec<String> = kinds
            .map(|of_kind| format!("{} {}", of_kind.len(), of_kind[0].kind))
            .collect();
        format!(
            "{} ({} of {} first). `make {}` computes them, or says why it cannot",
            kinds.join(", "),
            first.kind,
            first.subject.describe(&self.sources),
            first.stage
        )
    }

    /// Makes `latest/` show what the study consists of now.
    pub fn show(&self) -> Result<(), StageError> {
        let planned = || -> Result<_, StageError> {
            Ok(self.plan(Kind::LAST_TABLE)?.artifacts(&self.sources))
        };
        let mut shown = planned()?;
        // Another process may have published and shown more between this plan and its showing. Whoever changes what is shown plans again,
        // so that the last change is never an older plan. It does not look at latest/, which may be another study's by then.
        while self.store.set_latest(&self.study.file, &shown)? {
            let now = planned()?;
            if now == shown {
                break;
            }
            shown = now;
        }
        Ok(())
    }
}

/// The actions of one kind that are due, and how they went.
struct Run<'a> {
    session: &'a Session,
    plan: &'a Plan,
    kind: Kind,
    due: Vec<(&'a Subject, &'a Preimage)>,
    waiting: usize,
    progress: Progress,
    failures: Mutex<Vec<StageError>>,
}

impl<'a> Run<'a> {
    fn new(session: &'a Session, kind: Kind, plan: &'a Plan) -> Result<Self, StageError> {
        session.signals.check()?;
        let due = |action: &'a Action| match &action.state {
            State::Due { preimage, .. } => Some((&action.subject, &**preimage)),
            _ => None,
        };
        let mine = || {
            plan.of(kind)
                .filter(|action| action.stage == session.stage && session.holds(&action.subject))
        };
        let due: Vec<_> = mine().filter_map(due).collect();
        let waiting = mine()
            .filter(|action| matches!(action.state, State::Waiting))
            .count();
        let progress = Progress::new(kind.name(), due.len(), session.verbosity);
        Ok(Self {
            session,
            plan,
            kind,
            due,
            waiting,
            progress,
            failures: Mutex::default(),
        })
    }

    /// Notes how an action went; an error only where the others need not be tried.
    fn settle<T>(
        &self,
        subject: &Subject,
        outcome: Result<T, StageError>,
    ) -> Result<(), StageError> {
        self.progress.advance();
        let Err(error) = outcome else { return Ok(()) };
        if error.is_fatal() {
            return Err(error);
        }
        tracing::error!("{}: {error}", subject.describe(&self.session.sources));
        if matches!(&error, StageError::Store(error) if error.is_loss()) {
            self.session.set_damage_aside(self.plan, self.kind, subject);
        }
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(error);
        Ok(())
    }

    /// Adds to the outcome of the session; the next kind of action continues with what there is.
    fn conclude(self) {
        if !self.due.is_empty() {
            self.progress.finish();
        }
        let failures = self
            .failures
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let mut outcome = self
            .session
            .outcome
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // What an action reads may have been lost since it was planned.
        let (lost, failures): (Vec<_>, Vec<_>) = failures
            .into_iter()
            .partition(|error| matches!(error, StageError::Waiting { .. }));
        outcome.failures.extend(failures);
        outcome.due += self.due.len();
        outcome.waiting += self.waiting + lost.len();
    }
}
