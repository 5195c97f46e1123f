//! `pipeline fetch`: gets the weight files that a study names an address for.
//!
//! What arrives lies beside the file under the same name with `.part`, and is renamed when its digest is right. A download that breaks off goes on
//! from there, in this run or the next. A client in the program, and not a script: it needs neither Python nor a shell where the study
//! runs, and its errors are those of the pipeline.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use stage::{Signals, StageError};
use study::Study;
use study::settings::infer::Download;

/// What `pipeline fetch --help` says at its end.
pub const HELP: &str = "Files that are there are not fetched again, but their digests are checked. Exit status: 0 all files are there and have the digest that is expected; 1 some \
                        could not be fetched, or are other files than expected, and each is named; 2 the study is wrong; 130 or 75 stopped by a signal, and what arrived is kept.";

/// How often a download that broke off is taken up again before it is given up for this run.
const ATTEMPTS: u32 = 5;
/// Bytes that are read at once.
const BLOCK: usize = 1 << 16;
/// A server that says nothing for so long has broken off.
const SILENCE: Duration = Duration::from_secs(15);
/// How often it is said how far a download is.
const REPORT: Duration = Duration::from_secs(10);

/// Why a file is not there.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no way to the server, or it broke off each time.
    #[error(
        "{url}: {reason}; {arrived} bytes are kept, and the next `pipeline fetch` goes on from there. Without a network, get that file on another machine and put it at {path}"
    )]
    Unreachable {
        /// The address.
        url: String,
        /// What the last attempt said.
        reason: String,
        /// Bytes in the unfinished file.
        arrived: u64,
        /// Where the file should be.
        path: PathBuf,
    },
    /// The server says that there is no such file, or the like.
    #[error(
        "{url}: the server answers with status {status}: check `url`, or put the file at {path}"
    )]
    Status {
        /// The address.
        url: String,
        /// The status.
        status: u16,
        /// Where the file should be.
        path: PathBuf,
    },
    /// It is another file.
    #[error(
        "{path}: {from} has the SHA-256 {found}, and {expected} is expected: it is another file, or damaged; {remedy}"
    )]
    Digest {
        /// The file.
        path: PathBuf,
        /// What was looked at: the file itself, or what the server sent.
        from: String,
        /// The file's.
        found: String,
        /// What it should be, or how it should begin.
        expected: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A signal came.
    #[error("interrupted")]
    Interrupted,
}

/// Gets the weights of every network that has an address.
pub fn fetch(study: &Study) -> Result<String, StageError> {
    let signals = Signals::listen();
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    for (name, network) in &study.networks {
        let Some(download) = &network.download else {
            continue;
        };
        signals.check()?;
        match one(download, &network.weights, &|| signals.received().is_some()) {
            Ok(said) => lines.push(format!("{name}: {} {said}", network.weights.display())),
            Err(error @ FetchError::Interrupted) => {
                signals.check()?;
                return Err(StageError::action(error));
            }
            // Somebody without a network learns at once of all files that have to be brought.
            Err(error) => errors.push(error.to_string()),
        }
    }
    if !errors.is_empty() {
        return Err(StageError::action(errors.join("\n")));
    }
    if lines.is_empty() {
        lines.push("no network of the study has a `url`: there is nothing to fetch".to_owned());
    }
    Ok(lines.join("\n"))
}

/// Gets one file, unless it is there.
fn one(
    download: &Download,
    path: &Path,
    interrupted: &dyn Fn() -> bool,
) -> Result<&'static str, FetchError> {
    if path.is_file() {
        return verify(download, path).map(|()| "was there");
    }
    let part = part_of(path);
    let resumed = arrive(download, path, &part, interrupted)?;
    let mut found = digest(&part)?;
    if resumed && !is(download, &found) {
        // The first part may have been another file's: of an address or a server's file that has changed since.
        tracing::warn!("{}: the parts are no whole; starting again", download.url);
        remove(&part)?;
        arrive(download, path, &part, interrupted)?;
        found = digest(&part)?;
    }
    let from = format!("what {} sends", download.url);
    let remedy = "nothing was kept of it; correct `url` or `sha256`";
    if let Err(error) = check(download, path, found, from, remedy) {
        remove(&part)?;
        return Err(error);
    }
    let failed = |source| FetchError::File {
        path: path.to_path_buf(),
        source,
    };
    put(&part, path).map_err(failed)?;
    Ok("was fetched")
}

/// Whether the file that is there is the one that is expected.
pub(crate) fn verify(download: &Download, path: &Path) -> Result<(), FetchError> {
    let found = digest(path)?;
    let from = "the file".to_owned();
    let remedy = "remove it and run `pipeline fetch` again, or correct `sha256`";
    check(download, path, found, from, remedy)
}

/// The unfinished file beside a file.
fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

/// Brings the unfinished file to its end, and says whether it came in more than one part.
fn arrive(
    download: &Download,
    path: &Path,
    part: &Path,
    interrupted: &dyn Fn() -> bool,
) -> Result<bool, FetchError> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .build()
        .into();
    let mut reason = String::new();
    let mut resumed = false;
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tracing::warn!("{}: {reason}; going on", download.url);
            std::thread::sleep(Duration::from_millis(200) * attempt);
        }
        resumed |= length(part) > 0;
        match attempt_once(&agent, download, path, part, interrupted)? {
            Attempt::Whole => return Ok(resumed),
            // A read that fails may have waited while the signal came.
            Attempt::Broken(_) if interrupted() => return Err(FetchError::Interrupted),
            Attempt::Broken(why) => reason = why,
        }
    }
    Err(FetchError::Unreachable {
        url: download.url.clone(),
        reason,
        arrived: length(part),
        path: path.to_path_buf(),
    })
}

