//! The two serialisations of `torch.save`: a zip archive (since `PyTorch` 1.6), and a row of pickles followed by the numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use safetensors::Dtype;
use zip::ZipArchive;

use super::Stored;
use super::pickle::{Pickle, PickleError, Place, Storage, Value, View};

/// The start of every zip archive with a file in it.
const ARCHIVE_START: &[u8] = b"PK\x03\x04";
/// The pickle of `torch.serialization.MAGIC_NUMBER`, with which the older serialisation starts.
const LEGACY_START: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
/// `torch.serialization.PROTOCOL_VERSION`.
const LEGACY_VERSION: i64 = 1001;
/// Keys under which training scripts keep the weights beside other things.
const WEIGHT_KEYS: [&str; 3] = ["state_dict", "model_state_dict", "model"];

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It asks for this class, which is neither a tensor nor a container.
    Stranger(String),
    /// It is a TorchScript program.
    Program,
    /// It is damaged, or holds no weights.
    Unreadable(String),
}

impl From<PickleError> for Refusal {
    fn from(error: PickleError) -> Self {
        match error {
            PickleError::Stranger(class) => Self::Stranger(class),
            malformed @ PickleError::Malformed { .. } => Self::Unreadable(malformed.to_string()),
        }
    }
}

fn unreadable<T>(reason: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Unreadable(reason.into()))
}

pub(crate) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(ARCHIVE_START)
}

pub(crate) fn is_legacy(bytes: &[u8]) -> bool {
    bytes.starts_with(LEGACY_START)
}

/// Reads the zip serialisation: `NAME/data.pkl`, and each storage as `NAME/data/KEY`.
pub(crate) fn archive(bytes: &[u8]) -> Result<BTreeMap<String, Stored<'static>>, Refusal> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .or_else(|error| unreadable(format!("a zip archive that cannot be read: {error}")))?;
    let folder = folder(&archive)?;
    if let Ok(order) = entry(&mut archive, &format!("{folder}/byteorder"))
        && order != b"little"
    {
        return unreadable("its numbers are big-endian");
    }
    let pickled = entry(&mut archive, &format!("{folder}/data.pkl"))?;
    let (pickle, _) = Pickle::read(&pickled)?;
    let named = named(&pickle)?;
    let mut storages = BTreeMap::new();
    for (_, view) in &named {
        let Storage { key, .. } = &view.storage;
        if !storages.contains_key(key) {
            let numbers = entry(&mut archive, &format!("{folder}/data/{key}"))?;
            storages.insert(key.clone(), Cow::Owned(numbers));
        }
    }
    stored(named, &storages)
}

/// The folder that everything lies in; it is named after the file that was first written.
fn folder(archive: &ZipArchive<Cursor<&[u8]>>) -> Result<String, Refusal> {
    let names = archive
        .file_names()
        .collect::<Result<Vec<_>, _>>()
        .or_else(|error| unreadable(format!("a zip archive that cannot be read: {error}")))?;
    let program = |name: &str| name.ends_with("/constants.pkl") || name.contains("/code/");
    if names.iter().any(|name| program(name)) {
        return Err(Refusal::Program);
    }
    let found = names.iter().find_map(|name| name.strip_suffix("/data.pkl"));
    match found {
        Some(folder) => Ok(folder.to_owned()),
        None => unreadable("a zip archive without the `data.pkl` that torch.save writes"),
    }
}

