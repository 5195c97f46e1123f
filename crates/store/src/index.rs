//! What all records say, in one file, so that planning a large study need not open each of them.
//!
//! The index is derived, and decides only where to look, never what is true:
//! * A shelf (a folder of records, such as `actions/weights/9c`) has the files that the index knows while its times and its inode are those that
//!   were noted; every other shelf is read again, record by record. Times younger than [`SETTLED`] are not trusted, because a file
//!   that is added within the clock's grain leaves them as they are.
//! * Whether an artifact is there is looked at on every lookup, index or not.
//! * An index that is absent, damaged or of another version is made again. Nobody waits for it, and failing to write it is no error.
//!
//! The file is text: a header, for each shelf a line with its stamp, below it a line for each record (its key, and a [`Summary`] as
//! JSON), and the BLAKE3 of all before it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Artifact, ContentId, Cost, Key, Record, StoreError, publish};

const HEADER: &str = "selectivity records 1\n";
const SHELF: &str = "> ";
const CHECKSUM: &str = "= ";
/// Hexadecimal digits of a key.
const KEY_DIGITS: usize = 64;
/// How old a folder's times must be before they tell whether it changed.
pub(crate) const SETTLED: Duration = Duration::from_secs(2);
/// Fewer records are read each time, which takes less than a second and notices at once when one was damaged in its place. Behind
/// an index that is noticed when another record of its folder comes or goes, or by [`Store::verify`](crate::Store::verify); what the
/// record said before serves until then.
pub(crate) const WORTH_WRITING: usize = 10_000;

/// What planning needs of a record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The artifacts by the name of their table.
    pub artifacts: BTreeMap<String, Artifact>,
    /// What downstream actions read of the action: see [`Record::facets`].
    pub facets: BTreeMap<String, Value>,
    /// What it cost.
    pub cost: Cost,
    /// When it was published: RFC 3339, UTC.
    pub date: String,
    /// Device that ran the network, such as `cpu`.
    pub device: String,
}

impl From<Record> for Summary {
    fn from(record: Record) -> Self {
        Self {
            artifacts: record.artifacts,
            facets: record.facets,
            cost: record.cost,
            date: record.environment.date,
            device: record.environment.device,
        }
    }
}

/// A record in an [`Index`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    start: usize,
    end: usize,
}

/// All whole records of a store, as they were when it was asked for.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// The lines of the file, and behind them those of records that were read since.
    text: String,
    /// By the folder of a kind; each sorted by key.
    kinds: BTreeMap<String, Vec<(Key, Noted)>>,
    /// Records that cannot be relied on, and what is wrong with them.
    broken: BTreeMap<PathBuf, String>,
}

impl Index {
    /// The record of a key.
    pub(crate) fn find(&self, folder: &str, key: &Key) -> Option<Noted> {
        let records = self.kinds.get(folder)?;
        let place = search(records, key)?;
        Some(records[place].1)
    }

    /// What is wrong with a record that is there.
    pub(crate) fn fault(&self, path: &Path) -> Option<&str> {
        self.broken.get(path).map(String::as_str)
    }

    /// Whether every record that is there is whole.
    pub(crate) fn is_sound(&self) -> bool {
        self.broken.is_empty()
    }

    /// What a record says.
    ///
    /// # Panics
    /// When it was noted by another index.
    pub fn summary(&self, noted: Noted) -> Summary {
        let line = &self.text[noted.start..noted.end];
        serde_json::from_str(line).expect("every line was written from a summary")
    }

