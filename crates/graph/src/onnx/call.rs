//! An operator applied: its attributes, and the names that it reads.

use super::builder::Builder;
use super::messages::{Attribute, Node};

/// A node, and the version of the operators that the file uses.
pub(super) struct Call<'n, 'a> {
    pub(super) node: &'n Node<'a>,
    pub(super) opset: i64,
}

impl<'a> Call<'_, 'a> {
    /// The name of an input, where it is not left out.
    pub(super) fn input(&self, place: usize) -> Option<&'a str> {
        self.node
            .inputs
            .get(place)
            .copied()
            .filter(|name| !name.is_empty())
    }

    pub(super) fn need(&self, place: usize) -> Result<&'a str, String> {
        self.input(place)
            .ok_or_else(|| format!("it has no input {place}"))
    }

    /// How many results somebody may read.
    pub(super) fn count(&self) -> usize {
        let last = self.node.outputs.iter().rposition(|name| !name.is_empty());
        last.map_or(0, |last| last + 1)
    }

    fn attribute<T>(
        &self,
        name: &str,
        read: impl Fn(&Attribute<'a>) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        self.node
            .attribute(name)?
            .map(|attribute| read(&attribute))
            .transpose()
    }

    pub(super) fn int(&self, name: &str, default: i64) -> Result<i64, String> {
        Ok(self.attribute(name, Attribute::int)?.unwrap_or(default))
    }

    pub(super) fn maybe_int(&self, name: &str) -> Result<Option<i64>, String> {
        self.attribute(name, Attribute::int)
    }

    pub(super) fn real(&self, name: &str, default: f64) -> Result<f64, String> {
        Ok(self.maybe_real(name)?.unwrap_or(default))
    }

    pub(super) fn maybe_real(&self, name: &str) -> Result<Option<f64>, String> {
        self.attribute(name, Attribute::real)
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        self.attribute(name, Attribute::text)
    }

    pub(super) fn ints(&self, name: &str) -> Result<Option<Vec<i64>>, String> {
        self.attribute(name, Attribute::ints)
    }

    pub(super) fn reals(&self, name: &str) -> Result<Option<Vec<f64>>, String> {
        self.attribute(name, Attribute::reals)
    }

    /// The message of a tensor.
    pub(super) fn tensor(&self, name: &str) -> Result<Option<&'a [u8]>, String> {
        self.attribute(name, Attribute::tensor)
    }

    /// Integers that older versions have as an attribute and newer ones as an input.
    pub(super) fn moved_ints(
        &self,
        name: &str,
        place: usize,
        builder: &mut Builder<'a>,
    ) -> Result<Option<Vec<i64>>, String> {
        if let Some(ints) = self.ints(name)? {
            return Ok(Some(ints));
        }
        self.input(place)
            .map(|input| builder.need_ints(input, name))
            .transpose()
    }

    /// A list of `count` numbers, or the same number for all.
    pub(super) fn each(&self, name: &str, count: usize, default: i64) -> Result<Vec<i64>, String> {
        let ints = self.ints(name)?.unwrap_or_else(|| vec![default; count]);
        if ints.len() == count {
            Ok(ints)
        } else {
            Err(format!(
                "its attribute `{name}` has {} numbers; expected {count}",
                ints.len()
            ))
        }
    }
}
