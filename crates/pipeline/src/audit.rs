//! Recomputes a sample of the results, and compares.
//!
//! Kind by kind, the stage's own program runs over a copy of the study's store in which the sampled actions of that kind count as not
//! done (`store::Scratch`). So it computes exactly them, from the same inputs, and nothing of it reaches the study's artifacts.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use stage::{Shard, Signals, Stage, StageError, Verbosity};
use store::{Comparison, Key, Lookup, Record, Sample, Scratch, Tolerance};
use study::Kind;

use crate::child::{self, End};
use crate::{View, print, run};

/// The end of `pipeline audit --help`.
pub const HELP: &str = "\
On the kind of processor that computed a result, with the same number of libtorch threads, the recomputed ids must be equal. On other \
processors, the last bits of a network's answers may differ: numbers may differ by 1e-4 of their size plus 1e-5. An audit changes nothing in \
the study's artifacts.

Exit status:
  0    all recomputed results are equal, or within the tolerance
  1    a result is different, or could not be recomputed";

/// How much numbers from different processors may differ: the tolerance of logits and probabilities.
const TOLERANCE: Tolerance = Tolerance {
    absolute: 1e-5,
    relative: 1e-4,
};

/// The outcome of recomputing the sampled actions of a kind.
#[derive(Debug, Default)]
struct Tally {
    equal: usize,
    within: usize,
    different: usize,
}

/// Recomputes a sample of the study's actions, compares, and prints how many are equal; the exit status.
pub fn audit(
    view: &View,
    sample: Sample,
    config: &Path,
    verbosity: Verbosity,
) -> Result<ExitCode, StageError> {
    let plan = view.plan(Stage::Evaluate)?;
    let records: Vec<Record> = plan
        .all()
        .filter_map(|action| plan.record(action))
        .collect();
    let scratch = view.store.scratch(&records.iter().collect::<Vec<_>>())?;
    let signals = Signals::listen();
    let mut tallies = BTreeMap::new();
    for kind in Kind::ALL {
        let chosen = chosen(&records, kind, sample);
        if chosen.is_empty() {
            continue;
        }
        signals.check()?;
        let keys: Vec<(&str, Key)> = chosen
            .iter()
            .map(|record| (kind.name(), record.key))
            .collect();
        scratch.forget(&keys)?;
        tracing::info!("recomputing {} {kind}", chosen.len());
        for &stage in kind.stages() {
            let order = run::Order {
                last: stage,
                shard: Shard::WHOLE,
                artifacts: Some(scratch.store().root()),
                config,
                verbosity: quiet(verbosity),
            };
            let child = run::start(stage, &order)?;
            let end = child::wait(child, &signals)?;
            signals.check()?;
            match end {
                End::Status(0) => {}
                End::Status(status) => tracing::warn!("{stage} ended with status {status}"),
                End::Signal(signal) => return Err(run::killed(&view.study, stage, signal)),
            }
        }
        tallies.insert(kind, compare(view, &scratch, &chosen)?);
        chosen
            .iter()
            .try_for_each(|record| scratch.remember(record))?;
    }
    print(&describe(&tallies, sample, verbosity.json));
    let different = tallies.values().any(|tally| tally.different > 0);
    Ok(ExitCode::from(u8::from(different)))
}

/// The done actions of a kind that are in the sample.
fn chosen(records: &[Record], kind: Kind, sample: Sample) -> Vec<&Record> {
    records
        .iter()
        .filter(|record| record.preimage.kind() == kind.name())
        .filter(|record| sample.contains(&record.key.0))
        .collect()
}

/// Stages say little here, and their events are not this program's.
fn quiet(verbosity: Verbosity) -> Verbosity {
    Verbosity {
        quiet: verbosity.verbose == 0,
        json: false,
        ..verbosity
    }
}

fn compare(view: &View, scratch: &Scratch, chosen: &[&Record]) -> Result<Tally, StageError> {
    let mut tally = Tally::default();
    for record in chosen {
        match compare_action(view, scratch, record)? {
            Comparison::Equal => tally.equal += 1,
            Comparison::Within { .. } => tally.within += 1,
            Comparison::Different { detail } => {
                tally.different += 1;
                let (kind, key) = (record.preimage.kind(), record.key);
                tracing::warn!("{kind} {key}: {detail}; `pipeline why {key}` says what it is");
            }
        }
    }
    Ok(tally)
}

/// The worst difference between an action's artifacts and the recomputed ones.
fn compare_action(
    view: &View,
    scratch: &Scratch,
    record: &Record,
) -> Result<Comparison, StageError> {
    let different = |detail: &str| Comparison::Different {
        detail: detail.to_owned(),
    };
    let Lookup::Hit(again) = scratch.store().lookup(&record.preimage) else {
        return Ok(different("it could not be recomputed"));
    };
    let exact = again.environment.gives_the_bits_of(&record.environment);
    let mut worst = Comparison::Equal;
    for (table, artifact) in &record.artifacts {
        let Some(made) = again.artifacts.get(table) else {
            return Ok(different("it lacks a table when it is recomputed"));
        };
        let other = (scratch.store(), &made.id);
        match view.store.compare(table, &artifact.id, other, TOLERANCE)? {
            Comparison::Equal => {}
            Comparison::Within { largest } if exact => {
                let apart = format!(
                    "numbers that differ by up to {largest:e} on the same kind of processor"
                );
                return Ok(different(&apart));
            }
            within @ Comparison::Within { .. } => worst = within,
            different => return Ok(different),
        }
    }
    Ok(worst)
}

fn describe(tallies: &BTreeMap<Kind, Tally>, sample: Sample, as_json: bool) -> String {
    if as_json {
        let tables = tallies.iter().map(|(kind, tally)| {
            json!({"table": kind.name(), "equal": tally.equal, "within": tally.within, "different": tally.different})
        });
        let tables: Vec<_> = tables.collect();
        return json!({"percent": sample.percent, "seed": sample.seed, "tables": tables})
            .to_string();
    }
    let mut lines = vec![format!(
        "{:<14} {:>7} {:>7} {:>7} {:>9}",
        "table", "again", "equal", "within", "different"
    )];
    lines.extend(tallies.iter().map(|(kind, tally)| {
        format!(
            "{:<14} {:>7} {:>7} {:>7} {:>9}",
            kind.name(),
            tally.equal + tally.within + tally.different,
            tally.equal,
            tally.within,
            tally.different
        )
    }));
    let (percent, seed) = (sample.percent, sample.seed);
    lines.push(format!(
        "to repeat this sample: pipeline audit {percent} --seed {seed}"
    ));
    lines.join("\n")
}