    /// The artifacts that a record names, by their tables.
    pub(crate) fn artifacts(&self, noted: Noted) -> BTreeMap<&str, Artifact> {
        #[derive(Deserialize)]
        struct Part<'a> {
            #[serde(borrow)]
            artifacts: BTreeMap<&'a str, Artifact>,
        }
        let line = &self.text[noted.start..noted.end];
        let part: Part<'_> =
            serde_json::from_str(line).expect("every line was written from a summary");
        part.artifacts
    }

    /// One value that downstream actions read of an action.
    ///
    /// # Panics
    /// When the record was noted by another index.
    pub fn facet(&self, noted: Noted, name: &str) -> Option<Value> {
        #[derive(Deserialize)]
        struct Part<'a> {
            #[serde(borrow)]
            facets: BTreeMap<&'a str, Value>,
        }
        let line = &self.text[noted.start..noted.end];
        let mut part: Part<'_> =
            serde_json::from_str(line).expect("every line was written from a summary");
        part.facets.remove(name)
    }

    /// The ids of the artifacts that an action made, in the order of their tables.
    pub fn ids(&self, noted: Noted) -> impl Iterator<Item = ContentId> {
        self.artifacts(noted)
            .into_values()
            .map(|artifact| artifact.id)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.kinds.values().map(Vec::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads the index of a store and brings it up to date; writes it where `worth_writing` records or more had to be read.
    pub(crate) fn read(
        root: &Path,
        actions: &Path,
        worth_writing: usize,
    ) -> Result<Self, StoreError> {
        let file = root.join("index").join("records");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let known = Shelves::parse(&text).unwrap_or_default();
        let mut shelves = Vec::new();
        for kind in publish::entries(actions)? {
            for shelf in publish::entries(&kind)? {
                shelves.push(shelf);
            }
        }
        let read: Vec<Shelf> = shelves
            .par_iter()
            .map(|path| Shelf::read(actions, path, &known))
            .collect::<Result<_, _>>()?;
        let fresh: usize = read.iter().map(|shelf| shelf.fresh.len()).sum();
        let index = Self::assemble(text, &read);
        if fresh >= worth_writing {
            let written = publish::replace(&file, index.to_text(&read).as_bytes());
            if let Err(error) = written {
                tracing::debug!("no index of the records is written: {error}");
            }
        }
        Ok(index)
    }

    fn assemble(text: String, shelves: &[Shelf]) -> Self {
        let mut index = Self {
            text,
            ..Self::default()
        };
        for shelf in shelves {
            let (kind, _) = shelf.name.split_once('/').unwrap_or((&shelf.name, ""));
            let records = index.kinds.entry(kind.to_owned()).or_default();
            records.extend_from_slice(&shelf.known);
            for (key, line) in &shelf.fresh {
                let start = index.text.len();
                index.text.push_str(line);
                let end = index.text.len();
                records.push((*key, Noted { start, end }));
            }
            index.broken.extend(shelf.broken.iter().cloned());
        }
        for records in index.kinds.values_mut() {
            records.sort_unstable_by_key(|&(key, _)| key);
        }
        index
    }

    /// The file's text.
    fn to_text(&self, shelves: &[Shelf]) -> String {
        let mut text = HEADER.to_owned();
        for shelf in shelves {
            let _ = writeln!(text, "{SHELF}{} {}", shelf.name, shelf.stamp);
            for &(key, noted) in &shelf.known {
                let _ = writeln!(text, "{key}{}", &self.text[noted.start..noted.end]);
            }
            for (key, line) in &shelf.fresh {
                let _ = writeln!(text, "{key}{line}");
            }
        }
        let checksum = blake3::hash(text.as_bytes()).to_hex();
        let _ = writeln!(text, "{CHECKSUM}{checksum}");
        text
    }
}

/// The place of a key among sorted ones. Keys are digests and so lie evenly: the first digits tell about where to look.
fn search(records: &[(Key, Noted)], key: &Key) -> Option<usize> {
    let first = |key: &Key| u64::from_be_bytes(std::array::from_fn(|byte| key.0[byte]));
    let guess = (u128::from(first(key)) * records.len() as u128) >> u64::BITS;
    // Four standard deviations, at most, of how far an even draw lies from its place.
    let reach = 2 * records.len().isqrt() + 4;
    let start = (guess as usize).saturating_sub(reach);
    let end = (guess as usize).saturating_add(reach).min(records.len());
    let near = &records[start..end];
    let near = near.binary_search_by_key(key, |&(key, _)| key);
    let anywhere = || records.binary_search_by_key(key, |&(key, _)| key);
    near.map(|place| start + place).or_else(|_| anywhere()).ok()
}

/// The records of one folder.
struct Shelf {
    /// Kind and first digits of the keys, such as `weights/9c`.
    name: String,
    stamp: Stamp,
    /// Those whose lines the index has.
    known: Vec<(Key, Noted)>,
    /// Those that were read now, with their lines.
    fresh: Vec<(Key, String)>,
    broken: Vec<(PathBuf, String)>,
}

impl Shelf {
    fn read(actions: &Path, path: &Path, known: &Shelves<'_>) -> Result<Self, StoreError> {
        let name = path.strip_prefix(actions).unwrap_or(path);
        let mut shelf = Self {
            name: name.to_string_lossy().into_owned(),
            // Before its files are listed: one that is added meanwhile makes the stamp old, and the shelf is read again.
            stamp: Stamp::settled(path),
            known: Vec::new(),
            fresh: Vec::new(),
            broken: Vec::new(),
        };
        match known.0.get(shelf.name.as_str()) {
            Some((stamp, lines)) if *stamp == shelf.stamp && *stamp != Stamp::default() => {
                shelf.known = known_records(known.1, lines.clone());
            }
            _ => shelf.list(path)?,
        }
        Ok(shelf)
    }

    fn list(&mut self, path: &Path) -> Result<(), StoreError> {
        for file in publish::entries(path)? {
            let hidden = file
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if hidden {
                continue;
            }
            match read_record(&file) {
                Ok(record) => {
                    let key = record.key;
                    match serde_json::to_string(&Summary::from(record)) {
                        Ok(line) => self.fresh.push((key, line)),
                        Err(error) => self.broken.push((file, error.to_string())),
                    }
                }
                Err(detail) => self.broken.push((file, detail)),
            }
        }
        // It is looked at again, so that the warning comes again.
        if !self.broken.is_empty() {
            self.stamp = Stamp::default();
        }
        Ok(())
    }
}

/// A record whose file has its key as name.
fn read_record(file: &Path) -> Result<Record, String> {
    let bytes = fs::read(file).map_err(|error| error.to_string())?;
    let record = Record::from_bytes(&bytes)?;
    let named = file
        .file_stem()
        .is_some_and(|stem| *stem == *record.key.to_string());
    if named {
        Ok(record)
    } else {
        Err("it is another action's".to_owned())
    }
}

/// The shelves of an index file, each with its stamp and where its lines are; and the file's text.
#[derive(Default)]
struct Shelves<'a>(BTreeMap<&'a str, (Stamp, Range<usize>)>, &'a str);

impl<'a> Shelves<'a> {
    /// None where the text is not a whole index of this version.
    fn parse(text: &'a str) -> Option<Self> {
        let (body, checksum) = text.trim_end().rsplit_once('\n')?;
        let body = &text[..=body.len()];
        let checksum = checksum.strip_prefix(CHECKSUM)?;
        if !body.starts_with(HEADER) || blake3::hash(body.as_bytes()).to_hex().as_str() != checksum
        {
            return None;
        }
        let mut shelves = BTreeMap::new();
        let starts: Vec<usize> = body.match_indices("\n> ").map(|(at, _)| at + 1).collect();
        for (index, &start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(body.len());
            let (line, _) = body[start..end].split_once('\n')?;
            let (name, stamp) = line.strip_prefix(SHELF)?.split_once(' ')?;
            shelves.insert(name, (Stamp::parse(stamp)?, start + line.len() + 1..end));
        }
        Some(Self(shelves, text))
    }
}

/// The records whose lines stand in this part of the text.
fn known_records(text: &str, lines: Range<usize>) -> Vec<(Key, Noted)> {
    let mut records = Vec::new();
    let mut at = lines.start;
    for line in text[lines].lines() {
        let start = at + KEY_DIGITS;
        let end = at + line.len();
        // The checksum was right, so every line is as it was written.
        if let Some(Ok(key)) = line.get(..KEY_DIGITS).map(str::parse) {
            records.push((key, Noted { start, end }));
        }
        at = end + 1;
    }
    records
}

/// The times and the inode of a file or folder, which change when it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Of the last change of its content: nanoseconds since 1970.
    modified: i128,
    /// Of the last change of its content, name or rights.
    changed: i128,
    inode: u64,
    bytes: u64,
}

