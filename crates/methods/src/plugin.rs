//! What every method declares.

use std::fmt;

use config::{Section, Setting};
use serde::Serialize;

/// Most runs of a method: the name of a run has two digits or more, and its seed is a 16-bit number at most.
pub const MOST_RUNS: u32 = 10_000;

/// A method: what it is, what it takes from pipeline.toml, and what it does. Inputs of actions hold it; keys have its kind and the digest of its file.
#[derive(Clone, Copy, Serialize)]
pub struct Plugin<Run: 'static, Settings: 'static = ()> {
    /// Its `kind` in pipeline.toml.
    #[serde(rename = "plugin")]
    pub kind: &'static str,
    /// `module_path!()` of its file.
    pub module: &'static str,
    /// Its name in texts.
    #[serde(skip)]
    pub title: &'static str,
    /// What it does, in a sentence.
    #[serde(skip)]
    pub about: &'static str,
    /// What it is for.
    #[serde(skip)]
    pub role: Role,
    /// Whether every run gives the same, so that run 0 stands for all.
    #[serde(skip)]
    pub deterministic: bool,
    /// Whether its relevances are measured. Where they are not, they are places in an order, and the numbers mean nothing.
    #[serde(skip)]
    pub measured: bool,
    /// Describes its settings.
    #[serde(skip)]
    pub settings: fn() -> Vec<Setting>,
    /// Reads its settings.
    #[serde(skip)]
    pub read: fn(&mut Section<'_>) -> Settings,
    /// Makes its evidence.
    #[serde(skip)]
    pub run: Run,
}

impl<Run, Settings> fmt::Debug for Plugin<Run, Settings> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.kind)
    }
}

/// What a method is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It explains the network.
    Explanation,
    /// It explains nothing, and is there to be compared with.
    Control,
    /// As a control, and it draws orders by chance.
    Chance,
}
