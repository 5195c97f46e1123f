//! Why an action is up to date or not: what differs from what the present study asks for, what reads it, and what that cost last time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use stage::{Stage, StageError};
use store::{Artifact, Change, ContentId, Key, Preimage, Record, difference};
use study::plan::{Action, Plan, State, reads};
use study::{Kind, Problem};

use crate::View;
use crate::reasons::{self, planned_subject};

/// Fewest digits of a key or an id that are looked up.
const FEWEST_DIGITS: usize = 6;
/// Digits of a digest.
const DIGITS: usize = 64;
/// Most that is listed of things of which there may be thousands.
const LISTED: usize = 5;

/// Says why an action is up to date or not. `what` is the beginning of its key or of an artifact's id, or a file in `latest/`, `actions/` or
/// `objects/`.
pub fn why(view: &View, what: &str, as_json: bool) -> Result<String, StageError> {
    let plan = view.plan(Stage::Report)?;
    let answer = Answer::new(view, &plan, &find(view, &plan, what)?)?;
    Ok(if as_json {
        answer.to_json().to_string()
    } else {
        answer.to_text()
    })
}

/// The action, artifact or file in question.
enum Found<'a> {
    /// An action of the present study.
    Planned(&'a Action),
    /// An action of another study, or of an earlier version of this one.
    Past(Box<Record>),
}

fn find<'a>(view: &View, plan: &'a Plan, what: &str) -> Result<Found<'a>, StageError> {
    let is_digest = (FEWEST_DIGITS..=DIGITS).contains(&what.len())
        && what.bytes().all(|byte| byte.is_ascii_hexdigit());
    let found = if is_digest {
        find_digest(view, plan, &what.to_ascii_lowercase())?
    } else {
        find_path(view, plan, Path::new(what))?
    };
    found.ok_or_else(|| {
        wrong(
            format!("`{what}` is no action's key, artifact or file"),
            "give at least 6 digits of a key or an id, or a file in artifacts/latest, artifacts/actions or artifacts/objects",
        )
    })
}

fn wrong(title: String, help: &str) -> StageError {
    StageError::Problems(Problem::new(title).help(help).into())
}

fn find_digest<'a>(
    view: &View,
    plan: &'a Plan,
    digits: &str,
) -> Result<Option<Found<'a>>, StageError> {
    let begins = |digest: &dyn ToString| digest.to_string().starts_with(digits);
    let mut keys: BTreeSet<Key> = view.store.keys_that_begin(digits)?.into_iter().collect();
    keys.extend(plan.all().filter_map(Action::key).filter(|key| begins(key)));
    let ids = view.store.ids_that_begin(digits)?;
    match (keys.len() + ids.len(), keys.first(), ids.first()) {
        (0, ..) => Ok(None),
        (1, Some(key), _) => of_key(view, plan, key),
        (1, _, Some(id)) => of_artifact(view, plan, id),
        (count, ..) => {
            let all = keys.iter().map(Key::to_string);
            let all: Vec<String> = all.chain(ids.iter().map(ContentId::to_string)).collect();
            let listed = all[..count.min(LISTED)].join(", ");
            Err(wrong(
                format!("{count} keys and ids begin with `{digits}`: {listed}"),
                "give more digits",
            ))
        }
    }
}

fn find_path<'a>(
    view: &View,
    plan: &'a Plan,
    path: &Path,
) -> Result<Option<Found<'a>>, StageError> {
    let Some(inside) = inside(view, path) else {
        return Ok(None);
    };
    let part = |index: usize| inside.iter().nth(index).and_then(|part| part.to_str());
    let stem = inside.file_stem().and_then(|stem| stem.to_str());
    match (part(0), stem) {
        (Some("latest"), Some(stem)) => of_name(view, plan, part(1).unwrap_or_default(), stem)
            .map_or_else(|| linked(view, plan, &inside), |action| Ok(Some(action))),
        (Some("objects" | "actions"), Some(stem)) if stem.len() == DIGITS => {
            find_digest(view, plan, stem)
        }
        _ => Ok(None),
    }
}

/// The path below the artifacts folder.
fn inside(view: &View, path: &Path) -> Option<PathBuf> {
    let root = std::path::absolute(view.store.root()).ok()?;
    let given = std::path::absolute(path).ok()?;
    let below = given.strip_prefix(&root).ok().map(Path::to_owned);
    let short = || path.is_relative().then(|| path.to_owned());
    below.or_else(short)
}

