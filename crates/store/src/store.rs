//! The store itself: reading and publishing artifacts, and showing what the current study consists of.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use arrow_array::RecordBatch;
use schema::Table;
use serde_json::Value;

use crate::content::Content;
use crate::known::{Known, Notes};
use crate::publish::{self, Written};
use crate::stamp::Stamp;
use crate::view::{View, check_name};
use crate::{
    Artifact, ContentId, Cost, EncodedTable, Environment, Key, Lookup, Miss, Preimage,
    RECORD_VERSION, Record, StoreError, content_id, files, latest, parquet,
};

/// Attempts to publish a file where another one comes and goes, or stays although its content does not match its name.
const ATTEMPTS: usize = 8;

/// Threads that wait for the disk in [`Store::publish_many`], however few processors there are.
const PUBLISHING_THREADS: usize = 16;

/// The folder artifacts/. All methods may be called from several threads, and several processes may have the same folder open.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    pub(crate) notes: Arc<Notes>,
    /// Where its plans are [thorough](Store::thorough).
    pub(crate) told: Option<Arc<AtomicUsize>>,
}

/// An action that was done, ready to be published.
#[derive(Clone, Debug, PartialEq)]
pub struct Action {
    /// All that its result depends on.
    pub preimage: Preimage,
    /// Its result, one artifact for each table.
    pub tables: Vec<EncodedTable>,
    /// Values, or digests, of exactly what downstream actions read of it, by name.
    pub facets: BTreeMap<String, Value>,
    /// What it cost.
    pub cost: Cost,
    /// Where and when it ran.
    pub environment: Environment,
}

/// An action that was published.
#[derive(Clone, Debug, PartialEq)]
pub struct Published {
    /// The record that stands for the action.
    pub record: Record,
    /// Whether it is this one. If not, the action had been published before, and its first record stands.
    pub new: bool,
}

