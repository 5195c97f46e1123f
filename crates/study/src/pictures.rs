//! The picture files in a folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use config::paths::absent;
use config::{Problem, Problems};
use walkdir::{DirEntry, WalkDir};

/// Endings of files that are images, in lower case.
pub(crate) const ENDINGS: [&str; 10] = [
    "png", "jpg", "jpeg", "jpe", "jif", "jfif", "webp", "tif", "tiff", "bmp",
];
/// Endings of label maps, in lower case.
pub(crate) const LABEL_MAPS: [&str; 2] = ["png", "npy"];
/// Endings of pictures that are not read, in lower case.
const OTHERS: [&str; 35] = [
    "apng", "arw", "avif", "cr2", "cr3", "dcm", "dng", "exr", "gif", "hdr", "heic", "heif", "hif",
    "ico", "j2c", "j2k", "jp2", "jpf", "jpx", "jxl", "nef", "orf", "pbm", "pcx", "pef", "pgm",
    "pnm", "ppm", "psd", "raf", "raw", "rw2", "srw", "svg", "tga",
];

/// All files in `folder` and below it that have one of the endings, sorted by path, without hidden ones and without the folders `apart`; and what is
/// said of pictures that are not read. Links are followed, but not back to a folder on the way. `what` is an "image", "mask" or "label map".
pub(crate) fn pictures(
    what: &'static str,
    folder: &Path,
    endings: &[&str],
    apart: &[&Path],
) -> Result<(Vec<PathBuf>, Option<String>), Problems> {
    // A folder that is not there yet holds nothing that could be taken for an image.
    let apart = apart.iter().filter_map(|folder| folder.canonicalize().ok());
    let apart: Vec<PathBuf> = apart.collect();
    let (mut files, mut others, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name();
    let entries = walk
        .into_iter()
        .filter_entry(|entry| is_wanted(entry, &apart));
    for entry in entries {
        let (path, is_file) = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => (entry.path().to_path_buf(), entry.file_type().is_file()),
            Err(error) if error.loop_ancestor().is_some() => continue,
            Err(error) => {
                // A link that leads nowhere, maybe of no picture.
                let Some(link) = error.path().filter(|path| path.is_symlink()) else {
                    problems.push(unreadable(folder, &error));
                    continue;
                };
                (link.to_path_buf(), false)
            }
        };
        let ending = ending(&path).unwrap_or_default();
        if OTHERS.contains(&&*ending) {
            others.push(path);
        } else if endings.contains(&&*ending) {
            // A link that leads nowhere is a mistake that must not look like a smaller study, and so is a pipe.
            match (!is_file).then(|| absent(what, &path)).flatten() {
                None => files.push(path),
                Some(reason) => problems.push(Problem::new(reason)),
            }
        }
    }
    files.sort();
    others.sort();
    let left_out = left_out(what, folder, &others);
    Problems::check(problems, (files, left_out))
}

/// Whether it is neither hidden nor a folder of `apart`; the folder itself always is.
fn is_wanted(entry: &DirEntry, apart: &[PathBuf]) -> bool {
    let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
    let is_apart = || {
        let place = entry.path().canonicalize();
        entry.file_type().is_dir() && place.is_ok_and(|place| apart.contains(&place))
    };
    entry.depth() == 0 || !(hidden || is_apart())
}

fn unreadable(folder: &Path, error: &walkdir::Error) -> Problem {
    let place = error.path().unwrap_or(folder).display();
    let reason = error.io_error().map(ToString::to_string);
    let reason = reason.unwrap_or_else(|| error.to_string());
    Problem::new(format!("cannot read the folder `{place}`: {reason}"))
}

fn left_out(what: &str, folder: &Path, others: &[PathBuf]) -> Option<String> {
    let first = others.first()?;
    let endings: BTreeSet<String> = others.iter().filter_map(|path| ending(path)).collect();
    Some(format!(
        "the {what} folder `{}` has pictures that are not read: {} that end in {}, such as `{}`; save them as PNG or JPEG",
        folder.display(),
        others.len(),
        Vec::from_iter(endings).join(", "),
        first.display()
    ))
}

/// The ending of a file's name, in lower case.
fn ending(path: &Path) -> Option<String> {
    let ending = path.extension()?.to_str()?;
    Some(ending.to_ascii_lowercase())
}
