//! A temporary folder with a small study in it, and ways to run programs there.

use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use tempfile::TempDir;

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_path_buf()
}

/// A program of this build; `make test` builds them first.
pub(crate) fn program(name: &str) -> PathBuf {
    let test = env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join(name);
    assert!(
        program.is_file(),
        "{} is missing: run `make build` first",
        program.display()
    );
    program
}

/// Memory that tests may fill, where a machine has it: what a disk keeps after a crash is not the subject of these tests.
const MEMORY: &str = "/dev/shm";
const NEEDED_MEMORY: u64 = 2 << 30;

/// The folder of all studies of this process.
static STUDIES: LazyLock<PathBuf> = LazyLock::new(|| {
    let has_room = |usage: &rustix::fs::StatVfs| usage.f_bavail * usage.f_frsize > NEEDED_MEMORY;
    let roomy = rustix::fs::statvfs(MEMORY).is_ok_and(|usage| has_room(&usage));
    let place = if roomy {
        MEMORY.into()
    } else {
        env::temp_dir()
    };
    let folder = TempDir::with_prefix_in("selectivity-tests-", place);
    let folder = folder.unwrap().keep();
    // What is static is never dropped. This child sees its input end when the process ends, however that ends, and removes the folder.
    #[expect(
        clippy::zombie_processes,
        reason = "it outlives this process, so that it can clean up"
    )]
    let mut child = Command::new("sh")
        .args(["-c", "trap '' INT; cat; rm -rf \"$0\""])
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::mem::forget(child.stdin.take());
    folder
});

/// A study of two images, one partition, both networks and two runs.
pub(crate) struct StudyFolder(TempDir);

impl StudyFolder {
    fn empty() -> Self {
        Self(tempfile::tempdir_in(&*STUDIES).unwrap())
    }

    /// The study with everything up to date. It is computed once for all tests.
    pub(crate) fn made() -> Self {
        static MADE: LazyLock<StudyFolder> = LazyLock::new(|| {
            let folder = StudyFolder::new();
            folder.make_all();
            folder
        });
        MADE.copy()
    }

    /// A copy to change.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::empty();
        copy_entries(self.0.path(), copy.0.path());
        copy
    }

    pub(crate) fn new() -> Self {
        let folder = Self::empty();
        for part in ["images", "masks"] {
            fs::create_dir(folder.path(part)).unwrap();
            for image in ["key-00", "mug-01"] {
                let file = format!("{part}/{image}.png");
                fs::copy(repository().join("data").join(&file), folder.path(&file)).unwrap();
            }
        }
        fs::write(
            folder.path("labels.csv"),
            "path,label\nimages/key-00.png,key\nimages/mug-01.png,mug\n",
        )
        .unwrap();
        for name in ["alexnet", "resnet50"] {
            let weights = repository()
                .join("data/networks")
                .join(format!("{name}.safetensors"));
            fs::copy(weights, folder.path(&format!("{name}.safetensors"))).unwrap();
        }
        fs::copy(
            repository().join("data/classes.txt"),
            folder.path("classes.txt"),
        )
        .unwrap();
        fs::write(
            folder.path("pipeline.toml"),
            include_str!("fixtures/pipeline.toml"),
        )
        .unwrap();
        folder
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.path().join(relative)
    }

    /// Replaces a piece of pipeline.toml, which must be there.
    pub(crate) fn change(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path("pipeline.toml")).unwrap();
        assert!(text.contains(old), "pipeline.toml has no {old}");
        fs::write(self.path("pipeline.toml"), text.replace(old, new)).unwrap();
    }

    pub(crate) fn command(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program(name));
        command.args(arguments).current_dir(self.0.path());
        // Several tests share the cores: threads of libtorch that wait must not keep them busy.
        command.env("OMP_WAIT_POLICY", "passive");
        command
    }

    pub(crate) fn run(&self, name: &str, arguments: &[&str]) -> Finished {
        Finished::new(self.command(name, arguments).output().unwrap())
    }

    /// Brings everything up to date, which must work.
    pub(crate) fn make_all(&self) -> Finished {
        let finished = self.run("pipeline", &["run"]);
        assert_eq!(finished.status, 0, "{}", finished.stderr);
        finished
    }

    /// The files below objects/ and actions/, whose names are ids and keys.
    pub(crate) fn ids(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for part in ["objects", "actions"] {
            collect(
                &self.path("artifacts"),
                &self.path("artifacts").join(part),
                &mut ids,
            );
        }
        ids
    }

    /// The ids of records of a kind.
    pub(crate) fn keys(&self, kind: &str) -> BTreeSet<String> {
        self.ids()
            .into_iter()
            .filter(|id| id.starts_with(&format!("actions/{kind}/")))
            .collect()
    }

    /// The names of the artifacts of a table in latest/.
    pub(crate) fn latest(&self, table: &str) -> Vec<String> {
        let folder = fs::read_dir(self.path("artifacts/latest").join(table));
        let mut names: Vec<String> = folder
            .map(|entries| {
                entries
                    .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                    .collect()
            })
            .unwrap_or_default();
        names.sort();
        names
    }
}

/// Copies what is in a folder into another one.
pub(crate) fn copy_entries(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            fs::create_dir(&place).unwrap();
            copy_entries(&entry.path(), &place);
        } else if kind.is_symlink() {
            symlink(fs::read_link(entry.path()).unwrap(), place).unwrap();
        } else {
            fs::copy(entry.path(), place).unwrap();
        }
    }
}

fn collect(root: &Path, folder: &Path, ids: &mut BTreeSet<String>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for path in entries.map(|entry| entry.unwrap().path()) {
        if path.is_dir() {
            collect(root, &path, ids);
        } else {
            ids.insert(
                path.strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
}

/// How a program ended.
pub(crate) struct Finished {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Finished {
    pub(crate) fn new(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Panics, with all that the program said, unless its errors contain `text` and it ended with `status`.
    pub(crate) fn expect(&self, status: i32, text: &str) {
        assert_eq!(self.status, status, "{}", self.stderr);
        assert!(
            self.stderr.contains(text),
            "no {text:?} in\n{}",
            self.stderr
        );
    }
}
