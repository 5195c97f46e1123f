//! What a file holds, told by its content: endings such as `.pt` and `.pth` say too little.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A `TorchScript` program, as `torch.jit.save` writes it.
    TorchScript,
    /// A pickle with tensors in a zip archive, as `torch.save` writes it since PyTorch 1.6.
    TorchSave,
    /// The same with the notes of PyTorch Lightning.
    Lightning,
    /// A pickle with tensors behind it, as `torch.save` wrote it before PyTorch 1.6.
    LegacyTorchSave,
    /// Tensors in the format of safetensors.
    Safetensors,
    /// A program of `torch.export` (`.pt2`).
    TorchExport,
    /// An ONNX model.
    Onnx,
    /// An HDF5 file, as Keras writes models and weights (`.h5`).
    Hdf5,
    /// A model of Keras 3 (`.keras`).
    Keras,
    /// A model of TensorFlow Lite.
    TensorFlowLite,
    /// The program of a TensorFlow `SavedModel` (`saved_model.pb`).
    SavedModel,
    /// A pickle that `torch.save` did not write.
    Pickle,
    /// A tar archive, as PyTorch before 0.1.10 saved weights.
    Tar,
    /// A zip archive of something else, or one that is damaged.
    Zip,
    /// Something compressed by gzip.
    Gzip,
    /// What Git leaves in place of a large file that was not fetched.
    LfsPointer,
    /// A web page, as a failed download leaves it.
    WebPage,
    /// No bytes.
    Empty,
    /// None of these.
    Unknown,
}

impl FileKind {
    /// Whether it may hold the weights of a built-in architecture.
    pub fn is_weights(self) -> bool {
        matches!(
            self,
            Self::TorchSave | Self::Lightning | Self::LegacyTorchSave | Self::Safetensors
        )
    }

    /// How to get a file that can be used.
    pub fn way_out(self) -> &'static str {
        match self {
            Self::TorchScript => {
                "set architecture = \"torchscript\", if it comes from a source that you trust"
            }
            Self::TorchSave | Self::Lightning | Self::LegacyTorchSave | Self::Safetensors => {
                "set `architecture` to that of the built-in network whose weights these are, or export the network with torch.export (scripts/export_pt2.py)"
            }
            Self::TorchExport => "set architecture = \"pt2\"",
            Self::Onnx => {
                "set architecture = \"onnx\", or export the PyTorch network with torch.export (scripts/export_pt2.py)"
            }
            Self::Hdf5 | Self::Keras | Self::TensorFlowLite | Self::SavedModel => {
                "only PyTorch networks can be used: copy its weights into the same network in PyTorch, and export that with torch.export (scripts/export_pt2.py)"
            }
            Self::Pickle | Self::Tar => {
                "load it with Python, and save model.state_dict() with torch.save"
            }
            Self::Gzip => "unpack it first",
            Self::LfsPointer => "run `git lfs pull`, which fetches the file itself",
            Self::WebPage | Self::Empty | Self::Zip | Self::Unknown => {
                "fetch or save it again; expected a network of torch.export or TorchScript, or weights of torch.save or safetensors"
            }
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TorchScript => "a TorchScript program",
            Self::TorchSave => "a file of torch.save",
            Self::Lightning => "a checkpoint of PyTorch Lightning",
            Self::LegacyTorchSave => "a file of torch.save from before PyTorch 1.6",
            Self::Safetensors => "a file of safetensors",
            Self::TorchExport => "a program of torch.export (.pt2)",
            Self::Onnx => "an ONNX model",
            Self::Hdf5 => "an HDF5 file, as Keras writes (.h5)",
            Self::Keras => "a Keras model (.keras)",
            Self::TensorFlowLite => "a TensorFlow Lite model (.tflite)",
            Self::SavedModel => "a TensorFlow SavedModel",
            Self::Pickle => "a pickle that torch.save did not write",
            Self::Tar => "a tar archive, as PyTorch before 0.1.10 saved weights",
            Self::Zip => "a zip archive that is damaged, or of something else",
            Self::Gzip => "a file compressed by gzip",
            Self::LfsPointer => "a Git LFS pointer in place of the file",
            Self::WebPage => "a web page",
            Self::Empty => "an empty file",
            Self::Unknown => "a file of an unknown format",
        })
    }
}

