//! The `.npy` format: the header in front of an array's elements, and the types that elements have.
//!
//! Source: `NumPy`, `numpy/lib/_format_impl.py`, versions 1.0 to 3.0 of the format.

use std::io::Read;

use crate::ArrayError;

const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// Longest header that `NumPy` reads without being told otherwise, in bytes.
const LONGEST_HEADER: usize = 10_000;
/// Most axes; `NumPy` has at most 64.
const MOST_AXES: usize = 8;
/// Most pixels of a label map: as many as an image may have.
const MOST_PIXELS: usize = 100_000_000;

/// What an element is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    Unsigned,
    Signed,
    Float,
    /// bfloat16: the upper half of a float32.
    Brain,
    /// UCS-4 letters, filled up with zeros.
    Text,
    /// Bytes, filled up with zeros.
    Bytes,
}

/// The type of the elements of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dtype {
    pub(crate) kind: Kind,
    /// Bytes of an element.
    pub(crate) size: usize,
    pub(crate) big_endian: bool,
}

impl Dtype {
    /// `NumPy`'s description, such as `<f4`.
    fn described(array: &str, text: &str) -> Result<Self, ArrayError> {
        let unknown = || ArrayError::Type {
            array: array.to_owned(),
            expected: "numbers or text",
            found: text.to_owned(),
            remedy: "convert it with numpy.asarray to float32, and save it again",
        };
        let big_endian = text.starts_with('>');
        let plain = text.trim_start_matches(['<', '>', '|', '=']);
        let (kind, size) = plain.split_at_checked(1).ok_or_else(unknown)?;
        if kind == "O" {
            return Err(pickled(array));
        }
        let size: usize = size.parse().map_err(|_| unknown())?;
        let (kind, size) = match (kind, size) {
            ("b", 1) => (Kind::Bool, 1),
            ("u", 1 | 2 | 4 | 8) => (Kind::Unsigned, size),
            ("i", 1 | 2 | 4 | 8) => (Kind::Signed, size),
            ("f", 2 | 4 | 8) => (Kind::Float, size),
            ("U", 1..=LONGEST_HEADER) => (Kind::Text, size * 4),
            ("S", 1..=LONGEST_HEADER) => (Kind::Bytes, size),
            _ => return Err(unknown()),
        };
        Ok(Self {
            kind,
            size,
            big_endian,
        })
    }

    /// What it is in words, for messages.
    pub(crate) fn name(self) -> String {
        let bits = self.size * 8;
        match self.kind {
            Kind::Bool => "true and false".to_owned(),
            Kind::Unsigned => format!("uint{bits}"),
            Kind::Signed => format!("int{bits}"),
            Kind::Float => format!("float{bits}"),
            Kind::Brain => "bfloat16".to_owned(),
            Kind::Text | Kind::Bytes => "text".to_owned(),
        }
    }

    pub(crate) fn is_float(self) -> bool {
        matches!(self.kind, Kind::Float | Kind::Brain)
    }

    pub(crate) fn is_whole(self) -> bool {
        matches!(self.kind, Kind::Bool | Kind::Unsigned | Kind::Signed)
    }

    /// An element's bytes as a number, the lowest byte first.
    fn bits(self, element: &[u8]) -> u64 {
        let join = |number: u64, &byte: &u8| number << 8 | u64::from(byte);
        if self.big_endian {
            element.iter().fold(0, join)
        } else {
            element.iter().rev().fold(0, join)
        }
    }

    /// An element of a floating-point or whole type; float64 holds every float exactly, and whole numbers up to 2^53.
    pub(crate) fn float(self, element: &[u8]) -> f64 {
        let bits = self.bits(element);
        match (self.kind, self.size) {
            (Kind::Float, 2) => half::f16::from_bits(bits as u16).to_f64(),
            (Kind::Float, 4) => f64::from(f32::from_bits(bits as u32)),
            (Kind::Float, _) => f64::from_bits(bits),
            (Kind::Brain, _) => half::bf16::from_bits(bits as u16).to_f64(),
            (Kind::Signed, _) => self.signed(bits) as f64,
            _ => bits as f64,
        }
    }

    fn signed(self, bits: u64) -> i64 {
        let unused = 64 - 8 * self.size as u32;
        ((bits << unused) as i64) >> unused
    }

    /// An element of a whole type; none where it is above 2^63 - 1.
    pub(crate) fn whole(self, element: &[u8]) -> Option<i64> {
        let bits = self.bits(element);
        match self.kind {
            Kind::Signed => Some(self.signed(bits)),
            _ => bits.try_into().ok(),
        }
    }

    /// An element of a type of text, without the zeros that fill it up; none where it is no text.
    pub(crate) fn text(self, element: &[u8]) -> Option<String> {
        if self.kind == Kind::Bytes {
            let text = std::str::from_utf8(element).ok()?;
            return Some(text.trim_end_matches('\0').to_owned());
        }
        let (letters, _) = element.as_chunks::<4>();
        let letter = |bytes: &[u8; 4]| char::from_u32(self.bits(bytes) as u32);
        let text: String = letters.iter().map(letter).collect::<Option<_>>()?;
        Some(text.trim_end_matches('\0').to_owned())
    }
}

