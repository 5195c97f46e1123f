//! `pipeline fetch`: gets the weight files that a study names an address for.
//!
//! What arrives lies beside the file under the same name with `.part`, and is renamed when its digest is right. A download that breaks off starts
//! again. A client in the program, and not a script: it needs neither Python nor a shell where the study runs, and its errors are those of the
//! pipeline.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use stage::{Signals, StageError};
use study::Study;
use study::settings::infer::Download;

/// The end of `pipeline fetch --help`.
pub const HELP: &str = "\
Existing files are not fetched, but their digests are checked.

Exit status:
  0    all files exist and have the expected digests
  1    some files could not be fetched, or have other digests; each is named
  2    the study is wrong
  75   stopped by SIGTERM
  130  stopped by Ctrl-C";

/// How often a broken download is restarted in one run.
const ATTEMPTS: u32 = 5;
/// Bytes that are read at once.
const BLOCK: usize = 1 << 16;
/// A server that says nothing for so long has broken off.
const SILENCE: Duration = Duration::from_secs(15);
/// How often it is said how far a download is.
const REPORT: Duration = Duration::from_secs(10);

/// Why a file is missing.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no way to the server, or it broke off each time.
    #[error(
        "{url}: {reason}. Without an internet connection, download that file on another machine and put it at {path}"
    )]
    Unreachable {
        /// The address.
        url: String,
        /// What the last attempt said.
        reason: String,
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
        "{path}: {from} has the SHA-256 {found}, but {expected} is expected: it is another file, or damaged; {remedy}"
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
            // Without a network, the user sees all missing files at once.
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
        return verify(download, path).map(|()| "exists");
    }
    let part = Part::beside(path);
    let found = arrive(download, path, &part, interrupted)?;
    let from = format!("what {} sends", download.url);
    let remedy = "the download was not kept; correct `url` or `sha256`";
    check(download, path, found, from, remedy)?;
    part.put(path).map_err(|source| part.failed(source))?;
    Ok("was fetched")
}

/// Whether the existing file is the expected one.
pub(crate) fn verify(download: &Download, path: &Path) -> Result<(), FetchError> {
    let found = digest(path)?;
    let from = "the file".to_owned();
    let remedy = "remove it and rerun `pipeline fetch`, or correct `sha256`";
    check(download, path, found, from, remedy)
}

/// Finishes the download; the SHA-256 of the file.
fn arrive(
    download: &Download,
    path: &Path,
    part: &Part,
    interrupted: &dyn Fn() -> bool,
) -> Result<String, FetchError> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_connect(Some(SILENCE))
        .timeout_recv_response(Some(SILENCE))
        .timeout_per_read(Some(SILENCE))
        .build()
        .into();
    let mut reason = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            tracing::warn!("{}: {reason}; restarting the download", download.url);
            std::thread::sleep(Duration::from_millis(200) * attempt);
        }
        match attempt_once(&agent, download, path, part, interrupted)? {
            Ok(digest) => return Ok(digest),
            // A read that fails may have waited while the signal came.
            Err(_) if interrupted() => return Err(FetchError::Interrupted),
            Err(why) => reason = why,
        }
    }
    Err(FetchError::Unreachable {
        url: download.url.clone(),
        reason,
        path: path.to_path_buf(),
    })
}

/// The SHA-256 of the file, or why another attempt may succeed.
fn attempt_once(
    agent: &ureq::Agent,
    download: &Download,
    path: &Path,
    part: &Part,
    interrupted: &dyn Fn() -> bool,
) -> Result<Result<String, String>, FetchError> {
    let response = match agent.get(&download.url).call() {
        Ok(response) => response,
        Err(error) => return Ok(Err(error.to_string())),
    };
    match response.status().as_u16() {
        200 => {}
        status @ (500..=599 | 408 | 429) => {
            return Ok(Err(format!("the server answers with status {status}")));
        }
        status => {
            return Err(FetchError::Status {
                url: download.url.clone(),
                status,
                path: path.to_path_buf(),
            });
        }
    }
    let length = response.headers().get("content-length");
    let size: Option<u64> = length.and_then(|text| text.to_str().ok()?.parse().ok());
    let mut file = part.create().map_err(|source| part.failed(source))?;
    let mut body = response.into_body().into_reader();
    let mut hasher = Sha256::new();
    let (mut arrived, mut said) = (0, Instant::now());
    let mut block = vec![0; BLOCK];
    loop {
        if interrupted() {
            return Err(FetchError::Interrupted);
        }
        let count = match body.read(&mut block) {
            // Fewer bytes than the server announced are an error.
            Ok(0) => break,
            Ok(count) => count,
            Err(error) => {
                return Ok(Err(format!(
                    "the download broke off after {arrived} bytes ({error})"
                )));
            }
        };
        let written = file.write_all(&block[..count]);
        written.map_err(|source| part.failed(source))?;
        hasher.update(&block[..count]);
        arrived += count as u64;
        if said.elapsed() > REPORT {
            said = Instant::now();
            let of = size.map_or_else(String::new, |size| format!(" of {}", size >> 20));
            tracing::info!("{}: {}{of} MiB", download.url, arrived >> 20);
        }
    }
    file.sync_all().map_err(|source| part.failed(source))?;
    Ok(Ok(format!("{:x}", hasher.finalize())))
}

/// Refuses an unexpected digest.
fn check(
    download: &Download,
    path: &Path,
    found: String,
    from: String,
    remedy: &'static str,
) -> Result<(), FetchError> {
    if found.starts_with(&download.sha256) {
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
    let mut hasher = Sha256::new();
    let mut file = File::open(path).map_err(failed)?;
    io::copy(&mut file, &mut hasher).map_err(failed)?;
    Ok(format!("{:x}", hasher.finalize()))
}

/// An unfinished file beside its place, gone unless it is put there.
struct Part(PathBuf);

#[expect(
    clippy::disallowed_methods,
    reason = "weights are not below artifacts/, but where the study says"
)]
impl Part {
    fn beside(path: &Path) -> Self {
        let mut name = path.as_os_str().to_owned();
        name.push(".part");
        Self(PathBuf::from(name))
    }

    fn create(&self) -> io::Result<File> {
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        File::create(&self.0)
    }

    fn put(&self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)
    }

    fn failed(&self, source: io::Error) -> FetchError {
        let path = self.0.clone();
        FetchError::File { path, source }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "weights are not below artifacts/, but where the study says"
)]
impl Drop for Part {
    fn drop(&mut self) {
        // After the rename there is nothing under this name.
        let _ = fs::remove_file(&self.0);
    }
}
