//! What a file states about the tensors and integers in its graph, by name.

use std::collections::BTreeMap;

use super::schema::{Integer, Meta, Size, Text};
use super::symbols;
use crate::op::{self, Kind};

/// The number of images at which strides are compared: one that no network has a length of by chance.
const SOME_IMAGES: i64 = 1009;

/// Numbers of `torch._export.serde.schema.ScalarType`.
pub(super) const HALF: i64 = 6;
pub(super) const BFLOAT16: i64 = 13;

/// Tensors and integers by name.
pub(super) struct Values<'a> {
    pub(super) tensors: BTreeMap<Text<'a>, Meta<'a>>,
    pub(super) integers: BTreeMap<Text<'a>, Size<'a>>,
    /// The symbol of the number of images.
    pub(super) batch: &'a str,
}

impl<'a> Values<'a> {
    fn meta(&self, name: &str) -> Result<&Meta<'a>, String> {
        let meta = self.tensors.get(name);
        meta.ok_or_else(|| format!("the file does not state the shape of `{name}`"))
    }

    pub(super) fn size(&self, size: Size<'_>) -> Result<op::Size, String> {
        match size {
            Size::Int(fixed) => Ok(op::Size { each: 0, fixed }),
            Size::Formula(formula) => {
                let size = symbols::affine(formula.expr_str, self.batch);
                size.map_err(|reason| format!("a length cannot be followed: {reason}; export with images of a fixed height and width"))
            }
        }
    }

    pub(super) fn integer(&self, integer: &Integer<'_>) -> Result<op::Size, String> {
        match integer {
            Integer::Fixed(fixed) => self.size(Size::Int(*fixed)),
            Integer::Named(name) => self.named(name),
        }
    }

    /// An integer of the graph.
    pub(super) fn named(&self, name: &str) -> Result<op::Size, String> {
        match self.integers.get(name) {
            Some(&size) => self.size(size),
            None => Err(format!("the file does not state what `{name}` is")),
        }
    }

    pub(super) fn shape(&self, name: &str) -> Result<Vec<op::Size>, String> {
        let sizes = self.meta(name)?.sizes.iter();
        sizes.map(|&size| self.size(size)).collect()
    }

    pub(super) fn rank(&self, name: &str) -> Result<i64, String> {
        Ok(self.meta(name)?.sizes.len() as i64)
    }

    pub(super) fn kind(&self, name: &str) -> Result<Kind, String> {
        kind(self.meta(name)?.dtype)
    }

    /// Whether the file gives two tensors one type of numbers.
    pub(super) fn are_of_one_type(&self, left: &str, right: &str) -> Result<bool, String> {
        Ok(self.meta(left)?.dtype == self.meta(right)?.dtype)
    }

    /// Lengths and strides at some number of images, unless they depend on more than that.
    fn layout(&self, name: &str) -> Option<(Vec<i64>, Vec<i64>)> {
        let meta = self.meta(name).ok()?;
        let numbers = |sizes: &[Size<'_>]| -> Option<Vec<i64>> {
            let number = |&size: &Size<'_>| {
                let op::Size { each, fixed } = self.size(size).ok()?;
                each.checked_mul(SOME_IMAGES)?.checked_add(fixed)
            };
            sizes.iter().map(number).collect()
        };
        Some((numbers(&meta.sizes)?, numbers(&meta.strides)?))
    }

    /// Numbers of a tensor at some number of images, unless they depend on more than that.
    pub(super) fn count(&self, name: &str) -> Option<i64> {
        let (shape, _) = self.layout(name)?;
        let mut sides = shape.into_iter();
        sides.try_fold(1_i64, i64::checked_mul)
    }

    /// Whether two tensors of equal shapes also lie in memory in the same order.
    pub(super) fn are_laid_out_alike(&self, left: &str, right: &str) -> bool {
        self.layout(left) == self.layout(right)
    }

    /// Whether a tensor lies in memory in row-major order, without gaps.
    pub(super) fn is_row_major(&self, name: &str) -> bool {
        let Some((shape, strides)) = self.layout(name) else {
            return true;
        };
        let mut expected = Some(1_i64);
        let axes = shape.iter().zip(&strides).rev();
        axes.filter(|&(&side, _)| side != 1)
            .all(|(&side, &stride)| {
                let fits = expected == Some(stride);
                expected = expected.and_then(|expected| expected.checked_mul(side));
                fits
            })
    }
}

/// The type in which numbers of a type are computed; `scalar_type` is one of `torch._export.serde.schema.ScalarType`.
pub(super) fn kind(scalar_type: i64) -> Result<Kind, String> {
    Ok(match scalar_type {
        1 => Kind::Uint8,
        2 => Kind::Int8,
        3 => Kind::Int16,
        4 => Kind::Int32,
        5 => Kind::Int64,
        HALF | BFLOAT16 | 7 => Kind::Float,
        8 => Kind::Double,
        12 => Kind::Bool,
        9..=11 => return Err("complex numbers are not supported".to_owned()),
        _ => {
            return Err(format!(
                "the type of numbers {scalar_type} is not supported: export the network with 32-bit real numbers, before it is quantised"
            ));
        }
    })
}
