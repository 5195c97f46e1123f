//! Removing results that the study does not need: which records to keep. How they are removed is `store::collect`'s affair.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use stage::{Stage, StageError};
use store::{Collected, Key, Store, Surveyed};
use study::plan::{Action, Plan, State};

use crate::View;
use crate::reasons::{self, planned_subject};

/// The end of `pipeline gc --help`.
pub const HELP: &str = "\
This command keeps: every result that the current study uses; what latest/ shows; and the newest --keep-runs former results of each subject. \
While a result cannot be planned yet, because its inputs are missing, all former results of the same subject are kept too. Results of other \
studies in the same folder count as not needed. Removed results can be recomputed, at their cost. Safe while stages run.";

/// Removes the records that the present study does not need, then the artifacts that no record names.
pub fn gc(
    view: &View,
    keep_runs: usize,
    dry_run: bool,
    as_json: bool,
) -> Result<String, StageError> {
    let store = if dry_run {
        view.store.clone()
    } else {
        Store::open(view.store.root())?
    };
    // In this order: what is finished after the survey is no candidate, whatever the plan knows of it.
    let survey = store.survey(|record| reasons::subject(&record.preimage))?;
    // The plan of a large study takes half a gigabyte, and is dropped here.
    let keep = Keep::new(view, &view.plan(Stage::Report)?, &store)?.of(&survey, keep_runs);
    let collected = store.collect(survey, &keep, dry_run)?;
    Ok(if as_json {
        json!({
            "dry_run": dry_run, "records": collected.records, "artifacts": collected.artifacts, "bytes": collected.bytes,
            "kept_records": collected.kept_records, "kept_artifacts": collected.kept_artifacts,
        })
        .to_string()
    } else {
        describe(&collected, dry_run)
    })
}

fn describe(collected: &Collected, dry_run: bool) -> String {
    let verb = if dry_run { "would remove" } else { "removed" };
    let records: u64 = collected.records.values().sum();
    let kinds = collected
        .records
        .iter()
        .map(|(kind, count)| format!("{count} {kind}"));
    let kinds: Vec<String> = kinds.collect();
    let listed = if kinds.is_empty() {
        String::new()
    } else {
        format!(" ({})", kinds.join(", "))
    };
    format!(
        "{verb} {records} records{listed} and {} artifacts, {} bytes; {} records and {} artifacts are kept",
        collected.artifacts, collected.bytes, collected.kept_records, collected.kept_artifacts
    )
}

/// What the present study needs.
struct Keep {
    keys: BTreeSet<Key>,
    /// Kinds and subjects of actions whose keys are not known yet.
    waiting: BTreeSet<(String, String)>,
    shown: BTreeSet<store::ContentId>,
}

impl Keep {
    fn new(view: &View, plan: &Plan, store: &Store) -> Result<Self, StageError> {
        let waits = |action: &&Action| matches!(action.state, State::Waiting);
        let waiting = plan.all().filter(waits).map(|action| {
            let subject = planned_subject(&action.subject, &view.sources);
            (action.kind.name().to_owned(), subject)
        });
        Ok(Self {
            keys: plan.all().filter_map(Action::key).collect(),
            waiting: waiting.collect(),
            shown: store.shown()?,
        })
    }

    /// Keys of the records to keep.
    fn of(mut self, survey: &[Surveyed], keep_runs: usize) -> BTreeSet<Key> {
        let (needed, rest): (Vec<&Surveyed>, Vec<&Surveyed>) =
            survey.iter().partition(|record| self.needs(record));
        self.keys.extend(needed.iter().map(|record| record.key));
        self.keys.extend(newest(rest, keep_runs));
        self.keys
    }

    fn needs(&self, record: &Surveyed) -> bool {
        let subject = || (record.kind.clone(), record.subject.clone());
        let shown = |ids: &[store::ContentId]| ids.iter().all(|id| self.shown.contains(id));
        self.keys.contains(&record.key)
            || !record.artifacts.is_empty() && shown(&record.artifacts)
            || self.waiting.contains(&subject())
    }
}

/// Keys of the newest records of each kind and subject, so many of each.
fn newest(records: Vec<&Surveyed>, count: usize) -> Vec<Key> {
    let mut by_subject: BTreeMap<(&str, &str), Vec<(&str, Key)>> = BTreeMap::new();
    for record in records {
        by_subject
            .entry((&record.kind, &record.subject))
            .or_default()
            .push((&record.date, record.key));
    }
    let newest = |mut of_subject: Vec<(&str, Key)>| {
        of_subject.sort_unstable();
        of_subject
            .into_iter()
            .rev()
            .take(count)
            .map(|(_, key)| key)
            .collect::<Vec<_>>()
    };
    by_subject.into_values().flat_map(newest).collect()
}
