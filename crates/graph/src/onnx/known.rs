//! Small tensors whose numbers are known while a file is read: shapes, axes and bounds, which may count the images of a batch.

use super::fold::{Fold, holds, integers, is_equal, real};
use super::numbers::count;
use super::sizes::{fixed, whole};
use crate::op::{Kind, Number, Size};

/// Numbers of a tensor that are followed.
pub(super) const MOST_KNOWN: usize = 1024;

/// A tensor whose numbers are known.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Known {
    pub(super) kind: Kind,
    pub(super) shape: Vec<usize>,
    pub(super) items: Items,
}

/// Its numbers in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Items {
    /// Integers and truth values.
    Ints(Vec<Size>),
    /// Real numbers.
    Reals(Vec<f64>),
}

const APART: &str = "its inputs have shapes that do not fit together";

impl Known {
    pub(super) fn ints(kind: Kind, shape: Vec<usize>, items: Vec<Size>) -> Self {
        Self {
            kind,
            shape,
            items: Items::Ints(items),
        }
    }

    pub(super) fn reals(kind: Kind, shape: Vec<usize>, items: Vec<f64>) -> Self {
        Self {
            kind,
            shape,
            items: Items::Reals(items),
        }
    }

    /// A list of sizes.
    pub(super) fn list(items: Vec<Size>) -> Self {
        Self::ints(Kind::Int64, vec![items.len()], items)
    }

    pub(super) fn count(&self) -> usize {
        match &self.items {
            Items::Ints(items) => items.len(),
            Items::Reals(items) => items.len(),
        }
    }

    pub(super) fn sizes(&self) -> Result<&[Size], String> {
        match &self.items {
            Items::Ints(items) => Ok(items),
            Items::Reals(_) => Err("it has real numbers where integers were expected".to_owned()),
        }
    }

    pub(super) fn fixed(&self) -> Result<Vec<i64>, String> {
        self.sizes()?.iter().map(|&size| fixed(size)).collect()
    }

    pub(super) fn real_items(&self) -> Result<Vec<f64>, String> {
        match &self.items {
            Items::Ints(items) => items.iter().map(|&size| Ok(fixed(size)? as f64)).collect(),
            Items::Reals(items) => Ok(items.clone()),
        }
    }

    /// A number on its own.
    pub(super) fn number(&self) -> Option<Number> {
        match &self.items {
            Items::Ints(items) => match items[..] {
                [Size { each: 0, fixed }] => Some(Number::Int(fixed)),
                _ => None,
            },
            Items::Reals(items) => match items[..] {
                [number] => Some(Number::Real(number)),
                _ => None,
            },
        }
    }

    /// Other places of the same numbers: `source` has for each place of the result the place here.
    pub(super) fn rearranged(
        &self,
        shape: Vec<usize>,
        source: impl Fn(usize) -> Option<usize>,
    ) -> Result<Self, String> {
        let count = bounded(&shape)?;
        let outside = || "it reads outside of a tensor".to_owned();
        let items = match &self.items {
            Items::Ints(items) => {
                let item = |place| source(place).and_then(|place| items.get(place)).copied();
                Items::Ints(
                    (0..count)
                        .map(item)
                        .collect::<Option<_>>()
                        .ok_or_else(outside)?,
                )
            }
            Items::Reals(items) => {
                let item = |place| source(place).and_then(|place| items.get(place)).copied();
                Items::Reals(
                    (0..count)
                        .map(item)
                        .collect::<Option<_>>()
                        .ok_or_else(outside)?,
                )
            }
        };
        Ok(Self {
            kind: self.kind,
            shape,
            items,
        })
    }

    /// The same numbers with other axes.
    pub(super) fn reshaped(&self, shape: Vec<usize>) -> Result<Self, String> {
        if bounded(&shape)? != self.count() {
            return Err(APART.to_owned());
        }
        Ok(Self {
            shape,
            ..self.clone()
        })
    }

