//! The explanations that another tool gives of a challenge: `maps` or `relevances`, each with the digest of its crop and the class that it explains.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;

use crate::ArrayError;
use crate::archive::Archive;
use crate::array::Array;
use crate::safetensors::Tensors;
use crate::table;

/// Most explanations in a file.
const MOST: usize = 1_000_000;
/// Longest side of a map: that of the largest crop.
const LONGEST_SIDE: usize = 4096;
/// Most superpixels of a partition.
const MOST_SUPERPIXELS: usize = 65_535;
/// First digits of a digest, for messages.
const SHOWN: usize = 16;

/// What explanations are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Maps,
    Relevances,
}

impl Kind {
    /// The name of the array with their values.
    pub(crate) fn array(self) -> &'static str {
        match self {
            Self::Maps => "maps",
            Self::Relevances => "relevances",
        }
    }

    /// What a file with arrays of these names holds.
    pub(crate) fn of(names: &[&str]) -> Result<Self, ArrayError> {
        let has = |kind: Self| names.contains(&kind.array());
        match (has(Self::Maps), has(Self::Relevances)) {
            (true, false) => Ok(Self::Maps),
            (false, true) => Ok(Self::Relevances),
            (true, true) => Err(ArrayError::Both),
            (false, false) => Err(ArrayError::Missing {
                array: "maps",
                found: shown(names),
                remedy: "name the maps `maps`, or the values of superpixels `relevances`",
            }),
        }
    }

    /// Axes of an explanation.
    fn axes(self) -> usize {
        match self {
            Self::Maps => 2,
            Self::Relevances => 1,
        }
    }
}

fn shown(names: &[&str]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.join(", ")
}

/// What an explanation gives values to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A map of this height and width.
    Map([usize; 2]),
    /// So many superpixels. Values behind them fill up the array and mean nothing.
    Superpixels(usize),
}

/// An explanation, but for its values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// The class that it explains.
    pub target_class: i64,
    /// Run, from 0.
    pub run: usize,
    /// Its cost, as its tool declares.
    pub seconds: Option<f64>,
    /// How often its tool asked the network, as the tool says.
    pub passes: Option<i64>,
    /// What its values are of.
    pub shape: Shape,
}

/// A file of explanations.
#[derive(Debug)]
pub struct Answer {
    source: Source,
    kind: Kind,
    entries: Vec<Entry>,
    /// The places of the explanations of each crop, by its digest.
    places: BTreeMap<String, Vec<usize>>,
    runs: usize,
}

#[derive(Debug)]
enum Source {
    Archive(Archive),
    Tensors(Tensors),
    Table,
}

impl Source {
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Archive(archive) => archive.names().collect(),
            Self::Tensors(tensors) => tensors.names().collect(),
            Self::Table => Vec::new(),
        }
    }

    fn array<'a>(&self, file: &'a File, name: &str) -> Result<Option<Array<'a>>, ArrayError> {
        match self {
            Self::Archive(archive) => archive.array(file, name),
            Self::Tensors(tensors) => tensors.array(file, name),
            Self::Table => Ok(None),
        }
    }
}

/// Files that are read, by their endings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Npz,
    Safetensors,
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Result<Self, ArrayError> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("npz") => Ok(Self::Npz),
            Some("safetensors") => Ok(Self::Safetensors),
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(ArrayError::Ending),
        }
    }
}

impl Answer {
    /// Whether the ending of a path is that of a format which is read.
    pub fn is_read(path: &Path) -> bool {
        Format::of(path).is_ok()
    }

    /// Reads all but the values of explanations. The ending of `path` says the format.
    pub fn open(file: &File, path: &Path) -> Result<Self, ArrayError> {
        let source = match Format::of(path)? {
            Format::Npz => Source::Archive(Archive::open(file)?),
            Format::Safetensors => Source::Tensors(Tensors::open(file)?),
            Format::Parquet => {
                let read = panics::caught(|| table::entries(file));
                let (kind, entries) = read.unwrap_or_else(|| Err(ArrayError::damaged("it")))?;
                return Self::new(Source::Table, kind, entries);
            }
        };
        let kind = Kind::of(&source.names())?;
        let entries = arrays(&source, kind, file)?;
        Self::new(source, kind, entries)
    }

