//! What every stage does around its method: arguments, logging, progress, the cache, errors and signals.
//!
//! A stage's main hands [`main`] its work; the work goes through its kinds of action with [`Session::each`],
//! [`Session::in_turn`] or [`Session::in_groups`], which run what is due, publish each result with its own record, and go on after an action that failed. What they
//! give passes its [`checks`] first. Several processes may divide the work between them: see [`Shard`].

mod arguments;
pub mod checks;
mod error;
mod groups;
mod logging;
mod output;
mod progress;
mod session;
mod shard;
mod signals;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

pub use arguments::{Arguments, EXIT_STATUSES, TRUST, Verbosity};
pub use error::StageError;
pub use logging::start as start_logging;
pub use output::Output;
pub use session::{Job, Outputs, Session};
pub use shard::{Shard, ShardError, Sharing};
pub use signals::Signals;
pub use study::Stage;

/// Runs a stage: reads the arguments and the study, does the work, makes `latest/` show it, and says how it went.
pub fn main(stage: Stage, work: impl FnOnce(&Session) -> Result<(), StageError>) -> ExitCode {
    let arguments = Arguments::parse_for(stage);
    let outcome = Session::open(stage, &arguments).and_then(|session| {
        let worked = work(&session);
        // What was done before a failure is shown as well.
        let shown = session.show();
        worked.and(shown).and(session.outcome())
    });
    conclude(stage.name(), outcome)
}

/// Reports how a program ended, and gives its exit status.
pub fn conclude(program: &str, outcome: Result<(), StageError>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let said = match &error {
                StageError::Problems(problems) => problems.render(colour()),
                // Logging may not have started, so this goes to the terminal by itself, and into the log beside.
                error => format!("error: {program}: {error}"),
            };
            // Standard error may be a file on the disk that is full; the exit status tells it then.
            let _ = writeln!(std::io::stderr(), "{said}");
            tracing::debug!("ended with status {}: {error}", error.status());
            ExitCode::from(error.status())
        }
    }
}

/// Whether standard error shows colours.
pub(crate) fn colour() -> bool {
    std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none()
}

/// The command line of a stage's program, for its help, its manual page and the completion of shells.
pub fn command(stage: Stage) -> clap::Command {
    let notes = if stage.loads_networks() {
        format!("{TRUST}\n\n{EXIT_STATUSES}")
    } else {
        EXIT_STATUSES.to_owned()
    };
    let own = (stage == Stage::Report).then(arguments::summary);
    <Arguments as clap::CommandFactory>::command()
        .name(stage.name())
        .about(stage.about())
        .args(own)
        .after_help(notes)
}

impl Arguments {
    fn parse_for(stage: Stage) -> Self {
        use clap::FromArgMatches;
        let matches = command(stage).get_matches();
        let arguments = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        // Only one stage has the option.
        let summary = matches.try_get_one::<bool>(arguments::SUMMARY);
        Self {
            summary: matches!(summary, Ok(Some(true))),
            ..arguments
        }
    }

    /// The arguments of a program that has none of its own.
    pub fn read() -> Self {
        Self::parse()
    }
}
