//! `[study]`: what concerns the whole study.

use std::path::PathBuf;

use config::Kind;
use methods::MOST_RUNS;

config::settings! {
    /// Settings of the whole study.
    pub struct Settings {
        /// Every random number comes from it. Adding images, runs or networks changes no other result.
        seed: u64 [0..=i64::MAX as u64];
        /// How often a method that draws random numbers explains each image, unless it has its own `runs`; other methods run once.
        runs: u32 [1..=MOST_RUNS] = 10;
        /// Folder of the cache; it is created if it does not exist.
        artifacts: PathBuf [Kind::NewFolder] = PathBuf::from("artifacts");
    }
}
