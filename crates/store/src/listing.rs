//! The files of the store, as they lie on disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::store::{ACTIONS, OBJECTS};
use crate::{ContentId, Key, Store, StoreError, publish};

/// A file whose name is a digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named<D> {
    /// Its name as a digest.
    pub(crate) digest: D,
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl Store {
    /// All files that are called as a record, sorted by kind and key. Temporary files, and whatever else lies there, are left out.
    pub(crate) fn record_files(&self) -> Result<Vec<Named<Key>>, StoreError> {
        let mut files = Vec::new();
        for kind in publish::folders(&self.root().join(ACTIONS))? {
            add_shelves(&kind, "json", &mut files)?;
        }
        Ok(files)
    }

    /// The folders of records, such as `actions/weights/9c`.
    pub(crate) fn record_shelves(&self) -> Result<Vec<PathBuf>, StoreError> {
        let mut shelves = Vec::new();
        for kind in publish::folders(&self.root().join(ACTIONS))? {
            shelves.extend(publish::folders(&kind)?);
        }
        Ok(shelves)
    }

    /// All files that are called as an artifact, sorted by id.
    pub(crate) fn object_files(&self) -> Result<Vec<Named<ContentId>>, StoreError> {
        let mut files = Vec::new();
        add_shelves(&self.root().join(OBJECTS), "parquet", &mut files)?;
        Ok(files)
    }

    /// The artifacts that `latest/` shows.
    pub fn shown(&self) -> Result<BTreeSet<ContentId>, StoreError> {
        let mut shown = BTreeSet::new();
        for table in publish::folders(&self.root().join("latest"))? {
            let links = publish::entries(&table)?;
            shown.extend(links.iter().filter_map(|link| shown_by(link)));
        }
        Ok(shown)
    }

    /// Keys of the records that begin with these hexadecimal digits.
    pub fn keys_that_begin(&self, digits: &str) -> Result<Vec<Key>, StoreError> {
        let files = self.record_files()?.into_iter().map(|file| file.digest);
        Ok(files
            .filter(|key| key.to_string().starts_with(digits))
            .collect())
    }

    /// Ids of the artifacts that begin with these hexadecimal digits.
    pub fn ids_that_begin(&self, digits: &str) -> Result<Vec<ContentId>, StoreError> {
        let files = self.object_files()?.into_iter().map(|file| file.digest);
        Ok(files
            .filter(|id| id.to_string().starts_with(digits))
            .collect())
    }
}

fn shown_by(link: &Path) -> Option<ContentId> {
    digest_of(&fs::read_link(link).ok()?, "parquet")
}

fn add_shelves<D: FromStr>(
    folder: &Path,
    ending: &str,
    files: &mut Vec<Named<D>>,
) -> Result<(), StoreError> {
    for shelf in publish::folders(folder)? {
        add_files(&shelf, ending, files)?;
    }
    Ok(())
}

/// The files of a folder whose names are digests, sorted by these.
pub(crate) fn add_files<D: FromStr>(
    shelf: &Path,
    ending: &str,
    files: &mut Vec<Named<D>>,
) -> Result<(), StoreError> {
    let named = |path: PathBuf| {
        let digest = digest_of(&path, ending)?;
        Some(Named { digest, path })
    };
    files.extend(publish::entries(shelf)?.into_iter().filter_map(named));
    Ok(())
}

fn digest_of<D: FromStr>(path: &Path, ending: &str) -> Option<D> {
    let ends = path.extension().is_some_and(|found| found == ending);
    let digest = ends.then(|| path.file_stem()?.to_str()?.parse().ok());
    digest.flatten()
}
