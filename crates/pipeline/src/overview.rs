//! What is done and what is not, stage by stage.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use serde_json::json;
use stage::{Stage, StageError};
use study::Kind;
use study::costs::Cost;
use study::fineness;
use study::plan::{Action, State};

use crate::look::look;
use crate::{View, estimate, reasons};

/// Seconds for which each network is measured.
const SECONDS: f64 = 3.0;

/// What would run and why, up to a stage, and how many forward passes that takes; and, with the file of the study, how long here.
pub fn plan(
    view: &View,
    last: Stage,
    measured: Option<&Path>,
    as_json: bool,
) -> Result<String, StageError> {
    let plan = view.plan(last)?;
    let mut lines = vec![format!(
        "{:<9} {:<19} {:>7} {:>7}  why",
        "stage", "table", "done", "to do"
    )];
    let mut values = Vec::new();
    for kind in Kind::ALL
        .into_iter()
        .filter(|kind| last.with_needs().contains(&kind.stage()))
    {
        let actions: Vec<&Action> = plan.of(kind).collect();
        let done = actions.iter().filter(|action| action.is_done()).count();
        let why = reasons::summary(view, kind, &actions)?;
        let described = why
            .iter()
            .map(|(reason, count)| format!("{count} x {reason}"))
            .collect::<Vec<_>>()
            .join("; ");
        let (stage, to_do) = (kind.stage().name(), actions.len() - done);
        lines.push(format!(
            "{stage:<9} {:<19} {done:>7} {to_do:>7}  {described}",
            kind.name()
        ));
        values.push(
            json!({"stage": stage, "table": kind.name(), "done": done, "to_do": to_do, "why": why}),
        );
    }
    let passes = estimate::passes(&view.study, &plan);
    let speeds = match measured {
        Some(config) if !passes.is_empty() => speeds(config)?,
        _ => BTreeMap::new(),
    };
    let nothing = plan.all().all(Action::is_done);
    if nothing {
        lines.push("everything is up to date: nothing would run".to_owned());
    }
    lines.extend(estimate::lines(&view.study, &passes, &speeds));
    let warnings = fineness::warnings(&view.study, &plan);
    lines.extend(warnings.iter().map(|warning| format!("warning: {warning}")));
    let passes: BTreeMap<_, _> = passes
        .iter()
        .map(|(network, passes)| (network.as_str(), passes.forward))
        .collect();
    Ok(if as_json {
        json!({"tables": values, "up_to_date": nothing, "forward_passes": passes, "images_per_second": speeds, "warnings": warnings})
            .to_string()
    } else {
        lines.join("\n")
    })
}

/// Images by second of each network of a study, as the program that loads them measures it.
fn speeds(config: &Path) -> Result<BTreeMap<String, f64>, StageError> {
    let seen = look(config, 0, Some(SECONDS))?;
    let mut speeds = BTreeMap::new();
    for (name, network) in seen.networks {
        match (network.error, network.images_per_second) {
            (Some(error), _) => return Err(StageError::action(error)),
            (None, Some(speed)) => drop(speeds.insert(name, speed)),
            (None, None) => {}
        }
    }
    Ok(speeds)
}

/// How far each table is, its size, when it was last added to, and what it cost.
pub fn status(view: &View, as_json: bool) -> Result<String, StageError> {
    let plan = view.plan(Stage::Report)?;
    let mut text = format!(
        "{:<9} {:<19} {:>11} {:>10}  {:<20} {:>9} {:>9} {:>9}\n",
        "stage", "table", "done", "bytes", "last run", "seconds", "forward", "backward"
    );
    let mut values = Vec::new();
    for kind in Kind::ALL {
        let actions: Vec<&Action> = plan.of(kind).collect();
        let records: Vec<_> = actions
            .iter()
            .filter_map(|action| plan.summary(action))
            .collect();
        let bytes: u64 = records
            .iter()
            .flat_map(|record| record.artifacts.values())
            .map(|artifact| artifact.bytes)
            .sum();
        let cost = Cost::of(&plan, plan.of(kind));
        let last = records
            .iter()
            .map(|record| record.date.as_str())
            .max()
            .unwrap_or("-");
        let done = format!("{}/{}", records.len(), actions.len());
        let (stage, name) = (kind.stage().name(), kind.name());
        let _ = writeln!(
            text,
            "{stage:<9} {name:<19} {done:>11} {bytes:>10}  {last:<20} {:>9.1} {:>9} {:>9}",
            cost.wall_seconds, cost.forward_passes, cost.backward_passes
        );
        values.push(json!({
            "stage": stage, "table": name, "done": records.len(), "total": actions.len(),
            "bytes": bytes, "last_run": last, "seconds": cost.wall_seconds, "images_per_second": cost.images_per_second(),
            "forward_passes": cost.forward_passes, "own_forward_passes": cost.own_forward_passes,
            "backward_passes": cost.backward_passes, "forward_passes_per_second": cost.forward_passes_per_second(),
        }));
    }
    Ok(if as_json {
        json!(values).to_string()
    } else {
        text
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
