//! Removing what no study needs, beside stages that run.
//!
//! The order is what makes it safe:
//!
//! 1. [`Store::survey`] lists the records. A record that is published later is no candidate, so nothing that is finished meanwhile is lost.
//! 2. The caller plans the study, *after* the survey, and says which keys to keep.
//! 3. [`Store::collect`] removes the other surveyed records, and makes that durable. A stage that relied on one of them finds it gone, says
//!    so, and makes it again; no record is left whose artifacts are gone, whenever the process or the power ends.
//! 4. It gathers the artifacts that the remaining records name, and those that `latest/` shows, and removes all others.
//!
//! Steps 3 and 4 hold the exclusive lock of `turns`, so that no action is between its artifacts and its record; in each turn the records that
//! are new since are read first. A turn is short, so that a stage is never held up for long.
//!
//! A record that cannot be read completely is left to [`Store::verify`], and every artifact whose id it contains is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use crate::listing::{Named, named};
use crate::publish::{folder_of, remove, sync_folder};
use crate::stamp::Stamp;
use crate::{ContentId, Key, Record, Store, StoreError};

/// How long stages may be kept from publishing at a time.
const TURN: Duration = Duration::from_secs(2);

/// Hexadecimal digits of an id.
const DIGITS: usize = 64;

/// A record, in short. Of one that cannot be read only the key is known, and all that may be ids in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Surveyed {
    /// Whether it can be read.
    whole: bool,
    /// Kind of the action.
    pub kind: String,
    /// Its key.
    pub key: Key,
    /// What it is about, as the caller of [`Store::survey`] tells subjects apart.
    pub subject: String,
    /// When it was published: RFC 3339, UTC.
    pub date: String,
    /// Its artifacts.
    pub artifacts: Vec<ContentId>,
    file: Place,
}

/// A file, which is another one where it was replaced.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    path: PathBuf,
    inode: u64,
}

/// What was removed, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Records, by the kind of their action.
    pub records: BTreeMap<String, u64>,
    /// Artifacts.
    pub artifacts: u64,
    /// Size of both in bytes.
    pub bytes: u64,
    /// Records that stay.
    pub kept_records: u64,
    /// Artifacts that stay.
    pub kept_artifacts: u64,
}

impl Store {
    /// Reads all records. `subject` tells what an action is about: two records of a kind and subject are two results of the same thing.
    pub fn survey(
        &self,
        subject: impl Fn(&Record) -> String + Sync,
    ) -> Result<Vec<Surveyed>, StoreError> {
        let files = self.record_files()?;
        let read = |file| Surveyed::read(file, &subject).transpose();
        files.par_iter().filter_map(read).collect()
    }

    /// Removes the surveyed records whose keys are not to be kept, and then the artifacts that no record names and `latest/` does not show.
    /// A dry run counts them and removes nothing.
    pub fn collect(
        &self,
        survey: Vec<Surveyed>,
        keep: &BTreeSet<Key>,
        dry_run: bool,
    ) -> Result<Collected, StoreError> {
        let (kept, garbage): (Vec<_>, Vec<_>) = survey
            .into_iter()
            .partition(|record| !record.whole || keep.contains(&record.key));
        let mut collected = Collected {
            kept_records: kept.len() as u64,
            ..Collected::default()
        };
        if !dry_run {
            self.remove_dead_scratches()?;
        }
        self.remove_records(garbage, dry_run, &mut collected)?;
        let mut needed = Needed::new(self.shown()?);
        for record in kept {
            needed.add(record);
        }
        self.remove_objects(needed, dry_run, &mut collected)?;
        Ok(collected)
    }

    fn remove_records(
        &self,
        garbage: Vec<Surveyed>,
        dry_run: bool,
        collected: &mut Collected,
    ) -> Result<(), StoreError> {
        let choose = |collected: &mut Collected, record: Surveyed| {
            let found = inode_and_bytes(&record.file.path)?;
            let Some((_, bytes)) = found.filter(|(inode, _)| *inode == record.file.inode) else {
                return Ok(None);
            };
            collected.bytes += bytes;
            *collected.records.entry(record.kind).or_default() += 1;
            Ok(Some(record.file.path))
        };
        self.remove_in_turns(garbage, dry_run, collected, |_| Ok(()), choose)
    }