/// Bytes at the start of a file that are looked at: those up to the mark of a tar archive.
const START: u64 = 262;
/// Most bytes of a pickle in which the notes of PyTorch Lightning are looked for; they come first.
const NOTES: u64 = 1 << 20;
/// Longest header of a safetensors file, as its own reader allows.
const LONGEST_HEADER: u64 = 100_000_000;

/// The start of every zip archive with a file in it.
const ZIP: &[u8] = b"PK\x03\x04";
/// The pickle of `torch.serialization.MAGIC_NUMBER`, with which the older form of `torch.save` starts.
pub(crate) const LEGACY: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
const TAR: &[u8] = b"ustar";
const TAR_AT: usize = 257;

/// Tells what `file` holds; it reads the start, of a zip archive also the names and at most 1 MiB.
pub fn recognise(file: &mut (impl Read + Seek)) -> io::Result<FileKind> {
    let mut start = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(START).read_to_end(&mut start)?;
    if start.starts_with(ZIP) {
        return Ok(in_zip(file));
    }
    Ok(by_start(&start))
}

fn by_start(start: &[u8]) -> FileKind {
    let has = |at: usize, mark: &[u8]| start.get(at..).is_some_and(|rest| rest.starts_with(mark));
    let text = start.trim_ascii_start().to_ascii_lowercase();
    match start {
        [] => FileKind::Empty,
        // Its length may begin with the mark of another format.
        _ if is_safetensors(start) => FileKind::Safetensors,
        _ if start.starts_with(LEGACY) => FileKind::LegacyTorchSave,
        [0x80, 2..=5, ..] => FileKind::Pickle,
        _ if has(0, b"\x89HDF\r\n\x1a\n") => FileKind::Hdf5,
        _ if has(0, b"version https://git-lfs") => FileKind::LfsPointer,
        [0x1f, 0x8b, ..] => FileKind::Gzip,
        _ if has(4, b"TFL3") => FileKind::TensorFlowLite,
        _ if has(TAR_AT, TAR) => FileKind::Tar,
        _ if text.starts_with(b"<!doctype") || text.starts_with(b"<html") => FileKind::WebPage,
        // The first field of each is its version, which protobuf writes as 8 and a number; the next is one of the few that follow.
        [8, 1, 0x12, ..] => FileKind::SavedModel,
        [
            8,
            3..=99,
            0x12 | 0x1a | 0x22 | 0x28 | 0x32 | 0x3a | 0x42,
            ..,
        ] => FileKind::Onnx,
        _ => FileKind::Unknown,
    }
}

/// The length of a header in JSON, and the header.
fn is_safetensors(start: &[u8]) -> bool {
    start.split_first_chunk().is_some_and(|(length, header)| {
        u64::from_le_bytes(*length) <= LONGEST_HEADER && header.first() == Some(&b'{')
    })
}

/// What an archive holds, by the names in it.
fn in_zip(file: &mut (impl Read + Seek)) -> FileKind {
    // PyTorch puts nothing before an archive, and looking for something there takes numbers of weights for it.
    let archive_offset = ArchiveOffset::Known(0);
    let Ok(mut archive) = ZipArchive::with_config(Config { archive_offset }, file) else {
        return FileKind::Zip;
    };
    let names: Vec<String> = archive
        .file_names()
        .filter_map(|name| Some(name.ok()?.into_owned()))
        .collect();
    let has = |test: &dyn Fn(&str) -> bool| names.iter().any(|name| test(name));
    if has(&|name| name.ends_with("/archive_format") || name.ends_with("exported_program.json")) {
        return FileKind::TorchExport;
    }
    if has(&|name| name.ends_with("/constants.pkl") || name.contains("/code/")) {
        return FileKind::TorchScript;
    }
    if has(&|name| name == "model.weights.h5") {
        return FileKind::Keras;
    }
    match names.iter().find(|name| name.ends_with("/data.pkl")) {
        None => FileKind::Zip,
        Some(pickle) if has_notes_of_lightning(&mut archive, pickle) => FileKind::Lightning,
        Some(_) => FileKind::TorchSave,
    }
}

