//! The parameters of a weight file.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use architectures::Architecture;
use checkpoint::{Dtype, Stored, Tensors};
use tch::Tensor;

use super::LoadError;
use super::fit::{Fit, Shapes};
use crate::error::{NetworkError, Operation};
use crate::families::output;
use crate::parameters::{Parameters, Role};
use crate::width::Width;

/// What data-parallel training and `torch.compile` put into names.
const WRAPPERS: [&str; 2] = ["module", "_orig_mod"];

/// The tensors of the weight file `path` by torchvision's names.
pub(crate) fn tensors<'a>(path: &Path, bytes: &'a [u8]) -> Result<Tensors<'a>, LoadError> {
    let unreadable = |refusal| LoadError::Unreadable {
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

/// The tensors of a file that has all that a network needs; F16 and BF16 are widened to f32 without loss.
#[derive(Debug)]
pub(crate) struct WeightFile(BTreeMap<String, Tensor>);

impl WeightFile {
    /// Reads what is in `bytes`, the content of `path`.
    pub(crate) fn read(
        path: &Path,
        bytes: &[u8],
        architecture: Architecture,
        width: Width,
    ) -> Result<Self, LoadError> {
        let tensors = tensors(path, bytes)?;
        check_fit(path, &shapes(&tensors), architecture, width)?;
        let unsuitable = tensors
            .iter()
            .find(|(_, stored)| !matches!(stored.dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16));
        match unsuitable {
            None => Self::of(path, tensors),
            Some((name, stored)) => Err(LoadError::Kind {
                path: path.to_owned(),
                tensor: name.clone(),
                found: format!("{:?}", stored.dtype),
            }),
        }
    }

    /// Tensors of the file `path`.
    pub(crate) fn of(path: &Path, tensors: Tensors<'_>) -> Result<Self, LoadError> {
        let read = |(name, stored): (String, Stored<'_>)| {
            let tensor = tensor(path, &name, &stored)?;
            Ok((name, tensor))
        };
        Ok(Self(
            tensors
                .into_iter()
                .map(read)
                .collect::<Result<_, LoadError>>()?,
        ))
    }

    fn named(&self, name: &str) -> &Tensor {
        let tensor = self.0.get(name);
        tensor.unwrap_or_else(|| unreachable!("`{name}` was there when the file was read"))
    }
}

impl Parameters for WeightFile {
    fn take(&mut self, name: &str, _: &[i64], _: Role) -> Result<Tensor, NetworkError> {
        Ok(self.named(name).shallow_clone())
    }

    fn classes(&self, name: &str) -> Result<i64, NetworkError> {
        Ok(self.named(name).size()[0])
    }
}

/// An error unless the shapes are those of an architecture at a width, with a class or more.
fn check_fit(
    path: &Path,
    shapes: &Shapes,
    architecture: Architecture,
    width: Width,
) -> Result<(), LoadError> {
    let fit = Fit::new(shapes, architecture, width);
    if !fit.is_exact() {
        return Err(LoadError::Unfit {
            path: path.to_owned(),
            better: Some(Fit::best_of(shapes))
                .filter(Fit::is_exact)
                .map(Box::new),
            fit: Box::new(fit),
        });
    }
    let output = output(architecture);
    if shapes[&output][0] >= 1 {
        return Ok(());
    }
    Err(LoadError::NoRows {
        path: path.to_owned(),
        tensor: output,
    })
}

fn sides(stored: &Stored<'_>) -> Vec<i64> {
    stored.shape.iter().map(|&side| side as i64).collect()
}

fn tensor(path: &Path, name: &str, stored: &Stored<'_>) -> Result<Tensor, LoadError> {
    let tensor = executor::tensor(stored).during("reading a weight")?;
    let finite = tensor
        .f_isfinite()
        .and_then(|finite| finite.f_all())
        .during("checking a weight")?;
    if bool::try_from(&finite).during("checking a weight")? {
        return Ok(tensor);
    }
    Err(LoadError::NotFinite {
        path: path.to_owned(),
        tensor: name.to_owned(),
    })
}
