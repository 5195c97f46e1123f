//! Weight files: what `torch.save` writes, in both of its serialisations, and safetensors. No code from a file is run, and libtorch is not needed.

mod archive;
mod kind;
mod pickle;
mod torch;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Cursor;

pub use archive::Archive;
pub use kind::{FileKind, recognise};
pub use safetensors::Dtype;
use safetensors::SafeTensors;

/// The tensors of a file by name.
pub type Tensors<'a> = BTreeMap<String, Stored<'a>>;

/// Why a file was not read.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// It asks for this class, which is neither a tensor nor a container.
    #[error("asks for the class `{0}`; {way_out}", way_out = about(.0))]
    Stranger(String),
    /// It is something else.
    #[error("this is {0}, not a weight file: {way_out}", way_out = .0.way_out())]
    Foreign(FileKind),
    /// It is damaged, or holds something else: what, and how to fix it.
    #[error("not a readable weight file: {0}")]
    Unreadable(String),
}

impl Refusal {
    fn damaged(reason: impl std::fmt::Display) -> Self {
        Self::other(&reason.to_string(), "fetch or save it again")
    }

    fn other(reason: &str, fix: &str) -> Self {
        Self::Unreadable(format!("{reason}; {fix}"))
    }
}

/// What to do about a file that asks for a class.
fn about(class: &str) -> &'static str {
    let name = class.rsplit('.').next().unwrap_or_default();
    if name == "_rebuild_qtensor" || name.starts_with('Q') && name.ends_with("Storage") {
        "its weights are quantised: save those of the network before it was quantised"
    } else {
        "a weight file may contain only tensors and containers, and its code is never run: save model.state_dict() with torch.save, or as safetensors"
    }
}

/// A tensor as the file has it: numbers in little-endian order, which may lie apart.
#[derive(Clone, Debug)]
pub struct Stored<'a> {
    /// The type of its numbers.
    pub dtype: Dtype,
    /// The length of each axis.
    pub shape: Vec<usize>,
    /// Of each axis, in numbers.
    strides: Vec<usize>,
    /// From the first number on.
    numbers: &'a [u8],
}

impl<'a> Stored<'a> {
    /// A window into a storage; `strides` and `offset` count numbers. None where it reaches outside, or has more numbers than the storage:
    /// else a small file could ask for any amount of memory.
    pub fn within(
        storage: &'a [u8],
        dtype: Dtype,
        shape: Vec<usize>,
        strides: Vec<usize>,
        offset: usize,
    ) -> Option<Self> {
        let size = torch::size(dtype);
        let length = storage.len() / size;
        let fits = shape.len() == strides.len()
            && lies_within(&shape, &strides, offset, length)
            && count(&shape).is_some_and(|count| count <= length);
        fits.then(|| Self {
            dtype,
            shape,
            strides,
            numbers: &storage[offset * size..],
        })
    }

    /// How many numbers it has.
    pub fn count(&self) -> usize {
        count(&self.shape).unwrap_or(usize::MAX)
    }

    /// The numbers in row-major order, without gaps.
    pub fn bytes(&self) -> Cow<'a, [u8]> {
        let size = torch::size(self.dtype);
        if self.shape.contains(&0) {
            return Cow::Borrowed(&[]);
        }
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

/// All tensors in the content of a weight file.
pub fn read(bytes: &[u8]) -> Result<Tensors<'_>, Refusal> {
    match recognise(&mut Cursor::new(bytes)).map_err(Refusal::damaged)? {
        FileKind::TorchSave | FileKind::Lightning => torch::archive(bytes),
        FileKind::LegacyTorchSave => torch::legacy(bytes),
        FileKind::Safetensors => safetensors(bytes),
        kind => Err(Refusal::Foreign(kind)),
    }
}

fn safetensors(bytes: &[u8]) -> Result<Tensors<'_>, Refusal> {
    let damaged =
        |error| Refusal::damaged(format!("the safetensors file is cut or damaged ({error})"));
    let file = SafeTensors::deserialize(bytes).map_err(damaged)?;
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

/// Numbers of a tensor, unless they are too many to count.
fn count(shape: &[usize]) -> Option<usize> {
    if shape.contains(&0) {
        return Some(0);
    }
    let mut sides = shape.iter();
    sides.try_fold(1_usize, |count, &side| count.checked_mul(side))
}

/// Whether a view reaches no number outside its storage of `length` numbers.
fn lies_within(shape: &[usize], strides: &[usize], offset: usize, length: usize) -> bool {
    if shape.contains(&0) {
        return offset <= length;
    }
    let mut axes = shape.iter().zip(strides);
    let last = axes.try_fold(offset, |last, (&side, &stride)| {
        last.checked_add((side - 1).checked_mul(stride)?)
    });
    last.is_some_and(|last| last < length)
}

