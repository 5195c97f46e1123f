//! Numbers, texts and names at the keys of a section.

use std::ops::{Bound, RangeBounds, RangeInclusive};

use toml::de::DeValue;

use crate::choice::{Choice, names};
use crate::name::Name;
use crate::problem::{Problem, listed};
use crate::section::{Section, Written, suggestion};

impl<'a> Section<'a> {
    /// A whole number within `range`.
    pub fn integer<T>(
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
        let read = |section: &Self, value: &Written<'_>| {
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

    /// A finite number within `range`; whole numbers may be written without a point.
    pub fn number(
        &mut self,
        key: &'static str,
        default: Option<f64>,
        range: impl RangeBounds<f64>,
    ) -> f64 {
        let expected = format!("`{key}` must be a number{}", describe(&range));
        let read = |section: &Self, value: &Written<'_>| {
            let number = number_of(value.get_ref()).filter(|one| range.contains(one));
            if number.is_none() {
                section.wrong(key, expected.as_str(), found(value.get_ref()));
            }
            number
        };
        self.value(key, default, read).or(default).unwrap_or(1.0)
    }

    /// Three numbers, one for each of red, green and blue.
    pub fn colour(
        &mut self,
        key: &'static str,
        default: Option<[f64; 3]>,
        range: impl RangeBounds<f64>,
    ) -> [f64; 3] {
        let limits = describe(&range);
        let expected = format!("`{key}` must be three numbers (red, green, blue), each{limits}");
        let read = |section: &Self, value: &Written<'_>| {
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
        self.value(key, default, read)
            .or(default)
            .unwrap_or_default()
    }

    /// `true` or `false`.
    pub fn flag(&mut self, key: &'static str, default: Option<bool>) -> bool {
        let read = |section: &Self, value: &Written<'_>| {
            let flag = value.get_ref().as_bool();
            if flag.is_none() {
                let expected = format!("`{key}` must be true or false, without quotes");
                section.wrong(key, expected, found(value.get_ref()));
            }
            flag
        };
        self.value(key, default, read)
            .or(default)
            .unwrap_or_default()
    }

    /// A text that is not empty.
    pub fn text(&mut self, key: &'static str, default: Option<&str>) -> String {
        let read = |section: &Self, value: &'a Written<'a>| {
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
    pub fn word(&mut self, key: &'static str, word: &str, title: &str) {
        self.known.push(key);
        if let Some(value) = self.table.get(key)
            && value.get_ref().as_str() != Some(word)
        {
            self.wrong(key, title, found(value.get_ref()));
        }
    }

    /// One of the names of `T`.
    pub fn choice<T: Choice>(&mut self, key: &'static str, default: Option<T>) -> T {
        let read = |section: &Self, value: &Written<'_>| section.chosen(key, value);
        let chosen = self.value(key, default, read);
        chosen.or(default).unwrap_or(T::ALL[0])
    }

    /// The name that decides which other keys the section has; without it comes [`Section::abandon`].
    pub fn kind<T: Choice>(&mut self, key: &'static str) -> Option<T> {
        self.value(key, None, |section, value| section.chosen(key, value))
    }

    /// A list of names of `T`, at least one and none twice, in the order of the file.
    pub fn choices<T: Choice>(&mut self, key: &'static str, default: Vec<T>) -> Vec<T> {
        let read = |section: &Self, value: &'a Written<'a>| {
            let places = section.places(key, T::WHAT, &names::<T>(), value)?;
            Some(places.into_iter().map(|place| T::ALL[place]).collect())
        };
        self.value(key, Some(default), read).unwrap_or_default()
    }

    fn chosen<T: Choice>(&self, key: &str, value: &Written<'_>) -> Option<T> {
        let place = self.picked(key, T::WHAT, &names::<T>(), value)?;
        Some(T::ALL[place])
    }

    /// Asks for a key whose value cannot be judged, because of a mistake elsewhere.
    pub fn unchecked(&mut self, key: &'static str) {
        self.known.push(key);
    }

    /// The place among `names` of the one that is written.
    fn picked(&self, key: &str, what: &str, names: &[&str], value: &Written<'_>) -> Option<usize> {
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
    pub fn names(&mut self, key: &'static str, what: &str, known: &[&Name]) -> Option<Vec<Name>> {
        let read = |section: &Self, value: &'a Written<'a>| {
            let names: Vec<&str> = known.iter().map(|name| name.as_str()).collect();
            let places = section.places(key, what, &names, value)?;
            Some(Some(
                places
                    .into_iter()
                    .map(|place| known[place].clone())
                    .collect(),
            ))
        };
        self.value(key, Some(None), read).flatten()
    }

    /// A list of texts, at least one and none empty, in the order of the file; none where the key is not written.
    pub fn texts(&mut self, key: &'static str, what: &str) -> Option<Vec<String>> {
        let read = |section: &Self, value: &'a Written<'a>| {
            let texts = value.get_ref().as_array().and_then(|array| {
                let texts = array.iter().map(|item| item.get_ref().as_str());
                texts.collect::<Option<Vec<&str>>>()
            });
            let meant = |texts: &Vec<&str>| !texts.is_empty() && !texts.contains(&"");
            let Some(texts) = texts.filter(meant) else {
                let expected = format!("`{key}` must be a list of at least one {what}, in quotes");
                section.wrong(key, expected, found(value.get_ref()));
                return None;
            };
            Some(Some(texts.into_iter().map(str::to_owned).collect()))
        };
        self.value(key, Some(None), read).flatten()
    }

    /// The places among `names` of those in a list.
    fn places(
        &self,
        key: &str,
        what: &str,
        names: &[&str],
        value: &Written<'_>,
    ) -> Option<Vec<usize>> {
        let Some(array) = value.get_ref().as_array().filter(|array| !array.is_empty()) else {
            let expected = format!("`{key}` must be a list of at least one {what}");
            self.wrong(key, expected, found(value.get_ref()));
            return None;
        };
        let mut places = Vec::new();
        for item in array {
            let place = self.picked(key, what, names, item)?;
            if places.contains(&place) {
                let title = format!("`{}` is listed twice in `{key}`", names[place]);
                let problem = Problem::new(title).label("remove it here");
                self.reader.note(problem, item.span());
                return None;
            }
            places.push(place);
        }
        Some(places)
    }
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
pub(crate) fn found(value: &DeValue<'_>) -> String {
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
pub(crate) fn describe(range: &impl RangeBounds<f64>) -> String {
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
