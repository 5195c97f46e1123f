//! The method `external`: explanations that another tool made of a challenge (`pipeline challenge`).

use config::Declared;

use crate::answers::{Answers, External};
use crate::plugin::{MOST_RUNS, Plugin, Role};

/// Explanations in files.
pub static METHOD: External = Plugin {
    kind: "external",
    module: module_path!(),
    title: "External",
    about: "Reads the explanations that another tool made from the output of `pipeline challenge` (docs/external.md).",
    role: Role::Explanation,
    // Where there is one run, that is what the tool says.
    deterministic: true,
    measured: true,
    settings: Settings::settings,
    read: |section| {
        let Settings { files, runs } = Settings::read(section);
        Answers { files, runs }
    },
    run: (),
};

config::settings! {
    /// What `external` takes.
    struct Settings {
        /// Path of the answer files, `.npz`, `.safetensors` or `.parquet`. `{network}` and `{partition}` stand for names, so that one method has
        /// several files, such as `"answers/lrp-{network}.npz"`.
        files: String;
        /// How many runs each file has, independent of the study's `runs`. One run means that the tool is deterministic.
        runs: u32 [1..=MOST_RUNS] = 1;
    }
}
