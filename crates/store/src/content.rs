//! What stands under a name of a view: a link, bytes, or the rows of several artifacts.
#![expect(
    clippy::disallowed_methods,
    reason = "links and files of views are written under artifacts/"
)]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::known::Known;
use crate::stamp::Stamp;
use crate::{ContentId, Store, StoreError, parquet};

/// Something under a name of a view.
pub(crate) enum Content<'a> {
    /// A symbolic link to this path.
    Link(PathBuf),
    Bytes(&'a [u8]),
    Part(Part<'a>),
}

impl Content<'_> {
    /// Whether this is what the path holds.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        match self {
            Self::Link(to) => fs::read_link(path).is_ok_and(|target| target == *to),
            Self::Bytes(bytes) => fs::read(path).is_ok_and(|found| found == *bytes),
            Self::Part(part) => part.is_at(path),
        }
    }

    /// Puts it there.
    pub(crate) fn put(&self, path: &Path) -> Result<(), StoreError> {
        match self {
            Self::Link(to) => {
                symlink(to, path).map_err(|error| StoreError::io("create", path, error))
            }
            Self::Bytes(bytes) => write(path, bytes),
            Self::Part(part) => part.put(path),
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let write = || {
        let mut file = File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| StoreError::io("create", path, error))
}

/// The rows of several artifacts of a table.
pub(crate) struct Part<'a> {
    pub(crate) store: &'a Store,
    pub(crate) known: &'a Known,
    pub(crate) table: String,
    /// Below `latest/`.
    pub(crate) name: String,
    pub(crate) ids: Vec<ContentId>,
}

impl Part<'_> {
    fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        let mut batches = Vec::new();
        for id in &self.ids {
            batches.extend(self.store.batches(&self.table, id)?);
        }
        let first = self.store.object_path(&self.ids[0]);
        let file = File::open(&first).map_err(|error| StoreError::io("read", &first, error))?;
        parquet::merge(&file, &batches).map_err(|error| StoreError::Encode {
            table: "latest",
            detail: format!("{}: {error}", self.name),
        })
    }

    fn shown_before(&self) -> PathBuf {
        self.store.root().join("latest").join(&self.name)
    }

    /// What is noted of the part's file (`known`): under its name, with a digest of the artifacts in it in place of the time that changes when
    /// a file gets another link.
    fn note(&self, path: &Path) -> Option<(ContentId, Stamp)> {
        let mut digest = blake3::Hasher::new();
        for id in &self.ids {
            digest.update(&id.0);
        }
        let digest = digest.finalize();
        let (first, _) = digest.as_bytes().split_first_chunk()?;
        let stamp = Stamp::from(&fs::metadata(path).ok()?);
        let name = blake3::hash(self.name.as_bytes());
        Some((name.into(), stamp.with_changed(i64::from_le_bytes(*first))))
    }

    fn is_at(&self, path: &Path) -> bool {
        let note = self.note(path);
        note.is_some_and(|(name, stamp)| {
            self.store.last_verified(self.known, &name, stamp).is_some()
        })
    }

    fn put(&self, path: &Path) -> Result<(), StoreError> {
        let before = self.shown_before();
        // It cannot have a second name where it is not there, or lies on another file system.
        if self.is_at(&before) && fs::hard_link(&before, path).is_ok() {
            return Ok(());
        }
        write(path, &self.bytes()?)?;
        if let Some((name, stamp)) = self.note(path) {
            self.store.note(name, stamp);
        }
        Ok(())
    }
}