fn has_notes_of_lightning(archive: &mut ZipArchive<impl Read + Seek>, pickle: &str) -> bool {
    const NOTE: &[u8] = b"pytorch-lightning_version";
    let mut start = Vec::new();
    let read = archive
        .by_name(pickle)
        .ok()
        .and_then(|entry| entry.take(NOTES).read_to_end(&mut start).ok());
    read.is_some() && start.windows(NOTE.len()).any(|window| window == NOTE)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io::Cursor;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn kind(bytes: &[u8]) -> FileKind {
        recognise(&mut Cursor::new(bytes)).unwrap()
    }

    pub(crate) fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
        use std::io::Write;

        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let plain = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (name, content) in entries {
            writer.start_file(*name, plain).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn every_fixture_is_recognised() {
        let kinds = [
            ("script.pt", FileKind::TorchScript),
            ("checkpoint.pth", FileKind::TorchSave),
            ("whole_model.pth", FileKind::TorchSave),
            ("checkpoint_legacy.pth", FileKind::LegacyTorchSave),
            ("checkpoint.safetensors", FileKind::Safetensors),
        ];
        for (name, expected) in kinds {
            let bytes = crate::tests::fixture(name);
            assert_eq!(kind(&bytes), expected, "{name}");
            assert!(expected == FileKind::TorchScript || expected.is_weights());
        }
    }

    #[test]
    fn archives_are_told_apart_by_the_names_in_them() {
        let program: &[(&str, &[u8])] = &[("net/data.pkl", b""), ("net/code/__torch__.py", b"")];
        assert_eq!(kind(&zipped(program)), FileKind::TorchScript);
        // The example input of an exported program is a program itself.
        let exported: &[(&str, &[u8])] = &[
            ("net/data/sample_inputs/model.pt", b""),
            ("net/archive_format", b"pt2"),
        ];
        assert_eq!(kind(&zipped(exported)), FileKind::TorchExport);
        let exported: &[(&str, &[u8])] = &[("serialized_exported_program.json", b"{}")];
        assert_eq!(kind(&zipped(exported)), FileKind::TorchExport);
        let keras: &[(&str, &[u8])] = &[("config.json", b"{}"), ("model.weights.h5", b"")];
        assert_eq!(kind(&zipped(keras)), FileKind::Keras);
        let notes = b"\x80\x02}X\x19\x00\x00\x00pytorch-lightning_versionX";
        assert_eq!(
            kind(&zipped(&[("archive/data.pkl", notes)])),
            FileKind::Lightning
        );
        assert_eq!(kind(&zipped(&[("photo.jpg", b"")])), FileKind::Zip);
        assert_eq!(kind(b"PK\x03\x04cut"), FileKind::Zip);
    }

    #[test]
    fn other_files_are_told_apart_by_their_start() {
        let mut tar = vec![0; 300];
        tar[TAR_AT..][..TAR.len()].copy_from_slice(TAR);
        let starts: [(&[u8], FileKind); 14] = [
            (b"", FileKind::Empty),
            (b"\x80\x04\x95\x00", FileKind::Pickle),
            (b"\x89HDF\r\n\x1a\n\x00", FileKind::Hdf5),
            (b"\x1c\x00\x00\x00TFL3", FileKind::TensorFlowLite),
            (b"\x08\x08\x12\x07pytorch\x1a\x052.11.0", FileKind::Onnx),
            (b"\x08\x0a\x3a\x91\x02\x0a", FileKind::Onnx),
            (b"\x08\x01\x12\xa2\x4c\x0a", FileKind::SavedModel),
            (
                b"version https://git-lfs.github.com/spec/v1\noid",
                FileKind::LfsPointer,
            ),
            (b"\n <!DOCTYPE html><html>", FileKind::WebPage),
            (b"<HTML>", FileKind::WebPage),
            (b"\x1f\x8b\x08\x00", FileKind::Gzip),
            (b"\x80\x02\x00\x00\x00\x00\x00\x00{", FileKind::Safetensors),
            (b"GIF89a", FileKind::Unknown),
            (&tar, FileKind::Tar),
        ];
        for (start, expected) in starts {
            assert_eq!(kind(start), expected);
        }
    }
}