impl Store {
    /// Opens a folder for reading and writing; creates it if it does not exist, and removes the temporary files of writers that died.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let store = Self::browse(root);
        for folder in [
            store.root.clone(),
            store.root.join(OBJECTS),
            store.root.join(ACTIONS),
        ] {
            publish::make_folder(&folder)?;
            rustix::fs::access(&folder, rustix::fs::Access::WRITE_OK)
                .map_err(|error| StoreError::io("write", &folder, error))?;
        }
        store.remove_stale()?;
        Ok(store)
    }

    /// Opens a folder for looking and reading only: changes nothing, and needs no permission to write.
    pub fn browse(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            notes: Arc::default(),
            told: None,
        }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where an artifact is.
    pub fn object_path(&self, id: &ContentId) -> PathBuf {
        self.root.join(object_name(id))
    }

    /// Where the record of an action of this kind is.
    pub fn record_path(&self, kind: &str, key: &Key) -> PathBuf {
        let folder = self.root.join(ACTIONS).join(&*folder_name(kind));
        folder.join(name_in_kind(key))
    }

    /// BLAKE3 of each file's bytes, in order. A file whose times, size and inode have not changed is not reread.
    pub fn file_digests<P: AsRef<Path> + Sync>(
        &self,
        paths: &[P],
    ) -> Vec<io::Result<blake3::Hash>> {
        files::digests(&self.root, paths)
    }

    /// The rows of an artifact, whose id is recomputed from what was read. A file whose content does not match its name is set aside, with a warning,
    /// and [`StoreError::is_loss`] is true of the error.
    pub fn read<T: Table>(&self, id: &ContentId) -> Result<Vec<T>, StoreError> {
        let batches = self.batches(T::NAME, id)?;
        let path = self.object_path(id);
        let rows: Result<Vec<_>, _> = batches.iter().map(T::decode).collect();
        Ok(rows
            .map_err(|source| StoreError::Schema { path, source })?
            .concat())
    }

    /// The batches of an artifact, checked as [`Store::read`] does.
    pub(crate) fn batches(
        &self,
        table: &str,
        id: &ContentId,
    ) -> Result<Vec<RecordBatch>, StoreError> {
        let path = self.object_path(id);
        let Some(file) = publish::open(&path)? else {
            return Err(StoreError::Missing { path });
        };
        self.read_noted(table, id, &file)
            .map_err(|detail| self.set_aside(&file, &path, detail))
    }

    /// Reads an artifact for nothing but its content, as [`Store::read`] does: a damaged one is set aside.
    pub fn check(&self, table: &str, id: &ContentId) -> Result<(), StoreError> {
        self.batches(table, id).map(drop)
    }

    pub(crate) fn set_aside(&self, file: &File, path: &Path, detail: String) -> StoreError {
        let aside = publish::set_aside(file, path, &self.root.join(DAMAGED));
        let error = StoreError::Damaged {
            path: path.to_owned(),
            detail,
            aside,
        };
        tracing::warn!("{error}");
        error
    }

    /// Publishes an action: its artifacts, and then its record.
    ///
    /// If the action is published already, that record stands, and only artifacts that it lacks are added.
    pub fn publish(&self, action: &Action) -> Result<Published, StoreError> {
        let _turn = self.writing()?;
        let mut artifacts = BTreeMap::new();
        for table in &action.tables {
            let artifact = Artifact {
                id: table.id,
                rows: table.rows,
                bytes: self.publish_object(table.table, &table.id, &table.bytes)?,
            };
            artifacts.insert(table.table.to_owned(), artifact);
        }
        self.publish_record(Record {
            version: RECORD_VERSION,
            key: action.preimage.key(),
            preimage: action.preimage.clone(),
            artifacts,
            facets: action.facets.clone(),
            cost: action.cost,
            environment: action.environment.clone(),
        })
    }

    /// Publishes actions, each as [`Store::publish`] does, with a result for each, in order. An action waits for the disk four
    /// times, and the waits of several threads overlap: twice as fast as two threads on an idle machine, and far more on a busy
    /// one, where each wait is longer.
    pub fn publish_many(&self, actions: &[Action]) -> Vec<Result<Published, StoreError>> {
        let next = AtomicUsize::new(0);
        let publish_next = || {
            let index = next.fetch_add(1, Ordering::Relaxed);
            actions
                .get(index)
                .map(|action| (index, self.publish(action)))
        };
        let work = || std::iter::from_fn(publish_next).collect::<Vec<_>>();
        let mut results: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..actions.len().min(PUBLISHING_THREADS))
                .map(|_| scope.spawn(work))
                .collect();
            let joined = threads
                .into_iter()
                .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)));
            joined.flatten().collect()
        });
        results.sort_unstable_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }

    /// Publishes an artifact; the size of its file in bytes. An existing one stays if it is intact.
    pub(crate) fn publish_object(
        &self,
        table: &str,
        id: &ContentId,
        bytes: &[u8],
    ) -> Result<u64, StoreError> {
        let path = self.object_path(id);
        let mut detail = String::new();
        for _ in 0..ATTEMPTS {
            if !path.exists() && publish::publish(&path, bytes)? == Written::New {
                if let Ok(metadata) = fs::metadata(&path) {
                    self.note(*id, Stamp::from(&metadata));
                }
                return Ok(bytes.len() as u64);
            }
            match self.keep(table, id, bytes, &path)? {
                Kept::Whole(bytes) => return Ok(bytes),
                Kept::Gone(fault) => detail = fault,
            }
        }
        Err(StoreError::Obstructed { path, detail })
    }

    /// Keeps the file at the path if it holds the table, and sets it aside if it does not.
    fn keep(
        &self,
        table: &str,
        id: &ContentId,
        bytes: &[u8],
        path: &Path,
    ) -> Result<Kept, StoreError> {
        let Some(file) = publish::open(path)? else {
            return Ok(Kept::Gone("it came and went".to_owned()));
        };
        let metadata = file
            .metadata()
            .map_err(|error| StoreError::io("read", path, error))?;
        if fs::read(path).is_ok_and(|found| found == bytes) {
            self.note(*id, Stamp::from(&metadata));
        } else if let Err(detail) = self.read_noted(table, id, &file) {
            return Ok(Kept::Gone(self.set_aside(&file, path, detail).to_string()));
        }
        // Its writer may have been stopped before it got to this, and the record that follows relies on it.
        publish::sync_folder(publish::folder_of(path))?;
        Ok(Kept::Whole(metadata.len()))
    }

    /// Publishes a record, unless there is one that holds. One that does not is set aside.
    pub(crate) fn publish_record(&self, record: Record) -> Result<Published, StoreError> {
        let kind = record.preimage.kind();
        let path = self.record_path(kind, &record.key);
        let bytes = record.to_bytes().map_err(|error| StoreError::Encode {
            table: "action record",
            detail: error.to_string(),
        })?;
        let mut detail = String::new();
        for _ in 0..ATTEMPTS {
            match self.lookup(&record.preimage) {
                Lookup::Hit(first) => {
                    return Ok(Published {
                        record: *first,
                        new: false,
                    });
                }
                Lookup::Miss(Miss::Absent) => {
                    if publish::publish(&path, &bytes)? == Written::New {
                        return Ok(Published { record, new: true });
                    }
                }
                Lookup::Miss(fault) => {
                    detail = fault.to_string();
                    self.set_record_aside(&path, &detail);
                }
            }
        }
        Err(StoreError::Obstructed { path, detail })
    }

    fn set_record_aside(&self, path: &Path, detail: &str) {
        let aside = File::open(path)
            .ok()
            .and_then(|file| publish::set_aside(&file, path, &self.root.join(DAMAGED)));
        if let Some(aside) = aside {
            tracing::warn!(
                "an action gets a new record, because {detail}; the old record was set aside as {}",
                aside.display()
            );
        }
    }

    /// Makes `latest/` consist of exactly these artifacts under these relative names, such as
    /// `weights/alexnet.mug-07.quickshift.lime.run03.parquet`; says whether anything had to change. Where a table has very many
    /// artifacts, their rows stand together in fewer files (`latest`). `study` is the file of the study that they belong to. Where `latest/`
    /// showed another one until now, a warning says so.
    pub fn set_latest(
        &self,
        study: &Path,
        entries: &[(String, ContentId)],
    ) -> Result<bool, StoreError> {
        let mut digest = blake3::Hasher::new();
        let ids: BTreeMap<&str, &ContentId> =
            entries.iter().map(|(name, id)| (&**name, id)).collect();
        for (name, id) in &ids {
            check_name(name)?;
            add_entry(&mut digest, name, &id.0);
        }
        let known = if ids.len() > latest::MOST_LINKS {
            Known::read(&self.root)
        } else {
            Known::default()
        };
        let mut shown = latest::arrange(self, &known, &ids);
        let study = latest::seen_from(&self.root, study);
        add_entry(&mut digest, latest::STUDY, study.as_bytes());
        let before = latest::shown_study(&self.root);
        let text = Content::Bytes(study.as_bytes());
        shown.insert(latest::STUDY.to_owned(), text);
        let changed = self.show("latest", "views", &digest, &shown)?;
        if let Some(before) = before.filter(|before| changed && *before != study) {
            latest::warn_of_other(&self.root, &before, &study);
        }
        self.keep_notes();
        Ok(changed)
    }

    /// Makes `report/` consist of exactly these files, by relative name; says whether anything had to change.
    pub fn publish_report(&self, files: &[(String, Vec<u8>)]) -> Result<bool, StoreError> {
        let mut digest = blake3::Hasher::new();
        let sorted: BTreeMap<&String, &Vec<u8>> =
            files.iter().map(|(name, bytes)| (name, bytes)).collect();
        let mut shown = BTreeMap::new();
        for (name, bytes) in sorted {
            check_name(name)?;
            add_entry(&mut digest, name, bytes);
            shown.insert(name.clone(), Content::Bytes(bytes));
        }
        self.show("report", "reports", &digest, &shown)
    }

    fn show(
        &self,
        link: &'static str,
        folder: &'static str,
        digest: &blake3::Hasher,
        content: &BTreeMap<String, Content<'_>>,
    ) -> Result<bool, StoreError> {
        View {
            root: &self.root,
            link,
            folder,
        }
        .show(&digest.finalize().to_hex(), content)
    }

    /// Opens a log file for appending, and creates it if it does not exist.
    pub fn log_file(&self, name: &str) -> Result<File, StoreError> {
        check_name(name)?;
        let path = self.root.join("logs").join(name);
        publish::make_folder(publish::folder_of(&path))?;
        let opened = OpenOptions::new().append(true).create(true).open(&path);
        opened.map_err(|error| StoreError::io("create", &path, error))
    }

    fn remove_stale(&self) -> Result<(), StoreError> {
        let mut folders = publish::folders(&self.root.join(OBJECTS))?;
        folders.extend(self.record_shelves()?);
        folders.push(self.root.join("index"));
        folders
            .iter()
            .try_for_each(|folder| publish::remove_stale(folder))
    }
}