/// The action of the present study whose artifact has this name in `latest/`, whether it is done or not.
fn of_name<'a>(view: &View, plan: &'a Plan, table: &str, stem: &str) -> Option<Found<'a>> {
    let makes = |action: &Action| {
        action.kind.name() == table
            || plan
                .summary(action)
                .is_some_and(|summary| summary.artifacts.contains_key(table))
    };
    plan.all()
        .filter(|action| makes(action))
        .find(|action| action.subject.file_name(&view.sources) == stem)
        .map(Found::Planned)
}

/// The action whose artifact a name in `latest/` still shows, though the study has none of this name any more.
fn linked<'a>(view: &View, plan: &'a Plan, inside: &Path) -> Result<Option<Found<'a>>, StageError> {
    let target = std::fs::read_link(view.store.root().join(inside)).ok();
    let id = target.and_then(|target| target.file_stem()?.to_str()?.parse().ok());
    id.map_or(Ok(None), |id| of_artifact(view, plan, &id))
}

fn of_key<'a>(view: &View, plan: &'a Plan, wanted: &Key) -> Result<Option<Found<'a>>, StageError> {
    let planned = plan.all().find(|action| action.key() == Some(*wanted));
    if let Some(action) = planned {
        return Ok(Some(Found::Planned(action)));
    }
    let record = view.store.find(wanted)?;
    Ok(record.map(|record| Found::Past(Box::new(record))))
}

/// The action that made an artifact: that of the present study, or else the newest.
fn of_artifact<'a>(
    view: &View,
    plan: &'a Plan,
    id: &ContentId,
) -> Result<Option<Found<'a>>, StageError> {
    let has = |artifacts: &BTreeMap<_, Artifact>| artifacts.values().any(|made| made.id == *id);
    let made = |record: &Record| has(&record.artifacts);
    let planned = plan.all().find(|action| {
        let summary = plan.summary(action);
        summary.is_some_and(|summary| has(&summary.artifacts))
    });
    if let Some(action) = planned {
        return Ok(Some(Found::Planned(action)));
    }
    let mut makers = Vec::new();
    for kind in Kind::ALL {
        makers.extend(view.store.records(kind.name())?.into_iter().filter(made));
    }
    let newest = makers
        .into_iter()
        .max_by(|a, b| a.environment.date.cmp(&b.environment.date));
    Ok(newest.map(|record| Found::Past(Box::new(record))))
}

/// How an action stands to the present study.
enum Verdict {
    /// The study asks for exactly this, and it is there.
    UpToDate,
    /// The study asks for something else of the same subject.
    Superseded,
    /// It has to be made.
    Due(String),
    /// Not even its key is known, because these have to be made first, for these reasons.
    Waits(Vec<(String, String)>),
    /// The study has no such subject.
    NotInStudy,
}

impl Verdict {
    fn name(&self) -> &'static str {
        match self {
            Self::UpToDate => "up to date",
            Self::Superseded => "superseded",
            Self::Due(_) => "due",
            Self::Waits(_) => "waits",
            Self::NotInStudy => "not in the study",
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::UpToDate => {
                "up to date: the current study uses exactly this result. It was computed from:"
                    .to_owned()
            }
            Self::Superseded => {
                "not in the current study, which has another result of the same subject:".to_owned()
            }
            Self::Due(reason) if reason.is_empty() => "to be computed: it never was".to_owned(),
            Self::Due(reason) => format!("to be computed: {reason}"),
            Self::Waits(causes) => {
                let because = if causes.is_empty() {
                    ""
                } else {
                    ", to be computed first:"
                };
                format!("waits for its inputs{because}")
            }
            Self::NotInStudy => "not in the current study, which has no such subject".to_owned(),
        }
    }
}

/// Actions of a kind that read the one in question.
#[derive(Default)]
struct Readers {
    count: usize,
    seconds: f64,
}

struct Answer {
    kind: String,
    subject: String,
    record: Option<Record>,
    preimage: Option<Preimage>,
    verdict: Verdict,
    changes: Vec<Change>,
    /// The file of another tool's explanations that it reads.
    answers: Option<PathBuf>,
    /// By the place of their kind in the order in which they run.
    readers: BTreeMap<Kind, Readers>,
    /// What making the action itself cost last time.
    seconds: f64,
}

