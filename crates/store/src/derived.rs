//! Files below `index/` that repeat the content of other files. You may remove them at any time: the store rebuilds them.
//!
//! Each has a header that names its version, and ends in the digest of all before it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rayon::prelude::*;

use crate::{StoreError, publish};

/// Bytes of a digest.
const DIGEST: usize = 32;
/// Bytes of a file that a thread reads or hashes at once.
const PIECE: usize = 1 << 22;

/// The bytes of a file with its header and without its digest; none where it is absent, damaged or of another version.
pub(crate) fn read(path: &Path, header: &str) -> Option<Vec<u8>> {
    let mut bytes = read_bytes(path).ok()?;
    let (body, checksum) = bytes.split_last_chunk::<DIGEST>()?;
    let whole = body.starts_with(header.as_bytes()) && digest(body) == *checksum;
    bytes.truncate(bytes.len() - DIGEST);
    whole.then_some(bytes)
}

/// Writes a file that begins with its header.
pub(crate) fn write(path: &Path, mut bytes: Vec<u8>) -> Result<(), StoreError> {
    bytes.extend(digest(&bytes).as_bytes());
    publish::replace(path, &bytes)
}

/// Digest of many bytes: the BLAKE3 of the BLAKE3 of their pieces, which threads share.
fn digest(bytes: &[u8]) -> blake3::Hash {
    let pieces = bytes.par_chunks(PIECE).map(blake3::hash);
    let pieces: Vec<[u8; DIGEST]> = pieces.map(Into::into).collect();
    blake3::hash(pieces.as_flattened())
}

fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    let mut bytes = vec![0; length];
    let pieces = bytes.par_chunks_mut(PIECE).enumerate();
    pieces.try_for_each(|(place, piece)| file.read_exact_at(piece, (place * PIECE) as u64))?;
    Ok(bytes)
}
