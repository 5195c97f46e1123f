//! A copy of the store in which some actions count as not done, so that they can be made again and compared.
//!
//! The copy lies inside the artifacts folder, where hard links cost no space, and goes when it is dropped; one whose process died is known by
//! having no lock, and the next copy or collection of garbage removes it.
#![expect(
    clippy::disallowed_methods,
    reason = "the copy is made and removed under artifacts/"
)]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::FlockOperation;

use crate::known::{Known, Seen};
use crate::publish::{self, folder_of, temporary_name};
use crate::stamp::Stamp;
use crate::{ContentId, Key, Record, Store, StoreError};

/// Folder of the copies.
const AUDITS: &str = "audits";

/// A copy of some actions of a store.
#[derive(Debug)]
pub struct Scratch {
    store: Store,
    original: Store,
    /// The artifacts that were verified before they were linked, and what their files look like since.
    verified: BTreeMap<ContentId, Seen>,
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
            let lock = File::open(&root).map_err(|error| StoreError::io("open", &root, error))?;
            rustix::fs::flock(&lock, FlockOperation::LockExclusive)
                .map_err(|error| StoreError::io("lock", &root, error))?;
            // Between its making and its lock it looks like a dead process's, and may have been removed.
            if root.is_dir() {
                break (root, lock);
            }
        };
        let mut scratch = Scratch {
            store: Store::open(root)?,
            original: self.clone(),
            verified: BTreeMap::new(),
            _lock: lock,
        };
        let known = Known::read(self.root());
        for record in records {
            for artifact in record.artifacts.values() {
                scratch.link(&known, artifact.id)?;
            }
            scratch.remember(record)?;
        }
        self.keep_notes();
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
    /// Links an artifact. A link changes one of a file's times, which would count as a change of the artifact.
    fn link(&mut self, known: &Known, id: ContentId) -> Result<(), StoreError> {
        let path = self.original.object_path(&id);
        let verified =
            stamp(&path).and_then(|stamp| self.original.last_verified(known, &id, stamp));
        link(&path, &self.store.object_path(&id))?;
        if let (Some(verified), Some(stamp)) = (verified, stamp(&path)) {
            let seen = Seen { stamp, verified };
            self.original.note_seen(id, seen);
            self.store.note_seen(id, seen);
            self.verified.insert(id, seen);
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
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", &path, error));
            }
            _ => {}
        }
        link(&of(&self.original), &path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now, the next one removes.
        let _ = fs::remove_dir_all(self.store.root());
        // That there are fewer links is no change of an artifact either.
        for (id, seen) in &self.verified {
            let now = stamp(&self.original.object_path(id));
            if let Some(stamp) = now.filter(|now| now.is_but_for_links(seen.stamp)) {
                let verified = seen.verified;
                self.original.note_seen(*id, Seen { stamp, verified });
            }
        }
        self.original.keep_notes();
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    Some(Stamp::from(&fs::metadata(path).ok()?))
}

fn link(from: &Path, to: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(folder_of(to))
        .map_err(|error| StoreError::io("create the folder", folder_of(to), error))?;
    match fs::hard_link(from, to) {
        // Two actions may have made the same artifact.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(StoreError::Missing {
            path: from.to_owned(),
        }),
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
