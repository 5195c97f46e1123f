//! An array in a file, read from its beginning to its end.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use crc32fast::Hasher;

use crate::ArrayError;
use crate::npy::{Dtype, Header, Kind};

/// Most bytes of an array that is read whole: names and numbers of explanations, and maps in Fortran order.
const MOST_WHOLE: u64 = 1 << 30;
/// BLAKE3 in bytes.
const DIGEST: usize = 32;

/// A part of a file. It has a cursor of its own, so that several arrays are read in turn.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    file: &'a File,
    at: u64,
    left: u64,
}

impl<'a> Section<'a> {
    pub(crate) fn new(file: &'a File, at: u64, length: u64) -> Self {
        Self {
            file,
            at,
            left: length,
        }
    }
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(self.left.try_into().unwrap_or(usize::MAX));
        let read = self.file.read_at(&mut buffer[..wanted], self.at)?;
        self.at += read as u64;
        self.left -= read as u64;
        Ok(read)
    }
}

/// An array, and the elements that follow.
pub(crate) struct Array<'a> {
    pub(crate) name: String,
    pub(crate) header: Header,
    data: Box<dyn Read + 'a>,
    /// What was read so far, and what all of it must have, where the file says so.
    sum: Option<(Hasher, u32)>,
}

impl<'a> Array<'a> {
    /// `data` begins with the first element.
    pub(crate) fn new(name: &str, header: Header, data: impl Read + 'a) -> Self {
        Self {
            name: name.to_owned(),
            header,
            data: Box::new(data),
            sum: None,
        }
    }

    /// A `.npy` file whose bytes, header and all, have this CRC-32.
    pub(crate) fn npy(
        name: &str,
        mut data: impl Read + 'a,
        size: u64,
        crc: u32,
    ) -> Result<Self, ArrayError> {
        let mut start = Recorded {
            inner: &mut data,
            bytes: Vec::new(),
        };
        let header = Header::read(&mut start, name)?;
        let before = start.bytes;
        let mut hasher = Hasher::new();
        hasher.update(&before);
        let array = Self {
            sum: Some((hasher, crc)),
            ..Self::new(name, header, data)
        };
        let whole = array
            .header
            .bytes()
            .and_then(|bytes| bytes.checked_add(before.len() as u64));
        (whole == Some(size))
            .then_some(array)
            .ok_or_else(|| ArrayError::damaged(format!("`{name}`")))
    }

    fn damaged(&self) -> ArrayError {
        ArrayError::damaged(format!("`{}`", self.name))
    }

    fn fill(&mut self, buffer: &mut [u8]) -> Result<(), ArrayError> {
        let read = self.data.read_exact(buffer);
        read.map_err(|error| ArrayError::reading(error, &format!("`{}`", self.name)))?;
        if let Some((hasher, _)) = &mut self.sum {
            hasher.update(buffer);
        }
        Ok(())
    }

    /// Makes sure that nothing follows, and that what was read is what was written.
    fn end(mut self) -> Result<(), ArrayError> {
        let more = self.data.read(&mut [0]);
        let more = more.map_err(|error| ArrayError::reading(error, &format!("`{}`", self.name)))?;
        let sum = self.sum.take();
        let differs = sum.is_some_and(|(hasher, crc)| hasher.finalize() != crc);
        if more > 0 || differs {
            return Err(self.damaged());
        }
        Ok(())
    }

    fn whole(mut self) -> Result<Vec<u8>, ArrayError> {
        let bytes = self.header.bytes().unwrap_or(u64::MAX);
        if bytes > MOST_WHOLE {
            let remedy = if self.header.fortran {
                "save numpy.ascontiguousarray of it, which is read piece by piece"
            } else {
                "save fewer explanations in a file"
            };
            return Err(ArrayError::TooLarge {
                array: self.name,
                found: format!("{bytes} bytes"),
                most: format!("{MOST_WHOLE} bytes in one piece"),
                remedy,
            });
        }
        let mut all = vec![0; bytes as usize];
        self.fill(&mut all)?;
        self.end()?;
        Ok(all)
    }

    fn wrong_type(&self, expected: &'static str, remedy: &'static str) -> ArrayError {
        ArrayError::Type {
            array: self.name.clone(),
            expected,
            found: self.header.dtype.name(),
            remedy,
        }
    }

    /// All elements of an array of whole numbers, in the order in which they lie.
    pub(crate) fn wholes(self) -> Result<Vec<i64>, ArrayError> {
        let (name, dtype) = (self.name.clone(), self.header.dtype);
        if !dtype.is_whole() {
            return Err(self.wrong_type("whole numbers", "save it as numpy.int64"));
        }
        let bytes = self.whole()?;
        let each = bytes.chunks_exact(dtype.size).enumerate();
        let whole = |(place, element)| {
            dtype.whole(element).ok_or_else(|| ArrayError::Value {
                array: name.clone(),
                place,
                found: "a number above 9223372036854775807".to_owned(),
                expected: "a smaller one",
            })
        };
        each.map(whole).collect()
    }

