//! Networks from files. What a file holds is in keys by the file's digest, so no file that a code digest covers names this one.

mod error;
mod exported;
mod findings;
mod fit;
mod pictures;
pub(crate) mod script;
mod weights;

use std::path::Path;

use architectures::Architecture;
use executor::Executor;
use executor::layers::{self, Candidate, TokenLayout};

use crate::device::Form;
use crate::error::{NetworkError, Operation};
use crate::families::script::Methods;
use crate::families::{Plan, plan};
use crate::input::CHANNELS;
use crate::network::{self, Network};
use crate::parameters;
use crate::randomized::{Cascade, Depth, randomized};
use crate::width::Width;
pub use error::LoadError;
pub use findings::{Difference, Doubt, Takes};
pub use fit::Fit;
use pictures::waves;
use weights::WeightFile;

/// The file of a network that is computed as a graph. No code from the file is run.
#[derive(Clone, Copy, Debug)]
pub struct GraphFile<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    holds: Holds<'a>,
    layer: Option<&'a str>,
    attending: Option<usize>,
}

/// What such a file holds.
#[derive(Clone, Copy, Debug)]
enum Holds<'a> {
    /// The weights of a built-in architecture.
    Weights(Architecture, Width),
    /// A network of `torch.export` for pictures of this height and width; its outputs may have names, or places, of which one is meant.
    Exported(usize, Option<&'a str>),
    /// The same of ONNX.
    Onnx(usize, Option<&'a str>),
}

impl<'a> GraphFile<'a> {
    /// The content of the file `path`, `.pth` or safetensors, with the weights of a built-in architecture.
    pub fn weights(
        path: &'a Path,
        bytes: &'a [u8],
        architecture: Architecture,
        width: Width,
    ) -> Self {
        Self {
            path,
            bytes,
            holds: Holds::Weights(architecture, width),
            layer: None,
            attending: None,
        }
    }

    /// The content of the file `path`, a network of `torch.export` that is to take pictures of `side` x `side` pixels. Where it gives several values,
    /// `output` is the name or the place of the logits.
    pub fn exported(path: &'a Path, bytes: &'a [u8], side: usize, output: Option<&'a str>) -> Self {
        Self {
            path,
            bytes,
            holds: Holds::Exported(side, output),
            layer: None,
            attending: None,
        }
    }

    /// The content of the file `path`, a network of ONNX; otherwise as [`GraphFile::exported`].
    pub fn onnx(path: &'a Path, bytes: &'a [u8], side: usize, output: Option<&'a str>) -> Self {
        Self {
            holds: Holds::Onnx(side, output),
            ..Self::exported(path, bytes, side, output)
        }
    }

    /// The same, to be split at a layer; at the usual one without.
    #[must_use]
    pub fn split_at(self, layer: Option<&'a str>) -> Self {
        Self { layer, ..self }
    }

    /// The same, to be asked for its attention to pictures of `side` x `side` pixels.
    #[must_use]
    pub fn attending(self, side: usize) -> Self {
        Self {
            attending: Some(side),
            ..self
        }
    }

    fn open(self) -> Result<(Plan, WeightFile, Vec<Doubt>), LoadError> {
        let (mut plan, parameters, doubts) = self.plan()?;
        plan.attending = self.attending;
        Ok((plan, parameters, doubts))
    }

    fn plan(self) -> Result<(Plan, WeightFile, Vec<Doubt>), LoadError> {
        match self.holds {
            Holds::Weights(architecture, width) => {
                let parameters = WeightFile::read(self.path, self.bytes, architecture, width)?;
                let mut plan = plan(&parameters, architecture, width)?;
                if let Some(layer) = self.layer {
                    plan.layer = Some((layer.to_owned(), TokenLayout::ChannelsFirst));
                }
                Ok((plan, parameters, Vec::new()))
            }
            Holds::Exported(side, output) => {
                exported::open(self.path, self.bytes, side, output, self.layer)
            }
            Holds::Onnx(side, output) => {
                exported::open_onnx(self.path, self.bytes, side, output, self.layer)
            }
        }
    }

    /// The network, prepared for inference: batch norms folded, weights laid out as the device wants them; with what there is to say about its answers.
    pub fn load(self, form: impl Into<Form>) -> Result<(Network, Vec<Doubt>), LoadError> {
        let (plan, mut parameters, doubts) = self.open()?;
        Ok((plan.network(&mut parameters)?.prepared(form)?, doubts))
    }

    /// The modules that a CAM can read, in the order of execution, for pictures of `side` x `side` pixels, and the name of the one that it reads
    /// unless another is named.
    pub fn layers(self, side: usize) -> Result<(Vec<Candidate>, Option<String>), LoadError> {
        let (plan, mut parameters, _) = self.open()?;
        let tensors = parameters::all(&plan.graph, &mut parameters)?;
        let executor = Executor::new(plan.graph, tensors).map_err(NetworkError::from)?;
        let pictures = waves([1, CHANNELS as i64, side as i64, side as i64]);
        let pictures = pictures.during("making an input")?;
        let shapes = executor.shapes(&pictures).map_err(NetworkError::from)?;
        let candidates = layers::candidates(executor.graph(), &shapes);
        Ok((candidates, plan.layer.map(|(name, _)| name)))
    }

    /// The same with the layers at the top random: see [`Depth`].
    pub fn load_randomized(
        self,
        form: impl Into<Form>,
        depth: Depth,
        seed: u64,
    ) -> Result<(Network, Cascade), LoadError> {
        let (plan, mut parameters, _) = self.open()?;
        let (mut parameters, cascade) = randomized(&plan.graph, &mut parameters, depth, seed);
        Ok((plan.network(&mut parameters)?.prepared(form)?, cascade))
    }
}

/// The architecture and width that fit the weights in `bytes` best, the content of the file `path`, whatever types its tensors are of.
pub fn best_fit(path: &Path, bytes: &[u8]) -> Result<Fit, LoadError> {
    let tensors = weights::tensors(path, bytes)?;
    Ok(Fit::best_of(&weights::shapes(&tensors)))
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
    let network = Network::of(
        Box::new(loaded.script),
        device,
        loaded.batch,
        loaded.classes,
    );
    Ok((network, loaded.doubts))
}
