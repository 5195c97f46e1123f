//! Finds out from its content what a network's file is, and how a study can use it.

use std::io::Cursor;
use std::path::Path;

use checkpoint::FileKind;
use imaging::Rgb;
use networks::{
    Fit, Form, Machine, Methods, Network, NetworkError, Normalisation, Precision, Wanted, Width,
};
use serde_json::{Value, json};
use stage::StageError;

/// Sides of inputs that are tried on a program, in pixels: the usual one, then those of other published networks, the commonest first.
const SIDES: [u32; 13] = [224, 32, 64, 28, 96, 128, 256, 299, 384, 48, 160, 192, 512];

/// Finds out what the file at `path` is; `side` is that of its input, if it is known.
pub(crate) fn find(path: &Path, side: Option<u32>) -> Result<Value, StageError> {
    let bytes = std::fs::read(path)
        .map_err(|error| StageError::action(format!("{}: {error}", path.display())))?;
    match checkpoint::recognise(&mut Cursor::new(&bytes)).map_err(StageError::action)? {
        FileKind::TorchScript => program(path, &bytes, side),
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

/// The first side that a program takes.
fn program(path: &Path, bytes: &[u8], side: Option<u32>) -> Result<Value, StageError> {
    let form = form()?;
    let sides = side.map_or_else(|| SIDES.to_vec(), |side| vec![side]);
    let mut errors: Vec<NetworkError> = Vec::new();
    for (place, &side) in sides.iter().enumerate() {
        let input = [side as usize; 2];
        match Network::load_script(path, bytes, input, &Methods::default(), form) {
            Ok(network) => {
                return Ok(json!({
                    "architecture": "torchscript", "width": 1.0, "classes": network.classes(),
                    "side": side, "refused": sides[..place],
                }));
            }
            Err(error) if depends_on_side(&error) => errors.push(error),
            Err(error) => return Err(StageError::action(error)),
        }
    }
    Err(StageError::action(refusal(&errors, &sides)))
}

/// Whether a program may take an input of another side.
fn depends_on_side(error: &NetworkError) -> bool {
    matches!(
        error,
        NetworkError::Method { .. } | NetworkError::Output { .. }
    )
}

/// What is wrong with a program that takes no side: the first error that is about more than the side, or that of the usual side.
fn refusal(errors: &[NetworkError], sides: &[u32]) -> String {
    let errors: Vec<String> = errors.iter().map(NetworkError::to_string).collect();
    let about_side = |error: &&String| error.contains("`crop`");
    let other = errors.iter().find(|error| !about_side(error));
    let said = other.or(errors.first()).cloned().unwrap_or_default();
    if sides.len() == 1 {
        return said;
    }
    let sides: Vec<String> = sides.iter().map(u32::to_string).collect();
    format!("{said} (tried: {} pixels)", sides.join(", "))
}

/// The built-in architecture that most of a weight file fits, which must load as that.
fn weights(path: &Path, bytes: &[u8], side: Option<u32>) -> Result<Value, StageError> {
    let fit = Fit::best(path, bytes).map_err(StageError::action)?;
    if fit.fitting < fit.foreign.len() {
        return Err(StageError::action(not_built_in(path, &fit)));
    }
    let form = form()?;
    let network = Width::new(fit.width)
        .and_then(|width| Network::load(path, bytes, fit.architecture, width, form));
    let network = network.map_err(StageError::action)?;
    let name = fit.architecture.name();
    let side = side.unwrap_or(SIDES[0]);
    let pixels = 3 * (side as usize).pow(2);
    let gray = Rgb::new(side as usize, side as usize, vec![128; pixels]);
    let gray = gray.map_err(StageError::action)?;
    if let Err(error) = network.predict(&[gray], &Normalisation::IMAGENET) {
        return Err(StageError::action(format!(
            "{}: {name} does not take an input of {side} x {side} pixels ({error}): give a larger --size",
            path.display()
        )));
    }
    Ok(json!({
        "architecture": name, "width": fit.width, "classes": network.classes(),
        "side": side, "refused": [],
    }))
}

/// That a file holds the weights of a network that is not built in.
fn not_built_in(path: &Path, fit: &Fit) -> String {
    let foreign = fit.foreign.first_key_value();
    let foreign = foreign.map_or_else(String::new, |(name, shape)| {
        format!("; it has none like `{name}` of shape {shape:?}")
    });
    format!(
        "{}: these are the weights of a network that is not built in: {}, the most similar one, shares {} tensors with it{foreign}. Export the network as a TorchScript program (scripts/export_torchscript.py, or torch.jit.trace), and name that file",
        path.display(),
        fit.architecture.name(),
        fit.fitting,
    )
}
