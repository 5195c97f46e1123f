//! How a file gets under its final name: whole, or not at all.
//!
//! A temporary file in the same folder, write, fsync, rename without replacing, fsync of the folder. Without the first fsync a power cut
//! leaves files of the right name and the wrong length; without the second it leaves none. The writer holds the kernel's lock on its
//! temporary file, so the temporary files of writers that died are known by having no lock, and nobody else's are touched.
#![expect(
    clippy::disallowed_methods,
    reason = "this is the writer that all others go through"
)]

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::fs::FlockOperation;

use crate::StoreError;

/// How every temporary file's and folder's name begins.
pub(crate) const TEMPORARY: &str = ".tmp-";

/// Objects and records are never written again, and their mode says so.
const READ_ONLY: u32 = 0o444;

/// What became of a file that was to be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// It is there now.
    New,
    /// There was one of this name; it is untouched.
    AlreadyThere,
}

/// Publishes a file, read-only, unless there is one of this name.
pub(crate) fn publish(path: &Path, bytes: &[u8]) -> Result<Written, StoreError> {
    let folder = folder_of(path);
    make_folder(folder)?;
    sync_entries(folder)?;
    let mut temporary = Temporary::create(folder)?;
    temporary.fill(bytes)?;
    let written = temporary.rename(path)?;
    sync_folder(folder)?;
    Ok(written)
}

/// Writes a file that can be recomputed at any time, over one of this name; it is intact, but may be lost in a power cut.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = folder_of(path);
    make_folder(folder)?;
    let temporary = Temporary::create(folder)?;
    (&temporary.file)
        .write_all(bytes)
        .and_then(|()| fs::rename(&temporary.path, path))
        .map_err(|error| StoreError::io("write", path, error))
}

/// Makes a folder and those above it, so that they survive a power cut.
pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    if folder.is_dir() {
        return Ok(());
    }
    let above = folder_of(folder);
    make_folder(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(StoreError::io("create the folder", folder, error))
        }
        // Also where another thread made it, which may not have got to this yet.
        _ => sync_folder(above),
    }
}

/// Makes the entry of a folder, and of the one above it, durable, once in a process; how many had to be.
/// An existing folder may belong to a writer that died or paused between creating the folder and its fsync.
fn sync_entries(folder: &Path) -> Result<usize, StoreError> {
    static DURABLE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let durable = || DURABLE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut synced = 0;
    for entry in [folder, folder_of(folder)] {
        if !durable().contains(entry) {
            sync_folder(folder_of(entry))?;
            durable().insert(entry.to_owned());
            synced += 1;
        }
    }
    Ok(synced)
}

/// Makes changes of a folder's entries durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|error| StoreError::io("write the folder", folder, error))
}

/// The folder that a path is in: the current one for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A name that no other thread or process uses.
pub(crate) fn temporary_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // Several machines may share the folder, and processes in containers the number: the time tells them apart.
    let now = jiff::Timestamp::now().as_nanosecond();
    format!(
        "{TEMPORARY}{}-{now:x}-{}",
        process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

/// A file under a temporary name, locked while it is written; removed unless it is renamed.
struct Temporary {
    file: File,
    path: PathBuf,
}

impl Temporary {
    fn create(folder: &Path) -> Result<Self, StoreError> {
        loop {
            let path = folder.join(temporary_name());
            let mut options = OpenOptions::new();
            let file = options
                .write(true)
                .create_new(true)
                .mode(READ_ONLY)
                .open(&path);
            let file = file.map_err(|error| StoreError::io("create", &path, error))?;
            rustix::fs::flock(&file, FlockOperation::LockExclusive)
                .map_err(|error| StoreError::io("lock", &path, error))?;
            // Between its creation and its lock the file looks like a dead writer's, and may have been removed.
            let metadata = file
                .metadata()
                .map_err(|error| StoreError::io("read", &path, error))?;
            if metadata.nlink() > 0 {
                return Ok(Self { file, path });
            }
        }
    }

    fn fill(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        write_through(&mut self.file, bytes)
            .map_err(|error| StoreError::io("write", &self.path, error))
    }

    fn rename(self, path: &Path) -> Result<Written, StoreError> {
        match rename_without_replacing(&self.path, path) {
            Ok(()) => Ok(Written::New),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(Written::AlreadyThere),
            Err(error) => Err(StoreError::io("rename a temporary file to", path, error)),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing under this name, and of what cannot be removed now the next opening takes care.
        let _ = fs::remove_file(&self.path);
    }
}

fn write_through(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// Renames a file or folder; fails where there is one of the new name, for a file with `AlreadyExists`.
pub(crate) fn rename_without_replacing(from: &Path, to: &Path) -> io::Result<()> {
    match rename_exclusively(from, to) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            rename_by_link(from, to)
        }
        renamed => Ok(renamed?),
    }
}

/// The same on file systems without this kind of rename (some network ones), which have links.
fn rename_by_link(from: &Path, to: &Path) -> io::Result<()> {
    // A folder can have no second name, and its plain rename replaces nothing but an empty folder.
    if fs::symlink_metadata(from)?.is_dir() {
        return fs::rename(from, to);
    }
    fs::hard_link(from, to)?;
    fs::remove_file(from)
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_exclusively(from: &Path, to: &Path) -> rustix::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn rename_exclusively(_: &Path, _: &Path) -> rustix::io::Result<()> {
    Err(rustix::io::Errno::NOSYS)
}

/// Removes the temporary files that writers left in a folder when they died.
pub(crate) fn remove_stale(folder: &Path) -> Result<(), StoreError> {
    for entry in entries(folder)? {
        if entry
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY))
        {
            remove_if_stale(&entry);
        }
    }
    Ok(())
}

