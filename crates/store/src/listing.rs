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
        named(&self.record_shelves()?, "json")
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
        named(&publish::folders(&self.root().join(OBJECTS))?, "parquet")
    }

    /// The artifacts that `latest/` shows.
    pub fn shown(&self) -> Result<BTreeSet<ContentId>, StoreError> {
        let mut shown = BTreeSet::new();
        for table in publish::folders(&self.root().join("latest"))? {
            let links = publish::entries(&table)?.into_iter();
            let targets = links.filter_map(|link| fs::read_link(link).ok());
            shown.extend(targets.filter_map(|target| digest_of::<ContentId>(&target, "parquet")));
        }
        Ok(shown)
    }

    /// Keys of the records that begin with these hexadecimal digits.
    pub fn keys_that_begin(&self, digits: &str) -> Result<Vec<Key>, StoreError> {
        Ok(that_begin(self.record_files()?, digits))
    }

    /// Ids of the artifacts that begin with these hexadecimal digits.
    pub fn ids_that_begin(&self, digits: &str) -> Result<Vec<ContentId>, StoreError> {
        Ok(that_begin(self.object_files()?, digits))
    }
}

fn that_begin<D: ToString>(files: Vec<Named<D>>, digits: &str) -> Vec<D> {
    let all = files.into_iter().map(|file| file.digest);
    all.filter(|digest| digest.to_string().starts_with(digits))
        .collect()
}

/// The files of folders whose names are digests, sorted by folder and digest.
pub(crate) fn named<D: FromStr>(
    shelves: &[impl AsRef<Path>],
    ending: &str,
) -> Result<Vec<Named<D>>, StoreError> {
    let mut files = Vec::new();
    for shelf in shelves {
        let named = |path: PathBuf| {
            let digest = digest_of(&path, ending)?;
            Some(Named { digest, path })
        };
        let entries = publish::entries(shelf.as_ref())?.into_iter();
        files.extend(entries.filter_map(named));
    }
    Ok(files)
}

fn digest_of<D: FromStr>(path: &Path, ending: &str) -> Option<D> {
    let ends = path.extension().is_some_and(|found| found == ending);
    let digest = ends.then(|| path.file_stem()?.to_str()?.parse().ok());
    digest.flatten()
}
