//! Values by name, in little memory and in few pieces of it, because planning a large study makes millions of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Text that mostly is a constant of the program.
pub(crate) type Text = Cow<'static, str>;

/// Room for the names of most preimages.
const ROOM: usize = 8;

/// Values by name, in the order of the names' bytes. Not a map of the standard library, whose nodes are larger than most of these.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Values(Vec<(Text, Value)>);

impl Values {
    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Value> {
        Some(&self.0[self.place(name).ok()?].1)
    }

    /// All names with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// All names.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// Sets the value of a name.
    pub(crate) fn insert(&mut self, name: Text, value: Value) {
        match self.place(&name) {
            Ok(place) => self.0[place].1 = value,
            Err(place) => {
                if self.0.is_empty() {
                    self.0.reserve(ROOM);
                }
                self.0.insert(place, (name, value));
            }
        }
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (**other).cmp(name))
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sorted = BTreeMap::deserialize(deserializer)?;
        Ok(Self(sorted.into_iter().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_a_later_value_replaces_an_earlier_one() {
        let mut values = Values::default();
        for (name, value) in [("b", 1), ("a", 2), ("b", 3), ("", 4)] {
            values.insert(name.into(), value.into());
        }
        let text = serde_json::to_string(&values).unwrap();
        assert_eq!(text, r#"{"":4,"a":2,"b":3}"#);
        let mixed: Values = serde_json::from_str(r#"{"b":3,"":4,"a":2}"#).unwrap();
        assert_eq!(mixed, values);
        assert_eq!((values.get("b"), values.get("c")), (Some(&3.into()), None));
    }
}
