//! Reads weight files: what `torch.save` writes, in both of its serialisations, and safetensors. No code from a file is run.

mod pickle;
mod torch;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use safetensors::{Dtype, SafeTensors};

use crate::error::NetworkError;

/// Why a file was not read.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// It asks for this class, which is neither a tensor nor a container.
    Stranger(String),
    /// It is a TorchScript program.
    Program,
    /// It is damaged, or holds something else: what, and how to mend it.
    Unreadable(String),
}

impl Refusal {
    fn damaged(reason: impl std::fmt::Display) -> Self {
        Self::other(&reason.to_string(), "fetch or save it again")
    }

    fn other(reason: &str, mend: &str) -> Self {
        Self::Unreadable(format!("{reason}; {mend}"))
    }
}

/// A tensor as the file has it: numbers in little-endian order, which may lie apart.
#[derive(Clone, Debug)]
pub(crate) struct Stored<'a> {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// Of each axis, in numbers.
    strides: Vec<usize>,
    /// From the first number on.
    numbers: &'a [u8],
}

impl<'a> Stored<'a> {
    /// A window into a storage, which it must lie within.
    fn new(view: &pickle::View, storage: &'a [u8]) -> Self {
        let start = view.offset * torch::size(view.storage.dtype);
        Self {
            dtype: view.storage.dtype,
            shape: view.shape.clone(),
            strides: view.strides.clone(),
            numbers: storage.get(start..).unwrap_or_default(),
        }
    }

    /// The numbers in row-major order, without gaps.
    pub(crate) fn bytes(&self) -> Cow<'a, [u8]> {
        let size = torch::size(self.dtype);
        let count: usize = self.shape.iter().product();
        if self.is_row_major() {
            return Cow::Borrowed(&self.numbers[..count * size]);
        }
        let mut bytes = Vec::with_capacity(count * size);
        for index in 0..count {
            let start = self.place(index) * size;
            bytes.extend_from_slice(&self.numbers[start..start + size]);
        }
        Cow::Owned(bytes)
    }

    /// Whether the numbers lie in order; the stride of a side of one number does not matter.
    fn is_row_major(&self) -> bool {
        let mut expected = 1;
        let axes = self.shape.iter().zip(&self.strides).rev();
        axes.filter(|&(&side, _)| side != 1)
            .all(|(&side, &stride)| {
                let fits = stride == expected;
                expected *= side;
                fits
            })
    }

    /// Where the number with a row-major index stands.
    fn place(&self, index: usize) -> usize {
        let axes = self.shape.iter().zip(&self.strides).rev();
        let (_, place) = axes.fold((index, 0), |(index, place), (&side, &stride)| {
            (index / side, place + index % side * stride)
        });
        place
    }
}

/// All tensors of `bytes`, the content of the weight file `path`, by name. The content tells the format, not the path's ending.
pub(crate) fn read<'a>(
    path: &Path,
    bytes: &'a [u8],
) -> Result<BTreeMap<String, Stored<'a>>, NetworkError> {
    let path = path.to_owned();
    read_any(bytes).map_err(|refusal| match refusal {
        Refusal::Stranger(class) => NetworkError::Stranger { path, class },
        Refusal::Program => NetworkError::Program { path },
        Refusal::Unreadable(reason) => NetworkError::Unreadable { path, reason },
    })
}

fn read_any(bytes: &[u8]) -> Result<BTreeMap<String, Stored<'_>>, Refusal> {
    if torch::is_archive(bytes) {
        return torch::archive(bytes);
    }
    if torch::is_legacy(bytes) {
        return torch::legacy(bytes);
    }
    safetensors(bytes).map_err(|error| foreign(bytes).unwrap_or(error))
}

/// What a file is that is none of these, where it shows; asked last, because a safetensors file may begin with any byte.
fn foreign(bytes: &[u8]) -> Option<Refusal> {
    let tar = bytes
        .get(TAR_MAGIC_AT..)
        .is_some_and(|rest| rest.starts_with(TAR_MAGIC));
    let what = if tar {
        "a tar archive, as PyTorch before 0.1.10 saved weights"
    } else if bytes.first() == Some(&PICKLE_START) {
        "a pickle, but not one of torch.save in its usual forms"
    } else {
        return None;
    };
    let mend = "load it with Python and save it again with torch.save";
    Some(Refusal::other(what, mend))
}

const TAR_MAGIC: &[u8] = b"ustar";
const TAR_MAGIC_AT: usize = 257;
/// First byte of every pickle of protocol 2 and later.
const PICKLE_START: u8 = 0x80;

fn safetensors(bytes: &[u8]) -> Result<BTreeMap<String, Stored<'_>>, Refusal> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| {
        Refusal::damaged(format!(
            "neither a state dict of torch.save (.pth) nor safetensors ({error})"
        ))
    })?;
    let stored = file.iter().map(|(name, view)| {
        let stored = Stored {
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            strides: row_major(view.shape()),
            numbers: view.data(),
        };
        (name.to_owned(), stored)
    });
    Ok(stored.collect())
}

