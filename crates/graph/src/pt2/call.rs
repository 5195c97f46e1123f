//! The arguments of an operator, by their names in the schema of `ATen`; none for arguments that are left out.

use super::operators::Operand;
use super::schema::{Argument, Integer, Node, Text, tensor_names};
use super::values::{self, Values};
use crate::op::{self, Kind, Number};

/// An operator applied, and what is known of its arguments.
pub(super) struct Call<'n, 'a> {
    pub(super) node: &'n Node<'a>,
    pub(super) values: &'n Values<'a>,
}

impl<'n, 'a> Call<'n, 'a> {
    pub(super) fn argument(&self, name: &str) -> Option<&'n Argument<'a>> {
        let mut inputs = self.node.inputs.iter();
        let found = inputs.find(|input| &*input.name == name);
        found
            .map(|input| &input.arg)
            .filter(|argument| !matches!(argument, Argument::None))
    }

    /// An argument as `read` gives it, which gives none for what it is not.
    fn as_<T>(
        &self,
        name: &str,
        what: &str,
        read: impl FnOnce(&'n Argument<'a>) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let wrong = || format!("its argument `{name}` is not {what}");
        self.argument(name)
            .map(|argument| read(argument).ok_or_else(wrong))
            .transpose()
    }

    pub(super) fn tensor(&self, name: &str) -> Result<&'n str, String> {
        let tensor = self.maybe_tensor(name)?;
        tensor.ok_or_else(|| format!("it has no `{name}`"))
    }

    pub(super) fn maybe_tensor(&self, name: &str) -> Result<Option<&'n str>, String> {
        self.as_(name, "a tensor", |argument| match argument {
            Argument::Tensor(tensor) => Some(&**tensor),
            _ => None,
        })
    }

    /// Whether an argument is a tensor.
    pub(super) fn has_tensor(&self, name: &str) -> bool {
        matches!(self.argument(name), Some(Argument::Tensor(_)))
    }

    pub(super) fn maybe_tensors(&self, name: &str) -> Result<&'n [Option<Text<'a>>], String> {
        let tensors = self.as_(name, "a list of tensors", |argument| match argument {
            Argument::Tensors(tensors) => Some(&tensors[..]),
            _ => None,
        })?;
        tensors.ok_or_else(|| format!("it has no `{name}`"))
    }

    pub(super) fn tensors(&self, name: &str) -> Result<Vec<Operand<'n>>, String> {
        let tensors = self.maybe_tensors(name)?.iter().map(|tensor| {
            let tensor = tensor
                .as_ref()
                .ok_or_else(|| format!("a tensor in `{name}` is missing"))?;
            Ok(Operand::Named(tensor))
        });
        tensors.collect()
    }

    pub(super) fn bool(&self, name: &str) -> Result<bool, String> {
        let value = self.as_(name, "a truth value", |argument| match argument {
            Argument::Bool(value) => Some(*value),
            _ => None,
        })?;
        Ok(value.unwrap_or(false))
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&'n str>, String> {
        self.as_(name, "a text", |argument| match argument {
            Argument::Text(text) => Some(&**text),
            _ => None,
        })
    }

    pub(super) fn real(&self, name: &str) -> Result<Option<f64>, String> {
        self.as_(name, "a number", |argument| match argument {
            Argument::Float(value) => Some(*value),
            Argument::Int(value) => Some(*value as f64),
            _ => None,
        })
    }

    pub(super) fn reals(&self, name: &str) -> Result<Option<Vec<f64>>, String> {
        self.as_(name, "a list of numbers", |argument| match argument {
            Argument::Floats(values) => Some(values.clone()),
            _ => None,
        })
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<Number>, String> {
        if let Some(Argument::SymInt(integer)) = self.argument(name) {
            return fixed(self.values.named(integer)?).map(|value| Some(Number::Int(value)));
        }
        self.as_(name, "a number", |argument| match argument {
            Argument::Float(value) => Some(Number::Real(*value)),
            Argument::Int(value) => Some(Number::Int(*value)),
            Argument::Bool(value) => Some(Number::Int(i64::from(*value))),
            _ => None,
        })
    }

    pub(super) fn size(&self, name: &str) -> Result<Option<op::Size>, String> {
        match self.argument(name) {
            None => Ok(None),
            Some(Argument::Int(fixed)) => self.values.integer(&Integer::Fixed(*fixed)).map(Some),
            Some(Argument::SymInt(integer)) => self.values.named(integer).map(Some),
            Some(_) => Err(format!("its argument `{name}` is not an integer")),
        }
    }

    pub(super) fn sizes(&self, name: &str) -> Result<Option<Vec<op::Size>>, String> {
        if let Some(Argument::Ints(integers)) = self.argument(name) {
            let sizes = integers.iter().map(|integer| self.values.integer(integer));
            return sizes.collect::<Result<_, _>>().map(Some);
        }
        // One for all axes.
        Ok(self.size(name)?.map(|size| vec![size]))
    }

    pub(super) fn int(&self, name: &str) -> Result<Option<i64>, String> {
        self.size(name)?.map(fixed).transpose()
    }

    pub(super) fn ints(&self, name: &str) -> Result<Option<Vec<i64>>, String> {
        let sizes = self.sizes(name)?;
        sizes
            .map(|sizes| sizes.into_iter().map(fixed).collect())
            .transpose()
    }

    /// A value for each of `count` dimensions; one counts for all, and the default for what is left out.
    pub(super) fn each(&self, name: &str, count: usize, default: i64) -> Result<Vec<i64>, String> {
        match self.ints(name)? {
            None => Ok(vec![default; count]),
            Some(values) => match values[..] {
                [] => Ok(vec![default; count]),
                [value] => Ok(vec![value; count]),
                _ if values.len() == count => Ok(values),
                _ => Err(format!(
                    "its argument `{name}` has {} values; expected {count}",
                    values.len()
                )),
            },
        }
    }

    pub(super) fn kind(&self, name: &str) -> Result<Option<Kind>, String> {
        let kind = self.as_(name, "a type of numbers", |argument| match argument {
            Argument::Kind(kind) => Some(*kind),
            _ => None,
        })?;
        kind.map(values::kind).transpose()
    }

    /// The names of the tensors that it gives.
    pub(super) fn outputs(&self) -> Vec<&'n Text<'a>> {
        tensor_names(&self.node.outputs).collect()
    }

    /// The name of the first tensor that it gives.
    pub(super) fn output(&self) -> Result<&'n str, String> {
        match self.outputs()[..] {
            [first, ..] => Ok(&**first),
            [] => Err("it gives no tensor".to_owned()),
        }
    }
}

/// A size that does not depend on the number of images.
fn fixed(size: op::Size) -> Result<i64, String> {
    match size {
        op::Size { each: 0, fixed } => Ok(fixed),
        _ => Err("it computes with the number of images".to_owned()),
    }
}