    /// Axes in another order; each was checked.
    pub(super) fn permuted(&self, order: &[usize]) -> Result<Self, String> {
        let sides: Option<Vec<usize>> = order
            .iter()
            .map(|&axis| self.shape.get(axis).copied())
            .collect();
        let shape = sides.ok_or("it has an axis that is not there")?;
        let from = &self.shape;
        self.rearranged(shape.clone(), |place| {
            let to = coordinates(place, &shape);
            let mut back = vec![0; from.len()];
            for (&axis, &at) in order.iter().zip(&to) {
                *back.get_mut(axis)? = at;
            }
            Some(flat(&back, from))
        })
    }

    /// Repeated along axes of length 1 until it has a shape.
    pub(super) fn expanded(&self, shape: &[usize]) -> Result<Self, String> {
        if self.shape == shape {
            return Ok(self.clone());
        }
        let from = &self.shape;
        let added = shape.len().checked_sub(from.len()).ok_or(APART)?;
        let fits = from.iter().zip(shape.get(added..).unwrap_or_default());
        if !fits.into_iter().all(|(&from, &to)| from == to || from == 1) {
            return Err(APART.to_owned());
        }
        self.rearranged(shape.to_vec(), |place| {
            let to = coordinates(place, shape);
            let back: Vec<usize> = to
                .iter()
                .skip(added)
                .zip(from)
                .map(|(&at, &side)| if side == 1 { 0 } else { at })
                .collect();
            Some(flat(&back, from))
        })
    }

    /// The places `indices` along an axis, whose axes take its place.
    pub(super) fn gathered(&self, axis: usize, indices: &Self) -> Result<Self, String> {
        let side = *self
            .shape
            .get(axis)
            .ok_or("it has an axis that is not there")?;
        let places = indices.fixed()?;
        let places: Option<Vec<usize>> =
            places.iter().map(|&place| position(place, side)).collect();
        let places = places.ok_or("it reads outside of a tensor")?;
        let (before, behind) = (
            self.shape.get(..axis).unwrap_or_default(),
            self.shape.get(axis + 1..).unwrap_or_default(),
        );
        let shape = [before, &indices.shape, behind].concat();
        let inner = count(behind).ok_or(APART)?;
        self.rearranged(shape, |place| {
            let (rest, within) = (place.checked_div(inner)?, place.checked_rem(inner)?);
            let (outer, index) = (
                rest.checked_div(places.len())?,
                rest.checked_rem(places.len())?,
            );
            Some((outer * side + places.get(index)?) * inner + within)
        })
    }

    /// Several along an axis.
    pub(super) fn joined(parts: &[&Self], axis: usize) -> Result<Self, String> {
        let first = *parts.first().ok_or("it joins nothing")?;
        let mut shape = first.shape.clone();
        let total = parts
            .iter()
            .map(|part| part.shape.get(axis).copied())
            .sum::<Option<usize>>();
        let (Some(side), Some(total)) = (shape.get_mut(axis), total) else {
            return Err("it has an axis that is not there".to_owned());
        };
        *side = total;
        let alike = |part: &&Self| {
            let others = |known: &Self| {
                [
                    known.shape.get(..axis).unwrap_or_default(),
                    known.shape.get(axis + 1..).unwrap_or_default(),
                ]
                .concat()
            };
            others(part) == others(first)
        };
        if !parts.iter().all(alike) {
            return Err(APART.to_owned());
        }
        let inner = count(shape.get(axis + 1..).unwrap_or_default()).ok_or(APART)?;
        let outer = count(shape.get(..axis).unwrap_or_default()).ok_or(APART)?;
        bounded(&shape)?;
        let mut ints = Vec::new();
        let mut reals = Vec::new();
        for row in 0..outer {
            for part in parts {
                let length = part.shape.get(axis).copied().unwrap_or_default() * inner;
                let range = row * length..(row + 1) * length;
                match &part.items {
                    Items::Ints(items) => {
                        ints.extend_from_slice(items.get(range).unwrap_or_default());
                    }
                    Items::Reals(items) => {
                        reals.extend_from_slice(items.get(range).unwrap_or_default());
                    }
                }
            }
        }
        let items = match (&first.items, reals.is_empty(), ints.is_empty()) {
            (Items::Ints(_), true, _) => Items::Ints(ints),
            (Items::Reals(_), _, true) => Items::Reals(reals),
            _ => return Err("it joins integers and real numbers".to_owned()),
        };
        Ok(Self {
            kind: first.kind,
            shape,
            items,
        })
    }