/// The strides of numbers in order without gaps.
fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fixture(name: &str) -> Vec<u8> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fixtures")
            .join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn refusal(name: &str) -> String {
        read(Path::new(name), &fixture(name))
            .unwrap_err()
            .to_string()
    }

    /// Tensors of scripts/oracles/checkpoints.py: five types, views with strides and offsets, a shared storage, no sides,
    /// no numbers, a parameter.
    #[test]
    fn both_serialisations_hold_what_safetensors_holds() {
        let expected = fixture("checkpoint.safetensors");
        let expected = read(Path::new("checkpoint.safetensors"), &expected).unwrap();
        assert_eq!(expected.len(), 12);
        for name in ["checkpoint.pth", "checkpoint_legacy.pth"] {
            let bytes = fixture(name);
            let found = read(Path::new(name), &bytes).unwrap();
            assert_eq!(found.len(), expected.len(), "{name}");
            for (tensor, expected) in &expected {
                let found = &found[tensor];
                assert_eq!(found.dtype, expected.dtype, "{name}, {tensor}");
                assert_eq!(found.shape, expected.shape, "{name}, {tensor}");
                assert_eq!(found.bytes(), expected.bytes(), "{name}, {tensor}");
            }
        }
    }

    fn stored(shape: &[usize], strides: &[usize]) -> Vec<u8> {
        let stored = Stored {
            dtype: Dtype::U8,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
            numbers: &[0, 1, 2, 3, 4, 5],
        };
        stored.bytes().into_owned()
    }

    #[test]
    fn a_view_is_read_in_its_own_order() {
        assert_eq!(stored(&[2, 3], &[3, 1]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(stored(&[3, 2], &[1, 3]), [0, 3, 1, 4, 2, 5]);
        assert_eq!(stored(&[2], &[2]), [0, 2]);
        assert_eq!(stored(&[2, 1, 3], &[3, 9, 1]), [0, 1, 2, 3, 4, 5]);
        assert_eq!(stored(&[], &[]), [0]);
        // Expanded: one number for the whole side.
        assert_eq!(stored(&[2, 3], &[0, 1]), [0, 1, 2, 0, 1, 2]);
        assert!(stored(&[0, 3], &[3, 1]).is_empty());
    }

    #[test]
    fn a_tar_archive_is_named_as_such() {
        let mut bytes = vec![0; 300];
        bytes[TAR_MAGIC_AT..][..TAR_MAGIC.len()].copy_from_slice(TAR_MAGIC);
        let message = read(Path::new("old.pth"), &bytes).unwrap_err().to_string();
        assert!(
            message.contains("tar archive") && message.contains("save it again"),
            "{message}"
        );
    }

    #[test]
    fn anything_but_tensors_and_containers_is_refused_by_the_name_of_its_class() {
        for name in ["stranger.pth", "stranger_legacy.pth"] {
            let refusal = refusal(name);
            assert!(
                refusal.contains("argparse.Namespace") && refusal.contains(name),
                "{refusal}"
            );
        }
        assert!(refusal("whole_model.pth").contains("torch.nn.modules.container.Sequential"));
    }

    #[test]
    fn no_code_of_a_file_is_run() {
        // Unpickled by Python, it makes a file named pwned.
        let refusal = refusal("runs_code.pth");
        assert!(refusal.contains("posix.system"), "{refusal}");
        assert!(!Path::new("pwned").exists());
    }

    #[test]
    fn a_program_is_not_taken_for_weights() {
        assert!(refusal("script.pt").contains("architecture = \"torchscript\""));
    }

    #[test]
    fn what_is_no_weight_file_is_refused_with_the_formats_that_are() {
        let error = read(Path::new("a.pth"), b"<html>not found</html>").unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("a.pth")
                && message.contains("torch.save")
                && message.contains("safetensors"),
            "{message}"
        );
    }

    #[test]
    fn a_cut_file_is_refused() {
        for name in [
            "checkpoint.pth",
            "checkpoint_legacy.pth",
            "checkpoint.safetensors",
        ] {
            let bytes = fixture(name);
            for length in (0..bytes.len()).step_by(7) {
                assert!(
                    read(Path::new(name), &bytes[..length]).is_err(),
                    "{name} cut to {length} bytes"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn no_change_of_a_file_does_harm(
            name in proptest::sample::select(vec!["checkpoint.pth", "checkpoint_legacy.pth"]),
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        ) {
            let mut bytes = fixture(name);
            for (index, byte) in changes {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(tensors) = read(Path::new(name), &bytes) {
                // What was read can be used, but for a number that was made absurd, whose shape no network asks for.
                for stored in tensors.values() {
                    if stored.shape.iter().all(|&side| side < 100) {
                        let _ = stored.bytes();
                    }
                }
            }
        }
    }
}
