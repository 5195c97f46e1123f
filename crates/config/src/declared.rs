//! Settings that are declared once: a struct says the name, type, range, unit, default and meaning of each, and [`settings!`](crate::settings) derives
//! from it how the section is read and how `docs/settings.md` describes it.

use std::fmt::Write;
use std::ops::{Bound, RangeBounds, RangeInclusive};
use std::path::PathBuf;

use crate::choice::{Choice, names};
use crate::files::Kind;
use crate::scalars::describe;
use crate::section::Section;

/// A type of value that a key may have.
pub trait Value: Sized {
    /// What narrows its values down, such as a range.
    type Limits;

    /// Reads it; a key without a default is required. What is wrong is noted, and any value given.
    fn read(
        section: &mut Section<'_>,
        key: &'static str,
        default: Option<Self>,
        limits: Self::Limits,
    ) -> Self;

    /// Which values there are, such as "a whole number from 1 to 9".
    fn takes(limits: &Self::Limits) -> String;

    /// How it is written in `pipeline.toml`.
    fn written(&self) -> String;
}

/// A setting, as documents describe it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its key.
    pub key: &'static str,
    /// What it means, in lines.
    pub meaning: String,
    /// Which values it takes, with their unit.
    pub takes: String,
    /// The value of a key that is not written; without one the key is required.
    pub default: Option<String>,
}

/// The settings of a section, or of a part of one.
pub trait Declared: Sized {
    /// What they are for.
    const ABOUT: &'static str;

    /// Reads them. The section may have other keys, so the caller finishes it.
    fn read(section: &mut Section<'_>) -> Self;

    /// What they are, in the order of the struct.
    fn settings() -> Vec<Setting>;
}

/// Bounds of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits(Bound<f64>, Bound<f64>);

impl Limits {
    /// Above a number, and at most another.
    pub const fn above(low: f64, high: f64) -> Self {
        Self(Bound::Excluded(low), Bound::Included(high))
    }

    /// At least a number, and below another.
    pub const fn below(low: f64, high: f64) -> Self {
        Self(Bound::Included(low), Bound::Excluded(high))
    }
}

impl From<RangeInclusive<f64>> for Limits {
    fn from(range: RangeInclusive<f64>) -> Self {
        Self(
            Bound::Included(*range.start()),
            Bound::Included(*range.end()),
        )
    }
}

impl RangeBounds<f64> for Limits {
    fn start_bound(&self) -> Bound<&f64> {
        self.0.as_ref()
    }

    fn end_bound(&self) -> Bound<&f64> {
        self.1.as_ref()
    }
}

macro_rules! whole {
    ($type:ty) => {
        impl Value for $type {
            type Limits = RangeInclusive<Self>;

            fn read(
                section: &mut Section<'_>,
                key: &'static str,
                default: Option<Self>,
                limits: Self::Limits,
            ) -> Self {
                section.integer(key, default, limits)
            }

            fn takes(limits: &Self::Limits) -> String {
                let (low, high) = (limits.start(), limits.end());
                match *high {
                    Self::MAX => format!("a whole number of at least {low}"),
                    _ => format!("a whole number from {low} to {high}"),
                }
            }

            fn written(&self) -> String {
                self.to_string()
            }
        }
    };
}

whole!(u32);
whole!(u64);

impl Value for f64 {
    type Limits = Limits;

    fn read(
        section: &mut Section<'_>,
        key: &'static str,
        default: Option<Self>,
        limits: Limits,
    ) -> Self {
        section.number(key, default, limits)
    }

    fn takes(limits: &Limits) -> String {
        format!("a number{}", describe(limits))
    }

    fn written(&self) -> String {
        format!("{self:?}")
    }
}

impl Value for [f64; 3] {
    type Limits = Limits;

    fn read(
        section: &mut Section<'_>,
        key: &'static str,
        default: Option<Self>,
        limits: Limits,
    ) -> Self {
        section.colour(key, default, limits)
    }

    fn takes(limits: &Limits) -> String {
        format!("three numbers (red, green, blue), each{}", describe(limits))
    }

    fn written(&self) -> String {
        format!("{self:?}")
    }
}

impl Value for bool {
    type Limits = ();

    fn read(section: &mut Section<'_>, key: &'static str, default: Option<Self>, (): ()) -> Self {
        section.flag(key, default)
    }

    fn takes((): &()) -> String {
        "true or false".to_owned()
    }