fn entry(archive: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Vec<u8>, Refusal> {
    let mut read = || -> Result<Vec<u8>, String> {
        let mut entry = archive.by_name(name).map_err(|error| error.to_string())?;
        let mut content = Vec::new();
        entry
            .read_to_end(&mut content)
            .map_err(|error| error.to_string())?;
        Ok(content)
    };
    read().or_else(|error| unreadable(format!("`{name}` in the zip archive: {error}")))
}

/// Reads the older serialisation: pickles of a magic number, a version, notes on the machine, the weights and the storages'
/// keys; then, for each key, the number of its numbers (i64) and the numbers.
pub(crate) fn legacy(bytes: &[u8]) -> Result<BTreeMap<String, Stored<'_>>, Refusal> {
    let mut rest = &bytes[LEGACY_START.len()..];
    let mut next = || -> Result<(Pickle, &[u8]), Refusal> {
        let (pickle, length) = Pickle::read(rest)?;
        rest = &rest[length..];
        Ok((pickle, rest))
    };
    if next()?.0.root() != &Value::Int(LEGACY_VERSION) {
        return unreadable(format!("its version is not {LEGACY_VERSION}"));
    }
    let machine = next()?.0;
    if lookup(&machine, "little_endian") != Some(&Value::Bool(true)) {
        return unreadable("its numbers are not said to be little-endian");
    }
    let pickle = next()?.0;
    let (keys, mut numbers) = next()?;
    let lengths = lengths(&pickle);
    let mut storages = BTreeMap::new();
    for key in texts(&keys)? {
        let Some(&(length, size)) = lengths.get(key) else {
            return unreadable(format!("storage `{key}` belongs to no tensor"));
        };
        let taken = numbers
            .split_at_checked(size_of::<i64>())
            .and_then(|(count, after)| {
                (count == (length as i64).to_le_bytes())
                    .then(|| after.split_at_checked(length.checked_mul(size)?))?
            });
        let Some((content, after)) = taken else {
            return unreadable(format!("storage `{key}` is not whole"));
        };
        storages.insert(key.to_owned(), Cow::Borrowed(content));
        numbers = after;
    }
    stored(named(&pickle)?, &storages)
}

/// The value of a text key in the dict that the pickle is of.
fn lookup<'a>(pickle: &'a Pickle, key: &str) -> Option<&'a Value> {
    let Value::Dict(entries) = pickle.root() else {
        return None;
    };
    let is_key = |place: Place| matches!(pickle.value(place), Value::Text(text) if text == key);
    entries
        .iter()
        .rev()
        .find(|(place, _)| is_key(*place))
        .map(|&(_, place)| pickle.value(place))
}

fn texts(pickle: &Pickle) -> Result<Vec<&str>, Refusal> {
    let Value::List(items) = pickle.root() else {
        return unreadable("the storages' keys are no list");
    };
    let text = |&item: &Place| match pickle.value(item) {
        Value::Text(text) => Ok(text.as_str()),
        _ => unreadable("a storage's key is no text"),
    };
    items.iter().map(text).collect()
}

/// Numbers in each storage that a pickle mentions, and the bytes of one.
fn lengths(pickle: &Pickle) -> BTreeMap<&str, (usize, usize)> {
    pickle
        .values()
        .filter_map(|value| match value {
            Value::Storage(storage) => {
                Some((storage.key.as_str(), (storage.length, size(storage.dtype))))
            }
            _ => None,
        })
        .collect()
}

/// The tensors of a state dict, which is the pickle itself, or stands in it under one of [`WEIGHT_KEYS`].
fn named(pickle: &Pickle) -> Result<Vec<(String, View)>, Refusal> {
    let nested = WEIGHT_KEYS
        .into_iter()
        .find_map(|key| lookup(pickle, key))
        .filter(|value| matches!(value, Value::Dict(_)));
    let Value::Dict(entries) = nested.unwrap_or(pickle.root()) else {
        return unreadable("it holds no dict of tensors: save model.state_dict() with torch.save");
    };
    let tensor = |&(key, value): &(Place, Place)| match (pickle.value(key), pickle.value(value)) {
        (Value::Text(name), Value::Tensor(view)) => Ok((name.clone(), view.clone())),
        (Value::Text(name), _) => unreadable(format!(
            "`{name}` is no tensor: save model.state_dict() with torch.save"
        )),
        _ => unreadable("a tensor's name is no text"),
    };
    entries.iter().map(tensor).collect()
}