impl Stamp {
    /// That of a file or folder whose times are old enough to tell of any later change; else the default, which is nobody's.
    pub(crate) fn settled(path: &Path) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos() as i128);
        let stamp = fs::metadata(path).map_or_else(|_| Self::default(), |found| Self::from(&found));
        if stamp.modified.max(stamp.changed) + (SETTLED.as_nanos() as i128) < now {
            stamp
        } else {
            Self::default()
        }
    }

    /// Size of the file.
    pub(crate) fn bytes(self) -> u64 {
        self.bytes
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let stamp = Self {
            modified: parts.next()?.parse().ok()?,
            changed: parts.next()?.parse().ok()?,
            inode: parts.next()?.parse().ok()?,
            bytes: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(stamp)
    }
}

impl From<&fs::Metadata> for Stamp {
    fn from(metadata: &fs::Metadata) -> Self {
        let nanoseconds =
            |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Self {
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            bytes: metadata.len(),
        }
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} {} {} {}",
            self.modified, self.changed, self.inode, self.bytes
        )
    }
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests damage a store of their own"
)]
mod tests {
    use super::*;
    use crate::{Action, Environment, Lookup, Preimage, Store};

    const RECORDS: usize = 300;

    fn index(store: &Store) -> Index {
        Index::read(store.root(), &store.root().join("actions"), RECORDS).unwrap()
    }

