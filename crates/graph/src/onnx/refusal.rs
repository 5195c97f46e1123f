//! Why a file is not read, and the way out.

use std::fmt;

use super::OPSETS;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It is damaged, or holds something else: what.
    #[error(
        "not a readable ONNX file: {0}; fetch it again, or export it again and look at it with onnx.checker.check_model"
    )]
    Damaged(String),
    /// It was written with other versions of the operators.
    #[error(
        "the file has opset {opset}; opsets {} to {} can be read: convert it with onnx.version_converter.convert_version(model, 20), or export it again",
        OPSETS.start(),
        OPSETS.end()
    )]
    Version {
        /// The version of the standard operators.
        opset: i64,
    },
    /// The network as a whole cannot be used: why, and the way out.
    #[error("{0}")]
    Unfit(String),
    /// Parts of the network cannot be computed.
    #[error("{}", listed(.0))]
    Operators(Vec<Problem>),
}

/// What is wrong with an operator of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The operator's name, with its domain where that is not ONNX's own.
    pub operator: String,
    /// Why it cannot be computed; none where it is not known.
    pub reason: Option<String>,
    /// The name of the first node with it, or else of what that gives.
    pub node: String,
    /// The path of the module that asks for it; empty for the network itself.
    pub module: String,
    /// How often it occurs.
    pub count: usize,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`, node `{}`", self.operator, self.node)?;
        if !self.module.is_empty() && self.module != self.node {
            write!(formatter, " in `{}`", self.module)?;
        }
        if self.count > 1 {
            write!(formatter, " and {} more", self.count - 1)?;
        }
        match &self.reason {
            Some(reason) => write!(formatter, ": {reason}"),
            None if self.operator.starts_with("com.microsoft") => formatter.write_str(
                ": an operator of ONNX Runtime alone: use the file from before it was optimised",
            ),
            None => formatter.write_str(": not a known operator"),
        }
    }
}

fn listed(problems: &[Problem]) -> String {
    let unknown = problems.iter().any(|problem| problem.reason.is_none());
    let way_out = "export the network again with other versions of its exporter and opset, or simplify the file with onnxsim; a PyTorch network with torch.export (scripts/export_pt2.py)";
    crate::trouble::listed(problems, unknown.then_some(way_out))
}
