//! When each artifact was last verified and what its file looked like then, so that planning finds what changed since without reading all of it.
//!
//! The file `index/verified` is derived, and decides only what is reread:
//!
//! * An artifact is verified when it is published, and whenever it is read, because a read computes its id again.
//! * An artifact that has the size, the times and the inode it had then counts as intact. A plan reads any other artifact, as long as it may
//!   ([`Patience`]).
//! * A process keeps its notes in memory, and adds them to the file when it plans and when there are many. Without them, artifacts are only
//!   read once more.
//! * The file holds for one folder, known by its inode: it says nothing about a copy.
//!
//! [`Store::verify`] finds what this cannot: damage that leaves size, times and inode as they were, such as a disk's slow decay.
//!
//! The file (`derived`) has the inode of `objects/`, and [`ENTRY`] bytes for each artifact: id, stamp, seconds since 1970.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arrow_array::RecordBatch;
use rustix::fs::{AtFlags, FlockOperation};

use crate::index::Index;
use crate::stamp::{STAMP_BYTES, Stamp};
use crate::store::{OBJECTS, name_in_objects, read_checked};
use crate::turns::lock;
use crate::{Artifact, ContentId, Miss, Store, StoreError, derived, publish};

const HEADER: &str = "selectivity verified 2\n";
/// Bytes of an artifact in the file.
const ENTRY: usize = size_of::<ContentId>() + STAMP_BYTES + 8;
/// Notes that a process keeps in memory.
const MANY: usize = 1 << 14;
/// Fewest bytes of a Parquet file: its magic number twice and the length of its footer.
const SMALLEST_PARQUET: u64 = 12;
/// How long commands read that only look.
const GLANCE: Duration = Duration::from_secs(2);
/// Time between two messages about a long reading.
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// A file whose content was verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What it looked like.
    pub(crate) stamp: Stamp,
    /// When: seconds since 1970.
    pub(crate) verified: u64,
}

/// The content of the file.
#[derive(Debug, Default)]
pub(crate) struct Known(BTreeMap<ContentId, Seen>);

impl Known {
    /// Nothing where the file is absent, damaged, of another version or of another folder.
    pub(crate) fn read(root: &Path) -> Self {
        let bytes = derived::read(&file(root), HEADER).unwrap_or_default();
        Self(parse(&bytes, inode(root)).unwrap_or_default())
    }

    /// When an artifact was last verified; none if its file looks different now.
    pub(crate) fn verified(&self, id: &ContentId, stamp: Stamp) -> Option<u64> {
        let seen = self.0.get(id)?;
        (seen.stamp == stamp).then_some(seen.verified)
    }
}

fn file(root: &Path) -> PathBuf {
    root.join("index").join("verified")
}

/// Inode of the artifacts' folder; 0 where there is none.
fn inode(root: &Path) -> u64 {
    fs::metadata(root.join(OBJECTS)).map_or(0, |folder| folder.ino())
}

fn parse(bytes: &[u8], folder: u64) -> Option<BTreeMap<ContentId, Seen>> {
    let (inode, entries) = bytes.strip_prefix(HEADER.as_bytes())?.split_first_chunk()?;
    let same = u64::from_le_bytes(*inode) == folder;
    let entries = || entries.chunks_exact(ENTRY).map(entry).collect();
    same.then(entries)?
}

fn entry(bytes: &[u8]) -> Option<(ContentId, Seen)> {
    let (id, rest) = bytes.split_first_chunk()?;
    let (stamp, rest) = rest.split_first_chunk()?;
    let seen = Seen {
        stamp: Stamp::from_bytes(stamp),
        verified: u64::from_le_bytes(*rest.first_chunk()?),
    };
    Some((ContentId(*id), seen))
}

fn to_bytes(known: &BTreeMap<ContentId, Seen>, folder: u64) -> Vec<u8> {
    let mut bytes = HEADER.as_bytes().to_vec();
    bytes.extend(folder.to_le_bytes());
    for (id, seen) in known {
        bytes.extend(id.0);
        bytes.extend(seen.stamp.to_bytes());
        bytes.extend(seen.verified.to_le_bytes());
    }
    bytes
}