impl Answer {
    fn new(view: &View, plan: &Plan, found: &Found<'_>) -> Result<Self, StageError> {
        let (action, record) = match found {
            Found::Planned(action) => (Some(*action), None),
            Found::Past(record) => (successor(view, plan, record), Some(record)),
        };
        let Some(action) = action else {
            let record = record.expect("what is not planned has a record");
            return Ok(Self::of_no_study(record));
        };
        let mut history = History::new(view);
        let subject = planned_subject(&action.subject, &view.sources);
        let own = plan.record(action);
        let preimage = match (&own, &action.state) {
            (Some(record), _) => Some(record.preimage.clone()),
            (None, State::Due { preimage, .. }) => Some((**preimage).clone()),
            _ => None,
        };
        let old = match record.map(|record| (**record).clone()).or(own) {
            None => history.newest(action.kind, &subject)?,
            known => known,
        };
        let changes = match (&old, &preimage) {
            (Some(old), Some(new)) => difference(&old.preimage, new),
            _ => Vec::new(),
        };
        let verdict = verdict(view, plan, action, record.is_some(), &mut history)?;
        let unmade = matches!(verdict, Verdict::Due(_) | Verdict::Waits(_));
        let mut readers: BTreeMap<Kind, Readers> = BTreeMap::new();
        for reader in reads::readers(plan, action.kind, &action.subject) {
            if !unmade || !reader.is_done() {
                let of_kind = readers.entry(reader.kind).or_default();
                of_kind.count += 1;
                of_kind.seconds += history.seconds(plan, reader)?;
            }
        }
        Ok(Self {
            kind: action.kind.name().to_owned(),
            subject: action.subject.describe(&view.sources),
            answers: answers(view, action),
            preimage,
            seconds: old.as_ref().map_or(0.0, |old| old.cost.wall_seconds),
            record: old,
            verdict,
            changes,
            readers,
        })
    }

    fn of_no_study(record: &Record) -> Self {
        let names = record.preimage.names().iter();
        let names: Vec<String> = names.map(|(_, value)| plain(value)).collect();
        Self {
            kind: record.preimage.kind().to_owned(),
            subject: names.join(", "),
            record: Some(record.clone()),
            preimage: None,
            verdict: Verdict::NotInStudy,
            changes: Vec::new(),
            answers: None,
            readers: BTreeMap::new(),
            seconds: record.cost.wall_seconds,
        }
    }

    /// What the readers and the action itself cost last time, in seconds.
    fn total_seconds(&self) -> f64 {
        self.readers
            .values()
            .fold(self.seconds, |sum, readers| sum + readers.seconds)
    }

    fn to_json(&self) -> Value {
        let changes = self
            .changes
            .iter()
            .map(|change| json!({"value": change.field, "old": change.old, "new": change.new}));
        let readers = self.readers.iter().map(
            |(kind, of_kind)| json!({"table": kind.name(), "count": of_kind.count, "seconds": of_kind.seconds}),
        );
        let causes = match &self.verdict {
            Verdict::Waits(causes) => causes
                .iter()
                .map(|(action, reason)| json!({"action": action, "reason": reason}))
                .collect(),
            _ => Vec::new(),
        };
        json!({
            "table": self.kind, "subject": self.subject, "state": self.verdict.name(),
            "key": self.record.as_ref().map(|record| record.key),
            "wanted_key": self.preimage.as_ref().map(Preimage::key),
            "artifacts": self.record.as_ref().map(|record| &record.artifacts),
            "made": self.record.as_ref().map(|record| &record.environment),
            "preimage": self.record.as_ref().map(|record| &record.preimage),
            "answers": self.answers, "changes": changes.collect::<Vec<_>>(), "waits_for": causes,
            "readers": readers.collect::<Vec<_>>(),
            "seconds": self.seconds, "seconds_with_readers": self.total_seconds(),
        })
    }

    fn to_text(&self) -> String {
        let mut text = format!("{} of {}\n", self.kind, self.subject);
        if let Some(record) = &self.record {
            add_record(&mut text, record);
        }
        if let Some(answers) = &self.answers {
            let _ = writeln!(text, "  answers   {}", answers.display());
        }
        let _ = writeln!(text, "{}", self.verdict.sentence());
        match (&self.verdict, &self.record) {
            (Verdict::UpToDate, Some(record)) => add_inputs(&mut text, &record.preimage),
            (Verdict::Waits(causes), _) => add_causes(&mut text, causes),
            _ => self
                .changes
                .iter()
                .for_each(|change| add_change(&mut text, change)),
        }
        self.add_readers(&mut text);
        text
    }

    fn add_readers(&self, text: &mut String) {
        let counts: Vec<String> = self
            .readers
            .iter()
            .map(|(kind, readers)| format!("{} {kind} ({:.1} s)", readers.count, readers.seconds))
            .collect();
        let verb = match self.verdict {
            Verdict::Due(_) | Verdict::Waits(_) => "makes stale",
            _ => "read by",
        };
        if !counts.is_empty() {
            let _ = writeln!(text, "{verb}: {}", counts.join(", "));
        }
        let _ = writeln!(
            text,
            "last cost: {:.1} s by itself, {:.1} s with all actions that read it",
            self.seconds,
            self.total_seconds()
        );
    }
}