fn remove_if_stale(path: &Path) {
    // A file that is gone, or still locked, is another process's affair.
    let Ok(file) = File::open(path) else { return };
    if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok()
        && fs::remove_file(path).is_ok()
    {
        tracing::debug!(path = %path.display(), "removed the temporary file of a writer that died");
    }
}

/// Opens a file; none where there is none.
pub(crate) fn open(path: &Path) -> Result<Option<File>, StoreError> {
    match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened
            .map(Some)
            .map_err(|error| StoreError::io("read", path, error)),
    }
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path, error))
        }
        _ => Ok(()),
    }
}

/// Paths of a folder's entries, sorted; none where there is no such folder.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.and_then(|entries| {
            entries
                .map(|entry| Ok(entry?.path()))
                .collect::<io::Result<Vec<_>>>()
        }),
    };
    let mut paths = listed.map_err(|error| StoreError::io("list", folder, error))?;
    paths.sort_unstable();
    Ok(paths)
}

/// Those of a folder's entries that are folders: other programs leave files such as `.DS_Store` beside them.
pub(crate) fn folders(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let mut paths = entries(folder)?;
    paths.retain(|path| path.is_dir());
    Ok(paths)
}

/// Moves a file whose content does not match its name into `damaged`, under a new name; its new path.
///
/// `file` is the open file that was found damaged: another process may have put a good one in its place since.
pub(crate) fn set_aside(file: &File, path: &Path, damaged: &Path) -> Option<PathBuf> {
    make_folder(damaged).ok()?;
    let name = path.file_name()?.to_string_lossy().into_owned();
    let aside = damaged.join(format!(
        "{name}{}",
        temporary_name().replace(TEMPORARY, ".")
    ));
    rename_without_replacing(path, &aside).ok()?;
    let same = |a: &fs::Metadata, b: &fs::Metadata| (a.dev(), a.ino()) == (b.dev(), b.ino());
    if !same(&file.metadata().ok()?, &fs::metadata(&aside).ok()?) {
        let _ = rename_without_replacing(&aside, path);
        return None;
    }
    sync_folder(folder_of(path)).ok()?;
    Some(aside)
}

#[cfg(test)]
mod tests {
    use std::fs::OpenOptions;
    use std::path::Path;

    use super::*;

    #[test]
    fn a_published_file_is_read_only_and_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/file");
        assert_eq!(publish(&path, b"first").unwrap(), Written::New);
        assert_eq!(publish(&path, b"second").unwrap(), Written::AlreadyThere);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o222, 0);
        assert_eq!(entries(path.parent().unwrap()).unwrap(), [path]);
    }

    #[test]
    fn where_only_links_are_exclusive_files_and_folders_are_renamed_without_replacing() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["first", "second"] {
            fs::write(path(name), name).unwrap();
        }
        rename_by_link(&path("first"), &path("file")).unwrap();
        assert!(!path("first").exists());
        let refused = rename_by_link(&path("second"), &path("file")).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(path("file")).unwrap(), b"first");

        for name in ["built", "late"] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join("inside"), name).unwrap();
        }
        rename_by_link(&path("built"), &path("folder")).unwrap();
        for other in ["folder", "file"] {
            assert!(rename_by_link(&path("late"), &path(other)).is_err());
        }
        assert_eq!(fs::read(path("folder/inside")).unwrap(), b"built");
        assert_eq!(fs::read(path("file")).unwrap(), b"first");
    }

    #[test]
    fn folders_that_others_made_are_made_durable_once() {
        let folder = tempfile::tempdir().unwrap();
        let (first, second) = (folder.path().join("a/b"), folder.path().join("a/c"));
        fs::create_dir_all(&first).unwrap();
        fs::create_dir_all(&second).unwrap();
        assert_eq!(sync_entries(&first).unwrap(), 2);
        assert_eq!(sync_entries(&second).unwrap(), 1);
        publish(&first.join("file"), b"bytes").unwrap();
        assert_eq!(sync_entries(&first).unwrap(), 0);
    }

    #[test]
    fn only_temporary_files_without_a_living_writer_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut living = Temporary::create(folder.path()).unwrap();
        fs::write(folder.path().join(".tmp-dead"), b"half").unwrap();
        fs::write(folder.path().join("other"), b"whole").unwrap();
        remove_stale(folder.path()).unwrap();
        living.fill(b"whole").unwrap();
        assert_eq!(
            living.rename(&folder.path().join("file")).unwrap(),
            Written::New
        );
        let left: Vec<_> = entries(folder.path())
            .unwrap()
            .iter()
            .map(|path| path.file_name().unwrap().to_owned())
            .collect();
        assert_eq!(left, ["file", "other"]);
    }

    #[test]
    fn a_full_disk_is_said_as_such() {
        let Ok(mut full) = OpenOptions::new().write(true).open("/dev/full") else {
            println!("skipped: this system has no /dev/full");
            return;
        };
        let error = write_through(&mut full, b"rows").unwrap_err();
        let error = StoreError::io("write", Path::new("artifacts/objects/3f/.tmp-1"), error);
        assert!(matches!(error, StoreError::Full { .. }));
        assert!(
            error
                .to_string()
                .starts_with("no space left for artifacts/objects/3f/.tmp-1"),
            "{error}"
        );
    }

    #[test]
    fn a_file_that_was_replaced_since_is_not_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"damaged").unwrap();
        let file = File::open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        publish(&path, b"good").unwrap();
        assert_eq!(
            set_aside(&file, &path, &folder.path().join("damaged")),
            None
        );
        assert_eq!(fs::read(&path).unwrap(), b"good");
    }
}