/// What became of a file that stands where an artifact is to be published.
enum Kept {
    /// It holds the artifact, in so many bytes.
    Whole(u64),
    /// It does not, or is no longer there.
    Gone(String),
}

/// Folder of the artifacts.
pub(crate) const OBJECTS: &str = "objects";
/// Folder of the action records.
pub(crate) const ACTIONS: &str = "actions";
/// Folder of what was set aside.
pub(crate) const DAMAGED: &str = "damaged";

pub(crate) fn object_name(id: &ContentId) -> PathBuf {
    Path::new(OBJECTS).join(name_in_objects(id))
}

pub(crate) fn name_in_objects(id: &ContentId) -> String {
    let id = blake3::Hash::from_bytes(id.0).to_hex();
    [&id[..2], "/", &id, ".parquet"].concat()
}

/// Where the record of an action is in the folder of its kind.
pub(crate) fn name_in_kind(key: &Key) -> String {
    let key = key.to_string();
    format!("{}/{key}.json", &key[..2])
}

/// A kind of action as the name of a folder: letters, digits, `_` and `-` stand for themselves, other bytes as `%` and two digits.
pub(crate) fn folder_name(kind: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if kind.bytes().all(plain) {
        return kind.into();
    }
    kind.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02x}")
            }
        })
        .collect()
}

fn add_entry(digest: &mut blake3::Hasher, name: &str, content: &[u8]) {
    for part in [name.as_bytes(), content] {
        digest
            .update(&(part.len() as u64).to_le_bytes())
            .update(part);
    }
}

/// The batches of a file, if they are the content that the id names.
pub(crate) fn read_checked(
    table: &str,
    id: &ContentId,
    file: &File,
) -> Result<Vec<RecordBatch>, String> {
    let (schema, batches) = parquet::read(file)?;
    let found = content_id(table, &schema, &batches).map_err(|error| error.to_string())?;
    if found == *id {
        Ok(batches)
    } else {
        Err(format!("its rows have the id {found}"))
    }
}

#[cfg(test)]
mod tests;
