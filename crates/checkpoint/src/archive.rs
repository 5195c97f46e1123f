//! Zip archives as PyTorch writes them: nothing is compressed, so that each entry is a part of the file.

use std::collections::BTreeSet;
use std::io::Cursor;

use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

/// Length of the record at the end of every archive.
const END: usize = 22;
/// Length of the pointer before it to the record below, in archives that may have more than 65,535 entries or 4 GiB.
const POINTER: usize = 20;
/// Length of the record with wider fields.
const WIDE_END: usize = 56;
/// Least bytes of a file for an entry: 46 in the directory and 30 before its content.
const ENTRY: u64 = 76;

/// The entries of an archive.
pub struct Archive<'a> {
    bytes: &'a [u8],
    entries: ZipArchive<Cursor<&'a [u8]>>,
    /// The folder that everything lies in; it is named after the file that was first written.
    folder: String,
    /// The entries whose checksums were found to be right, by where their records lie in the directory.
    checked: BTreeSet<u64>,
    /// Bytes of the file whose checksums were not yet computed. Entries of an archive do not overlap, so that no more is needed.
    unchecked: usize,
}

impl<'a> Archive<'a> {
    /// Reads the list of entries. They lie in the folder that holds `mark`, such as `data.pkl`. The error is a part of a sentence after "it".
    pub fn open(bytes: &'a [u8], mark: &str) -> Result<Self, String> {
        let unreadable = |error: ZipError| format!("the zip archive cannot be read: {error}");
        let whole = directory(bytes).is_some_and(|directory| directory.fits(bytes.len() as u64));
        if !whole {
            return Err(
                "the zip archive does not end with its directory, as after an interrupted download"
                    .to_owned(),
            );
        }
        let archive_offset = ArchiveOffset::Known(0);
        let entries = ZipArchive::with_config(Config { archive_offset }, Cursor::new(bytes))
            .map_err(unreadable)?;
        let mut folder = None;
        for name in entries.file_names() {
            let name = name.map_err(unreadable)?;
            folder = name
                .strip_suffix(mark)
                .and_then(|folder| folder.strip_suffix('/'))
                .map(str::to_owned);
            if folder.is_some() {
                break;
            }
        }
        let folder = folder
            .ok_or_else(|| format!("the zip archive has no `{mark}`, which PyTorch writes"))?;
        Ok(Self {
            bytes,
            entries,
            folder,
            checked: BTreeSet::new(),
            unchecked: bytes.len(),
        })
    }

    /// The names of the entries, below the folder.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.entries.file_names().filter_map(|name| {
            let name = name.ok()?;
            let below = name.strip_prefix(&self.folder)?.strip_prefix('/')?;
            Some(below.to_owned())
        })
    }

    /// The bytes of an entry; none where there is no such entry.
    pub fn entry(&mut self, name: &str) -> Result<Option<&'a [u8]>, String> {
        let damaged = |reason: &str| format!("`{name}` in the zip archive {reason}");
        let entry = match self.entries.by_name(&format!("{}/{name}", self.folder)) {
            Err(ZipError::FileNotFound) => return Ok(None),
            entry => entry.map_err(|error| damaged(&format!("cannot be read: {error}")))?,
        };
        if entry.compression() != CompressionMethod::Stored {
            return Err(damaged("is compressed, which PyTorch does not do"));
        }
        let start = entry.data_start();
        let content = start
            .and_then(|start| {
                let from = self.bytes.get(start as usize..)?;
                from.get(..entry.size() as usize)
            })
            .ok_or_else(|| damaged("is not whole"))?;
        // torch.serialization.set_crc32_options(False) leaves the checksum out.
        let record = entry.central_header_start();
        if entry.crc32() != 0 && !self.checked.contains(&record) {
            let unchecked = self
                .unchecked
                .checked_sub(content.len())
                .ok_or_else(|| damaged("shares its bytes with other entries"))?;
            if crc32fast::hash(content) != entry.crc32() {
                return Err(damaged("has another checksum than its content"));
            }
            self.checked.insert(record);
            self.unchecked = unchecked;
        }
        Ok(Some(content))
    }
}

