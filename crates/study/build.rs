//! Writes the table of code digests that the module `code` includes.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[path = "src/code/digest.rs"]
mod digest;

use digest::{Files, Workspace};

#[expect(
    clippy::disallowed_methods,
    reason = "a build script writes into cargo's folder and never under artifacts/"
)]
fn main() {
    let crate_folder = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    let root = crate_folder
        .parent()
        .and_then(Path::parent)
        .unwrap_or(&crate_folder);
    let (table, problems, watched) = table(root);
    for path in watched {
        println!("cargo::rerun-if-changed={}", root.join(path).display());
    }
    for problem in &problems {
        println!("cargo::error={problem}");
    }
    let target = PathBuf::from(variable("OUT_DIR")).join("code_digests.rs");
    if let Err(error) = std::fs::write(&target, table) {
        println!("cargo::error=cannot write {}: {error}", target.display());
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

/// The table as Rust code, what is wrong with the code of actions, and the files and folders to watch.
fn table(root: &Path) -> (String, Vec<String>, BTreeSet<PathBuf>) {
    let mut table = "/// Digests by kind, and by the module of a plug-in.\nconst DIGESTS: &[(&str, &str)] = &[\n".to_owned();
    let mut problems = Vec::new();
    let mut watched = BTreeSet::new();
    match Workspace::read(Files::at(root)) {
        Err(problem) => problems.push(problem),
        Ok(mut workspace) => {
            let units = digest::units(&workspace.files);
            for (unit, roots) in units.iter().flatten() {
                match workspace.digest(unit, roots) {
                    Ok(digest) => {
                        let _ = writeln!(table, "    (\"{unit}\", \"{digest}\"),");
                    }
                    Err(problem) => problems.push(format!("{unit}: {problem}")),
                }
            }
            problems.extend(units.err());
            watched = workspace.watched();
        }
    }
    table.push_str("];\n");
    (table, problems, watched)
}
