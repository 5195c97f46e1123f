//! Reads TOML files that people write.
//!
//! A [`Section`] hands out its keys one by one. Whatever is wrong is noted in the [`Reader`], and the caller gets a
//! value of the right type all the same, so that it can read on; the study that such values end up in is thrown away,
//! because a reader with problems returns nothing else. [`Section::finish`] notes the keys that nobody asked for.

use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::de::DeTable;

use crate::problem::{Problem, Problems, Source};
use crate::section::Section;

/// One TOML file while it is read: its text, and what was found wrong so far.
pub struct Reader {
    source: Arc<Source>,
    pub(crate) folder: PathBuf,
    problems: RefCell<Vec<Problem>>,
}

impl Reader {
    /// Paths in the file are relative to the file's own folder.
    pub fn new(source: Arc<Source>) -> Self {
        let folder = source
            .path
            .parent()
            .map_or_else(PathBuf::new, Path::to_path_buf);
        Self {
            source,
            folder,
            problems: RefCell::default(),
        }
    }

    /// Reads the whole file with `read`, or says all that is wrong with it.
    pub fn read<T>(self, read: impl FnOnce(&Self, Section<'_>) -> T) -> Result<T, Problems> {
        let source = Arc::clone(&self.source);
        let (root, errors) = DeTable::parse_recoverable(&source.text);
        for error in &errors {
            let place = error.span().unwrap_or(0..0);
            self.note(
                Problem::new("this is not TOML").label(error.message()),
                place,
            );
        }
        if !errors.is_empty() {
            return Err(Problems::from(self.problems.into_inner()));
        }
        // A key that is missing at the top level is shown at the first line.
        let value = read(
            &self,
            Section::new(&self, String::new(), 0..0, root.get_ref()),
        );
        Problems::check(self.problems.into_inner(), value)
    }

    pub(crate) fn note(&self, problem: Problem, span: Range<usize>) {
        self.problems
            .borrow_mut()
            .push(problem.at(&self.source, span));
    }
}
