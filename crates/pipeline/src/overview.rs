//! What is done and what is not, stage by stage.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::json;
use stage::{Stage, StageError};
use store::Miss;
use study::Kind;
use study::costs::Cost;
use study::fineness;
use study::plan::{Action, Plan, State};

use crate::look::look;
use crate::{View, estimate, reasons};

/// Seconds for which each network is measured.
const SECONDS: f64 = 3.0;

/// What would run and why, up to a stage, with the number of forward passes. With the file of the study, also the time on this machine.
pub fn plan(
    view: &View,
    last: Stage,
    measured: Option<&Path>,
    as_json: bool,
) -> Result<String, StageError> {
    let plan = view.plan(last)?;
    let mut lines = vec![format!(
        "{:<9} {:<20} {:>7} {:>7}  why",
        "stage", "table", "done", "to do"
    )];
    let mut values = Vec::new();
    for (stage, kind) in kinds_of(last.with_needs()) {
        let actions: Vec<&Action> = of_stage(&plan, stage, kind).collect();
        let done = actions.iter().filter(|action| action.is_done()).count();
        let why = reasons::summary(view, kind, &actions)?;
        let described = why
            .iter()
            .map(|(reason, count)| format!("{count} x {reason}"))
            .collect::<Vec<_>>()
            .join("; ");
        let (stage, to_do) = (stage.name(), actions.len() - done);
        lines.push(format!(
            "{stage:<9} {:<20} {done:>7} {to_do:>7}  {described}",
            kind.name()
        ));
        values.push(
            json!({"stage": stage, "table": kind.name(), "done": done, "to_do": to_do, "why": why}),
        );
    }
    let passes = estimate::passes(&view.study, &plan);
    let (speeds, mut warnings) = match measured {
        Some(config) if !passes.is_empty() => speeds(config)?,
        _ => (BTreeMap::new(), Vec::new()),
    };
    let nothing = plan.all().all(Action::is_done);
    if nothing {
        lines.push("everything is up to date: nothing to run".to_owned());
    }
    lines.extend(unverified(&plan));
    lines.extend(estimate::lines(&view.study, &passes, &speeds));
    warnings.extend(fineness::warnings(&view.study, &plan));
    lines.extend(warnings.iter().map(|warning| format!("warning: {warning}")));
    let passes: BTreeMap<_, _> = passes
        .iter()
        .map(|(network, passes)| (network.as_str(), passes.forward))
        .collect();
    Ok(if as_json {
        json!({"tables": values, "up_to_date": nothing, "unverified": plan.unverified(), "forward_passes": passes, "images_per_second": speeds, "warnings": warnings})
            .to_string()
    } else {
        lines.join("\n")
    })
}

/// The kinds of action of some stages, each with its stage.
fn kinds_of(stages: Vec<Stage>) -> impl Iterator<Item = (Stage, Kind)> {
    let of = |stage| Kind::of(stage).map(move |kind| (stage, kind));
    stages.into_iter().flat_map(of)
}

/// The actions of a kind that a stage does.
fn of_stage(plan: &Plan, stage: Stage, kind: Kind) -> impl Iterator<Item = &Action> {
    plan.of(kind).filter(move |action| action.stage == stage)
}

/// Images by second of each network of a study, as the program that loads them measures it, and its warnings.
fn speeds(config: &Path) -> Result<(BTreeMap<String, f64>, Vec<String>), StageError> {
    let seen = look(config, 0, Some(SECONDS))?;
    let warnings = seen.warnings().collect();
    let mut speeds = BTreeMap::new();
    for (name, network) in seen.networks {
        match (network.error, network.images_per_second) {
            (Some(error), _) => return Err(StageError::action(error)),
            (None, Some(speed)) => drop(speeds.insert(name, speed)),
            (None, None) => {}
        }
    }
    Ok((speeds, warnings))
}

/// How much of each table is complete, its size, when it last grew, and its cost.
pub fn status(view: &View, as_json: bool) -> Result<String, StageError> {
    let plan = view.plan(Stage::Report)?;
    let mut text = format!(
        "{:<9} {:<20} {:>11} {:>10}  {:<20} {:>9} {:>9} {:>9}\n",
        "stage", "table", "done", "bytes", "last run", "seconds", "forward", "backward"
    );
    let mut values = Vec::new();
    let mut losses = Vec::new();
    for (stage, kind) in kinds_of(Stage::ALL.to_vec()) {
        let actions: Vec<&Action> = of_stage(&plan, stage, kind).collect();
        let lost = lost(&actions);
        losses.extend(lost.iter().map(|(what, count)| {
            format!("{what}: {count} x {kind}, which the next run recomputes\n")
        }));
        let records: Vec<_> = actions
            .iter()
            .filter_map(|action| plan.summary(action))
            .collect();
        let bytes: u64 = records
            .iter()
            .flat_map(|record| record.artifacts.values())
            .map(|artifact| artifact.bytes)
            .sum();
        let cost = Cost::of(&plan, actions.iter().copied());
        let last = records
            .iter()
            .map(|record| record.date.as_str())
            .max()
            .unwrap_or("-");
        let done = format!("{}/{}", records.len(), actions.len());
        let (stage, name) = (stage.name(), kind.name());
        let _ = writeln!(
            text,
            "{stage:<9} {name:<20} {done:>11} {bytes:>10}  {last:<20} {:>9.1} {:>9} {:>9}",
            cost.wall_seconds, cost.forward_passes, cost.backward_passes
        );
        values.push(json!({
            "stage": stage, "table": name, "done": records.len(), "total": actions.len(),
            "missing": lost.get("missing").unwrap_or(&0), "damaged": lost.get("damaged").unwrap_or(&0), "bytes": bytes, "last_run": last, "seconds": cost.wall_seconds, "images_per_second": cost.images_per_second(),
            "forward_passes": cost.forward_passes, "own_forward_passes": cost.own_forward_passes,
            "backward_passes": cost.backward_passes, "forward_passes_per_second": cost.forward_passes_per_second(),
        }));
    }
    Ok(if as_json {
        json!(values).to_string()
    } else {
        text.extend(losses);
        text.extend(unverified(&plan));
        text
    })
}

/// How many earlier results are missing or damaged.
fn lost(actions: &[&Action]) -> BTreeMap<String, usize> {
    let lost = |action: &&Action| match &action.state {
        State::Due { reason, .. } => match reason {
            Miss::Missing { .. } => Some("missing".to_owned()),
            Miss::Damaged { .. } => Some("damaged".to_owned()),
            _ => None,
        },
        _ => None,
    };
    count(actions.iter().filter_map(lost))
}

/// Says how many artifacts count as intact without a check.
fn unverified(plan: &Plan) -> Option<String> {
    let count = plan.unverified();
    (count > 0).then(|| {
        format!(
            "{count} artifacts were copied here or have changed, and count as intact without a check; the next run or `pipeline verify` checks them"
        )
    })
}

/// Counts of equal texts, in alphabetical order.
pub(crate) fn count(texts: impl IntoIterator<Item = String>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text).or_default() += 1;
    }
    counts
}

/// Whether an action waits for another.
pub(crate) fn waits(action: &Action) -> bool {
    matches!(action.state, State::Waiting)
}
