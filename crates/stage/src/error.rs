//! How a stage can fail, and the exit status of each failure.

use parts::ActionError;
use store::StoreError;
use study::Problems;

use crate::{Shard, ShardError};

/// Why a stage, or one of its actions, did not finish.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The study cannot be run as it is written.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// It is not clear which shard is requested.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An action fails on its inputs.
    #[error(transparent)]
    Action(Box<dyn std::error::Error + Send + Sync>),
    /// Something that many actions share, such as a network, cannot be used; the actions are not tried one by one.
    #[error(transparent)]
    Shared(Box<dyn std::error::Error + Send + Sync>),
    /// Some actions failed; each has been reported.
    #[error("{failed} of {total} actions failed, as reported above; the other results are kept")]
    Failed {
        /// How many.
        failed: usize,
        /// Of how many that were due.
        total: usize,
    },
    /// Some actions miss their inputs.
    #[error("{waiting} actions wait for results of earlier stages: {missing}")]
    Waiting {
        /// How many.
        waiting: usize,
        /// What is missing, and how to compute it.
        missing: String,
    },
    /// Some actions of a shard miss their inputs.
    #[error(
        "{waiting} actions of shard {shard} wait for results of `{first}`: bring {first} up to date in all shards, then rerun {stage}"
    )]
    ShareWaiting {
        /// How many.
        waiting: usize,
        /// The shard.
        shard: Shard,
        /// This stage.
        stage: &'static str,
        /// The stage to finish first.
        first: &'static str,
    },
    /// A file changed after the study was planned.
    #[error("{path} changed while the stage ran, so the stage did not use it: rerun the stage")]
    Changed {
        /// The file.
        path: String,
    },
    /// A signal came.
    #[error("stopped by {}; finished results are kept, and the next run resumes there", signal_name(*.signal))]
    Interrupted {
        /// Its number.
        signal: i32,
    },
}

fn signal_name(signal: i32) -> &'static str {
    if signal == signal_hook::consts::SIGTERM {
        "SIGTERM"
    } else {
        "Ctrl-C"
    }
}

impl From<ActionError> for StageError {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Store(error) => Self::Store(error),
            ActionError::Changed { path } => Self::Changed { path },
            ActionError::Gone { table } => Self::Waiting {
                waiting: 1,
                missing: format!("the table {table} was lost meanwhile; rerun this stage"),
            },
            // The session knows which signal it was.
            ActionError::Interrupted => Self::Interrupted {
                signal: signal_hook::consts::SIGINT,
            },
            ActionError::Failed(reason) => Self::action(reason),
        }
    }
}

impl StageError {
    /// An error of the method itself.
    pub fn action(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Action(error.into())
    }

    /// An error of something that many actions share.
    pub fn shared(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Shared(error.into())
    }

    /// The exit status: see [`crate::EXIT_STATUSES`].
    pub fn status(&self) -> u8 {
        match self {
            Self::Action(_) | Self::Shared(_) | Self::Failed { .. } | Self::Changed { .. } => 1,
            Self::Problems(_) | Self::Shard(_) => 2,
            Self::Waiting { .. } | Self::ShareWaiting { .. } => 3,
            Self::Store(error) if error.is_loss() => 3,
            Self::Store(_) => 4,
            Self::Interrupted { signal } if *signal == signal_hook::consts::SIGTERM => 75,
            Self::Interrupted { .. } => 130,
        }
    }

    /// Whether the actions after this one would fail in the same way.
    pub(crate) fn is_fatal(&self) -> bool {
        match self {
            Self::Store(error) => !error.is_loss(),
            Self::Problems(_) | Self::Shared(_) | Self::Interrupted { .. } => true,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_tells_itself_by_the_exit_status() {
        let status = |signal| StageError::Interrupted { signal }.status();
        assert_eq!(status(signal_hook::consts::SIGTERM), 75);
        assert_eq!(status(signal_hook::consts::SIGINT), 130);
    }
}