fn pickled(array: &str) -> ArrayError {
    ArrayError::Pickled {
        array: array.to_owned(),
        dtype: match array {
            "digest" => "str",
            "labels" => "int32",
            "target_class" | "count" | "passes" => "int64",
            _ => "float32",
        },
    }
}

/// What stands before an array's elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) dtype: Dtype,
    /// Whether the first axis, and not the last, is the one along which neighbours lie.
    pub(crate) fortran: bool,
    pub(crate) shape: Vec<usize>,
}

impl Header {
    /// Reads it, and leaves the reader at the first element. `array` names it in messages.
    pub(crate) fn read(reader: &mut impl Read, array: &str) -> Result<Self, ArrayError> {
        let damaged = |error| ArrayError::reading(error, &format!("`{array}`"));
        let mut start = [0; 8];
        reader.read_exact(&mut start).map_err(damaged)?;
        let (magic, version) = start.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(ArrayError::Format {
                expected: "an array as numpy.save writes it",
            });
        }
        let mut length = [0; 4];
        let digits = if version[0] == 1 { 2 } else { 4 };
        reader.read_exact(&mut length[..digits]).map_err(damaged)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > LONGEST_HEADER {
            return Err(ArrayError::damaged(format!("`{array}`")));
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text).map_err(damaged)?;
        let text = String::from_utf8_lossy(&text);
        Self::parse(array, &text)
    }

    /// Reads the dictionary of Python, such as `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
    fn parse(array: &str, text: &str) -> Result<Self, ArrayError> {
        let damaged = || ArrayError::damaged(format!("`{array}`"));
        let field = |name: &str| {
            let (_, after) = text.split_once(&format!("'{name}':"))?;
            Some(after.trim_start())
        };
        let described = field("descr").ok_or_else(damaged)?;
        let Some(described) = described.strip_prefix('\'') else {
            return Err(ArrayError::Type {
                array: array.to_owned(),
                expected: "numbers or text",
                found: "a record of several fields".to_owned(),
                remedy: "save each field as an array of its own",
            });
        };
        let (described, _) = described.split_once('\'').ok_or_else(damaged)?;
        let dtype = Dtype::described(array, described)?;
        let order = field("fortran_order").ok_or_else(damaged)?;
        let fortran = order.starts_with("True");
        let shape = field("shape").and_then(|shape| shape.strip_prefix('('));
        let (shape, _) = shape
            .and_then(|shape| shape.split_once(')'))
            .ok_or_else(damaged)?;
        let lengths = shape.split(',').map(str::trim);
        let lengths = lengths.filter(|length| !length.is_empty());
        let shape: Result<Vec<usize>, _> = lengths.map(str::parse).collect();
        let shape = shape.map_err(|_| damaged())?;
        if shape.len() > MOST_AXES || !(fortran || order.starts_with("False")) {
            return Err(damaged());
        }
        let header = Self {
            dtype,
            fortran,
            shape,
        };
        header.bytes().map(|_| header).ok_or_else(damaged)
    }

    /// Elements; none where no file can hold them.
    pub(crate) fn elements(&self) -> Option<usize> {
        let lengths = self.shape.iter();
        lengths.copied().try_fold(1_usize, usize::checked_mul)
    }

    /// Bytes of all elements; none where no file can hold them.
    pub(crate) fn bytes(&self) -> Option<u64> {
        self.elements()?
            .checked_mul(self.dtype.size)
            .map(|bytes| bytes as u64)
    }
}

/// A region for each pixel, by numbers that mean nothing but same and different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelMap {
    /// Pixels.
    pub height: usize,
    /// Pixels.
    pub width: usize,
    /// Row-major.
    pub labels: Vec<i64>,
}

/// A label map, [height, width] of any whole type, in the bytes of a `.npy` file of at most 100 million pixels.
pub fn label_map(bytes: &[u8]) -> Result<LabelMap, ArrayError> {
    const NAME: &str = "labels";
    let mut rest = bytes;
    let header = Header::read(&mut rest, NAME)?;
    let dtype = header.dtype;
    if !dtype.is_whole() {
        return Err(ArrayError::Type {
            array: NAME.to_owned(),
            expected: "whole numbers, one for each region",
            found: dtype.name(),
            remedy: "save labels.astype(numpy.int32)",
        });
    }
    let &[height, width] = &header.shape[..] else {
        return Err(ArrayError::Axes {
            array: NAME.to_owned(),
            expected: "[height, width]".to_owned(),
            found: header.shape,
        });
    };
    let pixels = header.elements().unwrap_or(usize::MAX);
    if pixels > MOST_PIXELS {
        return Err(ArrayError::TooLarge {
            array: NAME.to_owned(),
            found: format!("{pixels} pixels"),
            most: format!("{MOST_PIXELS}"),
            remedy: "make the label map as large as the crop",
        });
    }
    if header.bytes() != Some(rest.len() as u64) {
        return Err(ArrayError::damaged(NAME));
    }
    let mut labels = vec![0; pixels];
    for (place, element) in rest.chunks_exact(dtype.size).enumerate() {
        let at = if header.fortran {
            place % height * width + place / height
        } else {
            place
        };
        labels[at] = dtype.whole(element).ok_or_else(|| ArrayError::Value {
            array: NAME.to_owned(),
            place,
            found: "a number above 9223372036854775807".to_owned(),
            expected: "a smaller label",
        })?;
    }
    Ok(LabelMap {
        height,
        width,
        labels,
    })
}
