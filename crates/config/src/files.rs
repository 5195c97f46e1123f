//! Paths at the keys of a section.

use std::path::{Path, PathBuf};

use crate::paths::below;
use crate::problem::nearest;
use crate::scalars::found;
use crate::section::{Section, Written};

/// What may stand at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An existing file.
    File,
    /// A file, or nothing yet.
    NewFile,
    /// An existing folder.
    Folder,
    /// A folder, or nothing yet.
    NewFolder,
}

impl Kind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::File | Self::NewFile => "file",
            Self::Folder | Self::NewFolder => "folder",
        }
    }

    fn fits(self, path: &Path) -> bool {
        match self {
            Self::File => path.is_file(),
            Self::NewFile => path.is_file() || !path.exists(),
            Self::Folder => path.is_dir(),
            Self::NewFolder => path.is_dir() || !path.exists(),
        }
    }
}

impl Section<'_> {
    /// A path; one without a default is required.
    pub fn path(&mut self, key: &'static str, default: Option<PathBuf>, kind: Kind) -> PathBuf {
        let default = default.map(|path| self.reader.folder.join(path));
        let read = |section: &Self, value: &Written<'_>| section.existing(key, kind, value);
        self.value(key, default, read).unwrap_or_default()
    }

    /// A path that is required, or a word that stands for something else; none for the word.
    pub fn path_or_word(&mut self, key: &'static str, kind: Kind, word: &str) -> Option<PathBuf> {
        let read = |section: &Self, value: &Written<'_>| {
            if value.get_ref().as_str() == Some(word) {
                return Some(None);
            }
            section.existing(key, kind, value).map(Some)
        };
        self.value(key, None, read).unwrap_or_default()
    }

    /// Notes that a path which is written must be there after all; asks for nothing.
    pub fn must_exist(&self, key: &str, kind: Kind) {
        if let Some(value) = self.table.get(key) {
            self.existing(key, kind, value);
        }
    }

    fn existing(&self, key: &str, kind: Kind, value: &Written<'_>) -> Option<PathBuf> {
        let word = kind.word();
        let Some(written) = value.get_ref().as_str().filter(|text| !text.is_empty()) else {
            let expected = format!("`{key}` must be the path of a {word}, in quotes");
            self.wrong(key, expected, found(value.get_ref()));
            return None;
        };
        let path = below(&self.reader.folder, written);
        if kind.fits(&path) {
            return Some(path);
        }
        let shown = path.display();
        if path.exists() {
            let title = format!("`{key}` must be a {word}, but `{shown}` is not one");
            self.wrong(key, title, format!("expected a {word}"));
            return None;
        }
        let label = similar(&path).map_or_else(
            || "paths start at the folder of this file".to_owned(),
            |name| format!("did you mean `{name}`?"),
        );
        self.wrong(key, format!("`{key}`: there is no {word} `{shown}`"), label);
        None
    }
}

/// The entry of the path's folder whose name is nearest to the path's own.
fn similar(path: &Path) -> Option<String> {
    let written = path.file_name()?.to_str()?;
    let entries = std::fs::read_dir(path.parent()?).ok()?;
    let names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    nearest(written, names.iter().map(String::as_str)).map(str::to_owned)
}
