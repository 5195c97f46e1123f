//! The content of all records in one file, so that planning a large study need not open each record.
//!
//! The index is derived, and decides only where to look, never what is true:
//! * A shelf (a folder of records, such as `actions/weights/9c`) has the files that the index knows while its times and its inode are those that
//!   were noted; every other shelf is reread, record by record. Times younger than [`SETTLED`](crate::stamp::SETTLED) are not trusted,
//!   because a file that is added within the clock's grain leaves them as they are.
//! * Every lookup looks at the artifacts' files, index or not (`known`).
//! * An index that is absent, damaged or of another version is rebuilt. No process waits for it, and failing to write it is not an error.
//!
//! The file (`derived`) is text: for each shelf a line with the length of what is below it, its name and its stamp, and there a line for each
//! record (its key, and a [`Summary`] as JSON values, the facets first).

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustix::fs::{Mode, OFlags};
use serde::Deserialize;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::de::StrRead;
use serde_json::{Value, json};

use crate::known::Verifying;
use crate::listing::{Named, named};
use crate::stamp::Stamp;
use crate::store::{ACTIONS, OBJECTS};
use crate::{Artifact, ContentId, Cost, Key, Miss, Record, Store, StoreError, derived};

const HEADER: &str = "selectivity records 3\n";
/// Hexadecimal digits of a key.
const KEY_DIGITS: usize = 64;
/// Fewer records are read each time, which takes less than a second and notices at once when one was damaged in its place. Behind
/// an index that is noticed when another record of its folder comes or goes, or by [`Store::verify`](crate::Store::verify); what the
/// record said before serves until then.
pub(crate) const WORTH_WRITING: usize = 10_000;

/// What planning needs of a record.
#[derive(Clone, Debug, PartialEq)]
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

impl Summary {
    /// The content of the index: JSON values one after the other, so that the first can be read without the rest.
    fn to_line(&self) -> serde_json::Result<String> {
        let artifacts = self.artifacts.iter();
        let artifacts = artifacts.map(|(table, it)| (table, it.id, it.rows, it.bytes));
        let mut line = serde_json::to_string(&self.facets)?;
        line += &serde_json::to_string(&artifacts.collect::<Vec<_>>())?;
        line += &serde_json::to_string(&(&self.cost, &self.date, &self.device))?;
        Ok(line)
    }

    fn from_line(line: &str) -> serde_json::Result<Self> {
        let mut values = serde_json::Deserializer::from_str(line);
        let facets = BTreeMap::deserialize(&mut values)?;
        let artifacts = artifacts(&mut values)?.into_iter();
        let artifacts = artifacts.map(|(table, artifact)| (table.to_owned(), artifact));
        let artifacts = artifacts.collect();
        let (cost, date, device) = Deserialize::deserialize(&mut values)?;
        Ok(Self {
            artifacts,
            facets,
            cost,
            date,
            device,
        })
    }
}

/// The artifacts of a line, by the names of their tables.
fn artifacts<'a>(
    values: &mut serde_json::Deserializer<StrRead<'a>>,
) -> serde_json::Result<Vec<(&'a str, Artifact)>> {
    let artifacts = Vec::<(&str, ContentId, u64, u64)>::deserialize(values)?.into_iter();
    let artifacts = artifacts.map(|(table, id, rows, bytes)| (table, Artifact { id, rows, bytes }));
    Ok(artifacts.collect())
}

/// Reads the value of this name out of an object.
struct OneOf<'a>(&'a str);

