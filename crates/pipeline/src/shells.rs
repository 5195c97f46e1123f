//! Completions and manual pages of all programs, from their command lines.

use std::path::Path;

use clap::Command;
use clap_complete::Shell;
use stage::{Stage, StageError};

/// What a shell has to read to complete the arguments of all programs.
pub fn completions(shell: Shell, pipeline: Command) -> Vec<u8> {
    let mut text = Vec::new();
    for mut command in commands(pipeline) {
        let name = command.get_name().to_owned();
        clap_complete::generate(shell, &mut command, name, &mut text);
    }
    text
}

/// Writes the manual pages into a folder: one for each program and each subcommand.
#[expect(
    clippy::disallowed_methods,
    reason = "the folder is not below artifacts/, but where the person wants the pages"
)]
pub fn pages(folder: &Path, pipeline: Command) -> Result<(), StageError> {
    let failed = |error| StageError::action(format!("{}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    for command in commands(pipeline) {
        clap_mangen::generate_to(command, folder).map_err(failed)?;
    }
    Ok(())
}

fn commands(pipeline: Command) -> impl Iterator<Item = Command> {
    std::iter::once(pipeline).chain(Stage::ALL.into_iter().map(stage::command))
}