fn stored<'a>(
    named: Vec<(String, View)>,
    storages: &BTreeMap<String, Cow<'a, [u8]>>,
) -> Result<BTreeMap<String, Stored<'a>>, Refusal> {
    let mut tensors = BTreeMap::new();
    for (name, view) in named {
        let numbers = storages.get(&view.storage.key).filter(|numbers| {
            Some(numbers.len()) == view.storage.length.checked_mul(size(view.storage.dtype))
        });
        let bytes = numbers.and_then(|numbers| gather(&view, numbers));
        let Some(bytes) = bytes else {
            return unreadable(format!("tensor `{name}` does not lie within its storage"));
        };
        let stored = Stored {
            dtype: view.storage.dtype,
            shape: view.shape,
            bytes,
        };
        tensors.insert(name, stored);
    }
    Ok(tensors)
}

/// The numbers of a view in row-major order; none where it reaches outside the storage or repeats numbers.
fn gather<'a>(view: &View, numbers: &Cow<'a, [u8]>) -> Option<Cow<'a, [u8]>> {
    let size = size(view.storage.dtype);
    let count = view
        .shape
        .iter()
        .try_fold(1_usize, |count, &side| count.checked_mul(side))?;
    if count > view.storage.length {
        return None;
    }
    if count == 0 {
        return Some(Cow::Owned(Vec::new()));
    }
    let last = view
        .shape
        .iter()
        .zip(&view.strides)
        .try_fold(view.offset, |last, (&side, &stride)| {
            last.checked_add((side - 1).checked_mul(stride)?)
        })?;
    if last >= view.storage.length {
        return None;
    }
    if view.strides == row_major(&view.shape) {
        let range = view.offset * size..(view.offset + count) * size;
        return Some(match numbers {
            Cow::Borrowed(numbers) => Cow::Borrowed(&numbers[range]),
            Cow::Owned(numbers) => Cow::Owned(numbers[range].to_vec()),
        });
    }
    let mut bytes = Vec::with_capacity(count * size);
    for index in 0..count {
        let start = (view.offset + place(index, view)) * size;
        bytes.extend_from_slice(&numbers[start..start + size]);
    }
    Some(Cow::Owned(bytes))
}

/// Strides without gaps, the last side innermost; sides of one number have any stride, so the view's own counts for them.
fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// Where the number with a row-major index stands after the view's offset.
fn place(index: usize, view: &View) -> usize {
    let axes = view.shape.iter().zip(&view.strides).rev();
    let (_, place) = axes.fold((index, 0), |(index, place), (&side, &stride)| {
        (index / side, place + index % side * stride)
    });
    place
}

/// Bytes of one number.
fn size(dtype: Dtype) -> usize {
    dtype.bitsize() / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(shape: &[usize], strides: &[usize], offset: usize) -> View {
        View {
            storage: Storage {
                key: "0".to_owned(),
                dtype: Dtype::U8,
                length: 6,
            },
            offset,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
        }
    }

    fn gathered(view: &View) -> Option<Vec<u8>> {
        gather(view, &Cow::Owned(vec![0, 1, 2, 3, 4, 5])).map(Cow::into_owned)
    }

    #[test]
    fn a_view_is_read_in_its_own_order() {
        assert_eq!(
            gathered(&view(&[2, 3], &[3, 1], 0)),
            Some(vec![0, 1, 2, 3, 4, 5])
        );
        assert_eq!(
            gathered(&view(&[3, 2], &[1, 3], 0)),
            Some(vec![0, 3, 1, 4, 2, 5])
        );
        assert_eq!(gathered(&view(&[2], &[2], 1)), Some(vec![1, 3]));
        assert_eq!(gathered(&view(&[], &[], 5)), Some(vec![5]));
        assert_eq!(gathered(&view(&[0, 3], &[3, 1], 6)), Some(vec![]));
    }

    #[test]
    fn a_view_that_leaves_its_storage_or_repeats_numbers_is_refused() {
        assert_eq!(gathered(&view(&[2, 3], &[3, 1], 1)), None);
        assert_eq!(gathered(&view(&[2], &[6], 0)), None);
        assert_eq!(gathered(&view(&[100], &[0], 0)), None);
        assert_eq!(gathered(&view(&[usize::MAX, 2], &[1, 1], 0)), None);
        assert_eq!(gathered(&view(&[2], &[usize::MAX], 3)), None);
    }
}
