//! A strict reader of TOML tables that goes on after a mistake.
//!
//! A [`Section`] hands out its keys one by one. Whatever is wrong is noted in the [`Reader`], and the caller gets a
//! value of the right type all the same, so that it can read on; the study that such values end up in is thrown away,
//! because a reader with problems returns nothing else. [`Section::finish`] notes the keys that nobody asked for.

use std::cell::RefCell;
use std::ops::{Bound, Range, RangeBounds, RangeInclusive};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use crate::name::Name;
use crate::paths::below;
use crate::problem::{Problem, Problems, Source, listed, nearest};

/// A closed set of names, each of which stands for a value.
pub trait Choice: Copy + PartialEq + 'static {
    /// What is chosen, in the singular, for messages: "sampler".
    const WHAT: &'static str;
    /// Every name with its value.
    const ALL: &'static [(&'static str, Self)];

    /// The name of this value in `pipeline.toml`.
    fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, value)| *value == self);
        found.map_or("", |(name, _)| name)
    }
}

/// One TOML file while it is read: its text, and what was found wrong so far.
pub(crate) struct Reader {
    source: Arc<Source>,
    folder: PathBuf,
    problems: RefCell<Vec<Problem>>,
}

impl Reader {
    /// Paths in the file are relative to the file's own folder.
    pub(crate) fn new(source: Arc<Source>) -> Self {
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
    pub(crate) fn read<T>(self, read: impl FnOnce(&Self, Section<'_>) -> T) -> Result<T, Problems> {
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

    fn note(&self, problem: Problem, span: Range<usize>) {
        self.problems
            .borrow_mut()
            .push(problem.at(&self.source, span));
    }
}

/// What may stand at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A file that is there.
    File,
    /// A file, or nothing yet.
    NewFile,
    /// A folder that is there.
    Folder,
    /// A folder, or nothing yet.
    NewFolder,
}

impl Kind {
    fn word(self) -> &'static str {
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

/// One table of the file. Every key is asked for once; then comes [`Section::finish`] or [`Section::abandon`].
pub(crate) struct Section<'a> {
    reader: &'a Reader,
    name: String,
    header: Range<usize>,
    table: &'a DeTable<'a>,
    known: Vec<&'static str>,
    missing: Vec<&'static str>,
}

type Value<'a> = Spanned<DeValue<'a>>;

impl<'a> Section<'a> {
    fn new(reader: &'a Reader, name: String, header: Range<usize>, table: &'a DeTable<'a>) -> Self {
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
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// Whether a text is written at the key; asks for nothing.
    pub(crate) fn has_text(&self, key: &str) -> bool {
        let value = self.table.get(key);
        value.is_some_and(|value| value.get_ref().as_str().is_some())
    }

    /// Notes a mistake at the value of `key`, or at the section's head where the key is not written.
    pub(crate) fn wrong(&self, key: &str, title: impl AsRef<str>, label: impl AsRef<str>) {
        let span = self
            .table
            .get(key)
            .map_or_else(|| self.header.clone(), Spanned::span);
        self.reader.note(Problem::new(title).label(label), span);
    }

    /// The value of a key, for `read`, which notes what is wrong with it and returns `None` then. `default` stands
    /// for a key that is not written; without one the key is required.
    fn value<T>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        read: impl FnOnce(&Self, &'a Value<'a>) -> Option<T>,
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

    /// A whole number within `range`.
    pub(crate) fn integer<T>(
        &mut self,
        key: &'static str,
        default: Option<T>,
        range: RangeInclusive<T>,
    ) -> T
    where
        T: Copy + Into<i128> + TryFrom<i128>,
    {
        let (low, high): (i128, i128) = ((*range.start()).into(), (*range.end()).into());
        let expected = format!("`{key}` must be a whole number from {low} to {high}");
        let read = |section: &Self, value: &Value<'_>| {
            let number = integer_of(value.get_ref()).filter(|one| (low..=high).contains(one));
            let number = number.and_then(|one| T::try_from(one).ok());
            if number.is_none() {
                section.wrong(key, expected.as_str(), found(value.get_ref()));
            }
            number
        };
        self.value(key, default, read)
            .or(default)
            .unwrap_or(*range.start())
    }

    /// A whole number within `range`, where one is written.
    pub(crate) fn optional_integer(
        &mut self,
        key: &'static str,
        range: RangeInclusive<u32>,
    ) -> Option<u32> {
        if self.has(key) {
            return Some(self.integer(key, None, range));
        }
        self.unchecked(key);
        None
    }

    /// A finite number within `range`; whole numbers may be written without a point.
    pub(crate) fn number(
        &mut self,
        key: &'static str,
        default: Option<f64>,
        range: impl RangeBounds<f64>,
    ) -> f64 {
        let expected = format!("`{key}` must be a number{}", describe(&range));
        let read = |section: &Self, value: &Value<'_>| {
            let number = number_of(value.get_ref()).filter(|one| range.contains(one));
            if number.is_none() {
                section.wrong(key, expected.as_str(), found(value.get_ref()));
            }
            number
        };
        self.value(key, default, read).or(default).unwrap_or(1.0)
    }

    /// Three numbers, one for each of red, green and blue.
    pub(crate) fn colour(
        &mut self,
        key: &'static str,
        default: [f64; 3],
        range: impl RangeBounds<f64>,
    ) -> [f64; 3] {
        let limits = describe(&range);
        let expected = format!("`{key}` must be three numbers (red, green, blue), each{limits}");
        let read = |section: &Self, value: &Value<'_>| {
            let colour = value.get_ref().as_array().and_then(|array| {
                let numbers: Option<Vec<f64>> = array
                    .iter()
                    .map(|one| number_of(one.get_ref()).filter(|one| range.contains(one)))
                    .collect();
                <[f64; 3]>::try_from(numbers?).ok()
            });
            if colour.is_none() {
                section.wrong(key, expected.as_str(), found(value.get_ref()));
            }
            colour
        };
        self.value(key, Some(default), read).unwrap_or(default)
    }