    /// All elements of an array of numbers, in the order in which they lie.
    pub(crate) fn floats(self) -> Result<Vec<f64>, ArrayError> {
        let dtype = self.header.dtype;
        if !dtype.is_whole() && !dtype.is_float() {
            return Err(self.wrong_type("numbers", "save it as numpy.float64"));
        }
        let bytes = self.whole()?;
        let each = bytes.chunks_exact(dtype.size);
        Ok(each.map(|element| dtype.float(element)).collect())
    }

    /// Digests: texts of 64 hexadecimal digits, or such digits or 32 bytes as rows of uint8, which is how formats hold them that have no text.
    pub(crate) fn digests(self) -> Result<Vec<String>, ArrayError> {
        let (name, dtype) = (self.name.clone(), self.header.dtype);
        let bytes = match (dtype.kind, &self.header.shape[..]) {
            (Kind::Text | Kind::Bytes, [_]) => {
                let bytes = self.whole()?;
                let each = bytes.chunks_exact(dtype.size).enumerate();
                let text = |(place, element)| {
                    dtype.text(element).ok_or_else(|| ArrayError::Value {
                        array: name.clone(),
                        place,
                        found: "bytes that are no text".to_owned(),
                        expected: "the digest in targets.csv",
                    })
                };
                return each.map(text).collect();
            }
            (Kind::Unsigned, &[_, width @ (DIGEST | 64)]) if dtype.size == 1 => {
                let bytes = self.whole()?;
                bytes.chunks_exact(width).map(digits).collect()
            }
            (Kind::Text | Kind::Bytes, shape) => {
                return Err(ArrayError::Axes {
                    array: name,
                    expected: "[explanations]".to_owned(),
                    found: shape.to_vec(),
                });
            }
            _ => {
                return Err(self.wrong_type(
                    "text, or uint8 with the axes [explanations, 64]",
                    "copy the column `digest` of targets.csv",
                ));
            }
        };
        Ok(bytes)
    }

    /// The numbers of each explanation in turn: those along the last `inner` axes, row-major. `each` gets the place of the explanation, row-major along the
    /// other axes. Of an array in C order one explanation is in memory; one in Fortran order is there as a whole.
    pub(crate) fn each(
        mut self,
        inner: usize,
        wanted: &dyn Fn(usize) -> bool,
        each: &mut dyn FnMut(usize, Vec<f64>),
    ) -> Result<(), ArrayError> {
        let Header {
            dtype, ref shape, ..
        } = self.header;
        let (outer, inner) = shape.split_at(shape.len() - inner);
        let (outer, length) = (product(outer), product(inner));
        if self.header.fortran {
            let shape = shape.clone();
            let bytes = self.whole()?;
            for place in (0..outer).filter(|place| wanted(*place)) {
                let at = |element| place_in_fortran(&shape, place * length + element);
                let value = |element| dtype.float(&bytes[at(element) * dtype.size..][..dtype.size]);
                each(place, (0..length).map(value).collect());
            }
            return Ok(());
        }
        let mut bytes = vec![0; length * dtype.size];
        for place in 0..outer {
            self.fill(&mut bytes)?;
            if wanted(place) {
                each(place, numbers(dtype, &bytes));
            }
        }
        self.end()
    }
}

fn numbers(dtype: Dtype, bytes: &[u8]) -> Vec<f64> {
    let each = bytes.chunks_exact(dtype.size);
    each.map(|element| dtype.float(element)).collect()
}

fn product(lengths: &[usize]) -> usize {
    lengths.iter().product()
}

/// Where the element at a row-major place lies in Fortran order.
fn place_in_fortran(shape: &[usize], mut place: usize) -> usize {
    let mut at = 0;
    let mut strides = vec![1; shape.len()];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    for axis in (0..shape.len()).rev() {
        at += place % shape[axis] * strides[axis];
        place /= shape[axis];
    }
    at
}

/// A digest in hexadecimal digits, from such digits or from bytes.
fn digits(row: &[u8]) -> String {
    use std::fmt::Write;
    if row.len() != DIGEST {
        return String::from_utf8_lossy(row).into_owned();
    }
    row.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Keeps what is read.
struct Recorded<'a, R> {
    inner: &'a mut R,
    bytes: Vec<u8>,
}

impl<R: Read> Read for Recorded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes.extend(&buffer[..read]);
        Ok(read)
    }
}
