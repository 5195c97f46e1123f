//! Messages for people on standard error, and all of them with their times in artifacts/logs.

use std::sync::Mutex;

use store::{Store, StoreError};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::Verbosity;

/// Starts logging for a program: to standard error as loud as asked for, and to `logs/<program>.log` where there is a store.
///
/// A second call in one process changes nothing.
pub fn start(program: &str, verbosity: Verbosity, store: Option<&Store>) -> Result<(), StoreError> {
    let level = match (verbosity.quiet, verbosity.verbose) {
        (true, _) => LevelFilter::WARN,
        (false, 0) => LevelFilter::INFO,
        (false, 1) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    };
    // An event that cannot be written is no reason to end: by default that would be told on standard error, which panics where it is full.
    let terminal = tracing_subscriber::fmt::layer()
        .log_internal_errors(false)
        .without_time()
        .with_ansi(crate::colour())
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_filter(level);
    let file = match store {
        None => None,
        Some(store) => Some(
            tracing_subscriber::fmt::layer()
                .log_internal_errors(false)
                .with_ansi(false)
                .with_writer(Mutex::new(store.log_file(&format!("{program}.log"))?))
                .with_filter(LevelFilter::DEBUG),
        ),
    };
    let _ = tracing_subscriber::registry()
        .with(terminal)
        .with(file)
        .try_init();
    Ok(())
}
