//! Loads `TorchScript` programs. This runs them, with all that this process may do: only from sources that one trusts.

#[cfg(test)]
pub(crate) mod tests;
mod trial;

use std::io::Cursor;
use std::path::Path;

use checkpoint::FileKind;

use super::{Doubt, LoadError};
use crate::device::Device;
use crate::families::script::{BATCH, Methods, Script, gist};
use crate::network::batch_on;
use trial::{Found, Trial};

/// A program that was tried.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) script: Script,
    /// Inputs in a batch: as many as found memory.
    pub(crate) batch: usize,
    pub(crate) classes: usize,
    /// Reasons to doubt that its outputs are logits of any picture.
    pub(crate) doubts: Vec<Doubt>,
}

/// Loads the program in `bytes`, the content of `path`, and tries it on an input of [height, width].
pub(crate) fn load(
    path: &Path,
    bytes: &[u8],
    [height, width]: [usize; 2],
    methods: &Methods,
    device: Device,
) -> Result<Loaded, LoadError> {
    let no_program = |reason: String| LoadError::NoProgram {
        path: path.to_owned(),
        reason,
    };
    // A damaged archive is libtorch's to explain.
    match checkpoint::recognise(&mut Cursor::new(bytes)) {
        Ok(FileKind::TorchScript | FileKind::Zip) | Err(_) => {}
        Ok(kind) => return Err(no_program(format!("this is {kind}; {}", kind.way_out()))),
    }
    let script = Script::new(path, bytes, methods, device)
        .map_err(|error| no_program(format!("{}; export the network again", gist(&error))))?;
    let _guard = tch::no_grad_guard();
    let size = [height as i64, width as i64];
    let mut trial = Trial {
        script: &script,
        path,
        methods,
        device,
        batch: batch_on(device, BATCH),
    };
    loop {
        match trial.probe(size) {
            Err(error) if error.memory().is_some() && trial.batch > 1 => trial.batch /= 2,
            Err(error) => return Err(trial.explained(error, size)),
            Ok(Found { classes, doubts }) => {
                return Ok(Loaded {
                    batch: trial.batch,
                    script,
                    classes,
                    doubts,
                });
            }
        }
    }
}
