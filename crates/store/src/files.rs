//! The digests of files outside the store (images, masks, weights), kept so that planning need not read them all.
//!
//! A file is reread unless its times, size and inode equal the noted ones. Times younger than
//! [`SETTLED`](crate::stamp::SETTLED) are not noted. Whoever uses a file's bytes compares them with the digest once more.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use rayon::prelude::*;

use crate::derived;
use crate::stamp::Stamp;

const HEADER: &str = "selectivity files 2\n";
/// Rereading fewer files is faster than writing their digests.
const WORTH_WRITING: usize = 256;
/// So are fewer bytes.
const WORTH_WRITING_BYTES: u64 = 64 << 20;

/// Digests by path, each with the file's stamp. A path that is not text is reread each time.
type Known = BTreeMap<String, (Stamp, String)>;

pub(crate) fn digests<P: AsRef<Path> + Sync>(
    root: &Path,
    paths: &[P],
) -> Vec<io::Result<blake3::Hash>> {
    let index = root.join("index").join("files");
    let mut known = read(&index).unwrap_or_default();
    let looked: Vec<Looked> = paths
        .par_iter()
        .map(|path| look(path.as_ref(), &known))
        .collect();
    let fresh = || looked.iter().filter(|looked| looked.fresh);
    let bytes: u64 = fresh().map(|looked| looked.stamp.bytes()).sum();
    let is_worth_writing = fresh().count() >= WORTH_WRITING || bytes >= WORTH_WRITING_BYTES;
    // A study that is only looked at may have no folder yet, and none is made for this.
    if is_worth_writing && root.is_dir() {
        for (path, looked) in paths.iter().zip(&looked) {
            if let (Ok(digest), Some(path)) = (&looked.digest, path.as_ref().to_str())
                && looked.stamp != Stamp::default()
            {
                known.insert(path.to_owned(), (looked.stamp, digest.to_string()));
            }
        }
        let json = serde_json::to_string(&known).unwrap_or_default();
        if let Err(error) = derived::write(&index, (HEADER.to_owned() + &json).into_bytes()) {
            tracing::debug!("digests of files cannot be kept: {error}");
        }
    }
    looked.into_iter().map(|looked| looked.digest).collect()
}

fn read(index: &Path) -> Option<Known> {
    let bytes = derived::read(index, HEADER)?;
    serde_json::from_slice(&bytes[HEADER.len()..]).ok()
}

struct Looked {
    stamp: Stamp,
    digest: io::Result<blake3::Hash>,
    /// Whether the file was read.
    fresh: bool,
}

fn look(path: &Path, known: &Known) -> Looked {
    // Before the file is read: a change meanwhile makes it old.
    let stamp = Stamp::settled(path);
    let noted = path.to_str().and_then(|path| known.get(path));
    let same = noted.filter(|(noted, _)| *noted == stamp && stamp != Stamp::default());
    let noted = same.and_then(|(_, digest)| blake3::Hash::from_hex(digest).ok());
    Looked {
        stamp,
        fresh: noted.is_none(),
        digest: noted.map_or_else(|| digest_file(path), Ok),
    }
}

/// BLAKE3 of all bytes of the file, read in one pass. Images and network weights enter the keys of actions by it.
pub fn digest_file(path: &Path) -> io::Result<blake3::Hash> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(open_file(path)?)?;
    Ok(hasher.finalize())
}

/// All bytes of a regular file.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a regular file. Anything else is an error, because reading a FIFO or a device may never end.
pub fn open_file(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    let found = if kind.is_file() {
        return File::open(path);
    } else if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!(
            "expected a file, found {found}: put a file there, or remove the name from the study"
        ),
    ))
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in folders of their own"
)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;
    use crate::stamp::SETTLED;

    #[test]
    fn a_file_has_the_digest_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        let bytes = vec![7; 200_000];
        fs::write(&path, &bytes).unwrap();
        assert_eq!(digest_file(&path).unwrap(), blake3::hash(&bytes));
    }

    #[test]
    fn what_is_no_file_is_named_and_not_waited_for() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        let named = [
            (pipe.as_path(), "a named pipe"),
            (folder.path(), "a folder"),
            (Path::new("/dev/zero"), "a device"),
        ];
        for (path, found) in named {
            let error = digest_file(path).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
            assert_eq!(read_file(path).unwrap_err().to_string(), error);
        }
    }

    #[test]
    fn a_file_that_changed_is_read_again_whatever_its_times_say() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("artifacts");
        fs::create_dir(&root).unwrap();
        let paths: Vec<PathBuf> = (0..WORTH_WRITING)
            .map(|number| folder.path().join(number.to_string()))
            .collect();
        for path in &paths {
            fs::write(path, "before").unwrap();
        }
        std::thread::sleep(SETTLED + Duration::from_millis(100));
        let all = |what: &str| {
            let expected = blake3::hash(what.as_bytes());
            digests(&root, &paths)
                .into_iter()
                .filter(|digest| digest.as_ref().is_ok_and(|digest| *digest == expected))
                .count()
        };
        assert_eq!(all("before"), WORTH_WRITING);
        assert!(root.join("index/files").is_file());

        let modified = fs::metadata(&paths[3]).unwrap().modified().unwrap();
        fs::write(&paths[3], "behind").unwrap();
        File::open(&paths[3])
            .unwrap()
            .set_modified(modified)
            .unwrap();
        assert_eq!((all("before"), all("behind")), (WORTH_WRITING - 1, 1));
        fs::remove_file(&paths[4]).unwrap();
        assert_eq!(all("before"), WORTH_WRITING - 2);
    }
}
