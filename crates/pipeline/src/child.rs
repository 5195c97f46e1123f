//! The programs that this one starts: where they are, and how they end.

use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGKILL, SIGSEGV};
use signal_hook::low_level::signal_name;
use stage::{Signals, StageError};

/// Time between two looks at a running program.
const LOOK: Duration = Duration::from_millis(20);

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By itself, with this exit status.
    Status(i32),
    /// By this signal, without a word of its own.
    Signal(i32),
}

impl From<ExitStatus> for End {
    fn from(status: ExitStatus) -> Self {
        let signal = || Self::Signal(status.signal().unwrap_or_default());
        status.code().map_or_else(signal, Self::Status)
    }
}

/// Says which signal ended a program and why that may be; `what` names the program and what it did.
pub(crate) fn killed(what: &str, signal: i32) -> String {
    let name = signal_name(signal).unwrap_or("unknown");
    let cause = match signal {
        SIGKILL => {
            ": out of memory? Free some memory, use a machine with more, or reduce what is needed at a time: fewer `threads` in [compute], or a \
             smaller `crop` in [images]"
        }
        _ if is_crash(signal) => ": it crashed, as a damaged or unsuitable network file can cause",
        _ => "",
    };
    format!("{what} was ended by signal {signal} ({name}){cause}")
}

/// Whether a program gets this signal for its own mistake.
pub(crate) fn is_crash(signal: i32) -> bool {
    [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV].contains(&signal)
}

/// A command for the program of that name, which lies beside this one.
pub(crate) fn program(name: &str) -> Result<Command, StageError> {
    let here = std::env::current_exe().map_err(StageError::action)?;
    let path: PathBuf = here
        .with_file_name(name)
        .with_extension(std::env::consts::EXE_EXTENSION);
    Ok(Command::new(path))
}

/// Starts a program.
pub(crate) fn start(command: &mut Command) -> Result<Child, StageError> {
    command.spawn().map_err(|error| {
        let program = command.get_program().display();
        StageError::action(format!(
            "{program} cannot be started: {error}; `make build` builds it"
        ))
    })
}

/// Waits for a program. Ctrl-C reaches it from the terminal; SIGTERM is passed on.
pub(crate) fn wait(mut child: Child, signals: &Signals) -> Result<End, StageError> {
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait().map_err(StageError::action)? {
            let end = End::from(status);
            if matches!(end, End::Signal(_)) {
                // It may not have listened yet to the signal that came to both.
                signals.check()?;
            }
            return Ok(end);
        }
        if signals.received().is_some() && !told {
            told = true;
            if let Some(pid) = Pid::from_raw(child.id() as i32) {
                // It may just have ended, which the next look shows.
                let _ = kill_process(pid, Signal::TERM);
            }
        }
        std::thread::sleep(LOOK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end_of(script: &str) -> End {
        let child = start(Command::new("sh").args(["-c", script])).unwrap();
        wait(child, &Signals::default()).unwrap()
    }

    #[test]
    fn a_program_ends_with_a_status_or_by_a_signal() {
        assert_eq!(end_of("exit 3"), End::Status(3));
        assert_eq!(end_of("kill -KILL $$"), End::Signal(SIGKILL));
        let missing = start(&mut Command::new("/nowhere/look")).unwrap_err();
        assert!(
            missing
                .to_string()
                .contains("/nowhere/look cannot be started")
        );
    }

    #[test]
    fn a_signal_is_named_with_its_number_and_what_to_do() {
        let said = killed("the stage lime", SIGKILL);
        assert!(
            said.starts_with("the stage lime was ended by signal 9 (SIGKILL): out of memory?"),
            "{said}"
        );
        assert!(killed("look", SIGSEGV).contains("signal 11 (SIGSEGV): it crashed"));
        assert_eq!(killed("look", 1), "look was ended by signal 1 (SIGHUP)");
    }
}