    fn new(
        source: Source,
        kind: Kind,
        described: Vec<(String, Entry)>,
    ) -> Result<Self, ArrayError> {
        let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut entries = Vec::with_capacity(described.len());
        for (place, (digest, entry)) in described.into_iter().enumerate() {
            check(kind, place, &entry)?;
            let digest = digest.trim().to_ascii_lowercase();
            places.entry(digest).or_default().push(place);
            entries.push(entry);
        }
        let runs = entries.iter().map(|entry| entry.run + 1);
        Ok(Self {
            source,
            kind,
            runs: runs.max().unwrap_or(0),
            entries,
            places,
        })
    }

    /// The explanation of a crop, a class and a run, in a study with so many runs: its place, for [`Answer::each`].
    pub fn find(
        &self,
        digest: &str,
        target_class: u32,
        run: usize,
        runs: usize,
    ) -> Result<(usize, Entry), ArrayError> {
        let places = self.places.get(digest);
        let places = places.ok_or_else(|| ArrayError::NoDigest {
            entries: self.entries.len(),
            digest: digest.chars().take(SHOWN).collect(),
        })?;
        let entries = || places.iter().map(|&place| (place, self.entries[place]));
        let mut of_class =
            entries().filter(|(_, entry)| entry.target_class == i64::from(target_class));
        let mut of_class = of_class.by_ref().peekable();
        if of_class.peek().is_none() {
            let found = entries().next().map_or(-1, |(_, entry)| entry.target_class);
            return Err(ArrayError::OtherClass {
                expected: target_class,
                found,
            });
        }
        if self.runs > runs {
            return Err(ArrayError::MoreRuns {
                found: self.runs,
                expected: runs,
            });
        }
        let found = of_class.find(|(_, entry)| entry.run == run);
        found.ok_or(ArrayError::NoRun {
            run,
            last: self.runs - 1,
            runs: self.runs,
        })
    }

    /// Gives the values of explanations, in the order in which they lie in the file: those of a map row by row.
    pub fn each(
        &self,
        file: &File,
        wanted: &BTreeSet<usize>,
        each: &mut dyn FnMut(usize, Vec<f64>),
    ) -> Result<(), ArrayError> {
        let is_wanted = |place: usize| wanted.contains(&place);
        let name = self.kind.array();
        if let Some(array) = self.source.array(file, name)? {
            array.each(self.kind.axes(), &is_wanted, each)
        } else {
            let read = panics::caught(|| table::each(file, self.kind, &is_wanted, each));
            read.unwrap_or_else(|| Err(ArrayError::damaged("it")))
        }
    }
}

fn check(kind: Kind, place: usize, entry: &Entry) -> Result<(), ArrayError> {
    let sized = match entry.shape {
        Shape::Map(sides) => sides.iter().all(|side| (1..=LONGEST_SIDE).contains(side)),
        Shape::Superpixels(count) => (1..=MOST_SUPERPIXELS).contains(&count),
    };
    let value = |array: &str, found: String, expected| ArrayError::Value {
        array: array.to_owned(),
        place,
        found,
        expected,
    };
    if !sized {
        return Err(match entry.shape {
            Shape::Map([height, width]) => value(
                kind.array(),
                format!("a map of {height} x {width}"),
                "sides of 1 to 4096",
            ),
            Shape::Superpixels(count) => value(
                "count",
                format!("{count} superpixels"),
                "as many as the image has, 1 to 65535",
            ),
        });
    }
    if let Some(seconds) = entry
        .seconds
        .filter(|seconds| !(0.0..=1e9).contains(seconds))
    {
        let expected = "a time in seconds";
        return Err(value("seconds", seconds.to_string(), expected));
    }
    if let Some(passes) = entry.passes.filter(|passes| *passes < 0) {
        let expected = "a number of passes from 0";
        return Err(value("passes", passes.to_string(), expected));
    }
    Ok(())
}