/// Where the list of entries lies.
struct Directory {
    entries: u64,
    start: u64,
    length: u64,
    /// Where the records behind it begin.
    end: u64,
}

impl Directory {
    /// Whether a file of this length can hold it and its entries: the crate `zip` takes memory for as many entries as are promised.
    fn fits(&self, length: u64) -> bool {
        self.start.checked_add(self.length) == Some(self.end) && self.entries <= length / ENTRY
    }
}

/// The directory, by the record at the very end of the file.
fn directory(bytes: &[u8]) -> Option<Directory> {
    let at = bytes.len().checked_sub(END)?;
    let record = bytes[at..].strip_prefix(b"PK\x05\x06")?;
    if record[16..] != [0, 0] {
        return None;
    }
    let wide = at
        .checked_sub(POINTER)
        .and_then(|pointer| bytes[pointer..at].strip_prefix(b"PK\x06\x07"));
    let Some(pointer) = wide else {
        return Some(Directory {
            entries: number(&record[6..8]),
            start: number(&record[12..16]),
            length: number(&record[8..12]),
            end: at as u64,
        });
    };
    // The record must lie where only one can, because the crate `zip` looks for others.
    let at = at.checked_sub(POINTER + WIDE_END)?;
    let record = bytes[at..].strip_prefix(b"PK\x06\x06")?;
    let here = number(&pointer[4..12]) == at as u64;
    here.then(|| Directory {
        entries: number(&record[28..36]),
        start: number(&record[44..52]),
        length: number(&record[36..44]),
        end: at as u64,
    })
}

/// A number in little-endian order, of at most 8 bytes.
fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, &byte| number << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::tests::zipped;

    const ZEROS: &[u8] = &[0; 1000];

    #[test]
    fn the_checksum_of_an_entry_is_computed_once() {
        let bytes = zipped(&[("net/data.pkl", b""), ("net/data/0", ZEROS)]);
        let mut archive = Archive::open(&bytes, "data.pkl").unwrap();
        for _ in 0..3 {
            assert_eq!(archive.entry("data/0").unwrap(), Some(ZEROS));
        }
        assert_eq!(archive.unchecked, bytes.len() - ZEROS.len());
    }

    /// One content under many names: each checksum is one more pass over it.
    #[test]
    fn entries_that_share_their_bytes_are_refused() {
        let mut bytes = zipped(&[("net/data.pkl", b""), ("net/data/0", ZEROS)]);
        let start = bytes.windows(4).rposition(|mark| mark == b"PK\x01\x02");
        let (start, end) = (start.unwrap(), bytes.len() - END);
        let record = bytes[start..end].to_vec();
        for name in b'1'..=b'9' {
            let mut record = record.clone();
            *record.last_mut().unwrap() = name;
            bytes.splice(end..end, record);
        }
        let at = bytes.len() - END;
        bytes[at + 8] += 9;
        bytes[at + 10] += 9;
        let length = u32::from_le_bytes(bytes[at + 12..at + 16].try_into().unwrap());
        let length = length + 9 * record.len() as u32;
        bytes[at + 12..at + 16].copy_from_slice(&length.to_le_bytes());
        let mut archive = Archive::open(&bytes, "data.pkl").unwrap();
        let found: Vec<_> = (0..10)
            .map(|name| archive.entry(&format!("data/{name}")))
            .collect();
        assert_eq!(found[0], Ok(Some(ZEROS)));
        let refused = found.iter().find_map(|entry| entry.as_ref().err()).unwrap();
        assert!(refused.contains("shares its bytes"), "{refused}");
    }

    #[test]
    fn a_wrong_checksum_is_found_each_time() {
        let mut bytes = zipped(&[("net/data.pkl", b""), ("net/data/0", ZEROS)]);
        let at = bytes.windows(100).position(|part| part == &ZEROS[..100]);
        bytes[at.unwrap()] = 1;
        let mut archive = Archive::open(&bytes, "data.pkl").unwrap();
        for _ in 0..2 {
            let refused = archive.entry("data/0").unwrap_err();
            assert!(refused.contains("another checksum"), "{refused}");
        }
    }
}
