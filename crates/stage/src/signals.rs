//! Ctrl-C and SIGTERM as a flag that work looks at between batches, and the end of work that does not look.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals as Arrivals;

use crate::StageError;

/// How long an action that is running may go on after a signal. Schedulers kill what has not ended some 30 seconds after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

/// Whether the program was asked to stop.
#[derive(Clone, Debug, Default)]
pub struct Signals(Arc<AtomicUsize>);

impl Signals {
    /// Takes over both signals of this process.
    pub fn listen() -> Self {
        let signals = Self::default();
        for signal in [SIGINT, SIGTERM] {
            // The only refusal is for signals that cannot be handled, which these are not.
            let _ =
                signal_hook::flag::register_usize(signal, Arc::clone(&signals.0), signal as usize);
        }
        signals
    }

    /// Ends the process a short time after a signal, whatever it is doing then: a large crop may take minutes to cut, in a place that
    /// cannot look at signals. Nothing is lost but the actions in hand, because every file appears whole or not at all.
    pub(crate) fn end_in_time() {
        // Without it, work still ends at the next look.
        let Ok(mut arrivals) = Arrivals::new([SIGINT, SIGTERM]) else {
            return;
        };
        std::thread::spawn(move || {
            if let Some(signal) = arrivals.forever().next() {
                std::thread::sleep(GRACE);
                let error = StageError::Interrupted { signal };
                // On a full disk `eprintln` would panic, which ends this thread and not the process.
                let _ = writeln!(std::io::stderr(), "error: {error}");
                // Without destructors, which would wait for the threads that are still computing.
                signal_hook::low_level::exit(i32::from(error.status()));
            }
        });
    }

    /// What is no longer zero once a signal came.
    pub fn flag(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.0)
    }

    /// The signal that came, if any.
    pub fn received(&self) -> Option<i32> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            signal => Some(signal as i32),
        }
    }

    /// An error once a signal came.
    pub fn check(&self) -> Result<(), StageError> {
        self.received()
            .map_or(Ok(()), |signal| Err(StageError::Interrupted { signal }))
    }
}
