//! Methods of other tools, whose explanations are files.

use crate::plugin::Plugin;

/// Reads explanations that another tool made. There is no function: the content of the file is the evidence.
pub type External = Plugin<(), Answers>;

/// What an external method takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Path of the files, from the study's folder, with `{network}` and `{partition}` for names.
    pub files: String,
    /// Runs in each file.
    pub runs: u32,
}