/// Changes the file, after any other process that does.
fn change(
    root: &Path,
    fresh: &BTreeMap<ContentId, Seen>,
    removed: &BTreeSet<ContentId>,
) -> Result<(), StoreError> {
    let path = file(root);
    let folder = publish::folder_of(&path);
    publish::make_folder(folder)?;
    let _lock = lock(folder, FlockOperation::LockExclusive)?;
    let mut all = Known::read(root).0;
    all.retain(|id, _| !removed.contains(id));
    all.extend(fresh);
    derived::write(&path, to_bytes(&all, inode(root)))
}

/// What this process has verified and not yet added to the file.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    fresh: Mutex<BTreeMap<ContentId, Seen>>,
    /// What it has warned of.
    warned: Mutex<BTreeSet<String>>,
}

impl Notes {
    fn fresh(&self) -> MutexGuard<'_, BTreeMap<ContentId, Seen>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verified(&self, id: &ContentId, stamp: Stamp) -> Option<u64> {
        let fresh = self.fresh();
        let seen = fresh.get(id)?;
        (seen.stamp == stamp).then_some(seen.verified)
    }
}

/// How long a plan may read artifacts of which nothing is known.
#[derive(Clone, Debug)]
pub(crate) enum Patience {
    /// Until then; it takes the others for intact, and counts them.
    Until(Instant),
    /// Until all are read, or this is no longer zero.
    UntilTold(Arc<AtomicUsize>),
}

/// What a plan knows of artifacts, and how many it had to read.
#[derive(Debug)]
pub(crate) struct Verifying {
    known: Known,
    patience: Patience,
    unverified: AtomicU64,
    read: AtomicU64,
    said: Mutex<Instant>,
}

impl Default for Verifying {
    fn default() -> Self {
        Self::new(Known::default(), Patience::UntilTold(Arc::default()))
    }
}

impl Verifying {
    fn new(known: Known, patience: Patience) -> Self {
        Self {
            known,
            patience,
            unverified: AtomicU64::new(0),
            read: AtomicU64::new(0),
            said: Mutex::new(Instant::now()),
        }
    }

    fn may_read(&self) -> bool {
        match &self.patience {
            Patience::Until(end) => Instant::now() < *end,
            Patience::UntilTold(told) => told.load(Ordering::Relaxed) == 0,
        }
    }

    /// How many artifacts were taken for intact without being known.
    pub(crate) fn unverified(&self) -> u64 {
        self.unverified.load(Ordering::Relaxed)
    }

    /// How many artifacts were read.
    #[cfg(test)]
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    /// Counts an artifact that is read, and says now and then how many there were.
    fn count(&self) {
        let read = self.read.fetch_add(1, Ordering::Relaxed) + 1;
        if let Ok(mut said) = self.said.try_lock()
            && said.elapsed() >= BETWEEN_LINES
        {
            *said = Instant::now();
            tracing::info!("verified {read} artifacts that were copied here or have changed");
        }
    }
}

impl Store {
    /// The same store. Its plans read every artifact that has not been verified as it is now, until `told` is no longer zero. Those of other
    /// stores read for two seconds at most.
    #[must_use]
    pub fn thorough(&self, told: Arc<AtomicUsize>) -> Self {
        let mut store = self.clone();
        store.told = Some(told);
        store
    }

    pub(crate) fn verifying(&self) -> Verifying {
        let patience = match &self.told {
            Some(told) => Patience::UntilTold(Arc::clone(told)),
            None => Patience::Until(Instant::now() + GLANCE),
        };
        Verifying::new(Known::read(self.root()), patience)
    }

