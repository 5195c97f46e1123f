//! The two serialisations of `torch.save`: a zip archive (since PyTorch 1.6), and a row of pickles followed by the numbers.

use std::collections::BTreeMap;

use safetensors::Dtype;

use super::archive::Archive;
use super::pickle::{Pickle, Place, Value};
use super::{Refusal, Stored, Tensors, lies_within};
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
    let mut archive = Archive::open(bytes, "data.pkl").map_err(Refusal::damaged)?;
    let order = archive.entry("byteorder").map_err(Refusal::damaged)?;
    if order.is_some_and(|order| order != b"little") {
        return Err(big_endian());
    }
    let Some(pickled) = archive.entry("data.pkl").map_err(Refusal::damaged)? else {
        return Err(Refusal::damaged("the zip archive has no `data.pkl`"));
    };
    let (pickle, _) = Pickle::read(pickled, 0)?;
    let mut storages = Storages::new();
    for (key, _) in lengths(&pickle) {
        // One that no tensor uses need not be there.
        let numbers = archive.entry(&format!("data/{key}"));
        if let Some(numbers) = numbers.map_err(Refusal::damaged)? {
            storages.insert(key, numbers);
        }
    }
    stored(&pickle, &storages)
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
        let length = view.storage.length;
        let whole = length.checked_mul(size(view.storage.dtype));
        if whole != Some(numbers.len())
            || !lies_within(&view.shape, &view.strides, view.offset, length)
        {
            return Err(outside("does not lie within storage"));
        }
        let (shape, strides) = (view.shape.clone(), view.strides.clone());
        let stored = Stored::within(numbers, view.storage.dtype, shape, strides, view.offset);
        let stored = stored.ok_or_else(|| outside("repeats the numbers of storage"))?;
        Ok((name.to_owned(), stored))
    };
    entries.iter().map(tensor).collect()
}

/// Bytes of one number.
pub(crate) fn size(dtype: Dtype) -> usize {
    dtype.bitsize() / 8
}
