//! Reads weight files: what `torch.save` writes, in both of its serialisations, and safetensors. No code from a file is run.

mod pickle;
mod torch;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use crate::error::NetworkError;

/// The numbers of a tensor as the file has them: little-endian, row-major, without gaps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored<'a> {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Cow<'a, [u8]>,
}

/// All tensors of `bytes`, the content of the weight file `path`, by name. The content tells the format, not the path's ending.
pub(crate) fn read<'a>(
    path: &Path,
    bytes: &'a [u8],
) -> Result<BTreeMap<String, Stored<'a>>, NetworkError> {
    let tensors = if torch::is_archive(bytes) {
        torch::archive(bytes)
    } else if torch::is_legacy(bytes) {
        torch::legacy(bytes)
    } else {
        return safetensors(bytes).map_err(|reason| unreadable(path, reason));
    };
    tensors.map_err(|error| match error {
        torch::Refusal::Stranger(class) => NetworkError::Stranger {
            path: path.to_owned(),
            class,
        },
        torch::Refusal::Program => NetworkError::Program {
            path: path.to_owned(),
        },
        torch::Refusal::Unreadable(reason) => unreadable(path, reason),
    })
}

fn safetensors<'a>(bytes: &'a [u8]) -> Result<BTreeMap<String, Stored<'a>>, String> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
    let stored = |(name, view): (&str, TensorView<'a>)| {
        let stored = Stored {
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            bytes: Cow::Borrowed(view.data()),
        };
        (name.to_owned(), stored)
    };
    Ok(file.iter().map(stored).collect())
}

fn unreadable(path: &Path, reason: String) -> NetworkError {
    NetworkError::Unreadable {
        path: path.to_owned(),
        reason,
    }
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
            assert_eq!(read(Path::new(name), &bytes).unwrap(), expected, "{name}");
        }
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
            let _ = read(Path::new(name), &bytes);
        }
    }
}