/// The strides of numbers in order without gaps; of a tensor without numbers they may be anything.
fn row_major(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1_usize; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis]);
    }
    strides
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use proptest::prelude::*;

    use super::*;

    pub(crate) fn fixture(name: &str) -> Vec<u8> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/fixtures")
            .join(name);
        std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    fn refusal(bytes: &[u8]) -> String {
        read(bytes).unwrap_err().to_string()
    }

    /// Tensors of scripts/oracles/checkpoints.py: five types, views with strides and offsets, a shared storage, no sides,
    /// no numbers, a parameter.
    #[test]
    fn both_serialisations_hold_what_safetensors_holds() {
        let expected = fixture("checkpoint.safetensors");
        let expected = read(&expected).unwrap();
        assert_eq!(expected.len(), 12);
        for name in ["checkpoint.pth", "checkpoint_legacy.pth"] {
            let bytes = fixture(name);
            let found = read(&bytes).unwrap();
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
        assert!(stored(&[usize::MAX, 2, 0], &[0, 0, 0]).is_empty());
    }

    #[test]
    fn anything_but_tensors_and_containers_is_refused_by_the_name_of_its_class() {
        for name in ["stranger.pth", "stranger_legacy.pth"] {
            let refusal = refusal(&fixture(name));
            assert!(refusal.contains("argparse.Namespace"), "{refusal}");
        }
        let refusal = refusal(&fixture("whole_model.pth"));
        assert!(
            refusal.contains("torch.nn.modules.container.Sequential"),
            "{refusal}"
        );
    }

    #[test]
    fn no_code_of_a_file_is_run() {
        // Unpickled by Python, it makes a file named pwned.
        let refusal = refusal(&fixture("runs_code.pth"));
        assert!(refusal.contains("posix.system"), "{refusal}");
        assert!(!Path::new("pwned").exists());
    }

    #[test]
    fn quantised_weights_are_named_as_such() {
        let classes: [&[u8]; 2] = [
            b"\x80\x02ctorch._utils\n_rebuild_qtensor\n.",
            b"\x80\x02ctorch\nQUInt8Storage\n.",
        ];
        for pickle in classes {
            let refusal = refusal(&zipped(pickle));
            assert!(refusal.contains("quantised"), "{refusal}");
        }
    }

    #[test]
    fn what_is_no_weight_file_is_refused_by_what_it_is_and_with_the_way_out() {
        let program = refusal(&fixture("script.pt"));
        assert!(
            program.contains("architecture = \"torchscript\""),
            "{program}"
        );
        let page = refusal(b"<html>not found</html>");
        assert!(
            page.contains("web page") && page.contains("safetensors"),
            "{page}"
        );
        let onnx = refusal(b"\x08\x08\x12\x07pytorch");
        assert!(
            onnx.contains("ONNX") && onnx.contains("export_pt2.py"),
            "{onnx}"
        );
    }

    #[test]
    fn a_cut_file_is_refused() {
        for name in FORMATS {
            let bytes = fixture(name);
            for length in (0..bytes.len()).step_by(7) {
                assert!(
                    read(&bytes[..length]).is_err(),
                    "{name} cut to {length} bytes"
                );
            }
        }
    }

    /// An archive of torch.save with one storage, `0`, of 4 bytes.
    fn zipped(pickle: &[u8]) -> Vec<u8> {
        kind::tests::zipped(&[
            ("net/data.pkl", pickle),
            ("net/byteorder", b"little"),
            ("net/data/0", &[0; 4]),
        ])
    }

    /// The pickle of {"w": a tensor of the shape [side, side] and strides 0 in a storage of one number}.
    fn expanded(side: u32) -> Vec<u8> {
        let mut pickle = b"\x80\x02}X\x01\0\0\0wctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nFloatStorage\n\
            X\x01\0\0\x000X\x03\0\0\0cpuK\x01tQK\0"
            .to_vec();
        for length in [side, side] {
            pickle.push(b'J');
            pickle.extend(length.to_le_bytes());
        }
        pickle.extend(b"\x86K\0K\0\x86\x89ccollections\nOrderedDict\n)RtRs.");
        pickle
    }

    #[test]
    fn a_small_file_cannot_ask_for_much_memory() {
        let one = zipped(&expanded(1));
        assert_eq!(&*read(&one).unwrap()["w"].bytes(), [0; 4]);
        let refusal = refusal(&zipped(&expanded(1 << 26)));
        assert!(refusal.contains("`w`"), "{refusal}");
        assert!(refusal.contains("repeats the numbers"), "{refusal}");
    }

    const FORMATS: [&str; 3] = [
        "checkpoint.pth",
        "checkpoint_legacy.pth",
        "checkpoint.safetensors",
    ];

    /// Changes bytes, and sometimes removes some or doubles some.
    fn mutated(mut bytes: Vec<u8>, changes: &[(prop::sample::Index, u8, u8)]) -> Vec<u8> {
        for &(place, byte, how) in changes {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            let end = bytes.len().min(at + usize::from(byte));
            match how % 8 {
                0 => drop(bytes.drain(at..end)),
                1 => {
                    let again = bytes[at..end].to_vec();
                    drop(bytes.splice(at..at, again));
                }
                2 => bytes[at] = 0xff,
                3 => bytes[at] ^= 1 << (byte % 8),
                _ => bytes[at] = byte,
            }
        }
        bytes
    }

    proptest! {
        // The same 256 of each format every time.
        #![proptest_config(ProptestConfig {
            rng_seed: proptest::test_runner::RngSeed::Fixed(17),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn a_mutated_file_gives_tensors_or_a_reason_and_takes_little_memory(
            changes in prop::collection::vec(any::<(prop::sample::Index, u8, u8)>(), 1..6),
        ) {
            let mut files: Vec<Vec<u8>> = FORMATS.map(fixture).to_vec();
            // A changed pickle that no checksum gives away.
            let pickle = mutated(expanded(1), &changes);
            files = files.into_iter().map(|bytes| mutated(bytes, &changes)).collect();
            files.push(zipped(&pickle));
            for bytes in files {
                let memory = allocation_counter::measure(|| match read(&bytes) {
                    Ok(tensors) => tensors.values().for_each(|stored| drop(stored.bytes())),
                    Err(refusal) => assert!(!refusal.to_string().is_empty()),
                });
                // Of a kilobyte, names and places take more than the tensors.
                prop_assert!(memory.bytes_max <= 20 * bytes.len() as u64 + 100_000, "{memory:?}");
            }
        }
    }
}
