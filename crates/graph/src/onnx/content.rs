//! A file's own bytes, what it keeps in files beside it, and numbers that it does not hold as they lie in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::Refusal;
use super::messages::{Model, Node, Part, Tensor, parts};
use super::numbers::{SCALARS, Scalars};
use super::wire::{Field, Packed};

/// Bytes of numbers that are decoded, for each byte of the file: integers may be shorter there than in memory.
const MOST_DECODED: usize = 2;

/// The content of an ONNX file, and of the files beside it that hold its numbers.
#[derive(Debug)]
pub struct Content<'a> {
    bytes: &'a [u8],
    outside: BTreeMap<String, Vec<u8>>,
    /// By the place of their message in the file.
    decoded: BTreeMap<usize, Vec<u8>>,
}

impl<'a> Content<'a> {
    /// Reads what `bytes`, the content of the file `path`, keeps in other files: only those in the folder of `path` and below it are opened.
    pub fn open(path: &Path, bytes: &'a [u8]) -> Result<Self, Refusal> {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        Self::read(bytes, Some(folder.unwrap_or(Path::new("."))))
    }

    /// The content of a file that has all of its numbers in it.
    pub fn whole(bytes: &'a [u8]) -> Result<Self, Refusal> {
        Self::read(bytes, None)
    }

    /// The files beside it that it reads: their names, relative to its folder, and what they hold.
    pub fn outside(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.outside
            .iter()
            .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    fn read(bytes: &'a [u8], folder: Option<&Path>) -> Result<Self, Refusal> {
        let mut content = Self {
            bytes,
            outside: BTreeMap::new(),
            decoded: BTreeMap::new(),
        };
        let model = Model::read(bytes).map_err(Refusal::Damaged)?;
        let mut spare = bytes.len().saturating_mul(MOST_DECODED);
        for part in parts(model.graph) {
            let tensor = match part.map_err(Refusal::Damaged)? {
                Part::Initializer(tensor) => Some(tensor),
                Part::Node(node) => constant(node).map_err(Refusal::Damaged)?,
                _ => None,
            };
            if let Some(bytes) = tensor {
                content.add(bytes, folder, &mut spare)?;
            }
        }
        Ok(content)
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Bytes of the file and of those beside it.
    pub(super) fn length(&self) -> usize {
        let outside = self.outside.values().map(Vec::len);
        outside.fold(self.bytes.len(), usize::saturating_add)
    }

    /// The numbers of a tensor as they lie in memory; its message is `bytes`.
    pub(super) fn numbers<'c>(
        &'c self,
        tensor: &Tensor<'c>,
        bytes: &[u8],
    ) -> Result<&'c [u8], String> {
        if tensor.is_outside {
            let all = self.outside.get(tensor.location);
            let all = all.ok_or_else(|| format!("the file `{}` was not read", tensor.location))?;
            return within(tensor, all);
        }
        match (
            tensor.raw,
            self.decoded.get(&self.place(bytes)),
            tensor.typed,
        ) {
            (Some(raw), ..) => Ok(raw),
            (None, Some(decoded), _) => Ok(decoded),
            (None, None, Some((_, Field::Bytes(packed)))) => Ok(packed),
            _ => Ok(&[]),
        }
    }

    fn place(&self, bytes: &[u8]) -> usize {
        bytes
            .as_ptr()
            .addr()
            .wrapping_sub(self.bytes.as_ptr().addr())
    }

    /// Reads the numbers of a tensor that are not in its message as they lie in memory.
    fn add(
        &mut self,
        bytes: &'a [u8],
        folder: Option<&Path>,
        spare: &mut usize,
    ) -> Result<(), Refusal> {
        let tensor = Tensor::read(bytes).map_err(Refusal::Damaged)?;
        if tensor.is_outside {
            if !self.outside.contains_key(tensor.location) {
                let all = load(tensor.location, folder)?;
                self.outside.insert(tensor.location.to_owned(), all);
            }
            let all = self
                .outside
                .get(tensor.location)
                .map_or(&[][..], Vec::as_slice);
            return within(&tensor, all).map(drop).map_err(Refusal::Damaged);
        }
        let as_in_memory = matches!(
            (tensor.typed, tensor.typed_fields),
            (Some((4 | 10, Field::Bytes(_))), 1)
        );
        if tensor.raw.is_some() || tensor.typed_fields == 0 || as_in_memory {
            return Ok(());
        }
        // What no network is computed in is refused where it is used.
        let Some(scalars) = SCALARS
            .iter()
            .find(|scalars| scalars.data_type == tensor.data_type)
        else {
            return Ok(());
        };
        let decoded = decode(bytes, scalars, spare).map_err(Refusal::Damaged)?;
        self.decoded.insert(self.place(bytes), decoded);
        Ok(())
    }
}

