//! Two artifacts of the same table, value by value.

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;

use crate::{ContentId, Store, StoreError};

/// How far apart two numbers may be and count as the same: `absolute + relative * |first|`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// In the unit of the column.
    pub absolute: f64,
    /// A pure number.
    pub relative: f64,
}

/// How two artifacts compare.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// Their content is the same.
    Equal,
    /// They differ in floats only, and all of them are within the tolerance.
    Within {
        /// Largest absolute difference.
        largest: f64,
    },
    /// They differ in more than that.
    Different {
        /// Where, and by how much.
        detail: String,
    },
}

impl Store {
    /// Compares an artifact of this store with one of another.
    pub fn compare(
        &self,
        table: &str,
        id: &ContentId,
        other: (&Self, &ContentId),
        tolerance: Tolerance,
    ) -> Result<Comparison, StoreError> {
        if id == other.1 {
            return Ok(Comparison::Equal);
        }
        let first = self.batches(table, id)?;
        let second = other.0.batches(table, other.1)?;
        Ok(compare(&first, &second, tolerance))
    }
}

fn compare(first: &[RecordBatch], second: &[RecordBatch], tolerance: Tolerance) -> Comparison {
    let rows = |batches: &[RecordBatch]| batches.iter().map(RecordBatch::num_rows).sum::<usize>();
    if rows(first) != rows(second) {
        let detail = format!(
            "{} rows, but {} when it is recomputed",
            rows(first),
            rows(second)
        );
        return Comparison::Different { detail };
    }
    let mut largest = 0.0_f64;
    for (first, second) in first.iter().zip(second) {
        let columns = first.columns().iter().zip(second.columns());
        for (field, (first, second)) in first.schema().fields().iter().zip(columns) {
            match farthest(first, second, tolerance) {
                Some(apart) => largest = largest.max(apart),
                None => {
                    return Comparison::Different {
                        detail: format!("column {}: {}", field.name(), difference(first, second)),
                    };
                }
            }
        }
    }
    Comparison::Within { largest }
}

/// The largest difference of two columns; none if it is more than the tolerance, or in anything but floats.
fn farthest(first: &dyn Array, second: &dyn Array, tolerance: Tolerance) -> Option<f64> {
    let (Some(a), Some(b)) = (floats(first), floats(second)) else {
        return (first == second).then_some(0.0);
    };
    let alike = a.len() == b.len() && shape(first) == shape(second);
    let near = |(a, b): (f64, f64)| {
        let apart = (a - b).abs();
        let same = a.to_bits() == b.to_bits()
            || apart <= tolerance.absolute + tolerance.relative * a.abs();
        same.then_some(if apart.is_finite() { apart } else { 0.0 })
    };
    let mut pairs = a.into_iter().zip(b).map(near);
    alike.then(|| pairs.try_fold(0.0_f64, |largest, apart| Some(largest.max(apart?))))?
}

fn difference(first: &dyn Array, second: &dyn Array) -> String {
    match (floats(first), floats(second)) {
        (Some(a), Some(b)) if a.len() == b.len() => {
            let largest = a.iter().zip(&b).map(|(a, b)| (a - b).abs());
            format!(
                "numbers that differ by up to {:e}",
                largest.fold(0.0, f64::max)
            )
        }
        _ => "other values".to_owned(),
    }
}

/// The floats of a column, or of its lists, with 0 for nulls; none if it has others.
fn floats(array: &dyn Array) -> Option<Vec<f64>> {
    match array.data_type() {
        DataType::Float32 => {
            let values = array.as_primitive::<Float32Type>();
            Some(
                values
                    .iter()
                    .map(|value| value.unwrap_or(0.0).into())
                    .collect(),
            )
        }
        DataType::Float64 => {
            let values = array.as_primitive::<Float64Type>();
            Some(values.iter().map(|value| value.unwrap_or(0.0)).collect())
        }
        DataType::List(_) => floats(array.as_list::<i32>().values()),
        _ => None,
    }
}

/// Which rows are null, and how long lists are.
fn shape(array: &dyn Array) -> Vec<Option<usize>> {
    let length = |row| match array.data_type() {
        DataType::List(_) => array.as_list::<i32>().value_length(row) as usize,
        _ => 1,
    };
    (0..array.len())
        .map(|row| (!array.is_null(row)).then(|| length(row)))
        .collect()
}

#[cfg(test)]
mod tests {
    use schema::{Logits, Table};

    use super::*;

    const NEAR: Tolerance = Tolerance {
        absolute: 1e-6,
        relative: 1e-4,
    };

    fn logits(image: &str, logits: &[f32]) -> Vec<RecordBatch> {
        vec![Logits::encode(&[Logits {
            image: image.to_owned(),
            network: "alexnet".to_owned(),
            predicted_class: 0,
            probability: 0.5,
            logits: logits.to_vec(),
        }])]
    }

    #[test]
    fn near_numbers_are_within_and_far_ones_are_named() {
        let first = logits("a", &[1.0, -2.0]);
        let near = compare(&first, &logits("a", &[1.0, -2.000_061_f32]), NEAR);
        assert!(matches!(near, Comparison::Within { largest } if (5e-5..7e-5).contains(&largest)));
        let far = compare(&first, &logits("a", &[1.0, -2.5]), NEAR);
        let detail = "column logits: numbers that differ by up to 5e-1".to_owned();
        assert_eq!(far, Comparison::Different { detail });
    }

    #[test]
    fn other_names_shapes_and_numbers_of_rows_are_different() {
        let first = logits("a", &[1.0, 2.0]);
        for other in [logits("b", &[1.0, 2.0]), logits("a", &[1.0]), Vec::new()] {
            let found = compare(&first, &other, NEAR);
            assert!(matches!(found, Comparison::Different { .. }), "{found:?}");
        }
    }
}
