//! Where a network's parameters come from: a weight file, or a seeded generator.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use architectures::Architecture;
use checkpoint::{Dtype, Stored, Tensors};
use tch::{Kind, Tensor};

use crate::error::{NetworkError, Operation};
use crate::fit::{Fit, Shapes};
use crate::network::{Width, output};

/// What a parameter is for; a generator needs it to choose starting values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A weight of a convolution or a linear layer, followed by a ReLU.
    Weight,
    /// The weight of the last linear layer.
    OutputWeight,
    /// Anything that starts at zero: biases, running means.
    Zeros,
    /// Anything that starts at one: scales, running variances.
    Ones,
}

/// Where a network takes its parameters from, by torchvision's names.
pub trait Parameters {
    /// The parameter `name` with exactly `shape`, as f32.
    fn take(&mut self, name: &str, shape: &[i64], role: Role) -> Result<Tensor, NetworkError>;

    /// Like [`Self::take`], for running statistics, which are not trained.
    fn take_statistic(
        &mut self,
        name: &str,
        shape: &[i64],
        role: Role,
    ) -> Result<Tensor, NetworkError> {
        self.take(name, shape, role)
    }

    /// The number of classes: the rows of the tensor `name`.
    fn classes(&self, name: &str) -> Result<i64, NetworkError>;
}

/// What data-parallel training and `torch.compile` put into names.
const WRAPPERS: [&str; 2] = ["module", "_orig_mod"];

/// The tensors of the weight file `path` by torchvision's names.
pub(crate) fn tensors<'a>(path: &Path, bytes: &'a [u8]) -> Result<Tensors<'a>, NetworkError> {
    let unreadable = |refusal| NetworkError::Unreadable {
        path: path.to_owned(),
        refusal,
    };
    let mut tensors = checkpoint::read(bytes).map_err(unreadable)?;
    // torchvision counts batches for its momentum; no inference reads it.
    tensors.retain(|name, _| !name.ends_with("num_batches_tracked"));
    Ok(unwrapped(tensors))
}

/// Without what wrappers put into names, and without a prefix that all names have, such as the `model.` of PyTorch Lightning: no built-in
/// architecture's names have one.
fn unwrapped(tensors: Tensors<'_>) -> Tensors<'_> {
    let parts = |name: &str| -> Vec<String> {
        let parts = name.split('.').filter(|part| !WRAPPERS.contains(part));
        parts.map(str::to_owned).collect()
    };
    let names: Vec<Vec<String>> = tensors.keys().map(|name| parts(name)).collect();
    let shared = |place: usize| {
        let first = names.first().and_then(|first| first.get(place));
        // The last part is the tensor's own.
        let has = |name: &Vec<String>| name.len() > place + 1 && name.get(place) == first;
        names.iter().all(has)
    };
    let shortest = names.iter().map(Vec::len).min().unwrap_or_default();
    let prefix = (0..shortest).take_while(|&place| shared(place)).count();
    let short: Vec<String> = names.iter().map(|name| name[prefix..].join(".")).collect();
    let different: BTreeSet<&String> = short.iter().collect();
    if different.len() < short.len() {
        return tensors;
    }
    short.into_iter().zip(tensors.into_values()).collect()
}

/// The shapes of tensors.
pub(crate) fn shapes(tensors: &Tensors<'_>) -> Shapes {
    let shapes = tensors.iter();
    shapes
        .map(|(name, stored)| (name.clone(), sides(stored)))
        .collect()
}

/// The tensors of a weight file that has all of an architecture's and no others; F16 and BF16 are widened to f32 without loss.
#[derive(Debug)]
pub(crate) struct WeightFile<'a> {
    path: PathBuf,
    tensors: Tensors<'a>,
}

impl<'a> WeightFile<'a> {
    /// Reads what is in `bytes`, the content of `path`.
    pub(crate) fn read(
        path: &Path,
        bytes: &'a [u8],
        architecture: Architecture,
        width: Width,
    ) -> Result<Self, NetworkError> {
        let tensors = tensors(path, bytes)?;
        let shapes = shapes(&tensors);
        let fit = Fit::new(&shapes, architecture, width);
        if !fit.is_exact() {
            return Err(NetworkError::Unfit {
                path: path.to_owned(),
                better: Some(Fit::best_of(&shapes))
                    .filter(Fit::is_exact)
                    .map(Box::new),
                fit: Box::new(fit),
            });
        }
        let output = output(architecture.family());
        if shapes[output][0] < 2 {
            return Err(NetworkError::OneRow {
                path: path.to_owned(),
                tensor: output,
                rows: shapes[output][0],
            });
        }
        let path = path.to_owned();
        Ok(Self { path, tensors })
    }