    fn action(number: usize) -> Action {
        Action {
            preimage: Preimage::builder("targets")
                .setting("number", number)
                .build(),
            tables: Vec::new(),
            facets: BTreeMap::from([("number".to_owned(), number.into())]),
            cost: Cost::default(),
            environment: Environment::here("cpu", None, "test"),
        }
    }

    fn key(number: usize) -> Key {
        action(number).preimage.key()
    }

    /// A store whose index is written and trusted.
    fn indexed(folder: &Path) -> Store {
        let store = Store::open(folder).unwrap();
        let actions: Vec<Action> = (0..RECORDS).map(action).collect();
        for published in store.publish_many(&actions) {
            published.unwrap();
        }
        std::thread::sleep(SETTLED + Duration::from_millis(100));
        assert_eq!(index(&store).len(), RECORDS);
        store
    }

    fn facet(store: &Store, number: usize) -> Option<Value> {
        let index = index(store);
        let noted = store.lookup_in(&index, "targets", &key(number)).ok()?;
        index.facet(noted, "number")
    }

    #[test]
    fn what_is_added_and_removed_after_the_index_was_written_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let store = indexed(folder.path());
        let file = folder.path().join("index/records");
        let written = fs::read(&file).unwrap();
        for number in 0..RECORDS {
            assert_eq!(facet(&store, number), Some(number.into()));
        }
        store.publish(&action(RECORDS)).unwrap();
        assert_eq!(facet(&store, RECORDS), Some(RECORDS.into()));
        fs::remove_file(store.record_path("targets", &key(7))).unwrap();
        assert_eq!(facet(&store, 7), None);
        assert_eq!(index(&store).len(), RECORDS);
        // So few changes are not worth a new index: the old one served.
        assert_eq!(fs::read(&file).unwrap(), written);
    }

    #[test]
    fn a_damaged_index_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let store = indexed(folder.path());
        let file = folder.path().join("index/records");
        let written = fs::read(&file).unwrap();
        for at in [0, HEADER.len() + 3, written.len() / 2, written.len() - 2] {
            let mut damaged = written.clone();
            damaged[at] ^= 1;
            fs::remove_file(&file).unwrap();
            fs::write(&file, damaged).unwrap();
            assert_eq!(facet(&store, 9), Some(9.into()), "byte {at}");
            assert_eq!(fs::read(&file).unwrap(), written, "byte {at}");
        }
    }

    #[test]
    fn a_damaged_record_is_a_miss_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        store.publish(&action(1)).unwrap();
        let path = store.record_path("targets", &key(1));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "{}").unwrap();
        let index = store.index().unwrap();
        let (miss, lost) = store.lookup_in(&index, "targets", &key(1)).unwrap_err();
        assert!(matches!(miss, crate::Miss::Record { .. }) && lost.is_none());
        assert!(matches!(
            store.lookup_key("targets", &key(1)),
            Lookup::Miss(_)
        ));
    }
}
