//! The types of numbers, and the tensors of a file as they lie in memory.

use checkpoint::{Dtype, Stored};

use super::content::Content;
use super::messages::Tensor;
use crate::op::Kind;

/// A type of numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalars {
    /// Its number in `TensorProto.DataType`.
    pub(super) data_type: i64,
    pub(super) dtype: Dtype,
    /// In which they are computed.
    pub(super) kind: Kind,
    /// Bytes of one.
    pub(super) size: usize,
    /// The field of `TensorProto` that has them one by one.
    field: u32,
}

impl Scalars {
    /// Whether the field of `TensorProto` with this number holds them.
    pub(super) fn is_in(&self, field: u32) -> bool {
        self.field == field
    }
}

const fn scalars(data_type: i64, dtype: Dtype, kind: Kind, size: usize, field: u32) -> Scalars {
    Scalars {
        data_type,
        dtype,
        kind,
        size,
        field,
    }
}

/// Those that networks are computed in.
pub(super) const SCALARS: [Scalars; 10] = [
    scalars(1, Dtype::F32, Kind::Float, 4, 4),
    scalars(2, Dtype::U8, Kind::Uint8, 1, 5),
    scalars(3, Dtype::I8, Kind::Int8, 1, 5),
    scalars(5, Dtype::I16, Kind::Int16, 2, 5),
    scalars(6, Dtype::I32, Kind::Int32, 4, 5),
    scalars(7, Dtype::I64, Kind::Int64, 8, 7),
    scalars(9, Dtype::BOOL, Kind::Bool, 1, 5),
    scalars(10, Dtype::F16, Kind::Float, 2, 5),
    scalars(11, Dtype::F64, Kind::Double, 8, 10),
    scalars(16, Dtype::BF16, Kind::Float, 2, 5),
];

/// What is known of a number of `TensorProto.DataType`.
pub(super) fn scalars_of(data_type: i64) -> Result<&'static Scalars, String> {
    let found = SCALARS
        .iter()
        .find(|scalars| scalars.data_type == data_type);
    found.ok_or_else(|| {
        let name = match data_type {
            0 => "no type at all",
            4 => "uint16",
            8 => "texts",
            12 => "uint32",
            13 => "uint64",
            14 | 15 => "complex numbers",
            17..=20 => "float8, of a quantised network",
            21..=26 => "fewer than 8 bits, of a quantised network",
            _ => "a type that is not known",
        };
        format!("it has numbers of {name}: export the network with 32-bit real numbers, before it is quantised")
    })
}

/// The type in which numbers of a type are computed.
pub(super) fn kind(data_type: i64) -> Result<Kind, String> {
    scalars_of(data_type).map(|scalars| scalars.kind)
}

/// Whether numbers of a type have fractions.
pub(super) fn is_real(kind: Kind) -> bool {
    matches!(kind, Kind::Float | Kind::Double)
}

/// A tensor of a file, with its numbers as they lie in memory.
#[derive(Clone, Debug)]
pub(super) struct Numbers<'a> {
    pub(super) shape: Vec<usize>,
    pub(super) scalars: &'static Scalars,
    data: &'a [u8],
}

impl<'a> Numbers<'a> {
    /// The tensor of a message, whose content is `bytes`.
    pub(super) fn read(bytes: &'a [u8], content: &'a Content<'_>) -> Result<Self, String> {
        let tensor = Tensor::read(bytes)?;
        let scalars = scalars_of(tensor.data_type)?;
        let shape = tensor.dims.iter().map(|&side| usize::try_from(side).ok());
        let shape: Option<Vec<usize>> = shape.collect();
        let shape =
            shape.ok_or_else(|| format!("its tensor `{}` has a negative length", tensor.name))?;
        let data = content.numbers(&tensor, bytes)?;
        let count = count(&shape).and_then(|count| count.checked_mul(scalars.size));
        if count != Some(data.len()) {
            return Err(format!(
                "its tensor `{}` of shape {shape:?} has {} bytes of numbers",
                tensor.name,
                data.len()
            ));
        }
        Ok(Self {
            shape,
            scalars,
            data,
        })
    }

    pub(super) fn count(&self) -> usize {
        self.data.len() / self.scalars.size
    }

    pub(super) fn kind(&self) -> Kind {
        self.scalars.kind
    }

    /// The whole as it is, or with its last two axes swapped.
    pub(super) fn stored(&self, turned: bool) -> Option<Stored<'a>> {
        let mut shape = self.shape.clone();
        let mut strides = vec![1_usize; shape.len()];
        for axis in (1..shape.len()).rev() {
            let stride = strides.get(axis)?.checked_mul(*shape.get(axis)?)?;
            *strides.get_mut(axis - 1)? = stride;
        }
        if turned {
            let last = shape.len().checked_sub(2)?;
            shape.get_mut(last..)?.reverse();
            strides.get_mut(last..)?.reverse();
        }
        Stored::within(self.data, self.scalars.dtype, shape, strides, 0)
    }

    /// Integers and truth values, where it has them.
    pub(super) fn ints(&self) -> Option<Vec<i64>> {
        let data = self.data;
        Some(match self.kind() {
            Kind::Uint8 | Kind::Bool => data.iter().map(|&number| i64::from(number)).collect(),
            Kind::Int8 => data
                .iter()
                .map(|&number| i64::from(number.cast_signed()))
                .collect(),
            Kind::Int16 => each(data, |number| i64::from(i16::from_le_bytes(number))),
            Kind::Int32 => each(data, |number| i64::from(i32::from_le_bytes(number))),
            Kind::Int64 => each(data, i64::from_le_bytes),
            Kind::Float | Kind::Double => return None,
        })
    }

    /// Real numbers, where it has them.
    pub(super) fn reals(&self) -> Option<Vec<f64>> {
        let data = self.data;
        Some(match self.scalars.dtype {
            Dtype::F32 => each(data, |number| f64::from(f32::from_le_bytes(number))),
            Dtype::F64 => each(data, f64::from_le_bytes),
            Dtype::BF16 => each(data, |number| {
                f64::from(f32::from_bits(u32::from(u16::from_le_bytes(number)) << 16))
            }),
            Dtype::F16 => each(data, |number| half(u16::from_le_bytes(number))),
            _ => return None,
        })
    }
}

fn each<const SIZE: usize, T>(data: &[u8], number: impl Fn([u8; SIZE]) -> T) -> Vec<T> {
    data.as_chunks::<SIZE>()
        .0
        .iter()
        .map(|&bytes| number(bytes))
        .collect()
}

/// A number of IEEE half precision.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * (-24_f64).exp2(),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * f64::from(exponent - 25).exp2(),
    }
}

/// Numbers of a tensor, unless they are too many to count.
pub(super) fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    shape
        .iter()
        .try_fold(1_usize, |count, &side| count.checked_mul(side))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_read_exactly() {
        for (bits, expected) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_953_125),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x7bff, 65504.0),
            (0x7c00, f64::INFINITY),
            (0x8000, -0.0),
        ] {
            assert_eq!(half(bits).to_bits(), expected.to_bits(), "{bits:x}");
        }
        assert!(half(0x7e00).is_nan());
    }

    #[test]
    fn types_that_no_network_is_computed_in_are_named() {
        for (data_type, part) in [
            (8, "texts"),
            (17, "quantised"),
            (22, "quantised"),
            (14, "complex"),
            (99, "not known"),
        ] {
            let reason = scalars_of(data_type).unwrap_err();
            assert!(reason.contains(part), "{reason}");
        }
    }
}
