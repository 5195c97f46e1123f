//! Looks up actions: whether they were done, and the content of their records.

use std::fmt;
use std::path::PathBuf;

use crate::index::{Index, Noted, WORTH_WRITING};
use crate::listing::named;
use crate::store::{ACTIONS, folder_name, name_in_kind};
use crate::{Key, Preimage, Record, Store, StoreError, publish};

/// What is known about an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// It was done, and all its artifacts are there.
    Hit(Box<Record>),
    /// It has to be done.
    Miss(Miss),
}

/// Why an action has to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// It has no record: it was never finished.
    Absent,
    /// It has a record that cannot be relied on.
    Record {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// An artifact that its record names is missing.
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// The content of an artifact that its record names does not match its name, or the artifact cannot be read.
    Damaged {
        /// The artifact.
        path: PathBuf,
        /// What is wrong with it.
        detail: String,
    },
    /// It was done, but a report that was written since took its place.
    Replaced {
        /// The link to the report.
        path: PathBuf,
    },
}

impl fmt::Display for Miss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => formatter.write_str("it was never finished"),
            Self::Record { path, detail } => write!(
                formatter,
                "the record {} cannot be used: {detail}",
                path.display()
            ),
            Self::Missing { path } => {
                write!(formatter, "the artifact {} is missing", path.display())
            }
            Self::Damaged { path, detail } => write!(
                formatter,
                "the artifact {} is damaged: {detail}",
                path.display()
            ),
            Self::Replaced { path } => {
                write!(
                    formatter,
                    "{} shows another report, or none",
                    path.display()
                )
            }
        }
    }
}

impl Store {
    /// Whether an action was done. Anything but a whole record whose artifacts are all there is a miss, with its reason.
    pub fn lookup(&self, preimage: &Preimage) -> Lookup {
        let key = preimage.key();
        let path = self.record_path(preimage.kind(), &key);
        let record = match Record::read(&path, &key) {
            Ok(None) => return Lookup::Miss(Miss::Absent),
            Ok(Some(record)) => record,
            Err(detail) => return Lookup::Miss(Miss::Record { path, detail }),
        };
        let mut artifacts = record.artifacts.iter();
        let fault = artifacts.find_map(|(table, artifact)| self.fault(table, artifact, None));
        fault.map_or_else(|| Lookup::Hit(Box::new(record)), Lookup::Miss)
    }

    /// All records in short: see [`Index`].
    pub fn index(&self) -> Result<Index, StoreError> {
        let index = Index::read(self, WORTH_WRITING)?;
        Ok(index.with(self.verifying()))
    }

    /// As [`Store::lookup`], by an index of the store's records; with the record where only an artifact is lost. Warns of what is lost or
    /// damaged, once.
    pub fn lookup_in(
        &self,
        index: &Index,
        kind: &str,
        key: &Key,
    ) -> Result<Noted, (Miss, Option<Noted>)> {
        let noted = index.find(&folder_name(kind), key);
        let fault = match noted {
            None => index.fault(|| self.record_path(kind, key)),
            Some(noted) => index
                .artifacts(noted)
                .iter()
                .find_map(|(table, artifact)| self.fault(table, artifact, Some(index))),
        };
        if let Some(fault) = &fault {
            self.warn_of(kind, fault);
        }
        match (noted, fault) {
            (Some(noted), None) => Ok(noted),
            (noted, fault) => Err((fault.unwrap_or(Miss::Absent), noted)),
        }
    }

    /// The record of an action of this kind, if it is there and whole.
    pub fn record(&self, kind: &str, key: &Key) -> Option<Record> {
        Record::read(&self.record_path(kind, key), key).ok()?
    }

    /// The record of a key of any kind; an error if it is damaged.
    pub fn find(&self, key: &Key) -> Result<Option<Record>, StoreError> {
        for folder in publish::folders(&self.root().join(ACTIONS))? {
            let path = folder.join(name_in_kind(key));
            match Record::read(&path, key) {
                Ok(None) => {}
                Ok(record) => return Ok(record),
                Err(detail) => return Err(StoreError::Record { path, detail }),
            }
        }
        Ok(None)
    }

    /// All whole records of a kind, in the order of their keys: what was ever done, whether a study still needs it or not.
    pub fn records(&self, kind: &str) -> Result<Vec<Record>, StoreError> {
        let folder = self.root().join(ACTIONS).join(&*folder_name(kind));
        let files = named(&publish::folders(&folder)?, "json")?.into_iter();
        let whole = files.filter_map(|file| Record::read(&file.path, &file.digest).ok()?);
        Ok(whole.collect())
    }
}