    fn stored(&self, name: &str) -> &Stored<'a> {
        let stored = self.tensors.get(name);
        stored.unwrap_or_else(|| unreachable!("`{name}` was there when the file was read"))
    }
}

impl Parameters for WeightFile<'_> {
    fn take(&mut self, name: &str, _: &[i64], _: Role) -> Result<Tensor, NetworkError> {
        tensor(&self.path, name, self.stored(name))
    }

    fn classes(&self, name: &str) -> Result<i64, NetworkError> {
        Ok(sides(self.stored(name))[0])
    }
}

fn sides(stored: &Stored<'_>) -> Vec<i64> {
    stored.shape.iter().map(|&side| side as i64).collect()
}

fn tensor(path: &Path, name: &str, stored: &Stored<'_>) -> Result<Tensor, NetworkError> {
    let kind = match stored.dtype {
        Dtype::F32 => Kind::Float,
        Dtype::F16 => Kind::Half,
        Dtype::BF16 => Kind::BFloat16,
        other => {
            let (path, tensor) = (path.to_owned(), name.to_owned());
            return Err(NetworkError::Kind {
                path,
                tensor,
                found: format!("{other:?}"),
            });
        }
    };
    let tensor = Tensor::f_from_data_size(&stored.bytes(), &sides(stored), kind)
        .and_then(|tensor| tensor.f_to_kind(Kind::Float))
        .during("reading a weight")?;
    let finite = tensor
        .f_isfinite()
        .and_then(|finite| finite.f_all())
        .during("checking a weight")?;
    if bool::try_from(&finite).during("checking a weight")? {
        return Ok(tensor);
    }
    Err(NetworkError::NotFinite {
        path: path.to_owned(),
        tensor: name.to_owned(),
    })
}

/// Seeded random parameters: weights uniform with the variance 2 / inputs of He et al. 2015, for tests and
/// for measurements of speed; such a network is right about nothing.
#[derive(Debug)]
pub struct RandomParameters {
    seed: i64,
    classes: i64,
}

impl RandomParameters {
    /// Parameters that depend on `seed`, the parameter's name and its shape only.
    pub fn new(seed: i64, classes: i64) -> Self {
        Self { seed, classes }
    }
}

impl Parameters for RandomParameters {
    fn take(&mut self, name: &str, shape: &[i64], role: Role) -> Result<Tensor, NetworkError> {
        let options = (Kind::Float, tch::Device::Cpu);
        match role {
            Role::Zeros => Tensor::f_zeros(shape, options),
            Role::Ones => Tensor::f_ones(shape, options),
            Role::Weight | Role::OutputWeight => {
                let inputs: i64 = shape[1..].iter().product();
                let gain: f64 = if role == Role::Weight { 6.0 } else { 3.0 };
                let bound = (gain / inputs as f64).sqrt();
                let values = uniform(self.seed as u64, name).map(|value| (value * bound) as f32);
                random(shape, values)
            }
        }
        .during("making a random weight")
    }

    fn classes(&self, _: &str) -> Result<i64, NetworkError> {
        Ok(self.classes)
    }
}

/// A tensor of these values, which are many: each is written where it stays, without a list of all of them beside the tensor.
fn random(shape: &[i64], mut values: impl Iterator<Item = f32>) -> Result<Tensor, tch::TchError> {
    /// Values that are handed over at a time.
    const CHUNK: usize = 1 << 16;
    let tensor = Tensor::f_empty(shape, (Kind::Float, tch::Device::Cpu))?;
    let mut rest = tensor.f_view([-1])?.f_split(CHUNK as i64, 0)?;
    for part in &mut rest {
        let chunk: Vec<f32> = values.by_ref().take(part.numel()).collect();
        part.f_copy_(&Tensor::f_from_slice(&chunk)?)?;
    }
    Ok(tensor)
}

/// Uniform values in [-1, 1) that depend on `seed`, a parameter's name and the place in it only, so that no state of libtorch's is
/// touched and anyone can make them again: the counters of `SplitMix64` (Steele et al. 2014) start at an FNV-1a hash of the name.
pub fn uniform(seed: u64, name: &str) -> impl Iterator<Item = f64> {
    bits(seed, name).map(|bits| (bits >> 40) as f64 / f64::from(1_u32 << 23) - 1.0)
}

/// The 64 random bits behind each of those values.
pub(crate) fn bits(seed: u64, name: &str) -> impl Iterator<Item = u64> {
    let start = name.bytes().fold(seed, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    (0..).map(move |index| split_mix(start.wrapping_add(index)))
}

/// `SplitMix64` (Steele et al. 2014): neighbouring counters give unrelated values.
fn split_mix(counter: u64) -> u64 {
    let mut z = counter
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
