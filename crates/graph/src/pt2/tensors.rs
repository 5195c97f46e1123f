//! The numbers of parameters and constants in an archive.

use std::collections::BTreeMap;

use checkpoint::{Archive, Dtype, Stored, Tensors};

use super::Refusal;
use super::schema::{Meta, Payloads, Size};
use super::values::{BFLOAT16, HALF};
use crate::graph::Graph;
use crate::op::Kind;

/// Most bytes of all parameters for each byte of the file: more than one where several share their numbers.
const MOST_SHARED: usize = 2;

/// Where the numbers of a parameter are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// Among the weights.
    Weight,
    /// Among the weights, and where it is not saved with them, among the constants.
    Buffer,
    /// Among the constants.
    Constant,
}

/// The bytes of an entry that must be there.
pub(super) fn required<'a>(archive: &mut Archive<'a>, path: &str) -> Result<&'a [u8], Refusal> {
    let entry = archive.entry(path).map_err(Refusal::Damaged)?;
    entry.ok_or_else(|| Refusal::Damaged(format!("the zip archive has no `{path}`")))
}

/// The numbers of the graph's parameters, by their names; the graph gets their shapes and types.
pub(super) fn read<'a>(
    archive: &mut Archive<'a>,
    model: &str,
    graph: &mut Graph,
    sources: &BTreeMap<String, Source>,
    length: usize,
) -> Result<Tensors<'a>, Refusal> {
    let weights = Folder::read(archive, "weights", model)?;
    let constants = Folder::read(archive, "constants", model)?;
    let mut tensors = Tensors::new();
    let mut bytes = 0_usize;
    for parameter in &mut graph.parameters {
        let name = &parameter.name;
        let found = match sources.get(name) {
            Some(Source::Weight) => weights.tensor(name, archive)?,
            Some(Source::Constant) => constants.tensor(name, archive)?,
            Some(Source::Buffer) | None => match weights.tensor(name, archive)? {
                None => constants.tensor(name, archive)?,
                found => found,
            },
        };
        let Some(stored) = found else {
            return Err(Refusal::Damaged(format!(
                "the numbers of its parameter `{name}` are missing"
            )));
        };
        let shape: Vec<i64> = stored.shape.iter().map(|&side| side as i64).collect();
        if shape != parameter.shape || kind(stored.dtype) != Some(parameter.kind) {
            return Err(Refusal::Damaged(format!(
                "its parameter `{name}` has numbers of the shape {shape:?} ({:?}), where its graph has {:?} ({:?})",
                stored.dtype, parameter.shape, parameter.kind
            )));
        }
        let size = stored.count().saturating_mul(stored.dtype.bitsize() / 8);
        bytes = bytes.saturating_add(size);
        tensors.insert(name.clone(), stored);
    }
    if bytes / MOST_SHARED > length {
        return Err(Refusal::Damaged(format!(
            "its parameters have {bytes} bytes, more than {MOST_SHARED} times the {length} of the file: it uses the same numbers again and again"
        )));
    }
    Ok(tensors)
}

/// The tensors in one folder of the archive.
enum Folder<'a> {
    /// Each in a file of its own.
    Files {
        folder: &'static str,
        payloads: Payloads<'a>,
    },
    /// All in one file of torch.save, as PyTorch 2.8 does.
    Saved(Tensors<'a>),
}

impl<'a> Folder<'a> {
    fn read(archive: &mut Archive<'a>, folder: &'static str, model: &str) -> Result<Self, Refusal> {
        let saved = format!("data/{folder}/{model}.pt");
        if let Some(bytes) = archive.entry(&saved).map_err(Refusal::Damaged)? {
            let tensors = checkpoint::read(bytes);
            return tensors
                .map(Self::Saved)
                .map_err(|refusal| Refusal::Damaged(format!("`{saved}`: {refusal}")));
        }
        let path = format!("data/{folder}/model_{folder}_config.json").replacen("model", model, 1);
        let json = required(archive, &path)?;
        let payloads = serde_json::from_slice(json);
        let payloads = payloads.map_err(|error| Refusal::Damaged(format!("`{path}`: {error}")))?;
        Ok(Self::Files { folder, payloads })
    }

    fn tensor(&self, name: &str, archive: &mut Archive<'a>) -> Result<Option<Stored<'a>>, Refusal> {
        let (folder, payload) = match self {
            Self::Saved(tensors) => return Ok(tensors.get(name).cloned()),
            Self::Files { folder, payloads } => match payloads.config.get(name) {
                Some(payload) => (folder, payload),
                None => return Ok(None),
            },
        };
        if payload.use_pickle {
            return Err(Refusal::Unfit(format!(
                "the parameter `{name}` is saved as a pickle, which is a program and is not run: export the network with plain tensors as parameters \
                 (torch.nn.Parameter(tensor.detach().clone()))"
            )));
        }
        let Some(meta) = &payload.tensor_meta else {
            return Err(Refusal::Damaged(format!(
                "the shape of the parameter `{name}` is missing"
            )));
        };
        let path = format!("data/{folder}/{}", &*payload.path_name);
        let bytes = required(archive, &path)?;
        let outside = || {
            Refusal::Damaged(format!(
                "the parameter `{name}` does not lie within `{path}` of {} bytes",
                bytes.len()
            ))
        };
        let dtype = dtype(meta)?;
        let stored = Stored::within(
            bytes,
            dtype,
            counts(&meta.sizes).ok_or_else(outside)?,
            counts(&meta.strides).ok_or_else(outside)?,
            count(meta.storage_offset).ok_or_else(outside)?,
        );
        stored.map(Some).ok_or_else(outside)
    }
}

fn count(size: Size<'_>) -> Option<usize> {
    match size {
        Size::Int(count) => usize::try_from(count).ok(),
        Size::Formula(_) => None,
    }
}

fn counts(sizes: &[Size<'_>]) -> Option<Vec<usize>> {
    sizes.iter().map(|&size| count(size)).collect()
}

fn dtype(meta: &Meta<'_>) -> Result<Dtype, Refusal> {
    let kind = super::values::kind(meta.dtype).map_err(Refusal::Unfit)?;
    Ok(match (kind, meta.dtype) {
        (_, HALF) => Dtype::F16,
        (_, BFLOAT16) => Dtype::BF16,
        (Kind::Uint8, _) => Dtype::U8,
        (Kind::Int8, _) => Dtype::I8,
        (Kind::Int16, _) => Dtype::I16,
        (Kind::Int32, _) => Dtype::I32,
        (Kind::Int64, _) => Dtype::I64,
        (Kind::Float, _) => Dtype::F32,
        (Kind::Double, _) => Dtype::F64,
        (Kind::Bool, _) => Dtype::BOOL,
    })
}

fn kind(dtype: Dtype) -> Option<Kind> {
    Some(match dtype {
        Dtype::U8 => Kind::Uint8,
        Dtype::I8 => Kind::Int8,
        Dtype::I16 => Kind::Int16,
        Dtype::I32 => Kind::Int32,
        Dtype::I64 => Kind::Int64,
        Dtype::F16 | Dtype::BF16 | Dtype::F32 => Kind::Float,
        Dtype::F64 => Kind::Double,
        Dtype::BOOL => Kind::Bool,
        _ => return None,
    })
}
