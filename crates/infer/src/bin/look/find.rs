//! Finds out from its content what a network's file is, and how a study can use it.

use std::io::Cursor;
use std::path::Path;

use checkpoint::FileKind;
use networks::{
    Fit, Form, GraphFile, LoadError, Machine, Methods, Precision, Takes, Wanted, Width,
};
use serde_json::{Value, json};
use stage::StageError;

use crate::beside::Beside;

/// Side of the input of most published networks, in pixels.
pub(crate) const USUAL: u32 = 224;

/// Finds out what the file at `path` is; `side` is that of its input, if it is known.
pub(crate) fn find(path: &Path, side: Option<u32>) -> Result<Value, StageError> {
    let bytes = std::fs::read(path)
        .map_err(|error| StageError::action(format!("{}: {error}", path.display())))?;
    match checkpoint::recognise(&mut Cursor::new(&bytes)).map_err(StageError::action)? {
        FileKind::TorchScript => program(path, &bytes, side),
        kind @ (FileKind::TorchExport | FileKind::Onnx) => exported(kind, path, &bytes, side),
        kind if kind.is_weights() => weights(path, &bytes, side),
        kind => Err(StageError::action(format!(
            "{}: this is {kind}: {}",
            path.display(),
            kind.way_out()
        ))),
    }
}

/// In which the network is tried: fp32, where a study computes unless it says otherwise.
fn form() -> Result<Form, StageError> {
    let devices = Machine::here().devices(Wanted::Auto);
    Ok(Form {
        device: devices.map_err(StageError::action)?[0],
        precision: Precision::Fp32,
    })
}

/// What `load` gives for pictures of `first` x `first` pixels, or, where `others` may be tried, of the side that the network takes; with that side, and
/// the one that it does not take.
pub(crate) fn at_its_side<T>(
    first: u32,
    others: bool,
    load: impl Fn(u32) -> Result<T, LoadError>,
) -> Result<(u32, Vec<u32>, T), StageError> {
    let (taken, refused, loaded) = match load(first) {
        Err(LoadError::Takes {
            takes: Takes::Side(other),
            ..
        }) if others => (other as u32, vec![first], load(other as u32)),
        loaded => (first, Vec::new(), loaded),
    };
    Ok((taken, refused, loaded.map_err(StageError::action)?))
}

/// A network that was exported as a graph: of ONNX, or else of `torch.export`.
pub(crate) fn graph<'a>(
    kind: FileKind,
    path: &'a Path,
    bytes: &'a [u8],
    side: u32,
) -> GraphFile<'a> {
    if kind == FileKind::Onnx {
        GraphFile::onnx(path, bytes, side as usize, None)
    } else {
        GraphFile::exported(path, bytes, side as usize, None)
    }
}

/// A network of `torch.export` or ONNX, which answers as it did when it was exported where a file beside it says how that was.
fn exported(
    kind: FileKind,
    path: &Path,
    bytes: &[u8],
    side: Option<u32>,
) -> Result<Value, StageError> {
    let beside = Beside::read(path)?;
    let stated = beside.as_ref().and_then(Beside::side);
    let first = side.or(stated).unwrap_or(USUAL);
    let load = |side: u32| graph(kind, path, bytes, side).load(Precision::Fp32);
    let (taken, refused, (network, _)) = at_its_side(first, side.is_none(), load)?;
    if let Some(beside) = beside.as_ref().filter(|_| stated == Some(taken)) {
        beside.compare(path, &network, taken as usize)?;
    }
    let patch = network.tokens().map(|(_, [rows, _])| taken / rows as u32);
    let patch = patch.filter(|patch| *patch > 0 && taken % (2 * patch) == 0);
    let architecture = if kind == FileKind::Onnx {
        "onnx"
    } else {
        "pt2"
    };
    Ok(json!({
        "architecture": architecture, "width": 1.0, "classes": network.classes(), "side": taken, "refused": refused, "patch": patch,
        "preparation": beside.as_ref().map(|beside| &beside.preparation),
        "names": beside.as_ref().map(|beside| &beside.classes),
    }))
}

/// The usual side if a program takes it, else the one that it takes.
fn program(path: &Path, bytes: &[u8], side: Option<u32>) -> Result<Value, StageError> {
    let form = form()?;
    let load = |side: u32| {
        let input = [side as usize; 2];
        networks::load_script(path, bytes, input, &Methods::default(), form)
    };
    let first = side.unwrap_or(USUAL);
    let (taken, refused, (network, _)) = at_its_side(first, side.is_none(), load)?;
    Ok(json!({
        "architecture": "torchscript", "width": 1.0, "classes": network.classes(),
        "side": taken, "refused": refused,
    }))
}

/// The built-in architecture that most of a weight file fits, which must load as that.
fn weights(path: &Path, bytes: &[u8], side: Option<u32>) -> Result<Value, StageError> {
    let fit = networks::best_fit(path, bytes).map_err(StageError::action)?;
    if 2 * fit.named() < fit.tensors() {
        return Err(StageError::action(not_built_in(path, &fit)));
    }
    let (name, side) = (fit.architecture.name(), side.unwrap_or(USUAL));
    let least = fit.architecture.smallest();
    if side < least {
        return Err(StageError::action(format!(
            "{}: {name} takes inputs of at least {least} x {least} pixels: give a larger --size",
            path.display()
        )));
    }
    let form = form()?;
    let width = Width::new(fit.width).map_err(StageError::action)?;
    let network = GraphFile::weights(path, bytes, fit.architecture, width).load(form);
    let (network, _) = network.map_err(StageError::action)?;
    Ok(json!({
        "architecture": name, "width": fit.width, "classes": network.classes(),
        "side": side, "refused": [],
    }))
}

/// That a file holds the weights of a network that is not built in.
fn not_built_in(path: &Path, fit: &Fit) -> String {
    let foreign = fit.foreign.first_key_value();
    let foreign = foreign.map_or_else(String::new, |(name, shape)| {
        format!(", but not `{name}` of shape {shape:?}")
    });
    format!(
        "{}: these are the weights of a network that is not built in: {}, the most similar one, has {} of its {} tensors{foreign}. Export the network with torch.export (scripts/export_pt2.py), and name that file",
        path.display(),
        fit.architecture.name(),
        fit.named(),
        fit.tensors(),
    )
}
