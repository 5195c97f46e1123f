//! Ctrl-C and SIGTERM as a flag that work looks at between batches.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::StageError;

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