/// The tensor that a node makes a constant of.
fn constant(node: &[u8]) -> Result<Option<&[u8]>, String> {
    let node = Node::read(node)?;
    if !matches!(node.operator, "Constant" | "ConstantOfShape") {
        return Ok(None);
    }
    let value = node.attribute("value")?;
    value.map(|value| value.tensor()).transpose()
}

/// The numbers of a tensor in a file beside.
fn within<'c>(tensor: &Tensor<'_>, all: &'c [u8]) -> Result<&'c [u8], String> {
    let start = usize::try_from(tensor.offset).ok();
    let behind = start.and_then(|start| all.get(start..));
    let length = match tensor.length {
        Some(length) => usize::try_from(length).ok(),
        None => behind.map(<[u8]>::len),
    };
    let numbers = behind
        .zip(length)
        .and_then(|(behind, length)| behind.get(..length));
    numbers.ok_or_else(|| {
        format!(
            "its tensor `{}` does not lie within `{}` of {} bytes",
            tensor.name,
            tensor.location,
            all.len()
        )
    })
}

/// The content of a file beside, by its path relative to the folder.
fn load(location: &str, folder: Option<&Path>) -> Result<Vec<u8>, Refusal> {
    let unfit = |reason: String| {
        Refusal::Unfit(format!(
            "its numbers are in the file `{location}`, which {reason}: put that file beside it, or save all in one with onnx.save(onnx.load(path), path)"
        ))
    };
    let Some(folder) = folder else {
        return Err(Refusal::Unfit(format!(
            "its numbers are in another file, `{location}`: save all in one with onnx.save(onnx.load(path), path)"
        )));
    };
    let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if location.is_empty() || !Path::new(location).components().all(plain) {
        return Err(unfit("is not in its folder".to_owned()));
    }
    let whole = |path: PathBuf| {
        path.canonicalize()
            .map_err(|error| unfit(format!("cannot be read ({error})")))
    };
    let (folder, path) = (whole(folder.to_owned())?, whole(folder.join(location))?);
    if !path.starts_with(&folder) {
        return Err(unfit("is a link that leaves its folder".to_owned()));
    }
    let read = || -> std::io::Result<Option<Vec<u8>>> {
        // Before it is opened, which would wait at a pipe.
        if !path.metadata()?.is_file() {
            return Ok(None);
        }
        let file = File::open(&path)?;
        let metadata = file.metadata()?;
        let mut bytes = Vec::new();
        let length = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
        bytes
            .try_reserve_exact(length)
            .map_err(std::io::Error::other)?;
        file.take(metadata.len()).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    };
    match read() {
        Ok(Some(bytes)) => Ok(bytes),
        Ok(None) => Err(unfit("is no file".to_owned())),
        Err(error) => Err(unfit(format!("cannot be read ({error})"))),
    }
}

/// The numbers of a tensor that stand in its message one by one, as they lie in memory.
fn decode(bytes: &[u8], scalars: &Scalars, spare: &mut usize) -> Result<Vec<u8>, String> {
    let mut decoded = Vec::new();
    let mut push = |number: &[u8]| {
        *spare = spare
            .checked_sub(number.len())
            .ok_or("its tensors are much larger than the file")?;
        decoded.extend_from_slice(number);
        Ok::<_, String>(())
    };
    let wrong = || "a tensor has numbers of another type than it states".to_owned();
    let integer =
        |number: u64| -> Option<[u8; 8]> { scalars.is_in(5).then(|| number.to_le_bytes()) };
    for field in Tensor::typed(bytes) {
        let (place, field) = field?;
        if !scalars.is_in(place) {
            return Err(wrong());
        }
        match (place, field) {
            (4, Field::Single(number)) => push(&number.to_le_bytes())?,
            (10, Field::Double(number)) => push(&number.to_le_bytes())?,
            (4 | 10, Field::Bytes(packed)) => push(packed)?,
            (5, Field::Number(number)) => {
                let number = integer(number).ok_or_else(wrong)?;
                push(number.get(..scalars.size).ok_or_else(wrong)?)?;
            }
            (5, Field::Bytes(packed)) => {
                for number in Packed(packed) {
                    let number = integer(number?).ok_or_else(wrong)?;
                    push(number.get(..scalars.size).ok_or_else(wrong)?)?;
                }
            }
            (7, Field::Number(number)) => push(&number.to_le_bytes())?,
            (7, Field::Bytes(packed)) => {
                for number in Packed(packed) {
                    push(&number?.to_le_bytes())?;
                }
            }
            _ => return Err(wrong()),
        }
    }
    Ok(decoded)
}
