//! The two serialisations of `torch.save`: a zip archive (since PyTorch 1.6), and a row of pickles followed by the numbers.

use std::collections::BTreeMap;
use std::io::Cursor;

use safetensors::Dtype;
use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

use super::pickle::{Pickle, Place, Value, View};
use super::{Refusal, Stored, Tensors};
use crate::kind::LEGACY;

/// `torch.serialization.PROTOCOL_VERSION`.
const LEGACY_VERSION: i64 = 1001;
/// Keys under which training scripts keep the weights beside other things.
const WEIGHT_KEYS: [&str; 3] = ["state_dict", "model_state_dict", "model"];
/// What to do about a file that holds something else than weights.
const SAVE_WEIGHTS: &str = "save model.state_dict() with torch.save";

/// Storages by key.
type Storages<'pickle, 'file> = BTreeMap<&'pickle str, &'file [u8]>;

/// Reads the zip serialisation: `NAME/data.pkl`, and each storage as `NAME/data/KEY`.
pub(crate) fn archive(bytes: &[u8]) -> Result<Tensors<'_>, Refusal> {
    let mut archive = Archive::open(bytes)?;
    let order = archive.entry("byteorder")?;
    if order.is_some_and(|order| order != b"little") {
        return Err(big_endian());
    }
    let Some(pickled) = archive.entry("data.pkl")? else {
        return Err(Refusal::damaged("the zip archive has no `data.pkl`"));
    };
    let (pickle, _) = Pickle::read(pickled, 0)?;
    let mut storages = Storages::new();
    for (key, _) in lengths(&pickle) {
        // One that no tensor uses need not be there.
        if let Some(numbers) = archive.entry(&format!("data/{key}"))? {
            storages.insert(key, numbers);
        }
    }
    stored(&pickle, &storages)
}

/// The entries of an archive, which are not compressed: each is a part of the file.
struct Archive<'a> {
    bytes: &'a [u8],
    entries: ZipArchive<Cursor<&'a [u8]>>,
    /// The folder that everything lies in; it is named after the file that was first written.
    folder: String,
}

impl<'a> Archive<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, Refusal> {
        let unreadable =
            |error: ZipError| Refusal::damaged(format!("the zip archive cannot be read: {error}"));
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(unreadable)?;
        let names = archive
            .file_names()
            .collect::<Result<Vec<_>, _>>()
            .map_err(unreadable)?;
        let folder = names.iter().find_map(|name| name.strip_suffix("/data.pkl"));
        let Some(folder) = folder.map(str::to_owned) else {
            let reason = "the zip archive has no `data.pkl`, which torch.save writes";
            return Err(Refusal::damaged(reason));
        };
        Ok(Self {
            bytes,
            entries: archive,
            folder,
        })
    }

    /// The bytes of an entry; none where there is no such entry.
    fn entry(&mut self, name: &str) -> Result<Option<&'a [u8]>, Refusal> {
        let damaged =
            |reason: &str| Refusal::damaged(format!("`{name}` in the zip archive {reason}"));
        let entry = match self.entries.by_name(&format!("{}/{name}", self.folder)) {
            Err(ZipError::FileNotFound) => return Ok(None),
            entry => entry.map_err(|error| damaged(&format!("cannot be read: {error}")))?,
        };
        if entry.compression() != CompressionMethod::Stored {
            return Err(damaged("is compressed, which torch.save does not do"));
        }
        let start = entry.data_start().map(|start| start as usize);
        let content = start
            .and_then(|start| self.bytes.get(start..)?.get(..entry.size() as usize))
            .ok_or_else(|| damaged("is not whole"))?;
        // torch.serialization.set_crc32_options(False) leaves the checksum out.
        if entry.crc32() != 0 && crc32fast::hash(content) != entry.crc32() {
            return Err(damaged("has another checksum than its content"));
        }
        Ok(Some(content))
    }
}

/// Reads the older serialisation: pickles of a magic number, a version, notes on the machine, the weights and the storages'
/// keys; then, for each key, the number of its numbers (i64) and the numbers.
pub(crate) fn legacy(bytes: &[u8]) -> Result<Tensors<'_>, Refusal> {
    let (version, at) = Pickle::read(bytes, LEGACY.len())?;
    if version.root() != &Value::Int(LEGACY_VERSION) {
        let reason = format!("the version of its form is not {LEGACY_VERSION}");
        return Err(Refusal::damaged(reason));
    }
    let (machine, at) = Pickle::read(bytes, at)?;
    if lookup(&machine, "little_endian") != Some(&Value::Bool(true)) {
        return Err(big_endian());
    }
    let (pickle, at) = Pickle::read(bytes, at)?;
    let (keys, at) = Pickle::read(bytes, at)?;
    let lengths = lengths(&pickle);
    let mut rest = &bytes[at..];
    let mut storages = Storages::new();
    for key in texts(&keys)? {
        let Some((&key, &(length, size))) = lengths.get_key_value(key) else {
            let reason = format!("storage `{key}` belongs to no tensor");
            return Err(Refusal::damaged(reason));
        };
        let taken = rest.split_at_checked(size_of::<i64>());
        let taken = taken.filter(|(count, _)| *count == (length as i64).to_le_bytes());
        let taken = taken.and_then(|(_, after)| after.split_at_checked(length.checked_mul(size)?));
        let Some((content, after)) = taken else {
            let reason = format!("storage `{key}` is not whole");
            return Err(Refusal::damaged(reason));
        };
        storages.insert(key, content);
        rest = after;
    }
    stored(&pickle, &storages)
}

