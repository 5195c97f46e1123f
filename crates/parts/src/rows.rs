//! The rows that an action may read: those that its inputs name.

use std::io::{Seek, SeekFrom};

use schema::Table;
use store::{Store, StoreError};

use crate::{All, File, Group, Part, Read, shown};

/// Why an action has no rows.
#[derive(Debug, thiserror::Error)]
pub enum ActionError {
    /// The artifacts cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An artifact that the action reads was removed after the plan was made.
    #[error("table {table} of an earlier stage is missing")]
    Gone {
        /// The table.
        table: &'static str,
    },
    /// A file changed after the study was planned.
    #[error("{path} changed while the stage ran, so the stage did not use it: rerun the stage")]
    Changed {
        /// The file.
        path: String,
    },
    /// The process was told to stop.
    #[error("stopped")]
    Interrupted,
    /// The action cannot be done with what it was given.
    #[error("{0}")]
    Failed(String),
}

impl ActionError {
    /// The action cannot be done with what it was given, in words.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "errors are handed over, as to `map_err`"
    )]
    pub fn failed(reason: impl ToString) -> Self {
        Self::Failed(reason.to_string())
    }
}

/// Reads what inputs name, and nothing else.
#[derive(Debug)]
pub struct Rows<'a>(&'a Store);

impl<'a> Rows<'a> {
    /// Reads from this store.
    pub fn of(store: &'a Store) -> Self {
        Self(store)
    }

    /// A part of another action's artifact; an error where it is not the part that the key names.
    pub fn load<P: Part>(&self, read: &Read<P>) -> Result<P::Value, ActionError> {
        let table = P::Row::NAME;
        let id = read.artifact.ok_or(ActionError::Gone { table })?;
        let value = P::take(self.0.read(&id)?).map_err(ActionError::Failed)?;
        if P::digest(&value) == read.digest {
            return Ok(value);
        }
        Err(ActionError::Failed(format!(
            "the {} in table {table} do not match its record: run `pipeline verify`",
            P::FACET
        )))
    }

    /// The rows of the artifacts of a group, one list for each.
    pub fn group<T: Table>(&self, _: &All<T>, group: &Group) -> Result<Vec<Vec<T>>, ActionError> {
        let read = |id| Ok(self.0.read::<T>(id)?);
        group.artifacts.iter().map(read).collect()
    }

    /// The rows about an image.
    pub fn of_image<T: Table>(&self, all: &All<T>, image: &str) -> Result<Vec<T>, ActionError> {
        let groups = all.groups.iter().filter(|group| group.image == image);
        self.of_groups(groups)
    }

    /// All rows of a table in the study.
    pub fn all<T: Table>(&self, all: &All<T>) -> Result<Vec<T>, ActionError> {
        self.of_groups(&all.groups)
    }

    pub(crate) fn of_groups<'g, T: Table>(
        &self,
        groups: impl IntoIterator<Item = &'g Group>,
    ) -> Result<Vec<T>, ActionError> {
        let ids = groups.into_iter().flat_map(|group| &group.artifacts);
        let rows = ids.map(|id| Ok(self.0.read::<T>(id)?));
        Ok(rows.collect::<Result<Vec<_>, ActionError>>()?.concat())
    }

    /// What `read` takes out of a file, without the whole of it in memory. The digest of what is open is taken afterwards, and must be the one that
    /// the key names.
    pub fn part_of<T>(
        &self,
        file: &File,
        read: impl FnOnce(&std::fs::File) -> Result<T, ActionError>,
    ) -> Result<T, ActionError> {
        let path = || shown(&file.path);
        let failed = |error| ActionError::Failed(format!("{}: {error}", path()));
        let mut open = store::open_file(&file.path).map_err(failed)?;
        let value = read(&open);
        open.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(&open).map_err(failed)?;
        if hasher.finalize().to_hex().as_str() == file.digest {
            return value;
        }
        Err(ActionError::Changed { path: path() })
    }

    /// A file's bytes, which must be those that the key names.
    pub fn file(&self, file: &File) -> Result<Vec<u8>, ActionError> {
        let path = || shown(&file.path);
        let bytes = store::read_file(&file.path)
            .map_err(|error| ActionError::Failed(format!("{}: {error}", path())))?;
        if blake3::hash(&bytes).to_hex().as_str() == file.digest {
            return Ok(bytes);
        }
        Err(ActionError::Changed { path: path() })
    }
}
