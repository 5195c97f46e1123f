//! A copy of the store in which some actions count as not done, so that they can be recomputed and compared.
//!
//! The copy lies inside the artifacts folder and has links in the place of files. It goes when it is dropped; one whose process died is known by
//! having no lock, and the next copy or collection of garbage removes it.
#![expect(
    clippy::disallowed_methods,
    reason = "the copy is made and removed under artifacts/"
)]

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;

use rustix::fs::FlockOperation;

use crate::known::{Known, Seen};
use crate::publish::{self, folder_of, remove, temporary_name};
use crate::stamp::Stamp;
use crate::turns::lock;
use crate::{ContentId, Key, Record, Store, StoreError};

/// Folder of the copies.
const AUDITS: &str = "audits";

/// A copy of some actions of a store.
#[derive(Debug)]
pub struct Scratch {
    store: Store,
    original: Store,
    /// Locked while it is open.
    _lock: File,
}

impl Store {
    /// A copy that holds exactly these actions.
    pub fn scratch(&self, records: &[&Record]) -> Result<Scratch, StoreError> {
        let audits = self.root().join(AUDITS);
        publish::make_folder(&audits)?;
        self.remove_dead_scratches()?;
        let (root, lock) = loop {
            let root = audits.join(temporary_name());
            publish::make_folder(&root)?;
            let lock = lock(&root, FlockOperation::LockExclusive)?;
            // Between its making and its lock it looks like a dead process's, and may have been removed.
            if root.is_dir() {
                break (root, lock);
            }
        };
        let scratch = Scratch {
            store: Store::open(root)?,
            original: self.clone(),
            _lock: lock,
        };
        let known = Known::read(self.root());
        for record in records {
            for artifact in record.artifacts.values() {
                scratch.link(&known, artifact.id)?;
            }
            scratch.remember(record)?;
        }
        scratch.store.keep_notes();
        Ok(scratch)
    }

    /// Removes the copies of processes that died.
    pub(crate) fn remove_dead_scratches(&self) -> Result<(), StoreError> {
        for copy in publish::folders(&self.root().join(AUDITS))? {
            let dead = File::open(&copy).is_ok_and(|folder| {
                rustix::fs::flock(&folder, FlockOperation::NonBlockingLockExclusive).is_ok()
            });
            if dead {
                fs::remove_dir_all(&copy)
                    .map_err(|error| StoreError::io("remove", &copy, error))?;
            }
        }
        Ok(())
    }
}

impl Scratch {
    /// Links an artifact; what is known of it holds for the copy too.
    fn link(&self, known: &Known, id: ContentId) -> Result<(), StoreError> {
        let path = self.original.object_path(&id);
        link(&path, &self.store.object_path(&id))?;
        if let Ok(metadata) = fs::metadata(&path) {
            let stamp = Stamp::from(&metadata);
            let verified = self.original.last_verified(known, &id, stamp);
            if let Some(verified) = verified {
                self.store.note_seen(id, Seen { stamp, verified });
            }
        }
        Ok(())
    }

    /// The copy.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// Makes actions count as not done.
    pub fn forget(&self, keys: &[(&str, Key)]) -> Result<(), StoreError> {
        for (kind, key) in keys {
            let path = self.store.record_path(kind, key);
            fs::remove_file(&path).map_err(|error| StoreError::io("remove", &path, error))?;
        }
        Ok(())
    }

    /// Gives an action its first record back, in the place of any that it was given since.
    pub fn remember(&self, record: &Record) -> Result<(), StoreError> {
        let of = |store: &Store| store.record_path(record.preimage.kind(), &record.key);
        let path = of(&self.store);
        remove(&path)?;
        link(&of(&self.original), &path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now, the next one removes.
        let _ = fs::remove_dir_all(self.store.root());
    }
}

/// Links a file by a symbolic link: another hard link would change one of the file's times, and so look like a change of the artifact.
fn link(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(folder_of(to))
        .map_err(|error| StoreError::io("create the folder", folder_of(to), error))?;
    let linked = std::path::absolute(from).and_then(|from| symlink(from, to));
    match linked {
        // Two actions may have made the same artifact.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked.map_err(|error| StoreError::io("link", to, error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::Store;

    #[test]
    fn a_copy_goes_with_its_process_and_a_dead_one_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("artifacts")).unwrap();
        let audits = store.root().join(super::AUDITS);
        let copies = || fs::read_dir(&audits).unwrap().count();
        fs::create_dir_all(audits.join("dead/objects")).unwrap();
        let first = store.scratch(&[]).unwrap();
        let second = store.scratch(&[]).unwrap();
        assert_eq!(copies(), 2);
        drop((first, second));
        assert_eq!(copies(), 0);
    }
}