fn big_endian() -> Refusal {
    let reason = "its numbers are big-endian, or not said to be little-endian";
    Refusal::other(reason, "save it again on a common machine")
}

/// The value of a text key in the dict that the pickle is of; the last one counts, as in Python.
fn lookup<'a>(pickle: &'a Pickle, key: &str) -> Option<&'a Value> {
    let Value::Dict(entries) = pickle.root() else {
        return None;
    };
    let named = |&&(name, _): &&(Place, Place)| pickle.text(name) == Some(key);
    entries
        .iter()
        .rfind(named)
        .map(|&(_, value)| pickle.value(value))
}

fn texts(pickle: &Pickle) -> Result<Vec<&str>, Refusal> {
    let Value::List(items) = pickle.root() else {
        return Err(Refusal::damaged("the storages' keys are no list"));
    };
    let text = |&item: &Place| {
        let text = pickle.text(item);
        text.ok_or_else(|| Refusal::damaged("a storage's key is no text"))
    };
    items.iter().map(text).collect()
}

/// Numbers in each storage that a pickle mentions, and the bytes of one.
fn lengths(pickle: &Pickle) -> BTreeMap<&str, (usize, usize)> {
    let storage = |value: &Value| match value {
        Value::Storage(storage) => Some((
            pickle.text(storage.key)?,
            (storage.length, size(storage.dtype)),
        )),
        _ => None,
    };
    pickle.values().filter_map(storage).collect()
}

/// The tensors of a state dict, which is the pickle itself, or stands in it under one of [`WEIGHT_KEYS`].
fn stored<'file>(
    pickle: &Pickle,
    storages: &Storages<'_, 'file>,
) -> Result<Tensors<'file>, Refusal> {
    let nested = WEIGHT_KEYS
        .into_iter()
        .filter_map(|key| lookup(pickle, key))
        .find(|value| matches!(value, Value::Dict(_)));
    let Value::Dict(entries) = nested.unwrap_or(pickle.root()) else {
        return Err(Refusal::other("it holds no dict of tensors", SAVE_WEIGHTS));
    };
    let tensor = |&(key, value): &(Place, Place)| {
        let Some(name) = pickle.text(key) else {
            let reason = format!("a key of its dict is no text: {:?}", pickle.value(key));
            return Err(Refusal::other(&reason, SAVE_WEIGHTS));
        };
        let Value::Tensor(view) = pickle.value(value) else {
            let reason = format!("`{name}` is no tensor");
            return Err(Refusal::other(&reason, SAVE_WEIGHTS));
        };
        let key = pickle.text(view.storage.key).unwrap_or_default();
        let outside = |what: &str| {
            Refusal::damaged(format!(
                "tensor `{name}` (shape {:?}, strides {:?}, offset {}) {what} `{key}` of {} numbers",
                view.shape, view.strides, view.offset, view.storage.length
            ))
        };
        let numbers = storages.get(key).ok_or_else(|| outside("has no storage"))?;
        let whole = view.storage.length.checked_mul(size(view.storage.dtype));
        if whole != Some(numbers.len()) || !lies_within(view) {
            return Err(outside("does not lie within storage"));
        }
        // Else a small file could ask for any amount of memory.
        if count(&view.shape).is_none_or(|count| count > view.storage.length) {
            return Err(outside("repeats the numbers of storage"));
        }
        let stored = Stored::new(view, numbers);
        Ok((name.to_owned(), stored))
    };
    entries.iter().map(tensor).collect()
}

/// Numbers of a tensor, unless they are too many to count.
fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    let mut sides = shape.iter();
    sides.try_fold(1_usize, |count, &side| count.checked_mul(side))
}

/// Whether a view reaches no number outside its storage.
fn lies_within(view: &View) -> bool {
    if view.shape.contains(&0) {
        return view.offset <= view.storage.length;
    }
    let mut axes = view.shape.iter().zip(&view.strides);
    let last = axes.try_fold(view.offset, |last, (&side, &stride)| {
        last.checked_add((side - 1).checked_mul(stride)?)
    });
    last.is_some_and(|last| last < view.storage.length)
}

/// Bytes of one number.
pub(crate) fn size(dtype: Dtype) -> usize {
    dtype.bitsize() / 8
}
