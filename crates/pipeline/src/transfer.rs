//! The present study as plain files, and back into a store.

use std::path::Path;

use stage::{Stage, StageError};
use store::{Record, Store, TransferError};
use study::Problem;
use study::plan::REPORT_KEY;

use crate::View;

/// The end of `pipeline export --help`.
pub const EXPORT_HELP: &str = "\
The folder must not exist yet. It gets pipeline.toml, the tables under their names in latest/ as real files, the records of the actions that \
computed the tables, and the report. The file manifest.json lists each file's name, bytes, BLAKE3 and, for a table, content id. Damaged tables \
are refused.";

/// The end of `pipeline import --help`.
pub const IMPORT_HELP: &str = "\
Every file is checked before any file is kept: against the manifest, and each table against its content id. Results that the cache already has \
stay. What latest/ shows changes with the next run of a study that uses these results.";

/// Writes the study as it is now into a new folder; what to print.
pub fn export(view: &View, folder: &Path) -> Result<String, StageError> {
    let plan = view.plan(Stage::Report)?;
    let records: Vec<Record> = plan
        .all()
        .filter_map(|action| plan.record(action))
        .collect();
    let records: Vec<&Record> = records.iter().collect();
    let to_do = plan.all().count() - records.len();
    if to_do > 0 {
        tracing::warn!(
            "{to_do} actions of the study are not done and not in the export: run `make` first for a complete export"
        );
    }
    let mut files = vec![("pipeline.toml".to_owned(), read(&view.study.file)?)];
    files.extend(report(view)?);
    let exported = view
        .store
        .export(folder, &plan.artifacts(&view.sources), &records, &files)
        .map_err(transfer)?;
    Ok(format!(
        "wrote {} files, {} bytes, and their manifest to {}",
        exported.files,
        exported.bytes,
        folder.display()
    ))
}

/// Takes the results of an export into a store; what to print.
pub fn import(store: &Store, folder: &Path) -> Result<String, StageError> {
    let imported = store.import(folder).map_err(transfer)?;
    Ok(format!(
        "{} actions are new, {} were known; `pipeline plan` shows what is left to do",
        imported.new, imported.known
    ))
}

/// The files of the report, if there is one.
fn report(view: &View) -> Result<Vec<(String, Vec<u8>)>, StageError> {
    let root = view.store.root().join("report");
    let mut files = Vec::new();
    if root.join(REPORT_KEY).is_file() {
        add_files(&root, "report", &mut files)?;
    }
    Ok(files)
}

fn add_files(
    folder: &Path,
    name: &str,
    files: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), StageError> {
    let failed = |error| StageError::action(format!("{}: {error}", folder.display()));
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let part = path.file_name().unwrap_or_default().to_string_lossy();
        let name = format!("{name}/{part}");
        if path.is_dir() {
            add_files(&path, &name, files)?;
        } else {
            files.push((name, read(&path)?));
        }
    }
    files.sort();
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, StageError> {
    std::fs::read(path).map_err(|error| StageError::action(format!("{}: {error}", path.display())))
}

fn transfer(error: TransferError) -> StageError {
    match error {
        TransferError::Store(error) => error.into(),
        // The folder that the arguments name is wrong.
        wrong => StageError::Problems(Problem::new(wrong.to_string()).into()),
    }
}