enum Attempt {
    /// All bytes that the server spoke of are there.
    Whole,
    /// Something is missing, for this reason.
    Broken(String),
}

fn attempt_once(
    agent: &ureq::Agent,
    download: &Download,
    path: &Path,
    part: &Path,
    interrupted: &dyn Fn() -> bool,
) -> Result<Attempt, FetchError> {
    let start = length(part);
    let mut request = agent.get(&download.url);
    if start > 0 {
        request = request.header("Range", format!("bytes={start}-"));
    }
    let response = match request.call() {
        Ok(response) => response,
        Err(error) => return Ok(Attempt::Broken(error.to_string())),
    };
    let status = response.status().as_u16();
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let range = header("content-range").and_then(|text| Range::read(&text));
    let (from, size) = match (status, range) {
        (200, _) => (
            0,
            header("content-length").and_then(|text| text.parse().ok()),
        ),
        (206, Some(range)) if range.start == start => (start, range.size),
        // Not what was asked for; the file may have become another one.
        (206 | 416, _) => {
            remove(part)?;
            return Ok(Attempt::Broken(format!(
                "the server does not go on from byte {start}"
            )));
        }
        (500..=599 | 408 | 429, _) => {
            return Ok(Attempt::Broken(format!(
                "the server answers with status {status}"
            )));
        }
        _ => {
            return Err(FetchError::Status {
                url: download.url.clone(),
                status,
                path: path.to_path_buf(),
            });
        }
    };
    let failed = |source| FetchError::File {
        path: part.to_path_buf(),
        source,
    };
    let mut file = open(part, from).map_err(failed)?;
    let mut body = response.into_body().into_reader();
    let (mut arrived, mut said) = (from, Instant::now());
    let mut block = vec![0; BLOCK];
    let broken = loop {
        if interrupted() {
            return Err(FetchError::Interrupted);
        }
        match body.read(&mut block) {
            Ok(0) => break None,
            Ok(count) => {
                file.write_all(&block[..count]).map_err(failed)?;
                arrived += count as u64;
            }
            Err(error) => break Some(error.to_string()),
        }
        if said.elapsed() > REPORT {
            said = Instant::now();
            let of = size.map_or_else(String::new, |size: u64| format!(" of {}", size >> 20));
            tracing::info!("{}: {}{of} MiB", download.url, arrived >> 20);
        }
    };
    file.sync_all().map_err(failed)?;
    let short = size.is_some_and(|size| arrived != size);
    Ok(match (broken, short) {
        (None, false) => Attempt::Whole,
        (None, true) => Attempt::Broken(format!(
            "{arrived} bytes came where the server spoke of {}",
            size.unwrap_or(0)
        )),
        (Some(reason), _) => Attempt::Broken(format!("broke off after {arrived} bytes ({reason})")),
    })
}

/// The header `Content-Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    start: u64,
    /// Of the whole file; none where the server does not know it.
    size: Option<u64>,
}

impl Range {
    fn read(text: &str) -> Option<Self> {
        let (part, size) = text.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (start, _) = part.split_once('-')?;
        Some(Self {
            start: start.trim().parse().ok()?,
            size: size.trim().parse().ok(),
        })
    }
}

fn is(download: &Download, found: &str) -> bool {
    found.starts_with(&download.sha256)
}

/// Refuses a digest that is not the one that is expected.
fn check(
    download: &Download,
    path: &Path,
    found: String,
    from: String,
    remedy: &'static str,
) -> Result<(), FetchError> {
    if is(download, &found) {
        return Ok(());
    }
    let whole = download.sha256.len() == 64;
    let begins = if whole { "" } else { "one that begins with " };
    Err(FetchError::Digest {
        path: path.to_path_buf(),
        from,
        found,
        expected: format!("{begins}{}", download.sha256),
        remedy,
    })
}

/// SHA-256 of a file, as 64 hexadecimal digits.
fn digest(path: &Path) -> Result<String, FetchError> {
    let failed = |source| FetchError::File {
        path: path.to_path_buf(),
        source,
    };
    let mut file = File::open(path).map_err(failed)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; BLOCK];
    loop {
        match file.read(&mut block).map_err(failed)? {
            0 => break,
            count => hasher.update(&block[..count]),
        }
    }
    Ok(format!("{:x}", hasher.finalize()))
}

fn length(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

#[expect(
    clippy::disallowed_methods,
    reason = "weights are not below artifacts/, but where the study says"
)]
fn open(part: &Path, from: u64) -> io::Result<File> {
    if let Some(folder) = part.parent() {
        fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().create(true).append(true).open(part)?;
    if from == 0 {
        file.set_len(0)?;
    }
    Ok(file)
}

#[expect(
    clippy::disallowed_methods,
    reason = "weights are not below artifacts/, but where the study says"
)]
fn put(part: &Path, path: &Path) -> io::Result<()> {
    fs::rename(part, path)
}

#[expect(
    clippy::disallowed_methods,
    reason = "weights are not below artifacts/, but where the study says"
)]
fn remove(part: &Path) -> Result<(), FetchError> {
    match fs::remove_file(part) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(FetchError::File {
            path: part.to_path_buf(),
            source,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_says_where_it_begins_and_how_large_the_whole_is() {
        let read = |text| Range::read(text).map(|range| (range.start, range.size));
        assert_eq!(read("bytes 7-9/10"), Some((7, Some(10))));
        assert_eq!(read("bytes 7-9/*"), Some((7, None)));
        assert_eq!(read("lines 7-9/10"), None);
        assert_eq!(read("bytes */10"), None);
    }
}
