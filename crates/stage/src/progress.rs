//! How far a stage is: a bar on a terminal, a line now and then in a log, JSON where a program reads along.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::Verbosity;

/// Time between two lines in a log.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// Counts the actions of one kind as they are done.
#[derive(Debug)]
pub(crate) struct Progress {
    kind: &'static str,
    total: usize,
    start: Instant,
    form: Form,
    state: Mutex<State>,
}

#[derive(Debug)]
enum Form {
    Bar(ProgressBar),
    Lines,
    Json,
    Silent,
}

#[derive(Debug)]
struct State {
    done: usize,
    said: Instant,
}

impl Progress {
    pub(crate) fn new(kind: &'static str, total: usize, verbosity: Verbosity) -> Self {
        let form = if verbosity.json {
            Form::Json
        } else if verbosity.quiet {
            Form::Silent
        } else if std::io::stderr().is_terminal() {
            Form::Bar(bar(kind, total))
        } else {
            Form::Lines
        };
        let start = Instant::now();
        Self {
            kind,
            total,
            start,
            form,
            state: Mutex::new(State {
                done: 0,
                said: start,
            }),
        }
    }

    /// One more action is done, or has failed.
    pub(crate) fn advance(&self) {
        let Ok(mut state) = self.state.lock() else {
            return;
        };
        state.done += 1;
        match &self.form {
            Form::Bar(bar) => bar.inc(1),
            Form::Lines if state.said.elapsed() >= BETWEEN_LINES && state.done < self.total => {
                state.said = Instant::now();
                tracing::info!("{}", self.line(state.done));
            }
            Form::Json => self.event("progress", state.done),
            _ => {}
        }
    }

    /// Clears the bar and says what came of it.
    pub(crate) fn finish(&self) {
        let done = self.state.lock().map_or(0, |state| state.done);
        match &self.form {
            Form::Bar(bar) => bar.finish_and_clear(),
            Form::Json => self.event("finished", done),
            _ => {}
        }
        tracing::info!(
            "{}: {done} of {} done in {:.1} s",
            self.kind,
            self.total,
            self.start.elapsed().as_secs_f64()
        );
    }

    fn line(&self, done: usize) -> String {
        let seconds = self.start.elapsed().as_secs_f64();
        let left = seconds / done as f64 * (self.total - done) as f64;
        let rate = done as f64 / seconds;
        format!(
            "{}: {done} of {}, {rate:.1} a second, {left:.0} s left",
            self.kind, self.total
        )
    }

    fn event(&self, event: &str, done: usize) {
        let seconds = self.start.elapsed().as_secs_f64();
        let line = json!({"event": event, "kind": self.kind, "done": done, "total": self.total, "seconds": seconds});
        // A reader that went away does not stop the work.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

fn bar(kind: &'static str, total: usize) -> ProgressBar {
    let template = "{prefix:>14} [{bar:32}] {pos}/{len}  {per_sec}  {eta} left";
    let style =
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(total as u64)
        .with_style(style.progress_chars("=> "))
        .with_prefix(kind);
    bar.enable_steady_tick(Duration::from_millis(250));
    bar
}
