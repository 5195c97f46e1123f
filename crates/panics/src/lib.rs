//! Calls into readers of other people's files that may panic where a file contradicts itself.
//!
//! A caught panic becomes the caller's own error, so Rust's message about it (source line, thread, "note: run with
//! `RUST_BACKTRACE`") must not reach the terminal. A panic hook belongs to the whole process; this crate installs one,
//! once, that stays silent while a thread is inside [`caught`] and hands every other panic to the hook before it.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// What `call` returns, or nothing if it panics on this thread. Drop whatever `call` may have left half changed.
pub fn caught<T>(call: impl FnOnce() -> T) -> Option<T> {
    install();
    let before = SILENT.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(call));
    SILENT.set(before);
    outcome.ok()
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            // A thread that is ending has no value any more.
            if !SILENT.try_with(Cell::get).unwrap_or(false) {
                before(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn only_panics_outside_a_caught_call_are_reported() {
        static REPORTED: AtomicUsize = AtomicUsize::new(0);
        set_hook(Box::new(|_| {
            REPORTED.fetch_add(1, Ordering::Relaxed);
        }));
        let inner = || caught(|| panic!("inner")).unwrap_or(7);
        assert_eq!(caught(|| -> usize { panic!("caught") }), None);
        assert_eq!(caught(inner), Some(7));
        assert_eq!(caught(|| inner() + caught(|| 1).unwrap()), Some(8));
        assert_eq!(REPORTED.load(Ordering::Relaxed), 0);
        assert!(std::thread::spawn(|| panic!("reported")).join().is_err());
        assert!(catch_unwind(|| panic!("reported too")).is_err());
        assert_eq!(REPORTED.load(Ordering::Relaxed), 2);
    }
}
