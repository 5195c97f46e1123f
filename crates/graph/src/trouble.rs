//! What the readers of files say about operators that cannot be computed.

use std::fmt::Display;

/// Why an operator is not in the graph.
#[derive(Debug)]
pub(crate) enum Trouble {
    Unknown,
    /// It is known, but not in this form: why.
    Refused(String),
}

impl From<String> for Trouble {
    fn from(reason: String) -> Self {
        Self::Refused(reason)
    }
}

impl From<&str> for Trouble {
    fn from(reason: &str) -> Self {
        Self::Refused(reason.to_owned())
    }
}

/// All problems of a file, a line each, and a way out if there is one that they share.
pub(crate) fn listed(problems: &[impl Display], way_out: Option<&str>) -> String {
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| format!("\n  {problem}"))
        .collect();
    let text = format!(
        "the network has operators that cannot be computed:{}",
        lines.concat()
    );
    match way_out {
        Some(way_out) => format!("{text}\nway out: {way_out}"),
        None => text,
    }
}