    fn written(&self) -> String {
        self.to_string()
    }
}

impl Value for String {
    type Limits = ();

    fn read(section: &mut Section<'_>, key: &'static str, default: Option<Self>, (): ()) -> Self {
        section.text(key, default.as_deref())
    }

    fn takes((): &()) -> String {
        "a text".to_owned()
    }

    fn written(&self) -> String {
        format!("{self:?}")
    }
}

impl Value for PathBuf {
    type Limits = Kind;

    fn read(
        section: &mut Section<'_>,
        key: &'static str,
        default: Option<Self>,
        kind: Kind,
    ) -> Self {
        section.path(key, default, kind)
    }

    fn takes(kind: &Kind) -> String {
        format!("the path of a {}", kind.word())
    }

    fn written(&self) -> String {
        format!("{:?}", self.display().to_string())
    }
}

impl<T: Choice> Value for T {
    type Limits = ();

    fn read(section: &mut Section<'_>, key: &'static str, default: Option<Self>, (): ()) -> Self {
        section.choice(key, default)
    }

    fn takes((): &()) -> String {
        any_of::<T>()
    }

    fn written(&self) -> String {
        format!("{:?}", self.name())
    }
}

impl<T: Choice> Value for Vec<T> {
    type Limits = ();

    fn read(section: &mut Section<'_>, key: &'static str, default: Option<Self>, (): ()) -> Self {
        section.choices(key, default.unwrap_or_default())
    }

    fn takes((): &()) -> String {
        format!("a list of {}", any_of::<T>())
    }

    fn written(&self) -> String {
        let names: Vec<&str> = self.iter().map(|one| one.name()).collect();
        format!("{names:?}")
    }
}

/// A value that may be left out, where that means something of its own.
impl<T: Value> Value for Option<T> {
    type Limits = T::Limits;

    fn read(
        section: &mut Section<'_>,
        key: &'static str,
        _: Option<Self>,
        limits: T::Limits,
    ) -> Self {
        if section.has(key) {
            return Some(T::read(section, key, None, limits));
        }
        section.unchecked(key);
        None
    }

    fn takes(limits: &T::Limits) -> String {
        T::takes(limits)
    }

