//! `[study]`: what concerns the whole study.

use std::path::PathBuf;

use config::Kind;

/// Most runs of a method: the name of a run has two digits or more, and its seed is a 16-bit number at most.
const MOST_RUNS: u32 = 10_000;

config::settings! {
    /// What concerns the whole study.
    pub struct Settings {
        /// Every random number comes from it. Adding images, runs or networks changes no other result.
        seed: u64 [0..=i64::MAX as u64];
        /// How often a method that draws random numbers explains an image; others are computed once.
        runs: u32 [1..=MOST_RUNS] = 10;
        /// Folder of the cache; it need not exist yet.
        artifacts: PathBuf [Kind::NewFolder] = PathBuf::from("artifacts");
    }
}