    /// In numbers of another type.
    pub(super) fn cast(&self, kind: Kind) -> Result<Self, String> {
        let items = match (kind, &self.items) {
            (Kind::Float | Kind::Double, _) => Items::Reals(
                self.real_items()?
                    .into_iter()
                    .map(|number| rounded(number, kind))
                    .collect(),
            ),
            (Kind::Bool, Items::Ints(items)) => {
                let truth = items
                    .iter()
                    .map(|&item| Ok(whole(i64::from(!is_equal(item, whole(0))?))));
                Items::Ints(truth.collect::<Result<_, String>>()?)
            }
            (Kind::Bool, Items::Reals(items)) => Items::Ints(
                items
                    .iter()
                    .map(|&item| whole(i64::from(item != 0.0)))
                    .collect(),
            ),
            (_, Items::Ints(items)) => Items::Ints(items.clone()),
            (_, Items::Reals(items)) => {
                Items::Ints(items.iter().map(|&item| whole(item as i64)).collect())
            }
        };
        Ok(Self {
            kind,
            shape: self.shape.clone(),
            items,
        })
    }

    /// A number of each.
    pub(super) fn each(
        &self,
        int: impl Fn(Size) -> Result<Size, String>,
        real: impl Fn(f64) -> f64,
    ) -> Result<Self, String> {
        let items = match &self.items {
            Items::Ints(items) => Items::Ints(
                items
                    .iter()
                    .map(|&item| int(item))
                    .collect::<Result<_, _>>()?,
            ),
            Items::Reals(items) => Items::Reals(
                items
                    .iter()
                    .map(|&item| rounded(real(item), self.kind))
                    .collect(),
            ),
        };
        Ok(Self {
            kind: self.kind,
            shape: self.shape.clone(),
            items,
        })
    }

    /// Of each two numbers, after both were repeated to a common shape.
    pub(super) fn folded(fold: Fold, left: &Self, right: &Self) -> Result<Self, String> {
        let shape = common(&left.shape, &right.shape)?;
        let (left, right) = (left.expanded(&shape)?, right.expanded(&shape)?);
        let compares = matches!(fold, Fold::Eq | Fold::Lt | Fold::Le | Fold::Gt | Fold::Ge);
        let kind = if compares { Kind::Bool } else { left.kind };
        let items = if let (Items::Ints(left), Items::Ints(right)) = (&left.items, &right.items) {
            let pairs = left.iter().zip(right);
            let numbers = pairs.map(|(&left, &right)| integers(fold, left, right));
            Items::Ints(numbers.collect::<Result<_, _>>()?)
        } else {
            let (left, right) = (left.real_items()?, right.real_items()?);
            let pairs = left.iter().zip(&right);
            if compares {
                let truth = |(left, right): (&f64, &f64)| {
                    whole(i64::from(holds(fold, left.partial_cmp(right))))
                };
                Items::Ints(pairs.map(truth).collect())
            } else {
                let number =
                    |(&left, &right): (&f64, &f64)| Ok(rounded(real(fold, left, right)?, kind));
                Items::Reals(pairs.map(number).collect::<Result<_, String>>()?)
            }
        };
        Ok(Self { kind, shape, items })
    }