    fn remove_objects(
        &self,
        mut needed: Needed,
        dry_run: bool,
        collected: &mut Collected,
    ) -> Result<(), StoreError> {
        // While stages may go on, because the first look is at every record.
        if !dry_run {
            needed.look_again(self)?;
        }
        let (kept, garbage): (Vec<_>, Vec<_>) = self
            .object_files()?
            .into_iter()
            .partition(|object| needed.ids.contains(&object.digest));
        let all = (kept.len() + garbage.len()) as u64;
        let choose = |state: &mut Removing<'_>, object: Named<ContentId>| {
            let found = inode_and_bytes(&object.path)?;
            let needed = state.needed.ids.contains(&object.digest);
            let Some((_, bytes)) = found.filter(|_| !needed) else {
                return Ok(None);
            };
            state.collected.bytes += bytes;
            state.removed.insert(object.digest);
            Ok(Some(object.path))
        };
        let mut state = Removing {
            needed,
            collected,
            removed: BTreeSet::new(),
        };
        let look = |state: &mut Removing<'_>| state.needed.look_again(self);
        self.remove_in_turns(garbage, dry_run, &mut state, look, choose)?;
        let removed = state.removed;
        collected.artifacts = removed.len() as u64;
        collected.kept_artifacts = all - collected.artifacts;
        if !dry_run {
            self.forget(&removed);
        }
        Ok(())
    }

    /// Checks files while no process publishes, with a call of `look` at the beginning of each turn. Removes those whose path `choose` gives, and
    /// makes the removal durable. A dry run only chooses.
    fn remove_in_turns<T, S>(
        &self,
        files: Vec<T>,
        dry_run: bool,
        state: &mut S,
        look: impl Fn(&mut S) -> Result<(), StoreError>,
        choose: impl Fn(&mut S, T) -> Result<Option<PathBuf>, StoreError>,
    ) -> Result<(), StoreError> {
        let mut files = files.into_iter().peekable();
        if dry_run {
            return files.try_for_each(|file| choose(state, file).map(drop));
        }
        while files.peek().is_some() {
            let _turn = self.collecting()?;
            look(state)?;
            let start = Instant::now();
            let mut shelves = BTreeSet::new();
            while start.elapsed() < TURN
                && let Some(file) = files.next()
            {
                if let Some(path) = choose(state, file)? {
                    remove(&path)?;
                    shelves.insert(folder_of(&path).to_owned());
                }
            }
            shelves.iter().try_for_each(|shelf| sync_folder(shelf))?;
        }
        Ok(())
    }
}

/// Where the removal of artifacts is.
struct Removing<'a> {
    needed: Needed,
    collected: &'a mut Collected,
    removed: BTreeSet<ContentId>,
}

/// The artifacts that must stay, and the records that were asked.
struct Needed {
    ids: BTreeSet<ContentId>,
    asked: BTreeSet<Place>,
    /// The folders of records that were looked at, as they were then.
    looked: BTreeMap<PathBuf, Stamp>,
}

impl Needed {
    fn new(shown: BTreeSet<ContentId>) -> Self {
        Self {
            ids: shown,
            asked: BTreeSet::new(),
            looked: BTreeMap::new(),
        }
    }

    fn add(&mut self, record: Surveyed) {
        self.ids.extend(record.artifacts);
        self.asked.insert(record.file);
    }

    /// Adds what the records name that are new, or other ones than before. A folder that is as it was is not looked into.
    fn look_again(&mut self, store: &Store) -> Result<(), StoreError> {
        for shelf in store.record_shelves()? {
            // Before its files are listed, so that one that is added meanwhile makes it old.
            let stamp = Stamp::settled(&shelf);
            let before = self.looked.insert(shelf.clone(), stamp);
            if shelf.is_dir() && (stamp == Stamp::default() || before != Some(stamp)) {
                self.look_into(&shelf)?;
            }
        }
        Ok(())
    }

    fn look_into(&mut self, shelf: &Path) -> Result<(), StoreError> {
        for file in named(&[shelf], "json")? {
            let Some((inode, _)) = inode_and_bytes(&file.path)? else {
                continue;
            };
            let place = Place {
                path: file.path.clone(),
                inode,
            };
            if self.asked.contains(&place) {
                continue;
            }
            if let Some(record) = Surveyed::read(&file, &|_| String::new())? {
                self.add(record);
            }
        }
        Ok(())
    }
}

impl Surveyed {
    /// Reads a record; none if it is gone.
    fn read(
        file: &Named<Key>,
        subject: &dyn Fn(&Record) -> String,
    ) -> Result<Option<Self>, StoreError> {
        let Some((inode, _)) = inode_and_bytes(&file.path)? else {
            return Ok(None);
        };
        let bytes = match fs::read(&file.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            read => read.map_err(|error| StoreError::io("read", &file.path, error))?,
        };
        let path = file.path.clone();
        let unread = Self {
            whole: false,
            kind: String::new(),
            key: file.digest,
            subject: String::new(),
            date: String::new(),
            artifacts: Vec::new(),
            file: Place { path, inode },
        };
        Ok(Some(match Record::of_key(&file.digest, &bytes) {
            Ok(record) => Self {
                whole: true,
                kind: record.preimage.kind().to_owned(),
                subject: subject(&record),
                artifacts: record.artifacts.values().map(|made| made.id).collect(),
                date: record.environment.date,
                ..unread
            },
            Err(_) => Self {
                artifacts: ids_in(&bytes),
                ..unread
            },
        }))
    }
}

/// All that may be an id in a record that cannot be read.
fn ids_in(bytes: &[u8]) -> Vec<ContentId> {
    let words = bytes.split(|byte| !byte.is_ascii_hexdigit());
    words
        .filter(|word| word.len() == DIGITS)
        .filter_map(|word| std::str::from_utf8(word).ok()?.parse().ok())
        .collect()
}

