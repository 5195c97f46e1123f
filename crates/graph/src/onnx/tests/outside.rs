//! Numbers in files beside.

#![expect(
    clippy::disallowed_methods,
    reason = "writes networks of its own into a folder of its own"
)]

use std::fs;
use std::path::PathBuf;

use super::*;

/// A folder with a file of 16 numbers in it and one beside it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("graph-onnx-{name}-{}", std::process::id()));
        fs::create_dir_all(path.join("inner/deeper")).unwrap();
        let numbers: Vec<u8> = (0..16)
            .flat_map(|number| (number as f32).to_le_bytes())
            .collect();
        for file in [
            "outer.data",
            "inner/weights.data",
            "inner/deeper/weights.data",
        ] {
            fs::write(path.join(file), &numbers).unwrap();
        }
        Self(path)
    }

    fn open<'a>(&self, bytes: &'a [u8]) -> Result<Content<'a>, Refusal> {
        Content::open(&self.0.join("inner/network.onnx"), bytes)
    }

    #[track_caller]
    fn refuses(&self, bytes: &[u8], part: &str) {
        let refusal = self.open(bytes).map(|_| ()).unwrap_err().to_string();
        assert!(refusal.contains(part), "{part} is not in: {refusal}");
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A network that adds three numbers, which lie elsewhere.
fn network(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut parts = vec![
        (1, Part::Int(3)),
        (1, Part::Int(1)),
        (1, Part::Int(1)),
        (2, Part::Int(1)),
        (8, "w.outside".into()),
        (14, Part::Int(1)),
    ];
    parts.extend(entries.iter().map(|&(key, value)| {
        (
            13,
            Part::Bytes(message(vec![(1, key.into()), (2, value.into())])),
        )
    }));
    Written::new(13)
        .with(message(parts))
        .then("Add", "x w.outside", "y", vec![])
        .gives("y")
}

#[test]
fn numbers_are_read_from_files_in_the_folder_and_below_it() {
    let folder = Folder::new("read");
    for location in ["weights.data", "./weights.data", "deeper/weights.data"] {
        let bytes = network(&[("location", location), ("offset", "8"), ("length", "12")]);
        let content = folder.open(&bytes).unwrap();
        let files: Vec<(&str, usize)> = content
            .outside()
            .map(|(name, bytes)| (name, bytes.len()))
            .collect();
        assert_eq!(files, [(location, 64)]);
        let program = read(&content, None).unwrap();
        let expected: Vec<u8> = [2.0_f32, 3.0, 4.0]
            .into_iter()
            .flat_map(f32::to_le_bytes)
            .collect();
        assert_eq!(&*program.tensors["w.outside"].bytes(), expected);
    }
}

#[test]
fn no_other_file_is_opened() {
    let folder = Folder::new("other");
    let at = |location: &str| network(&[("location", location), ("length", "12")]);
    folder.refuses(&at("../outer.data"), "not in its folder");
    folder.refuses(&at("deeper/../../outer.data"), "not in its folder");
    folder.refuses(
        &at(folder.0.join("inner/weights.data").to_str().unwrap()),
        "not in its folder",
    );
    folder.refuses(&at(""), "not in its folder");
    folder.refuses(&at("nothing.data"), "cannot be read");
    folder.refuses(&at("deeper"), "is no file");
    let alone = refusal(&at("weights.data"));
    assert!(
        alone.contains("in another file") && alone.contains("onnx.save"),
        "{alone}"
    );
}

#[cfg(unix)]
#[test]
fn links_that_leave_the_folder_are_not_followed() {
    let folder = Folder::new("links");
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, folder.0.join("inner").join(name)).unwrap();
    };
    link("../outer.data", "out.data");
    link("deeper/weights.data", "in.data");
    link("..", "up");
    let at = |location: &str| network(&[("location", location), ("length", "12")]);
    folder.refuses(&at("out.data"), "leaves its folder");
    folder.refuses(&at("up/outer.data"), "leaves its folder");
    assert!(folder.open(&at("in.data")).is_ok());
}

#[test]
fn places_beyond_a_file_are_refused() {
    let folder = Folder::new("beyond");
    for (offset, length, part) in [
        ("60", "12", "does not lie within"),
        ("18446744073709551615", "12", "does not lie within"),
        ("0", "18446744073709551615", "does not lie within"),
        ("-1", "12", "offset"),
    ] {
        let bytes = network(&[
            ("location", "weights.data"),
            ("offset", offset),
            ("length", length),
        ]);
        folder.refuses(&bytes, part);
    }
    // As many as there are, where the file does not say.
    let bytes = network(&[("location", "weights.data"), ("offset", "52")]);
    assert!(read(&folder.open(&bytes).unwrap(), None).is_ok());
}
