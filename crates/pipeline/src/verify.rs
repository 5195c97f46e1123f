//! Reading the store again, and saying what is damaged.

use std::process::ExitCode;

use serde_json::json;
use stage::StageError;
use store::{Fault, Sample, Store, Verified};

/// What `pipeline verify --help` says besides the options.
pub const HELP: &str = "\
Every record is read, and of the artifacts the sample: is the content the one that the name says? What is damaged is set aside in \
artifacts/damaged, and the next run makes it again. Safe while stages run.

Exit status:
  0    all that was read is whole
  3    something is missing or was damaged: run `make`, which makes it again
  4    the artifacts folder cannot be read";

/// Exit status where something was damaged: that of a stage that finds it so.
const DAMAGED: u8 = 3;

/// Reads the records and a sample of the artifacts of a store; what to print, and the exit status.
pub fn verify(
    store: &Store,
    sample: Sample,
    as_json: bool,
) -> Result<(String, ExitCode), StageError> {
    let verified = store.verify(sample)?;
    let status = if verified.faults.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(DAMAGED)
    };
    let text = if as_json {
        to_json(&verified, sample)
    } else {
        to_text(&verified, sample)
    };
    Ok((text, status))
}

fn to_json(verified: &Verified, sample: Sample) -> String {
    let fault =
        |fault: &Fault| json!({"path": fault.path, "detail": fault.detail, "aside": fault.aside});
    json!({
        "records": verified.records, "artifacts": verified.artifacts, "unnamed": verified.unnamed, "bytes": verified.bytes,
        "percent": sample.percent, "seed": sample.seed, "faults": verified.faults.iter().map(fault).collect::<Vec<_>>(),
    })
    .to_string()
}

fn to_text(verified: &Verified, sample: Sample) -> String {
    let read = format!(
        "read {} records and {} artifacts, {} bytes",
        verified.records, verified.artifacts, verified.bytes
    );
    let (percent, seed) = (sample.percent, sample.seed);
    let part = if percent < 100.0 {
        format!(" (a sample of {percent} %; the same again: --sample {percent} --seed {seed})")
    } else {
        String::new()
    };
    let found = match verified.faults.len() {
        0 => "all whole".to_owned(),
        count => format!("{count} missing or damaged"),
    };
    let mut lines = vec![format!("{read}{part}: {found}")];
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
