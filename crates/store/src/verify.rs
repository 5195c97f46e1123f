//! Rereads everything: whether the content of each record and artifact still matches its name.
//!
//! Safe beside stages that run: what is damaged is moved away only if it still is the file that was read, and what was removed meanwhile, with
//! the record that named it, is not missed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rayon::prelude::*;

use crate::known::Known;
use crate::listing::Named;
use crate::publish::open;
use crate::stamp::Stamp;
use crate::store::DAMAGED;
use crate::{Artifact, ContentId, Key, Record, Store, StoreError, parquet, publish};

/// Which artifacts are read: the same ones for the same percentage and seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    /// Share in per cent, 0 to 100.
    pub percent: f64,
    /// Chooses which.
    pub seed: u64,
}

impl Sample {
    /// Everything.
    pub const ALL: Self = Self {
        percent: 100.0,
        seed: 0,
    };

    /// Whether something of this name is in the sample. Whatever is in a smaller sample of the same seed is in a larger one.
    pub fn contains(&self, name: &[u8]) -> bool {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.seed.to_le_bytes()).update(name);
        let mut first = [0; 8];
        hasher.finalize_xof().fill(&mut first);
        let place = u64::from_le_bytes(first) as f64 / 2.0_f64.powi(64);
        place * 100.0 < self.percent || self.percent >= 100.0
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The record or artifact.
    pub path: PathBuf,
    /// What is wrong with it.
    pub detail: String,
    /// Where it is now; none if it was missing, or could not be moved.
    pub aside: Option<PathBuf>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records that were looked at.
    pub records: u64,
    /// Artifacts that were looked at.
    pub artifacts: u64,
    /// Artifacts that were left out, because they were verified not long ago.
    pub recent: u64,
    /// Artifacts that no record names, which [`Store::collect`] removes.
    pub unnamed: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// What was wrong, in the order of paths.
    pub faults: Vec<Fault>,
}

/// What the records contain about an artifact.
#[derive(Clone, Debug)]
struct Expected {
    table: String,
    rows: u64,
    record: PathBuf,
}

type Claims = BTreeMap<ContentId, Expected>;

/// What became of reading a file.
enum Read {
    Whole(u64),
    Gone,
    Damaged(Fault),
}

impl Store {
    /// Reads every record, and the artifacts of the sample: those that records name, and those that none names. With `since`, it leaves out
    /// the artifacts that were verified within that time and look as they did then. What is damaged is set aside, with a warning, so that
    /// the next run recomputes it.
    pub fn verify(&self, sample: Sample, since: Option<Duration>) -> Result<Verified, StoreError> {
        let mut verified = Verified::default();
        let claims = self.verify_records(&mut verified)?;
        let recent = since.map(|since| Recent::new(self.root(), since));
        self.verify_objects(sample, recent.as_ref(), &claims, &mut verified)?;
        self.keep_notes();
        verified.faults.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(verified)
    }

    /// Reads all records; what they contain about artifacts.
    fn verify_records(&self, verified: &mut Verified) -> Result<Claims, StoreError> {
        let files = self.record_files()?;
        let read: Vec<(Read, Vec<(ContentId, Expected)>)> = files
            .par_iter()
            .map(|file| self.verify_record(file))
            .collect::<Result<_, _>>()?;
        let mut claims = Claims::new();
        for (read, said) in read {
            verified.records += verified.add(read);
            claims.extend(said);
        }
        Ok(claims)
    }

    fn verify_record(
        &self,
        named: &Named<Key>,
    ) -> Result<(Read, Vec<(ContentId, Expected)>), StoreError> {
        let Some(file) = open(&named.path)? else {
            return Ok((Read::Gone, Vec::new()));
        };
        let read = fs::read(&named.path).map_err(|error| error.to_string());
        let checked = read.and_then(|bytes| {
            let record = Record::of_key(&named.digest, &bytes)?;
            Ok((bytes.len(), record))
        });
        Ok(match checked {
            Ok((bytes, record)) => (Read::Whole(bytes as u64), claims(&named.path, record)),
            Err(_) if !named.path.exists() => (Read::Gone, Vec::new()),
            Err(detail) => (self.fault_at(&file, &named.path, detail), Vec::new()),
        })
    }