    /// What is wrong with an artifact that a record names. Its content is read unless it was verified as it is now, or the plan has no patience.
    pub(crate) fn fault(
        &self,
        table: &str,
        artifact: &Artifact,
        index: Option<&Index>,
    ) -> Option<Miss> {
        let id = &artifact.id;
        let path = || self.object_path(id);
        let damaged = |detail| {
            let path = path();
            Some(Miss::Damaged { path, detail })
        };
        let stamp = match self.stamp(id, index) {
            Ok(stamp) => stamp,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Some(Miss::Missing { path: path() });
            }
            Err(error) => return damaged(error.to_string()),
        };
        let bytes = stamp.bytes();
        if bytes < SMALLEST_PARQUET {
            return damaged(format!("it has only {bytes} bytes"));
        }
        let verifying = index.map(Index::verifying);
        let known = |verifying: &Verifying| verifying.known.verified(id, stamp).is_some();
        if verifying.is_some_and(known) || self.notes.verified(id, stamp).is_some() {
            return None;
        }
        if let Some(verifying) = verifying {
            if bytes == artifact.bytes && !verifying.may_read() {
                verifying.unverified.fetch_add(1, Ordering::Relaxed);
                return None;
            }
            verifying.count();
        }
        let file = File::open(path()).map_err(|error| error.to_string());
        let read = file.and_then(|file| self.read_noted(table, id, &file));
        damaged(read.err()?)
    }

    fn stamp(&self, id: &ContentId, index: Option<&Index>) -> io::Result<Stamp> {
        match index.and_then(Index::objects) {
            Some(folder) => {
                let found = rustix::fs::statat(folder, name_in_objects(id), AtFlags::empty())?;
                Ok(Stamp::from(&found))
            }
            None => Ok(Stamp::from(&fs::metadata(self.object_path(id))?)),
        }
    }

    /// Warns of a fault that planning met, once.
    pub(crate) fn warn_of(&self, kind: &str, fault: &Miss) {
        let warned = self.notes.warned.lock();
        let mut warned = warned.unwrap_or_else(PoisonError::into_inner);
        if warned.insert(fault.to_string()) {
            tracing::warn!("{kind}: {fault}; it will be recomputed");
        }
    }

    /// The batches of an artifact's file if they are the content that its id names, which is noted.
    pub(crate) fn read_noted(
        &self,
        table: &str,
        id: &ContentId,
        file: &File,
    ) -> Result<Vec<RecordBatch>, String> {
        // Before the file is read: a change meanwhile makes the stamp old.
        let stamp = file.metadata().map(|metadata| Stamp::from(&metadata));
        let batches = read_checked(table, id, file)?;
        if let Ok(stamp) = stamp {
            self.note(*id, stamp);
        }
        Ok(batches)
    }

    /// Notes that a file of this stamp holds what the id names.
    pub(crate) fn note(&self, id: ContentId, stamp: Stamp) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let verified = now.map_or(0, |time| time.as_secs());
        self.note_seen(id, Seen { stamp, verified });
    }

    pub(crate) fn note_seen(&self, id: ContentId, seen: Seen) {
        let mut fresh = self.notes.fresh();
        fresh.insert(id, seen);
        let many = fresh.len().is_multiple_of(MANY);
        drop(fresh);
        if many {
            self.keep_notes();
        }
    }

    /// Adds what this process has verified to what is known of the store. Failing to is no error: then other processes verify it again.
    pub fn keep_notes(&self) {
        let fresh = std::mem::take(&mut *self.notes.fresh());
        if fresh.is_empty() {
            return;
        }
        if let Err(error) = change(self.root(), &fresh, &BTreeSet::new()) {
            tracing::debug!("the list of verified artifacts cannot be written: {error}");
            let mut now = self.notes.fresh();
            for (id, seen) in fresh {
                now.entry(id).or_insert(seen);
            }
        }
    }

    /// Forgets artifacts that were removed.
    pub(crate) fn forget(&self, removed: &BTreeSet<ContentId>) {
        self.notes.fresh().retain(|id, _| !removed.contains(id));
        if removed.is_empty() {
            return;
        }
        if let Err(error) = change(self.root(), &BTreeMap::new(), removed) {
            tracing::debug!(
                "removed artifacts cannot be taken off the list of verified artifacts: {error}"
            );
        }
    }

    /// When the file of an id was last verified; none if it looks different now.
    pub(crate) fn last_verified(&self, known: &Known, id: &ContentId, stamp: Stamp) -> Option<u64> {
        let fresh = || self.notes.verified(id, stamp);
        known.verified(id, stamp).or_else(fresh)
    }
}
