//! The names of images, made from their paths.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use config::paths::{absolute, composed, plain};
use config::{Problem, Problems};
use store::digest_file;

/// Hexadecimal digits of a file's digest that tell two images of one name apart.
const DIGEST_DIGITS: usize = 8;

/// An image file with its name, and what that name was before a digest was added.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) base: String,
    pub(crate) path: PathBuf,
}

/// The files with their names, sorted by name, no two equal.
pub(crate) fn name_all(folder: &Path, paths: Vec<PathBuf>) -> Result<Vec<Named>, Problems> {
    let mut problems = Vec::new();
    let mut groups: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in paths {
        match base_name(folder, &path) {
            Ok(base) => groups.entry(base).or_default().push(path),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(same_letters(&groups));
    let mut named: BTreeMap<String, Named> = BTreeMap::new();
    for (base, paths) in groups {
        let shared = paths.len() > 1;
        for path in paths {
            let name = match shared.then(|| with_digest(&base, &path)) {
                None => base.clone(),
                Some(Ok(name)) => name,
                Some(Err(problem)) => {
                    problems.push(problem);
                    continue;
                }
            };
            let entry = Named {
                name: name.clone(),
                base: base.clone(),
                path,
            };
            if let Some(other) = named.insert(name, entry) {
                problems.push(same_name(&other, &named[&other.name].path));
            }
        }
    }
    Problems::check(problems, named.into_values().collect())
}

fn same_name(one: &Named, other: &Path) -> Problem {
    let title = format!(
        "two images have the name `{}`: `{}` and `{}`",
        one.name,
        one.path.display(),
        other.display()
    );
    Problem::new(title).help("rename one, or remove it where the files are equal")
}

/// A problem for each two images whose names a person cannot tell apart.
fn same_letters(groups: &BTreeMap<String, Vec<PathBuf>>) -> Vec<Problem> {
    let mut letters: BTreeMap<String, &Path> = BTreeMap::new();
    let mut problems = Vec::new();
    for (base, paths) in groups.iter().filter(|(base, _)| !base.is_ascii()) {
        let path = &*paths[0];
        if let Some(other) = letters.insert(composed(base), path) {
            let title = format!(
                "the names of the images `{}` and `{}` have the same letters: only their Unicode forms differ (NFC and NFD)",
                other.display(),
                path.display()
            );
            problems.push(
                Problem::new(title).help("rename one, or remove it where the files are equal"),
            );
        }
    }
    problems
}

fn with_digest(base: &str, path: &Path) -> Result<String, Problem> {
    let digest = digest_file(path).map_err(|error| {
        Problem::new(format!(
            "cannot read the image `{}`: {error}",
            path.display()
        ))
    })?;
    Ok(format!("{base}~{}", &digest.to_hex()[..DIGEST_DIGITS]))
}

/// The path without the folder that it is in, where it is in there.
fn below(folder: &Path, path: &Path) -> PathBuf {
    let spelled = path.strip_prefix(folder).ok();
    if let Some(below) = spelled.filter(|below| below.is_relative()) {
        return below.to_path_buf();
    }
    // A manifest may give absolute paths of images in a folder whose own path is relative.
    let (folder, whole) = (plain(&absolute(folder)), plain(&absolute(path)));
    whole.strip_prefix(folder).unwrap_or(path).to_path_buf()
}

/// The path below `folder` without its ending, `/` as `__`.
pub(crate) fn base_name(folder: &Path, path: &Path) -> Result<String, Problem> {
    let below = below(folder, path).with_extension("");
    // An image outside of the folder has its whole path as its name, without the root.
    let names = below.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_str()),
        _ => None,
    });
    let parts: Option<Vec<&str>> = names.collect();
    parts.map(|parts| parts.join("__")).ok_or_else(|| {
        let title = format!(
            "the name of the file `{}` is not UTF-8 text",
            path.display()
        );
        Problem::new(title).help("rename it, because every table contains the names of images")
    })
}
