//! How a file or folder looks from outside, which tells whether it changed.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How old times must be before they tell of every later change: a change within the clock's grain leaves them as they are.
pub(crate) const SETTLED: Duration = Duration::from_secs(2);

/// Bytes of a stamp in a file.
pub(crate) const STAMP_BYTES: usize = 32;

/// The size, the times and the inode of a file or folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    /// Of the last change of its content: nanoseconds since 1970.
    modified: i64,
    /// Of the last change of its content, name or rights: nanoseconds since 1970.
    changed: i64,
    inode: u64,
    bytes: u64,
}

impl Stamp {
    /// That of a file or folder whose times are old enough to tell of any later change; else the default, which no file has.
    pub(crate) fn settled(path: &Path) -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos() as i64);
        let stamp = fs::metadata(path).map_or_else(|_| Self::default(), |found| Self::from(&found));
        let newest = stamp.modified.max(stamp.changed);
        if newest.saturating_add(SETTLED.as_nanos() as i64) < now {
            stamp
        } else {
            Self::default()
        }
    }

    /// Size of the file.
    pub(crate) fn bytes(self) -> u64 {
        self.bytes
    }

    /// The same with a number in place of the time that also tells of links and rights.
    pub(crate) fn with_changed(self, changed: i64) -> Self {
        Self { changed, ..self }
    }

    pub(crate) fn to_bytes(self) -> [u8; STAMP_BYTES] {
        let mut bytes = [0; STAMP_BYTES];
        bytes[..8].copy_from_slice(&self.modified.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.changed.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.inode.to_le_bytes());
        bytes[24..].copy_from_slice(&self.bytes.to_le_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; STAMP_BYTES]) -> Self {
        let number =
            |start: usize| u64::from_le_bytes(std::array::from_fn(|byte| bytes[start + byte]));
        Self {
            modified: number(0).cast_signed(),
            changed: number(8).cast_signed(),
            inode: number(16),
            bytes: number(24),
        }
    }
}

/// A time that does not fit is the last one, which never counts as settled.
fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(1_000_000_000).saturating_add(rest)
}

impl From<&fs::Metadata> for Stamp {
    fn from(metadata: &fs::Metadata) -> Self {
        Self {
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
            bytes: metadata.len(),
        }
    }
}

impl From<&rustix::fs::Stat> for Stamp {
    fn from(stat: &rustix::fs::Stat) -> Self {
        let rest = |nanoseconds| i64::try_from(nanoseconds).unwrap_or_default();
        Self {
            modified: nanoseconds(stat.st_mtime, rest(stat.st_mtime_nsec)),
            changed: nanoseconds(stat.st_ctime, rest(stat.st_ctime_nsec)),
            inode: stat.st_ino,
            bytes: u64::try_from(stat.st_size).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_stamp_comes_back_from_text_and_bytes(
            modified: i64, changed: i64, inode: u64, bytes: u64
        ) {
            let stamp = Stamp { modified, changed, inode, bytes };
            let text = serde_json::to_string(&stamp).unwrap();
            prop_assert_eq!(serde_json::from_str::<Stamp>(&text).unwrap(), stamp);
            prop_assert_eq!(Stamp::from_bytes(&stamp.to_bytes()), stamp);
        }
    }

    #[test]
    fn both_ways_of_asking_give_the_same_stamp() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let metadata = fs::metadata(file.path()).unwrap();
        let stat = rustix::fs::stat(file.path()).unwrap();
        assert_eq!(Stamp::from(&metadata), Stamp::from(&stat));
    }
}