    /// `true` or `false`.
    pub(crate) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let read = |section: &Self, value: &Value<'_>| {
            let flag = value.get_ref().as_bool();
            if flag.is_none() {
                let expected = format!("`{key}` must be true or false, without quotes");
                section.wrong(key, expected, found(value.get_ref()));
            }
            flag
        };
        self.value(key, Some(default), read).unwrap_or(default)
    }

    /// A text that is not empty.
    pub(crate) fn text(&mut self, key: &'static str, default: Option<&str>) -> String {
        let read = |section: &Self, value: &'a Value<'a>| {
            let text = value
                .get_ref()
                .as_str()
                .filter(|text| !text.trim().is_empty());
            if text.is_none() {
                let expected = format!("`{key}` must be a text in quotes");
                section.wrong(key, expected, found(value.get_ref()));
            }
            text.map(str::to_owned)
        };
        let default = default.map(str::to_owned);
        self.value(key, default, read).unwrap_or_default()
    }

    /// Notes `title` unless the key is not written or is that very word.
    pub(crate) fn word(&mut self, key: &'static str, word: &str, title: &str) {
        self.known.push(key);
        if let Some(value) = self.table.get(key)
            && value.get_ref().as_str() != Some(word)
        {
            self.wrong(key, title, found(value.get_ref()));
        }
    }

    /// One of the names of `T`.
    pub(crate) fn choice<T: Choice>(&mut self, key: &'static str, default: T) -> T {
        let read = |section: &Self, value: &Value<'_>| section.chosen(key, value);
        self.value(key, Some(default), read).unwrap_or(default)
    }

    /// The name that decides which other keys the section has; without it comes [`Section::abandon`].
    pub(crate) fn kind<T: Choice>(&mut self, key: &'static str) -> Option<T> {
        self.value(key, None, |section, value| section.chosen(key, value))
    }

    /// A list of names of `T`, at least one and none twice, in the order of the file.
    pub(crate) fn choices<T: Choice>(&mut self, key: &'static str, default: Vec<T>) -> Vec<T> {
        let read = |section: &Self, value: &'a Value<'a>| {
            let Some(array) = value.get_ref().as_array().filter(|array| !array.is_empty()) else {
                let expected = format!("`{key}` must be a list of at least one {}", T::WHAT);
                section.wrong(key, expected, found(value.get_ref()));
                return None;
            };
            let mut chosen = Vec::new();
            for item in array {
                let one = section.chosen::<T>(key, item)?;
                if chosen.contains(&one) {
                    let title = format!("`{}` stands twice in `{key}`", one.name());
                    let problem = Problem::new(title).label("remove it here");
                    section.reader.note(problem, item.span());
                    return None;
                }
                chosen.push(one);
            }
            Some(chosen)
        };
        self.value(key, Some(default), read).unwrap_or_default()
    }

    fn chosen<T: Choice>(&self, key: &str, value: &Value<'_>) -> Option<T> {
        let names: Vec<&str> = T::ALL.iter().map(|(name, _)| *name).collect();
        let place = self.picked(key, T::WHAT, &names, value)?;
        Some(T::ALL[place].1)
    }

    /// A name that must be one of `names`, which depend on other settings; the first of them is the default.
    pub(crate) fn one_of(
        &mut self,
        key: &'static str,
        what: &str,
        names: &'static [&'static str],
    ) -> &'static str {
        let read = |section: &Self, value: &Value<'_>| section.picked(key, what, names, value);
        let place = self.value(key, Some(0), read).unwrap_or(0);
        names[place]
    }

    /// Asks for a key whose value cannot be judged, because of a mistake elsewhere.
    pub(crate) fn unchecked(&mut self, key: &'static str) -> &'static str {
        self.known.push(key);
        ""
    }

    /// The place among `names` of the one that is written.
    fn picked(&self, key: &str, what: &str, names: &[&str], value: &Value<'_>) -> Option<usize> {
        let Some(written) = value.get_ref().as_str() else {
            let title = format!("`{key}` must name the {what}, in quotes");
            let help = format!("expected one of {}", listed(names.iter().copied()));
            let problem = Problem::new(title).label(found(value.get_ref())).help(help);
            self.reader.note(problem, value.span());
            return None;
        };
        let place = names.iter().position(|name| *name == written);
        if place.is_none() {
            let title = format!("unknown {what} `{written}`");
            let problem = suggestion(title, written, names.iter().copied());
            self.reader.note(problem, value.span());
        }
        place
    }

    /// A list of names of other sections, at least one and none twice, in the order of the file; none where the key is not written.
    pub(crate) fn names(
        &mut self,
        key: &'static str,
        what: &str,
        known: &[&Name],
    ) -> Option<Vec<Name>> {
        let read = |section: &Self, value: &'a Value<'a>| {
            let Some(array) = value.get_ref().as_array().filter(|array| !array.is_empty()) else {
                let expected = format!("`{key}` must be a list of at least one {what}");
                section.wrong(key, expected, found(value.get_ref()));
                return None;
            };
            let names: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
            let mut chosen = Vec::new();
            for item in array {
                let place = section.picked(key, what, &names, item)?;
                if chosen.contains(known[place]) {
                    let title = format!("`{}` stands twice in `{key}`", names[place]);
                    let problem = Problem::new(title).label("remove it here");
                    section.reader.note(problem, item.span());
                    return None;
                }
                chosen.push(known[place].clone());
            }
            Some(Some(chosen))
        };
        self.value(key, Some(None), read).flatten()
    }

    /// A path that is required.
    pub(crate) fn path(&mut self, key: &'static str, kind: Kind) -> PathBuf {
        let read = |section: &Self, value: &Value<'_>| section.existing(key, kind, value);
        self.value(key, None, read).unwrap_or_default()
    }

    /// A path that is required, or a word that stands for something else; none for the word.
    pub(crate) fn path_or_word(
        &mut self,
        key: &'static str,
        kind: Kind,
        word: &str,
    ) -> Option<PathBuf> {
        let read = |section: &Self, value: &Value<'_>| {
            if value.get_ref().as_str() == Some(word) {
                return Some(None);
            }
            section.existing(key, kind, value).map(Some)
        };
        self.value(key, None, read).unwrap_or_default()
    }

    /// A path that may be left out.
    pub(crate) fn optional_path(&mut self, key: &'static str, kind: Kind) -> Option<PathBuf> {
        let read = |section: &Self, value: &Value<'_>| section.existing(key, kind, value).map(Some);
        self.value(key, Some(None), read).flatten()
    }

    /// A path with a default, of a folder that may be made later.
    pub(crate) fn new_folder(&mut self, key: &'static str, default: &str) -> PathBuf {
        let default = self.reader.folder.join(default);
        let read =
            |section: &Self, value: &Value<'_>| section.existing(key, Kind::NewFolder, value);
        self.value(key, Some(default), read).unwrap_or_default()
    }

    fn existing(&self, key: &str, kind: Kind, value: &Value<'_>) -> Option<PathBuf> {
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
            let title = format!("`{key}` must be a {word}, and `{shown}` is none");
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

    /// A table inside this one; one that is not written reads as an empty one.
    pub(crate) fn section(&mut self, key: &'static str) -> Section<'a> {
        self.known.push(key);
        self.inner(self.meant(key)).unwrap_or_else(|| {
            Section::new(self.reader, self.path_of(key), self.header.clone(), empty())
        })
    }

    /// The tables inside the table `key`, by name, at least one.
    pub(crate) fn sections(&mut self, key: &'static str, what: &str) -> Vec<(Name, Section<'a>)> {
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
    pub(crate) fn table_at(&mut self, key: &'static str) -> Option<Section<'a>> {
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

    /// Notes unknown and missing keys. A missing key that an unknown one resembles is one mistake, not two.
    pub(crate) fn finish(mut self) {
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
            self.lacks(key);
        }
    }

    /// Like [`Section::finish`] where it is not known which keys the section has: notes what is missing, and no more.
    pub(crate) fn abandon(self) {
        for missing in &self.missing {
            let written = self.table.keys().map(|key| key.get_ref().as_ref());
            let meant = nearest(missing, written);
            match self.table.keys().find(|key| meant == Some(key.get_ref())) {
                Some(key) => self.unknown(key),
                None => self.lacks(missing),
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

    fn lacks(&self, key: &str) {
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
fn suggestion<'n>(
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

/// The entry of the path's folder whose name is nearest to the path's own.
fn similar(path: &Path) -> Option<String> {
    let written = path.file_name()?.to_str()?;
    let entries = std::fs::read_dir(path.parent()?).ok()?;
    let names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    nearest(written, names.iter().map(String::as_str)).map(str::to_owned)
}

fn integer_of(value: &DeValue<'_>) -> Option<i128> {
    let integer = value.as_integer()?;
    i128::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn number_of(value: &DeValue<'_>) -> Option<f64> {
    let number = match value {
        DeValue::Float(float) => float.as_str().parse().ok()?,
        other => integer_of(other)? as f64,
    };
    f64::is_finite(number).then_some(number)
}

/// "found ..." for the value that stands where another was expected.
fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.is_empty() => "found an empty text".to_owned(),
        DeValue::String(text) => format!("found the text \"{text}\""),
        DeValue::Integer(number) => format!("found {number}"),
        DeValue::Float(number) => format!("found {number}"),
        DeValue::Boolean(flag) => format!("found {flag}"),
        DeValue::Datetime(_) => "found a date".to_owned(),
        DeValue::Array(array) if array.is_empty() => "found an empty list".to_owned(),
        DeValue::Array(array) => format!("found a list of length {}", array.len()),
        DeValue::Table(_) => "found a table".to_owned(),
    }
}

/// " above 0 and at most 1", for any range of numbers.
fn describe(range: &impl RangeBounds<f64>) -> String {
    match (range.start_bound(), range.end_bound()) {
        (Bound::Included(low), Bound::Included(high)) => format!(" from {low} to {high}"),
        (low, high) => {
            let low = limit(low, "at least", "above");
            let high = limit(high, "at most", "below");
            let limits: Vec<String> = low.into_iter().chain(high).collect();
            format!(" {}", limits.join(" and "))
        }
    }
}

fn limit(bound: Bound<&f64>, included: &str, excluded: &str) -> Option<String> {
    match bound {
        Bound::Included(limit) => Some(format!("{included} {limit}")),
        Bound::Excluded(limit) => Some(format!("{excluded} {limit}")),
        Bound::Unbounded => None,
    }
}