/// Inode and size of a file; none if it is gone.
fn inode_and_bytes(path: &Path) -> Result<Option<(u64, u64)>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some((metadata.ino(), metadata.len()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", path, error)),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests damage a store")]

    use std::thread;

    use schema::Exclusion;

    use super::*;
    use crate::{Action, Cost, Environment, Preimage, Published, encode};

    fn open() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("artifacts")).unwrap();
        (folder, store)
    }

    fn publish(store: &Store, image: &str, setting: usize) -> Published {
        let row = Exclusion {
            image: image.to_owned(),
            reason: "wrong".to_owned(),
            network: None,
            predicted_label: None,
            true_label: None,
            partition: None,
            method: None,
        };
        let action = Action {
            preimage: Preimage::builder("scores")
                .name("image", image)
                .setting("setting", setting)
                .build(),
            tables: vec![encode(&[row]).unwrap()],
            facets: BTreeMap::new(),
            cost: Cost::default(),
            environment: Environment::here("cpu", None, "test"),
        };
        store.publish(&action).unwrap()
    }

    fn collect(store: &Store, keep: &[&Published]) -> Collected {
        let survey = store.survey(|_| String::new()).unwrap();
        let keep = keep.iter().map(|published| published.record.key).collect();
        store.collect(survey, &keep, false).unwrap()
    }

    fn is_there(store: &Store, published: &Published) -> bool {
        let id = published.record.id_of::<Exclusion>().unwrap();
        store.object_path(&id).is_file()
    }

    #[test]
    fn what_is_not_kept_goes_and_an_artifact_of_two_records_stays_with_the_last() {
        let (_folder, store) = open();
        let (first, second) = (publish(&store, "a", 1), publish(&store, "a", 2));
        let other = publish(&store, "b", 1);
        let collected = collect(&store, &[&second]);
        assert_eq!((collected.records["scores"], collected.artifacts), (2, 1));
        assert_eq!((collected.kept_records, collected.kept_artifacts), (1, 1));
        assert!(store.find(&first.record.key).unwrap().is_none());
        assert!(is_there(&store, &second) && !is_there(&store, &other));
    }

    #[test]
    fn a_dry_run_counts_the_same_and_removes_nothing() {
        let (_folder, store) = open();
        let (first, second) = (publish(&store, "a", 1), publish(&store, "b", 1));
        let survey = store.survey(|_| String::new()).unwrap();
        let keep = BTreeSet::from([first.record.key]);
        let dry = store.collect(survey.clone(), &keep, true).unwrap();
        assert!(is_there(&store, &second));
        assert_eq!(dry, store.collect(survey, &keep, false).unwrap());
        assert!(!is_there(&store, &second));
    }

    #[test]
    fn what_latest_shows_stays_without_a_record() {
        let (_folder, store) = open();
        let shown = publish(&store, "a", 1);
        let id = shown.record.id_of::<Exclusion>().unwrap();
        store
            .set_latest(
                Path::new("study.toml"),
                &[("exclusions/study.parquet".to_owned(), id)],
            )
            .unwrap();
        collect(&store, &[]);
        assert!(is_there(&store, &shown));
    }

    #[test]
    fn what_is_published_after_the_survey_stays() {
        let (_folder, store) = open();
        publish(&store, "a", 1);
        let survey = store.survey(|_| String::new()).unwrap();
        let (late, again) = (publish(&store, "b", 1), publish(&store, "a", 2));
        store.collect(survey, &BTreeSet::new(), false).unwrap();
        assert!(is_there(&store, &late) && is_there(&store, &again));
    }

    #[test]
    fn artifacts_of_a_record_that_cannot_be_read_stay() {
        let (_folder, store) = open();
        let published = publish(&store, "a", 1);
        let path = store.record_path("scores", &published.record.key);
        let text = fs::read_to_string(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, text.replace("\"cpu\"", "\"gpu\"")).unwrap();
        collect(&store, &[]);
        assert!(is_there(&store, &published) && path.is_file());
    }

    #[test]
    fn nothing_that_is_published_while_garbage_is_collected_is_lost() {
        let (_folder, store) = open();
        let (rounds, threads) = (40, 3);
        let published: Vec<Published> = thread::scope(|scope| {
            let publisher = |thread: usize| {
                let store = &store;
                move || {
                    (0..rounds)
                        .map(|round| publish(store, &format!("{thread}-{}", round % 7), round))
                        .collect::<Vec<_>>()
                }
            };
            let publishers: Vec<_> = (0..threads)
                .map(|thread| scope.spawn(publisher(thread)))
                .collect();
            while !publishers.iter().all(thread::ScopedJoinHandle::is_finished) {
                // Keeps every record: only artifacts without one may go.
                let survey = store.survey(|_| String::new()).unwrap();
                let keep = survey.iter().map(|record| record.key).collect();
                store.collect(survey, &keep, false).unwrap();
            }
            publishers
                .into_iter()
                .flat_map(|publisher| publisher.join().unwrap())
                .collect()
        });
        assert_eq!(published.len(), rounds * threads);
        assert!(
            published
                .iter()
                .all(|published| is_there(&store, published))
        );
    }
}