impl<'de> Visitor<'de> for OneOf<'_> {
    type Value = Option<Value>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut facets: A) -> Result<Option<Value>, A::Error> {
        let mut found = None;
        while let Some(name) = facets.next_key::<&str>()? {
            if name == self.0 {
                found = Some(facets.next_value()?);
            } else {
                facets.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
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
    /// By the folder of a kind.
    kinds: BTreeMap<String, BTreeMap<Key, Noted>>,
    /// Records that cannot be relied on, and what is wrong with them.
    broken: BTreeMap<PathBuf, String>,
    /// The folder of the artifacts, opened once, because a look at one of a million then walks two names and not the whole path.
    objects: Option<Arc<OwnedFd>>,
    /// When the artifacts were last verified.
    verifying: Arc<Verifying>,
}

impl Index {
    /// The record of a key.
    pub(crate) fn find(&self, folder: &str, key: &Key) -> Option<Noted> {
        self.kinds.get(folder)?.get(key).copied()
    }

    /// The folder of the artifacts, if there is one.
    pub(crate) fn objects(&self) -> Option<&OwnedFd> {
        self.objects.as_deref()
    }

    /// What is known of the artifacts.
    pub(crate) fn verifying(&self) -> &Verifying {
        &self.verifying
    }

    /// The same index with what is known of the artifacts.
    pub(crate) fn with(self, verifying: Verifying) -> Self {
        Self {
            verifying: Arc::new(verifying),
            ..self
        }
    }

    /// How many artifacts lookups took for intact that have not been verified as they are now.
    pub fn unverified(&self) -> u64 {
        self.verifying.unverified()
    }

    /// What is wrong with an existing record; `path` is its place.
    pub(crate) fn fault(&self, path: impl FnOnce() -> PathBuf) -> Option<Miss> {
        if self.broken.is_empty() {
            return None;
        }
        let path = path();
        let detail = self.broken.get(&path)?.clone();
        Some(Miss::Record { path, detail })
    }

    /// The content of a record.
    ///
    /// # Panics
    /// When it was noted by another index.
    pub fn summary(&self, noted: Noted) -> Summary {
        Summary::from_line(&self.text[noted.start..noted.end]).expect(WRITTEN)
    }

    /// The artifacts that a record names, with their tables and in the order of these.
    pub(crate) fn artifacts(&self, noted: Noted) -> Vec<(&str, Artifact)> {
        let line = &self.text[noted.start..noted.end];
        let mut values = serde_json::Deserializer::from_str(line);
        IgnoredAny::deserialize(&mut values).expect(WRITTEN);
        artifacts(&mut values).expect(WRITTEN)
    }

    /// One value that downstream actions read of an action.
    ///
    /// # Panics
    /// When the record was noted by another index.
    pub fn facet(&self, noted: Noted, name: &str) -> Option<Value> {
        let line = &self.text[noted.start..noted.end];
        let mut values = serde_json::Deserializer::from_str(line);
        values.deserialize_map(OneOf(name)).expect(WRITTEN)
    }

    /// The ids of the artifacts that an action made, in the order of their tables.
    pub fn ids(&self, noted: Noted) -> impl Iterator<Item = ContentId> {
        let artifacts = self.artifacts(noted).into_iter();
        artifacts.map(|(_, artifact)| artifact.id)
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.kinds.values().map(BTreeMap::len).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads the index of a store and brings it up to date; writes it where `worth_writing` records or more had to be read.
    pub(crate) fn read(store: &Store, worth_writing: usize) -> Result<Self, StoreError> {
        let actions = store.root().join(ACTIONS);
        let file = store.root().join("index").join("records");
        let text = derived::read(&file, HEADER).unwrap_or_default();
        let text = String::from_utf8(text).unwrap_or_default();
        let known = Shelves::parse(&text).unwrap_or_default();
        let shelves = store.record_shelves()?;
        let read: Vec<Shelf> = shelves
            .par_iter()
            .map(|path| Shelf::read(&actions, path, &known))
            .collect::<Result<_, _>>()?;
        let fresh: usize = read.iter().map(|shelf| shelf.fresh.len()).sum();
        let mut index = Self::assemble(text, &read);
        let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let objects = rustix::fs::open(store.root().join(OBJECTS), flags, Mode::empty());
        index.objects = objects.ok().map(Arc::new);
        if fresh >= worth_writing {
            let written = derived::write(&file, index.to_text(&read).into_bytes());
            if let Err(error) = written {
                tracing::debug!("the index of the records cannot be written: {error}");
            }
        }
        Ok(index)
    }

    fn assemble(text: String, shelves: &[Shelf]) -> Self {
        let mut index = Self {
            text,
            ..Self::default()
        };
        let mut kinds: BTreeMap<String, Vec<(Key, Noted)>> = BTreeMap::new();
        for shelf in shelves {
            let (kind, _) = shelf.name.split_once('/').unwrap_or((&shelf.name, ""));
            let records = kinds.entry(kind.to_owned()).or_default();
            records.extend(&shelf.known);
            for (key, line) in &shelf.fresh {
                let start = index.text.len();
                index.text.push_str(line);
                let end = index.text.len();
                records.push((*key, Noted { start, end }));
            }
            index.broken.extend(shelf.broken.iter().cloned());
        }
        let kinds = kinds.into_par_iter();
        index.kinds = kinds
            .map(|(kind, records)| (kind, records.into_iter().collect()))
            .collect();
        index
    }

    /// The file's text.
    fn to_text(&self, shelves: &[Shelf]) -> String {
        let mut text = HEADER.to_owned();
        for shelf in shelves {
            let mut lines = String::new();
            for &(key, noted) in &shelf.known {
                let _ = writeln!(lines, "{key}{}", &self.text[noted.start..noted.end]);
            }
            for (key, line) in &shelf.fresh {
                let _ = writeln!(lines, "{key}{line}");
            }
            let line = json!([lines.len(), shelf.name, shelf.stamp]);
            let _ = writeln!(text, "{line}");
            text.push_str(&lines);
        }
        text
    }
}

/// Why a line of the index can be read.
const WRITTEN: &str = "every line was written from a summary";

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
        for Named { digest, path } in named(&[path], "json")? {
            let line = Record::read(&path, &digest).and_then(|record| {
                let line = record.map(|record| Summary::from(record).to_line());
                line.transpose().map_err(|error| error.to_string())
            });
            match line {
                Ok(line) => self.fresh.extend(line.map(|line| (digest, line))),
                Err(detail) => self.broken.push((path, detail)),
            }
        }
        // It is looked at again, so that the warning comes again.
        if !self.broken.is_empty() {
            self.stamp = Stamp::default();
        }
        Ok(())
    }
}

/// The shelves of an index file, each with its stamp and where its lines are; and the file's text.
#[derive(Default)]
struct Shelves<'a>(BTreeMap<&'a str, (Stamp, Range<usize>)>, &'a str);

impl<'a> Shelves<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut shelves = BTreeMap::new();
        let mut rest = text.strip_prefix(HEADER)?;
        while !rest.is_empty() {
            let (line, below) = rest.split_once('\n')?;
            let (length, name, stamp): (usize, &str, Stamp) = serde_json::from_str(line).ok()?;
            let start = text.len() - below.len();
            let end = start + length;
            rest = text.get(end..)?;
            shelves.insert(name, (stamp, start..end));
        }
        Some(Self(shelves, text))
    }
}