    fn written(&self) -> String {
        self.as_ref().map_or_else(String::new, T::written)
    }
}

/// All names of a choice: `"a"`, `"b"` or `"c"`.
fn any_of<T: Choice>() -> String {
    let names: Vec<String> = names::<T>()
        .iter()
        .map(|name| format!("{name:?}"))
        .collect();
    match &names[..] {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => names.concat(),
    }
}

/// Declares a struct of settings, documented and public, and implements [`Declared`](crate::Declared) for it.
///
/// ```
/// config::settings! {
///     /// How it is done.
///     #[derive(Clone, Copy)]
///     pub struct Settings {
///         /// How often.
///         runs: u32 [1..=100] = 10;
///         /// How far.
///         distance: f64 [0.0..=9.0, "pixels"];
///         /// How many at a time.
///         threads: Option<u32> [1..=8] = None => "as many as there are";
///     }
/// }
/// ```
///
/// In brackets stand the limits that the type asks for and the unit; behind `=` the default, without which the key is required; behind `=>` how
/// documents describe a default that has no value of its own.
#[macro_export]
macro_rules! settings {
    (
        $(#[doc = $about:literal])+
        $(#[derive($($derived:ident),+)])?
        $vis:vis struct $name:ident {
            $(
                $(#[doc = $meaning:literal])+
                $key:ident: $type:ty $([$limits:expr $(, $unit:literal)?])? $(= $default:expr $(=> $shown:literal)?)?;
            )*
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, PartialEq $(, $($derived),+)?)]
        $vis struct $name {
            $($(#[doc = $meaning])+ $vis $key: $type,)*
        }

        impl $crate::Declared for $name {
            const ABOUT: &'static str = concat!($($about, "\n"),+);

            fn read(section: &mut $crate::Section<'_>) -> Self {
                let _ = &section;
                Self {
                    $($key: $crate::Value::read(
                        section,
                        stringify!($key),
                        $crate::settings!(@default $($default)?),
                        $crate::settings!(@limits $($limits)?),
                    ),)*
                }
            }

            fn settings() -> Vec<$crate::Setting> {
                vec![$({
                    let limits: <$type as $crate::Value>::Limits = $crate::settings!(@limits $($limits)?);
                    let takes = <$type as $crate::Value>::takes(&limits);
                    let units: &[&str] = &[$($($unit)?)?];
                    let default: Option<$type> = $crate::settings!(@default $($default)?);
                    let shown: &[&str] = &[$($($shown)?)?];
                    $crate::Setting::new(stringify!($key), concat!($($meaning, "\n"),+), takes, units, default, shown)
                }),*]
            }
        }
    };
    (@limits) => { () };
    (@limits $limits:expr) => { $limits.into() };
    (@default) => { None };
    (@default $default:expr) => { Some($default) };
}

impl Setting {
    /// Of what [`settings!`](crate::settings) read.
    pub fn new<T: Value>(
        key: &'static str,
        meaning: &str,
        takes: String,
        units: &[&str],
        default: Option<T>,
        shown: &[&str],
    ) -> Self {
        let takes = units
            .iter()
            .fold(takes, |takes, unit| format!("{takes}, {unit}"));
        let written = default.map(|default| format!("`{}`", default.written()));
        Self {
            key,
            meaning: plain(meaning),
            takes,
            default: shown.first().map(|&shown| shown.to_owned()).or(written),
        }
    }
}

/// Settings as a table of Markdown.
pub fn table(settings: &[Setting]) -> String {
    let mut table = "| key | takes | default | meaning |\n|---|---|---|---|\n".to_owned();
    for Setting {
        key,
        meaning,
        takes,
        default,
    } in settings
    {
        let default = default.as_deref().unwrap_or("required");
        let cells =
            [&format!("`{key}`"), takes, default, meaning].map(|cell| cell.replace('|', "\\|"));
        let _ = writeln!(table, "| {} |", cells.join(" | "));
    }
    table
}

/// A doc comment as running text.
pub fn plain(comment: &str) -> String {
    let lines: Vec<&str> = comment.lines().map(str::trim).collect();
    lines.join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Problem, Reader, Source};

    crate::settings! {
        /// An example,
        /// in two lines.
        #[derive(Clone)]
        struct Example {
            /// How often.
            runs: u32 [1..=100] = 10;
            /// How far | wide.
            distance: f64 [Limits::above(0.0, 9.0), "pixels"];
            /// How many at a time.
            threads: Option<u32> [1..=8] = None => "as many as there are";
            /// Whether.
            flag: bool = true;
        }
    }

    fn read(text: &str) -> Result<Example, crate::Problems> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file.as_file(), text.as_bytes()).unwrap();
        let source = Source::read(file.path(), "the example").map_err(|error: Problem| error)?;
        Reader::new(source).read(|_, mut root| {
            let example = Example::read(&mut root);
            root.finish();
            example
        })
    }

    #[test]
    fn a_declaration_is_read() {
        let example = read("distance = 3\nthreads = 2").unwrap();
        let expected = Example {
            runs: 10,
            distance: 3.0,
            threads: Some(2),
            flag: true,
        };
        assert_eq!(example, expected);
        assert_eq!(read("distance = 1").unwrap().threads, None);
    }

    #[test]
    fn every_limit_and_every_required_key_holds() {
        let wrong = |text: &str| {
            read(text)
                .unwrap_err()
                .iter()
                .map(Problem::message)
                .collect::<Vec<_>>()
                .join("; ")
        };
        assert_eq!(
            wrong("runs = 0\ndistance = 0\nthreads = 9\nflag = 1"),
            "`runs` must be a whole number from 1 to 100; `distance` must be a number above 0 and at most 9; \
             `threads` must be a whole number from 1 to 8; `flag` must be true or false, without quotes"
        );
        assert_eq!(wrong("run = 1\ndistance = 1"), "unknown section `run`");
        assert!(wrong("").contains("needs the key `distance`"));
    }

    #[test]
    fn a_declaration_is_described() {
        assert_eq!(plain(Example::ABOUT), "An example, in two lines.");
        assert_eq!(
            table(&Example::settings()),
            "| key | takes | default | meaning |\n|---|---|---|---|\n\
             | `runs` | a whole number from 1 to 100 | `10` | How often. |\n\
             | `distance` | a number above 0 and at most 9, pixels | required | How far \\| wide. |\n\
             | `threads` | a whole number from 1 to 8 | as many as there are | How many at a time. |\n\
             | `flag` | true or false | `true` | Whether. |\n"
        );
    }
}
