//! One table of a file: which keys it has, and which are unknown or missing.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::name::Name;
use crate::problem::{Problem, listed, nearest};
use crate::reader::Reader;
use crate::scalars::found;

/// One table of the file. Every key is asked for once; then comes [`Section::finish`] or [`Section::abandon`].
pub struct Section<'a> {
    pub(crate) reader: &'a Reader,
    name: String,
    header: Range<usize>,
    pub(crate) table: &'a DeTable<'a>,
    pub(crate) known: Vec<&'static str>,
    missing: Vec<&'static str>,
}

/// A value as it is written.
pub(crate) type Written<'a> = Spanned<DeValue<'a>>;

impl<'a> Section<'a> {
    pub(crate) fn new(
        reader: &'a Reader,
        name: String,
        header: Range<usize>,
        table: &'a DeTable<'a>,
    ) -> Self {
        Self {
            reader,
            name,
            header,
            table,
            known: Vec::new(),
            missing: Vec::new(),
        }
    }

    /// Whether the key is written; asks for nothing.
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether a text is written at the key; asks for nothing.
    pub fn has_text(&self, key: &str) -> bool {
        let value = self.table.get(key);
        value.is_some_and(|value| value.get_ref().as_str().is_some())
    }

    /// Notes a mistake at the value of `key`, or at the section's head where the key is not written.
    pub fn wrong(&self, key: &str, title: impl AsRef<str>, label: impl AsRef<str>) {
        let span = self
            .table
            .get(key)
            .map_or_else(|| self.header.clone(), Spanned::span);
        self.reader.note(Problem::new(title).label(label), span);
    }

    /// The value of a key, for `read`, which notes what is wrong with it and returns `None` then. `default` stands
    /// for a key that is not written; without one the key is required.
    pub(crate) fn value<T>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        read: impl FnOnce(&Self, &'a Written<'a>) -> Option<T>,
    ) -> Option<T> {
        self.known.push(key);
        match self.table.get(key) {
            Some(value) => read(self, value),
            None if default.is_none() => {
                self.missing.push(key);
                None
            }
            None => default,
        }
    }

    /// A table inside this one; one that is not written reads as an empty one.
    #[must_use]
    pub fn section(&mut self, key: &'static str) -> Section<'a> {
        self.known.push(key);
        self.inner(self.meant(key)).unwrap_or_else(|| {
            Section::new(self.reader, self.path_of(key), self.header.clone(), empty())
        })
    }

    /// The tables inside the table `key`, by name, at least one.
    pub fn sections(&mut self, key: &'static str, what: &str) -> Vec<(Name, Section<'a>)> {
        self.known.push(key);
        let written = self.meant(key);
        let outer = self.inner(written);
        if !self.has(written) || outer.as_ref().is_some_and(|outer| outer.table.is_empty()) {
            let place = outer.as_ref().map_or(0..0, |outer| outer.header.clone());
            let problem = Problem::new(format!("the study needs at least one {what}"))
                .help(format!("add a section [{key}.NAME]"));
            self.reader.note(problem, place);
        }
        outer.map_or_else(Vec::new, |outer| outer.named(what))
    }

    /// `key`, or what is written in its place: a misspelt section is one mistake, and its keys are read all the same.
    fn meant(&self, key: &'static str) -> &'a str {
        let table = self.table;
        if self.has(key) {
            return key;
        }
        nearest(key, table.keys().map(|key| key.get_ref().as_ref())).unwrap_or(key)
    }

    fn named(&self, what: &str) -> Vec<(Name, Section<'a>)> {
        let mut named = Vec::new();
        for (key, _) in self.table {
            let name = Name::new(key.get_ref());
            if name.is_none() {
                let title = format!("`{}` cannot be the name of a {what}", key.get_ref());
                let label = format!("expected {}", Name::EXPECTED);
                self.reader
                    .note(Problem::new(title).label(label), key.span());
            }
            let section = self.inner(key.get_ref());
            named.extend(name.zip(section));
        }
        named
    }

    /// The table at `key`; a value of another type is noted.
    fn inner(&self, key: &str) -> Option<Section<'a>> {
        let value = self.table.get(key)?;
        let path = self.path_of(key);
        if let Some(table) = value.get_ref().as_table() {
            return Some(Section::new(self.reader, path, value.span(), table));
        }
        let title = format!("`{path}` must be a section, written [{path}]");
        self.wrong(key, title, found(value.get_ref()));
        None
    }

    /// A table written in place of a plain value, if that is what stands at `key`.
    pub fn table_at(&mut self, key: &'static str) -> Option<Section<'a>> {
        let value = self.table.get(key)?;
        value.get_ref().as_table()?;
        self.known.push(key);
        self.inner(key)
    }

    fn path_of(&self, key: &str) -> String {
        if self.name.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.name)
        }
    }

    /// Takes note that a key is required which is not written, to be said by [`Section::finish`].
    pub fn lacks(&mut self, key: &'static str) {
        self.missing.push(key);
    }

    /// Notes unknown and missing keys. A missing key that an unknown one resembles is one mistake, not two.
    pub fn finish(mut self) {
        for key in self.table.keys() {
            let written = key.get_ref().as_ref();
            if self.known.contains(&written) {
                continue;
            }
            self.unknown(key);
            let unused = self.known.iter().copied().filter(|name| !self.has(name));
            if let Some(meant) = nearest(written, unused) {
                self.missing.retain(|name| *name != meant);
            }
        }
        for key in &self.missing {
            self.note_missing(key);
        }
    }

    /// Like [`Section::finish`] where it is not known which keys the section has: notes what is missing, and no more.
    pub fn abandon(self) {
        for missing in &self.missing {
            let written = self.table.keys().map(|key| key.get_ref().as_ref());
            let meant = nearest(missing, written);
            match self.table.keys().find(|key| meant == Some(key.get_ref())) {
                Some(key) => self.unknown(key),
                None => self.note_missing(missing),
            }
        }
    }

    fn unknown(&self, key: &Spanned<DeString<'_>>) {
        let written = key.get_ref();
        let title = if self.name.is_empty() {
            format!("unknown section `{written}`")
        } else {
            format!("unknown key `{written}` in [{}]", self.name)
        };
        let problem = if self.known.is_empty() {
            Problem::new(title).label("this section takes no keys")
        } else {
            suggestion(title, written, self.known.iter().copied())
        };
        self.reader.note(problem, key.span());
    }

    fn note_missing(&self, key: &str) {
        let title = format!("[{}] needs the key `{key}`", self.name);
        let problem = Problem::new(title).label(format!("`{key}` is missing here"));
        self.reader.note(problem, self.header.clone());
    }
}

/// A table without keys, for sections that are not written.
fn empty() -> &'static DeTable<'static> {
    static EMPTY: std::sync::OnceLock<DeTable<'static>> = std::sync::OnceLock::new();
    EMPTY.get_or_init(DeTable::new)
}

/// A problem with the nearest of `names` beside the caret and all of them below.
pub(crate) fn suggestion<'n>(
    title: String,
    written: &str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Problem {
    let problem = Problem::new(title).help(format!("expected one of {}", listed(names.clone())));
    match nearest(written, names) {
        Some(name) => problem.label(format!("did you mean `{name}`?")),
        None => problem.label("there is no such name"),
    }
}
