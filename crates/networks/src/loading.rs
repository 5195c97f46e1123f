//! Networks from files. What a file holds is in keys by the file's digest, so no file that a code digest covers names this one.

mod error;
mod findings;
mod fit;
pub(crate) mod script;
mod weights;

use std::path::Path;

use architectures::Architecture;

use crate::device::Form;
use crate::families::build;
use crate::families::script::Methods;
use crate::network::{self, Network};
use crate::randomized::{Cascade, Depth, randomized};
use crate::width::Width;
pub use error::LoadError;
pub use findings::{Difference, Doubt, Takes};
pub use fit::Fit;
use weights::WeightFile;

/// Reads the weights from `bytes`, the content of the file `path` (`.pth` or safetensors), and prepares them for
/// inference: batch norms folded, and on the processor convolutions in oneDNN's layout. No code from the file is run.
pub fn load(
    path: &Path,
    bytes: &[u8],
    architecture: Architecture,
    width: Width,
    form: impl Into<Form>,
) -> Result<Network, LoadError> {
    let mut file = WeightFile::read(path, bytes, architecture, width)?;
    Ok(build(&mut file, architecture, width)?.prepared(form)?)
}

/// The architecture and width that fit the weights in `bytes` best, the content of the file `path`, whatever types its tensors are of.
pub fn best_fit(path: &Path, bytes: &[u8]) -> Result<Fit, LoadError> {
    let tensors = weights::tensors(path, bytes)?;
    Ok(Fit::best_of(&weights::shapes(&tensors)))
}

/// Like [`load`], with the layers at the top random: see [`Depth`].
pub fn load_randomized(
    path: &Path,
    bytes: &[u8],
    architecture: Architecture,
    width: Width,
    form: impl Into<Form>,
    depth: Depth,
    seed: u64,
) -> Result<(Network, Cascade), LoadError> {
    let mut file = WeightFile::read(path, bytes, architecture, width)?;
    let (network, cascade) = randomized(&mut file, depth, seed, |parameters| {
        build(parameters, architecture, width)
    })?;
    Ok((network.prepared(form)?, cascade))
}

/// Loads the `TorchScript` program in `bytes`, the content of the file `path`, and tries it on an input of [height, width]; with reasons to doubt that
/// its outputs are logits of any picture. This runs the program: only from sources that one trusts.
pub fn load_script(
    path: &Path,
    bytes: &[u8],
    input: [usize; 2],
    methods: &Methods,
    form: impl Into<Form>,
) -> Result<(Network, Vec<Doubt>), LoadError> {
    let Form { device, precision } = form.into();
    network::check(Form { device, precision })?;
    let loaded = script::load(path, bytes, input, methods, device)?;
    let network = Network::of(Box::new(loaded.script), &[], loaded.batch, loaded.classes);
    Ok((network.on(device), loaded.doubts))
}
