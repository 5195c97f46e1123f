//! Reading the store again, and saying what is damaged.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use stage::StageError;
use store::{Fault, Sample, Store, Verified};

/// The end of `pipeline verify --help`.
pub const HELP: &str = "\
Reads every record and the sampled artifacts, and checks that the content of each file matches its name. Moves damaged files to \
artifacts/damaged; the next `make all` recomputes them. Safe while stages run.

`make all` finds changed artifacts by itself: it verifies every artifact whose size, times or inode differ from those at the last \
verification. A failing disk can change bytes without changing any of these; only reading finds that. With `--since DAYS`, artifacts that were \
verified in the last DAYS days and look unchanged are left out. Publishing an artifact verifies it, and so does every read by a stage, the \
report or this command. So a daily `pipeline verify --since 30` reads each artifact about once in 30 days. The dates are in \
artifacts/index/verified; without this file, everything is read.

Exit status:
  0    all files that were read are intact
  3    a file is missing or was damaged: run `make all`, which recomputes it
  4    the artifacts folder cannot be read";

/// Exit status where something was damaged: that of a stage that finds it so.
const DAMAGED: u8 = 3;

/// Reads the records and a sample of the artifacts of a store, without those that were verified in the last days; what to print, and the exit
/// status.
pub fn verify(
    store: &Store,
    sample: Sample,
    since: Option<u32>,
    as_json: bool,
) -> Result<(String, ExitCode), StageError> {
    let days = |days| Duration::from_hours(24 * u64::from(days));
    let verified = store.verify(sample, since.map(days))?;
    let status = if verified.faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DAMAGED)
    };
    let text = if as_json {
        to_json(&verified, sample, since)
    } else {
        to_text(&verified, sample, since)
    };
    Ok((text, status))
}

fn to_json(verified: &Verified, sample: Sample, since: Option<u32>) -> String {
    let fault =
        |fault: &Fault| json!({"path": fault.path, "detail": fault.detail, "aside": fault.aside});
    json!({
        "records": verified.records, "artifacts": verified.artifacts, "unnamed": verified.unnamed, "bytes": verified.bytes,
        "since_days": since, "left_out": verified.recent, "percent": sample.percent, "seed": sample.seed, "faults": verified.faults.iter().map(fault).collect::<Vec<_>>(),
    })
    .to_string()
}

fn to_text(verified: &Verified, sample: Sample, since: Option<u32>) -> String {
    let read = format!(
        "read {} records and {} artifacts, {} bytes",
        verified.records, verified.artifacts, verified.bytes
    );
    let (percent, seed) = (sample.percent, sample.seed);
    let part = if percent < 100.0 {
        format!(" (a sample of {percent} %; to repeat it: --sample {percent} --seed {seed})")
    } else {
        String::new()
    };
    let found = match verified.faults.len() {
        0 => "all intact".to_owned(),
        count => format!("{count} missing or damaged"),
    };
    let mut lines = vec![format!("{read}{part}: {found}")];
    if let Some(days) = since {
        let count = verified.recent;
        lines.push(format!(
            "{count} artifacts were verified in the last {days} days and were left out"
        ));
    }
    let faults = verified.faults.iter();
    lines.extend(faults.map(|fault| format!("  {}: {}", fault.path.display(), fault.detail)));
    if verified.unnamed > 0 {
        let count = verified.unnamed;
        lines.push(format!(
            "{count} artifacts have no record; `pipeline gc` removes them"
        ));
    }
    lines.join("\n")
}
