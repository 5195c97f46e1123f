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
    let terminal = tracing_subscriber::fmt::layer()
        .without_time()
        .with_ansi(crate::colour())
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_filter(level);
    let file = match store {
        None => None,
        Some(store) => Some(
            tracing_subscriber::fmt::layer()
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
