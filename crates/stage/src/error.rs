//! How a stage can fail, and the exit status that tells.

use parts::ActionError;
use store::StoreError;
use study::Problems;

use crate::{Shard, ShardError};

/// Why a stage, or one of its actions, did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The study cannot be run as it is written.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// It is not clear which share of the work is asked for.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An action cannot be done with what it was given.
    #[error(transparent)]
    Action(Box<dyn std::error::Error + Send + Sync>),
    /// What many actions share, such as a network, cannot be used; they are not tried one by one.
    #[error(transparent)]
    Shared(Box<dyn std::error::Error + Send + Sync>),
    /// Some actions failed; each has been reported.
    #[error("{failed} of {total} actions failed, as reported above; the others are done and kept")]
    Failed {
        /// How many.
        failed: usize,
        /// Of how many that were due.
        total: usize,
    },
    /// What some actions read is not there.
    #[error("{waiting} actions wait for results that earlier stages have not made: {missing}")]
    Waiting {
        /// How many.
        waiting: usize,
        /// What is missing, and how to make it.
        missing: String,
    },
    /// What some actions of a share read is not there.
    #[error(
        "{waiting} actions of share {shard} wait for what `{first}` has not made yet: bring {first} up to date in all shares, then run {stage} again"
    )]
    ShareWaiting {
        /// How many.
        waiting: usize,
        /// The share.
        shard: Shard,
        /// This stage.
        stage: &'static str,
        /// The stage to finish first.
        first: &'static str,
    },
    /// A file is not the one any more that the study was planned with.
    #[error("{path} changed while the stage ran; nothing was made of it: run the stage again")]
    Changed {
        /// The file.
        path: String,
    },
    /// A signal came.
    #[error("stopped by {}; what was finished is kept, and the next run goes on from there", signal_name(*.signal))]
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
                missing: format!("the table {table} was lost meanwhile; run this stage again"),
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