/// The file of another tool's explanations that an action reads itself.
fn answers(view: &View, action: &Action) -> Option<PathBuf> {
    let subject = &action.subject;
    let (method, network) = (subject.method.as_ref()?, subject.network.as_ref()?);
    let reads = action.kind == Kind::Relevances;
    view.study
        .answer(method, network, subject.partition.as_ref()?)
        .filter(|_| reads)
}

/// The action of the present study that is about the same as a past one.
fn successor<'a>(view: &View, plan: &'a Plan, record: &Record) -> Option<&'a Action> {
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| kind.name() == record.preimage.kind())?;
    let subject = reasons::subject(&record.preimage);
    plan.of(kind)
        .find(|action| planned_subject(&action.subject, &view.sources) == subject)
}

fn verdict(
    view: &View,
    plan: &Plan,
    action: &Action,
    is_past: bool,
    history: &mut History<'_>,
) -> Result<Verdict, StageError> {
    Ok(match &action.state {
        State::Done { .. } if is_past => Verdict::Superseded,
        State::Done { .. } => Verdict::UpToDate,
        State::Due { reason, .. } => Verdict::Due(match reason {
            store::Miss::Absent => {
                let subject = planned_subject(&action.subject, &view.sources);
                let before = history.newest(action.kind, &subject)?;
                before.map_or_else(String::new, |_| "changed inputs:".to_owned())
            }
            lost => lost.to_string(),
        }),
        State::Waiting => {
            let mut causes = Vec::new();
            for cause in reads::read(plan, action.kind, &action.subject) {
                if let State::Due {
                    preimage, reason, ..
                } = &cause.state
                {
                    let subject = cause.subject.describe(&view.sources);
                    let past = history.of(cause.kind)?;
                    let reason = reasons::reason(preimage, reason, past);
                    causes.push((format!("{} of {subject}", cause.kind), reason));
                }
            }
            Verdict::Waits(causes)
        }
    })
}

/// The newest records of each kind, read when they are asked for.
struct History<'a> {
    view: &'a View,
    kinds: BTreeMap<Kind, BTreeMap<String, Record>>,
}

impl<'a> History<'a> {
    fn new(view: &'a View) -> Self {
        Self {
            view,
            kinds: BTreeMap::new(),
        }
    }

    fn of(&mut self, kind: Kind) -> Result<&BTreeMap<String, Record>, StageError> {
        if !self.kinds.contains_key(&kind) {
            let records = self.view.store.records(kind.name())?;
            self.kinds.insert(kind, reasons::latest(records));
        }
        Ok(&self.kinds[&kind])
    }

    fn newest(&mut self, kind: Kind, subject: &str) -> Result<Option<Record>, StageError> {
        Ok(self.of(kind)?.get(subject).cloned())
    }

    /// What an action cost when it was last made, in seconds; 0 if it never was.
    fn seconds(&mut self, plan: &Plan, action: &Action) -> Result<f64, StageError> {
        if let Some(summary) = plan.summary(action) {
            return Ok(summary.cost.wall_seconds);
        }
        let subject = planned_subject(&action.subject, &self.view.sources);
        let past = self.of(action.kind)?.get(&subject);
        Ok(past.map_or(0.0, |record| record.cost.wall_seconds))
    }
}

fn add_record(text: &mut String, record: &Record) {
    let _ = writeln!(text, "  key       {}", record.key);
    for (table, artifact) in &record.artifacts {
        let _ = writeln!(
            text,
            "  artifact  {} ({table}: {} rows, {} bytes)",
            artifact.id, artifact.rows, artifact.bytes
        );
    }
    let made = &record.environment;
    let _ = writeln!(
        text,
        "  made      {} by {} on {}",
        made.date, made.program, made.host
    );
}

fn add_inputs(text: &mut String, preimage: &Preimage) {
    let nothing = Preimage::builder(preimage.kind().to_owned()).build();
    for Change { field, new, .. } in difference(&nothing, preimage) {
        if let Some(value) = new.filter(|_| !field.starts_with("names")) {
            let _ = writeln!(text, "  {field:<28} {value}");
        }
    }
}

fn add_change(text: &mut String, change: &Change) {
    let shown = |value: &Option<Value>| value.as_ref().map_or("none".to_owned(), Value::to_string);
    let _ = writeln!(
        text,
        "  {:<28} was {}, is {}",
        change.field,
        shown(&change.old),
        shown(&change.new)
    );
}

fn add_causes(text: &mut String, causes: &[(String, String)]) {
    for (action, reason) in causes.iter().take(LISTED) {
        let _ = writeln!(text, "  {action}: {reason}");
    }
    if causes.len() > LISTED {
        let _ = writeln!(text, "  and {} more", causes.len() - LISTED);
    }
}

/// A name without the quotes of JSON.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