    /// The left one where a condition holds, else the right one.
    pub(super) fn chosen(condition: &Self, left: &Self, right: &Self) -> Result<Self, String> {
        let shape = common(&common(&condition.shape, &left.shape)?, &right.shape)?;
        let truth = condition.expanded(&shape)?.fixed()?;
        let (left, right) = (left.expanded(&shape)?, right.expanded(&shape)?);
        let items = match (&left.items, &right.items) {
            (Items::Ints(one), Items::Ints(other)) => {
                let all = truth.iter().zip(one.iter().zip(other));
                Items::Ints(
                    all.map(|(&truth, (&one, &other))| if truth == 0 { other } else { one })
                        .collect(),
                )
            }
            (Items::Reals(one), Items::Reals(other)) => {
                let all = truth.iter().zip(one.iter().zip(other));
                Items::Reals(
                    all.map(|(&truth, (&one, &other))| if truth == 0 { other } else { one })
                        .collect(),
                )
            }
            _ => return Err("it chooses between integers and real numbers".to_owned()),
        };
        Ok(Self {
            kind: left.kind,
            shape,
            items,
        })
    }

    /// All numbers of a list taken together.
    pub(super) fn reduced(&self, fold: Fold, keep: bool) -> Result<Self, String> {
        let shape = if keep {
            vec![1; self.shape.len()]
        } else {
            Vec::new()
        };
        let (kind, empty) = (self.kind, || "it takes nothing together".to_owned());
        let items = match &self.items {
            Items::Ints(items) => {
                let (&first, others) = items.split_first().ok_or_else(empty)?;
                Items::Ints(vec![
                    others
                        .iter()
                        .try_fold(first, |all, &item| integers(fold, all, item))?,
                ])
            }
            Items::Reals(items) => {
                let (&first, others) = items.split_first().ok_or_else(empty)?;
                Items::Reals(vec![
                    others
                        .iter()
                        .try_fold(first, |all, &item| real(fold, all, item))?,
                ])
            }
        };
        Ok(Self { kind, shape, items })
    }
}

/// Numbers of a tensor, unless they are too many to be followed.
pub(super) fn bounded(shape: &[usize]) -> Result<usize, String> {
    let short = shape.iter().all(|&side| side <= MOST_KNOWN);
    let count = count(shape).filter(|&count| short && count <= MOST_KNOWN);
    count
        .ok_or_else(|| format!("it has more than {MOST_KNOWN} numbers that would have to be known"))
}

/// As a number of a type is kept.
fn rounded(number: f64, kind: Kind) -> f64 {
    if kind == Kind::Float {
        f64::from(number as f32)
    } else {
        number
    }
}

/// A place along an axis, which may be counted from its end.
pub(super) fn position(place: i64, side: usize) -> Option<usize> {
    let place = if place < 0 {
        place.checked_add(side as i64)?
    } else {
        place
    };
    usize::try_from(place).ok().filter(|&place| place < side)
}

fn coordinates(place: usize, shape: &[usize]) -> Vec<usize> {
    let mut rest = place;
    let mut found: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&side| {
            let at = rest.checked_rem(side).unwrap_or_default();
            rest = rest.checked_div(side).unwrap_or_default();
            at
        })
        .collect();
    found.reverse();
    found
}

fn flat(coordinates: &[usize], shape: &[usize]) -> usize {
    coordinates
        .iter()
        .zip(shape)
        .fold(0, |place, (&at, &side)| place * side + at)
}

