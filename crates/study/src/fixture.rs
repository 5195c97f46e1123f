//! A small study in a folder of its own, for tests.

use std::path::{Path, PathBuf};

use crate::study::Study;
use config::Problems;

/// The shipped study's own settings: a test of them as well.
pub(crate) const SHIPPED: &str = include_str!("../../../pipeline.scenes.toml");

/// Memory, where a machine has it: what a disk keeps after a crash is not the subject of these tests.
const MEMORY: &str = "/dev/shm";

/// A folder with a copy of the shipped `pipeline.toml`, two classes, one labelled image, and empty weights.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let memory = Path::new(MEMORY);
        let folder = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        let folder = Self(folder.unwrap());
        folder.write("pipeline.toml", SHIPPED);
        folder.write("data/images/mug-07.png", "not decoded here");
        folder.write("data/classes.txt", "mug\nkey\n");
        folder.write("data/labels.csv", "path,label\nmug-07.png,mug\n");
        folder.write("data/networks/alexnet.safetensors", "");
        folder.write("data/networks/resnet50.safetensors", "");
        std::fs::create_dir(folder.path("data/masks")).unwrap();
        folder
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// The same path, relative to the folder that the tests run in.
    pub(crate) fn relative(&self, path: &str) -> PathBuf {
        let here = std::env::current_dir().unwrap();
        let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
        up.join(self.path(path).strip_prefix("/").unwrap())
    }

    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Replaces a part of `pipeline.toml` that must be there.
    pub(crate) fn edit(&self, old: &str, new: &str) {
        let text = std::fs::read_to_string(self.path("pipeline.toml")).unwrap();
        assert!(text.contains(old), "{old} is not in the file");
        self.write("pipeline.toml", text.replacen(old, new, 1));
    }

    pub(crate) fn study(&self) -> Result<Study, Problems> {
        Study::read(&self.path("pipeline.toml"))
    }

    /// Text without the folder's own path.
    pub(crate) fn plain(&self, text: &str) -> String {
        text.replace(&format!("{}/", self.0.path().display()), "")
    }

    pub(crate) fn shown(&self, problems: &Problems) -> String {
        self.plain(&problems.to_string())
    }
}
