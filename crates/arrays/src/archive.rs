//! The `.npz` format: a zip archive with a `.npy` file for each array, stored or deflated.
//!
//! The list of members is read here and not by the crate `zip`, which takes memory for as many members as a file promises. Source: APPNOTE.TXT
//! 6.3.10, sections 4.3.7 (local headers), 4.3.12 (the list), 4.3.14 to 4.3.16 (its place) and 4.5.3 (sizes of 64 bits).

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::os::unix::fs::FileExt;

use flate2::read::DeflateDecoder;

use crate::ArrayError;
use crate::array::{Array, Section};

/// Bytes of the record at the end of a zip archive without a comment, which `NumPy` does not write.
const END: usize = 22;
/// Bytes of the record with sizes of 64 bits, and of the one that says where it lies.
const WIDE_END: usize = 56;
const POINTER: usize = 20;
/// Bytes of an entry of the list, and of a header before a member, each without its name.
const ENTRY: usize = 46;
const LOCAL: usize = 30;
/// Longest list of members: an answer has fewer than ten.
const LONGEST_LIST: u64 = 1 << 20;
/// Marks a size that is in an extra field, as a number of 64 bits.
const WIDE: u64 = u32::MAX as u64;

/// A member.
#[derive(Clone, Copy, Debug)]
struct Member {
    /// Where its header lies.
    at: u64,
    /// Bytes in the file.
    packed: u64,
    /// Bytes when unpacked.
    size: u64,
    deflated: bool,
    crc: u32,
}

/// The arrays of a `.npz` file.
#[derive(Debug)]
pub(crate) struct Archive(BTreeMap<String, Member>);

impl Archive {
    /// Reads the list of members.
    pub(crate) fn open(file: &File) -> Result<Self, ArrayError> {
        let (start, length) = list(file)?;
        let mut list = vec![0; length];
        file.read_exact_at(&mut list, start)
            .map_err(|error| ArrayError::reading(error, LIST))?;
        let mut members = BTreeMap::new();
        let mut rest = &list[..];
        while !rest.is_empty() {
            let (name, member, next) = member(rest)?;
            members.insert(name, member?);
            rest = next;
        }
        Ok(Self(members))
    }

    /// The names of the arrays.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// An array; none where there is no such one.
    pub(crate) fn array<'a>(
        &self,
        file: &'a File,
        name: &str,
    ) -> Result<Option<Array<'a>>, ArrayError> {
        let Some(member) = self.0.get(name) else {
            return Ok(None);
        };
        let damaged = |error| ArrayError::reading(error, &format!("`{name}`"));
        let mut local = [0; LOCAL];
        file.read_exact_at(&mut local, member.at).map_err(damaged)?;
        if !local.starts_with(b"PK\x03\x04") {
            return Err(ArrayError::damaged(format!("`{name}`")));
        }
        let before = LOCAL as u64 + number(&local[26..28]) + number(&local[28..30]);
        let section = Section::new(file, member.at.saturating_add(before), member.packed);
        let packed = BufReader::with_capacity(1 << 16, section);
        let array = if member.deflated {
            Array::npy(name, DeflateDecoder::new(packed), member.size, member.crc)
        } else {
            Array::npy(name, packed, member.size, member.crc)
        };
        array.map(Some)
    }
}

const LIST: &str = "its list of arrays";

/// Where the list lies, and its bytes.
fn list(file: &File) -> Result<(u64, usize), ArrayError> {
    let length = file.metadata().map_err(ArrayError::Read)?.len();
    let mut start = Vec::new();
    let read = Section::new(file, 0, 4).read_to_end(&mut start);
    read.map_err(ArrayError::Read)?;
    if !start.starts_with(b"PK") {
        return Err(ArrayError::Format {
            expected: "an archive as numpy.savez writes it",
        });
    }
    let tail = length.min((WIDE_END + POINTER + END) as u64);
    let mut bytes = vec![0; tail as usize];
    file.read_exact_at(&mut bytes, length - tail)
        .map_err(|error| ArrayError::reading(error, LIST))?;
    let damaged = || ArrayError::damaged(LIST);
    let (before, end) = bytes.split_at(bytes.len().checked_sub(END).ok_or_else(damaged)?);
    if !end.starts_with(b"PK\x05\x06") || end[20..] != [0, 0] {
        return Err(damaged());
    }
    let wide = before
        .len()
        .checked_sub(POINTER)
        .map(|at| before.split_at(at));
    let (size, start, end) = match wide {
        Some((record, pointer)) if pointer.starts_with(b"PK\x06\x07") => {
            if record.len() != WIDE_END || !record.starts_with(b"PK\x06\x06") {
                return Err(damaged());
            }
            let at = length - tail;
            (number(&record[40..48]), number(&record[48..56]), at)
        }
        _ => {
            let at = length - END as u64;
            (number(&end[12..16]), number(&end[16..20]), at)
        }
    };
    if start.checked_add(size) != Some(end) || size > LONGEST_LIST {
        return Err(damaged());
    }
    Ok((start, size as usize))
}

/// The first entry of a list: the name of its array, the member or why it is not read, and what follows.
type Listed<'a> = (String, Result<Member, ArrayError>, &'a [u8]);

fn member(list: &[u8]) -> Result<Listed<'_>, ArrayError> {
    let damaged = || ArrayError::damaged(LIST);
    let (entry, rest) = list.split_at_checked(ENTRY).ok_or_else(damaged)?;
    if !entry.starts_with(b"PK\x01\x02") {
        return Err(damaged());
    }
    let length = |at: usize| number(&entry[at..at + 2]) as usize;
    let (name, rest) = rest.split_at_checked(length(28)).ok_or_else(damaged)?;
    let (extra, rest) = rest.split_at_checked(length(30)).ok_or_else(damaged)?;
    let (_, rest) = rest.split_at_checked(length(32)).ok_or_else(damaged)?;
    let name = String::from_utf8_lossy(name);
    let name = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
    let mut wide = wide_sizes(extra);
    let mut size = |at: usize| match number(&entry[at..at + 4]) {
        WIDE => wide.next().ok_or_else(damaged),
        size => Ok(size),
    };
    // The order of the numbers in the extra field.
    let (unpacked, packed, at) = (size(24)?, size(20)?, size(42)?);
    let refused = |how| {
        Err(ArrayError::Packed {
            array: name.clone(),
            how,
        })
    };
    let encrypted = entry[8] & 1 == 1;
    let member = match length(10) {
        _ if encrypted => refused("encrypted"),
        method @ (0 | 8) => Ok(Member {
            at,
            packed,
            size: unpacked,
            deflated: method == 8,
            crc: number(&entry[16..20]) as u32,
        }),
        _ => refused("compressed in a way that NumPy does not use"),
    };
    Ok((name, member, rest))
}

/// The sizes of 64 bits in an extra field.
fn wide_sizes(mut extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut sizes: &[u8] = &[];
    while let Some((head, rest)) = extra.split_at_checked(4) {
        let length = number(&head[2..4]) as usize;
        let Some((content, rest)) = rest.split_at_checked(length) else {
            break;
        };
        if head[..2] == [1, 0] {
            sizes = content;
        }
        extra = rest;
    }
    sizes.chunks_exact(8).map(number)
}

/// A number in little-endian order, of at most 8 bytes.
fn number(bytes: &[u8]) -> u64 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |number, &byte| number << 8 | u64::from(byte))
}