/// The records whose lines are in this part of the text.
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

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests damage a store of their own"
)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;
    use crate::stamp::SETTLED;
    use crate::{Action, Environment, Lookup, Preimage, Store};

    const RECORDS: usize = 300;

    fn index(store: &Store) -> Index {
        Index::read(store, RECORDS).unwrap()
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
    fn a_summary_comes_back_from_its_line() {
        let artifact = |byte| Artifact {
            id: ContentId([byte; 32]),
            rows: 3,
            bytes: u64::from(byte),
        };
        let summary = Summary {
            artifacts: BTreeMap::from([("a".into(), artifact(1)), ("b".into(), artifact(2))]),
            facets: BTreeMap::from([("x".into(), Value::from("\"\\")), ("y".into(), Value::Null)]),
            cost: Cost {
                wall_seconds: 0.1 + 0.2,
                forward_passes: 7,
                computed_forward_passes: None,
                backward_passes: 1,
            },
            date: "2026-11-23T04:00:00Z".into(),
            device: "cpu".into(),
        };
        let text = summary.to_line().unwrap();
        assert_eq!(Summary::from_line(&text).unwrap(), summary);
        let noted = Noted {
            start: 0,
            end: text.len(),
        };
        let index = Index {
            text,
            ..Index::default()
        };
        assert_eq!(index.facet(noted, "x"), Some("\"\\".into()));
        assert_eq!(
            (index.facet(noted, "y"), index.facet(noted, "z")),
            (Some(Value::Null), None)
        );
        assert_eq!(
            index.ids(noted).collect::<Vec<_>>(),
            [ContentId([1; 32]), ContentId([2; 32])]
        );
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
        assert!(matches!(store.lookup(&action(1).preimage), Lookup::Miss(_)));
    }
}
