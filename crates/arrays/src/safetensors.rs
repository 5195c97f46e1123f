//! The safetensors format: a JSON list of tensors, then their elements.
//!
//! The crate `safetensors` wants a whole file in memory, so its list is read here.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};

use serde::Deserialize;

use crate::ArrayError;
use crate::array::{Array, Section};
use crate::npy::{Dtype, Header, Kind};

/// Longest list of tensors, in bytes: an answer has fewer than ten.
const LONGEST_LIST: u64 = 1 << 20;
/// Not a tensor, but texts about the file.
const METADATA: &str = "__metadata__";
const LIST: &str = "its list of tensors";

#[derive(Clone, Debug, Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

/// The tensors of a file.
#[derive(Debug)]
pub(crate) struct Tensors {
    tensors: BTreeMap<String, Tensor>,
    /// Where elements begin.
    start: u64,
}

impl Tensors {
    /// Reads the list of tensors.
    pub(crate) fn open(file: &File) -> Result<Self, ArrayError> {
        let length = file.metadata().map_err(ArrayError::Read)?.len();
        let other = || ArrayError::Format {
            expected: "a safetensors file",
        };
        let mut start = [0; 8];
        let read = Section::new(file, 0, 8).read_exact(&mut start);
        read.map_err(|error| ArrayError::reading(error, "it"))?;
        let bytes = u64::from_le_bytes(start);
        if bytes > LONGEST_LIST {
            return Err(other());
        }
        if bytes + 8 > length {
            return Err(ArrayError::damaged(LIST));
        }
        let mut list = vec![0; bytes as usize];
        let read = Section::new(file, 8, bytes).read_exact(&mut list);
        read.map_err(|error| ArrayError::reading(error, LIST))?;
        let mut list: BTreeMap<String, serde_json::Value> =
            serde_json::from_slice(&list).map_err(|_| other())?;
        list.remove(METADATA);
        let tensor = |(name, value): (String, serde_json::Value)| {
            let tensor = serde_json::from_value(value).map_err(|_| other())?;
            Ok((name, tensor))
        };
        Ok(Self {
            tensors: list.into_iter().map(tensor).collect::<Result<_, _>>()?,
            start: bytes + 8,
        })
    }

    /// The names of the tensors.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.tensors.keys().map(String::as_str)
    }

    /// A tensor; none where there is no such one.
    pub(crate) fn array<'a>(
        &self,
        file: &'a File,
        name: &str,
    ) -> Result<Option<Array<'a>>, ArrayError> {
        let Some(tensor) = self.tensors.get(name) else {
            return Ok(None);
        };
        let (kind, size) = match &*tensor.dtype {
            "BOOL" => (Kind::Bool, 1),
            "U8" => (Kind::Unsigned, 1),
            "U16" => (Kind::Unsigned, 2),
            "U32" => (Kind::Unsigned, 4),
            "U64" => (Kind::Unsigned, 8),
            "I8" => (Kind::Signed, 1),
            "I16" => (Kind::Signed, 2),
            "I32" => (Kind::Signed, 4),
            "I64" => (Kind::Signed, 8),
            "BF16" => (Kind::Brain, 2),
            "F16" => (Kind::Float, 2),
            "F32" => (Kind::Float, 4),
            "F64" => (Kind::Float, 8),
            other => {
                return Err(ArrayError::Type {
                    array: name.to_owned(),
                    expected: "numbers of 8 to 64 bits",
                    found: other.to_owned(),
                    remedy: "convert it to float32, and save it again",
                });
            }
        };
        let dtype = Dtype {
            kind,
            size,
            big_endian: false,
        };
        let header = Header {
            dtype,
            fortran: false,
            shape: tensor.shape.clone(),
        };
        let [start, end] = tensor.data_offsets;
        let length = end.checked_sub(start);
        let at = self.start.checked_add(start);
        match (length, at) {
            (Some(length), Some(at)) if header.bytes() == Some(length) => {
                let data = BufReader::with_capacity(1 << 16, Section::new(file, at, length));
                Ok(Some(Array::new(name, header, data)))
            }
            _ => Err(ArrayError::damaged(format!("`{name}`"))),
        }
    }
}