/// What the arrays contain for each explanation.
#[expect(
    clippy::too_many_lines,
    reason = "one check after another of what belongs together"
)]
fn arrays(source: &Source, kind: Kind, file: &File) -> Result<Vec<(String, Entry)>, ArrayError> {
    let names = source.names();
    let array = |name: &'static str, remedy: &'static str| {
        source
            .array(file, name)?
            .ok_or_else(|| ArrayError::Missing {
                array: name,
                found: shown(&names),
                remedy,
            })
    };
    let values = array(kind.array(), "save the explanations under that name")?;
    let dtype = values.header.dtype;
    if !dtype.is_float() {
        return Err(ArrayError::Type {
            array: values.name,
            expected: "float16, float32 or float64",
            found: dtype.name(),
            remedy: "save the values that the tool gives, and not a picture of them",
        });
    }
    let shape = values.header.shape.clone();
    drop(values);
    let (inner, axes) = match kind {
        Kind::Maps => (
            2,
            "[explanations, height, width], or [runs, explanations, height, width]",
        ),
        Kind::Relevances => (
            1,
            "[explanations, superpixels], or [runs, explanations, superpixels]",
        ),
    };
    let (runs, count) = match shape.len().checked_sub(inner) {
        Some(1) => (1, shape[0]),
        Some(2) => (shape[0], shape[1]),
        _ => {
            return Err(ArrayError::Axes {
                array: kind.array().to_owned(),
                expected: axes.to_owned(),
                found: shape,
            });
        }
    };
    let entries = runs.saturating_mul(count);
    if entries > MOST {
        return Err(ArrayError::TooLarge {
            array: kind.array().to_owned(),
            found: format!("{entries} explanations"),
            most: MOST.to_string(),
            remedy: "divide the study",
        });
    }
    let digests = array("digest", "copy the column `digest` of targets.csv")?;
    one_each(&digests, count, false)?;
    let digests = digests.digests()?;
    let classes = array("target_class", "copy the column `class` of targets.csv")?;
    one_each(&classes, count, true)?;
    let classes = classes.wholes()?;
    let sizes = source
        .array(file, "count")?
        .filter(|_| kind == Kind::Relevances);
    let sizes = sizes.map(|sizes| {
        one_each(&sizes, count, true)?;
        sizes.wholes()
    });
    let sizes = sizes.transpose()?;
    let seconds = declared(source, file, "seconds", [runs, count])?;
    let passes = declared(source, file, "passes", [runs, count])?;
    let last = *shape.last().unwrap_or(&0);
    let entry = |place: usize| {
        let explanation = place % count;
        let shape = match kind {
            Kind::Maps => Shape::Map([shape[shape.len() - 2], last]),
            Kind::Relevances => {
                let size = sizes
                    .as_ref()
                    .map_or(last as i64, |sizes| sizes[explanation]);
                let size = usize::try_from(size).ok().filter(|size| *size <= last);
                Shape::Superpixels(size.ok_or_else(|| {
                    ArrayError::Value {
                        array: "count".to_owned(),
                        place: explanation,
                        found: sizes
                            .as_ref()
                            .map_or(0, |sizes| sizes[explanation])
                            .to_string(),
                        expected: "at most the superpixels that `relevances` has",
                    }
                })?)
            }
        };
        let entry = Entry {
            target_class: classes[explanation],
            run: place / count,
            seconds: seconds.as_ref().map(|seconds| seconds[place]),
            passes: passes.as_ref().map(|passes| passes[place] as i64),
            shape,
        };
        Ok((digests[explanation].clone(), entry))
    };
    (0..entries).map(entry).collect()
}

/// An error unless an array has one element, or row, for each explanation.
fn one_each(array: &Array<'_>, count: usize, flat: bool) -> Result<(), ArrayError> {
    let shape = &array.header.shape;
    let fits = shape.first() == Some(&count) && (!flat || shape.len() == 1);
    if fits {
        return Ok(());
    }
    Err(ArrayError::Axes {
        array: array.name.clone(),
        expected: format!("[{count}], one element for each explanation"),
        found: shape.clone(),
    })
}

/// A cost that is declared once, for each explanation, or for each of every run: by place.
fn declared(
    source: &Source,
    file: &File,
    name: &str,
    [runs, count]: [usize; 2],
) -> Result<Option<Vec<f64>>, ArrayError> {
    let Some(array) = source.array(file, name)? else {
        return Ok(None);
    };
    let (shape, fortran) = (array.header.shape.clone(), array.header.fortran);
    let at: Box<dyn Fn(usize) -> usize> = match &shape[..] {
        [] => Box::new(|_| 0),
        [found] if *found == count => Box::new(move |place| place % count),
        &[first, second] if [first, second] == [runs, count] => Box::new(move |place| {
            if fortran {
                place % count * runs + place / count
            } else {
                place
            }
        }),
        _ => {
            return Err(ArrayError::Axes {
                array: name.to_owned(),
                expected: format!("[{count}], or [{runs}, {count}], or none"),
                found: shape,
            });
        }
    };
    let values = array.floats()?;
    Ok(Some(
        (0..runs * count).map(|place| values[at(place)]).collect(),
    ))
}
