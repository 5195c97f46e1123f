//! What can go wrong with the store: each message names the place and how to fix it.

use std::io;
use std::path::{Path, PathBuf};

use schema::SchemaError;

/// The store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder cannot be written.
    #[error(
        "cannot write {}: it is read-only for this user ({source}). Give write permission to the artifacts folder, or choose another",
        path.display()
    )]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
    /// The disk or the user's quota is full. What was published before is whole.
    #[error(
        "no space left for {} ({source}). Free some space and rerun: all finished results are kept",
        path.display()
    )]
    Full {
        /// The file or folder.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
    /// Any other failure of the file system.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
    /// There is no such artifact.
    #[error("the artifact {} is missing. Rerun the pipeline, which recomputes it", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The content of an artifact does not match its name.
    #[error("the artifact {} is damaged: {detail}. {}. Rerun the pipeline, which recomputes it", path.display(), describe_aside(aside.as_deref()))]
    Damaged {
        /// Where it was.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
        /// Where it is now; none if it could not be moved.
        aside: Option<PathBuf>,
    },
    /// The record of an action is damaged.
    #[error(
        "the record {} is damaged: {detail}. `pipeline verify` sets it aside; if a study needs its results, `pipeline run` recomputes them",
        path.display()
    )]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// An artifact is whole, but of another table than the one it is read as.
    #[error("the artifact {}: {source}", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// The difference.
        source: SchemaError,
    },
    /// Rows could not be turned into Parquet.
    #[error(
        "cannot encode table {table}: {detail}. This is a bug in the program: please report it"
    )]
    Encode {
        /// Name of the table.
        table: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// A name of a file is not one that may be made under the artifacts folder.
    #[error("the name {name:?} cannot be used: {why}")]
    Name {
        /// The name.
        name: String,
        /// Why not.
        why: &'static str,
    },
    /// A file or folder stands where the store keeps a link of its own.
    #[error("{} is not a link that this program made. Move it away and rerun", path.display())]
    NotALink {
        /// The place.
        path: PathBuf,
    },
    /// A file whose content does not match its name is in the place of an intact one.
    #[error(
        "{} contains something else and cannot be moved away: {detail}. Remove it, and make sure that no other program changes the artifacts folder",
        path.display()
    )]
    Obstructed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
}

impl StoreError {
    /// Whether recomputing the artifact fixes it.
    pub fn is_loss(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::Damaged { .. })
    }

    /// A failed system call, told apart by what a person has to do about it.
    pub(crate) fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        let (path, source) = (path.to_owned(), source.into());
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::Full { path, source }
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => match action {
                "read" | "list" => Self::Io {
                    action,
                    path,
                    source,
                },
                _ => Self::ReadOnly { path, source },
            },
            _ => Self::Io {
                action,
                path,
                source,
            },
        }
    }
}

fn describe_aside(aside: Option<&Path>) -> String {
    aside.map_or_else(
        || "It could not be set aside".to_owned(),
        |aside| format!("It was set aside as {}", aside.display()),
    )
}