/// The shape that two have once axes of length 1 are repeated.
fn common(left: &[usize], right: &[usize]) -> Result<Vec<usize>, String> {
    let rank = left.len().max(right.len());
    let side = |shape: &[usize], place: usize| match (place + shape.len()).checked_sub(rank) {
        Some(axis) => shape.get(axis).copied().unwrap_or(1),
        None => 1,
    };
    let both = (0..rank).map(|place| match (side(left, place), side(right, place)) {
        (left, right) if left == right || right == 1 => Ok(left),
        (1, right) => Ok(right),
        _ => Err(APART.to_owned()),
    });
    both.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: Size = Size { each: 1, fixed: 0 };

    fn ints(shape: &[usize], items: &[i64]) -> Known {
        Known::ints(
            Kind::Int64,
            shape.to_vec(),
            items.iter().map(|&item| whole(item)).collect(),
        )
    }

    #[test]
    fn shapes_with_a_batch_are_computed() {
        let shape = Known::list(vec![BATCH, whole(8), whole(49)]);
        let first = shape.gathered(0, &ints(&[], &[0])).unwrap();
        assert_eq!(first, Known::ints(Kind::Int64, vec![], vec![BATCH]));
        let eight = Known::folded(Fold::Mul, &first, &ints(&[1], &[8])).unwrap();
        assert_eq!(eight.sizes().unwrap(), [Size { each: 8, fixed: 0 }]);
        let again = Known::folded(Fold::Div, &eight, &ints(&[], &[4])).unwrap();
        assert_eq!(again.sizes().unwrap(), [Size { each: 2, fixed: 0 }]);
        let is_wild = Known::folded(Fold::Eq, &shape, &ints(&[1], &[-1])).unwrap();
        assert_eq!(is_wild.fixed(), Ok(vec![0, 0, 0]));
        assert!(Known::folded(Fold::Eq, &shape, &ints(&[1], &[4])).is_err());
        let more = Known::folded(Fold::Max, &first, &ints(&[], &[0])).unwrap();
        assert_eq!(more.sizes().unwrap(), [BATCH]);
        assert!(first.cast(Kind::Float).is_err());
    }

    #[test]
    fn numbers_are_put_in_other_places() {
        let table = ints(&[2, 3], &[0, 1, 2, 3, 4, 5]);
        assert_eq!(
            table.permuted(&[1, 0]).unwrap(),
            ints(&[3, 2], &[0, 3, 1, 4, 2, 5])
        );
        assert_eq!(
            table.gathered(1, &ints(&[2], &[-1, 0])).unwrap(),
            ints(&[2, 2], &[2, 0, 5, 3])
        );
        let row = ints(&[1, 3], &[7, 8, 9]);
        assert_eq!(
            Known::joined(&[&table, &row], 0).unwrap(),
            ints(&[3, 3], &[0, 1, 2, 3, 4, 5, 7, 8, 9])
        );
        assert_eq!(
            Known::joined(&[&table, &table], 1)
                .unwrap()
                .fixed()
                .unwrap(),
            [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]
        );
        assert_eq!(
            row.expanded(&[2, 3]).unwrap().fixed().unwrap(),
            [7, 8, 9, 7, 8, 9]
        );
        assert!(table.expanded(&[2, 4]).is_err() && table.reshaped(vec![5]).is_err());
        assert!(row.expanded(&[2000, 3]).is_err());
        assert!(table.gathered(0, &ints(&[], &[2])).is_err());
    }

    #[test]
    fn real_numbers_are_kept_as_they_are_in_single_precision() {
        let third = Known::folded(
            Fold::Div,
            &Known::reals(Kind::Float, vec![], vec![1.0]),
            &Known::reals(Kind::Float, vec![], vec![3.0]),
        );
        assert_eq!(
            third.unwrap().number(),
            Some(Number::Real(f64::from(1.0_f32 / 3.0)))
        );
        let cast = Known::reals(Kind::Float, vec![2], vec![-2.5, 2.5])
            .cast(Kind::Int64)
            .unwrap();
        assert_eq!(cast.fixed().unwrap(), [-2, 2]);
        let product = ints(&[3], &[2, 3, 4]).reduced(Fold::Mul, true).unwrap();
        assert_eq!(product, ints(&[1], &[24]));
        let chosen = Known::chosen(
            &ints(&[2], &[1, 0]),
            &ints(&[1], &[5]),
            &ints(&[2], &[6, 7]),
        )
        .unwrap();
        assert_eq!(chosen, ints(&[2], &[5, 7]));
    }
}