    /// Reads the artifacts of the sample: of those that are there, and of those that should be.
    fn verify_objects(
        &self,
        sample: Sample,
        recent: Option<&Recent>,
        claims: &Claims,
        verified: &mut Verified,
    ) -> Result<(), StoreError> {
        let files = self.object_files()?.into_iter().map(|file| file.digest);
        let there: BTreeSet<ContentId> = files.collect();
        let unnamed = there.iter().filter(|id| !claims.contains_key(id)).count();
        verified.unnamed = unnamed as u64;
        let mut chosen: BTreeSet<ContentId> = there
            .into_iter()
            .chain(claims.keys().copied())
            .filter(|id| sample.contains(&id.0))
            .collect();
        let all = chosen.len();
        if let Some(recent) = recent {
            chosen.retain(|id| !recent.has(id, &self.object_path(id)));
        }
        verified.recent = (all - chosen.len()) as u64;
        let read: Vec<Read> = chosen
            .par_iter()
            .map(|id| self.verify_object(id, claims.get(id)))
            .collect::<Result<_, _>>()?;
        for read in read {
            verified.artifacts += verified.add(read);
        }
        Ok(())
    }

    fn verify_object(
        &self,
        id: &ContentId,
        expected: Option<&Expected>,
    ) -> Result<Read, StoreError> {
        let path = self.object_path(id);
        let Some(file) = open(&path)? else {
            return Ok(missing(path, expected));
        };
        let table = expected.map_or_else(|| parquet::table(&file), |said| Ok(said.table.clone()));
        let batches = table.and_then(|table| self.read_noted(&table, id, &file));
        let rows = match batches {
            Err(detail) => return Ok(self.fault_at(&file, &path, detail)),
            Ok(batches) => batches
                .iter()
                .map(|batch| batch.num_rows() as u64)
                .sum::<u64>(),
        };
        if let Some(said) = expected.filter(|said| said.rows != rows)
            && let Some(record) = open(&said.record)?
        {
            let detail = format!(
                "it states {} rows, but {} has {rows}",
                said.rows,
                path.display()
            );
            return Ok(self.fault_at(&record, &said.record, detail));
        }
        let metadata = file.metadata();
        Ok(Read::Whole(metadata.map_or(0, |metadata| metadata.len())))
    }

    fn fault_at(&self, file: &File, path: &Path, detail: String) -> Read {
        let fault = Fault {
            path: path.to_owned(),
            detail,
            aside: publish::set_aside(file, path, &self.root().join(DAMAGED)),
        };
        let now = fault.aside.as_ref().map_or_else(
            || "it could not be set aside".to_owned(),
            |aside| format!("it was set aside as {}", aside.display()),
        );
        tracing::warn!(
            "{} is damaged: {}; {now}, and the next run recomputes it",
            path.display(),
            fault.detail
        );
        Read::Damaged(fault)
    }
}

/// The artifacts that were verified since a time.
struct Recent {
    known: Known,
    /// Seconds since 1970.
    since: u64,
}

impl Recent {
    fn new(root: &Path, since: Duration) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let start = now.unwrap_or_default().saturating_sub(since);
        Self {
            known: Known::read(root),
            since: start.as_secs(),
        }
    }

    fn has(&self, id: &ContentId, path: &Path) -> bool {
        let stamp = fs::metadata(path).map(|found| Stamp::from(&found));
        let verified = stamp.ok().and_then(|stamp| self.known.verified(id, stamp));
        verified.is_some_and(|verified| verified > self.since)
    }
}

impl Verified {
    /// Adds what was read; how many files that were.
    fn add(&mut self, read: Read) -> u64 {
        match read {
            Read::Whole(bytes) => self.bytes += bytes,
            Read::Gone => return 0,
            Read::Damaged(fault) => self.faults.push(fault),
        }
        1
    }
}

fn claims(path: &Path, record: Record) -> Vec<(ContentId, Expected)> {
    let claim = |(table, artifact): (String, Artifact)| {
        let said = Expected {
            table,
            rows: artifact.rows,
            record: path.to_owned(),
        };
        (artifact.id, said)
    };
    record.artifacts.into_iter().map(claim).collect()
}

/// A missing artifact: a fault if a record that names it still exists.
fn missing(path: PathBuf, expected: Option<&Expected>) -> Read {
    if !expected.is_some_and(|said| said.record.exists()) {
        return Read::Gone;
    }
    tracing::warn!("{} is missing; the next run recomputes it", path.display());
    Read::Damaged(Fault {
        path,
        detail: "it is missing".to_owned(),
        aside: None,
    })
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn a_sample_has_its_share_and_is_part_of_a_larger_one() {
        let sample = |percent| Sample { percent, seed: 7 };
        let inside = |percent| {
            (0..2000_u32)
                .filter(|name| sample(percent).contains(&name.to_le_bytes()))
                .collect::<Vec<_>>()
        };
        let (tenth, half) = (inside(10.0), inside(50.0));
        assert!((150..250).contains(&tenth.len()), "{}", tenth.len());
        assert!(tenth.iter().all(|name| half.contains(name)));
        assert_eq!(inside(100.0).len(), 2000);
        assert!(inside(0.0).is_empty());
    }
}
