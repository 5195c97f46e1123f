//! What the code digest of a kind of action covers, and how. Shared by `build.rs` and the tests.
//!
//! Every kind of action begins with its root files, [`KINDS`]. Its digest covers
//!
//! * the tokens of these files, and of every file of the workspace that defines a name which a covered file uses, in whatever way the name
//!   is imported, exported or written in a macro;
//! * a file with an `impl` for a covered type or trait, unless a name in the head of that `impl` is defined in a file that is not covered;
//! * the `use` declarations that lead from one to the other, and texts that the program includes;
//! * version, checksum and features of every external crate that a covered file names, and of the crates below.
//!
//! What cannot be found covers the whole crate in which it should be. What [`tokens`] calls silent does not count. `schema` is left out,
//! because the fingerprint of a table's schema is in the key beside this digest. The crates of [`APART`] may not be named.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::{fs, io};

use quote::ToTokens;
use syn::visit_mut::VisitMut;

use manifests::Manifests;
use names::Module;
use tree::{Search, Target, Tree};

mod manifests;
mod names;
mod tokens;
mod tree;

/// Every kind of action with the files that its code begins with.
pub(crate) const KINDS: [(&str, &[&str]); 19] = [
    ("crops", &["crates/segment/src/crops.rs"]),
    ("segments", &["crates/segment/src/segments.rs"]),
    ("logits", &["crates/infer/src/logits.rs"]),
    ("targets", &["crates/infer/src/targets.rs"]),
    ("saliency", &["crates/gradcam/src/saliency.rs"]),
    ("perturbations", &["crates/lime/src/perturbations.rs"]),
    ("sizes", &["crates/lime/src/sizes.rs"]),
    ("weights", &["crates/lime/src/weights.rs"]),
    ("pooled", &["crates/gradcam/src/pooled.rs"]),
    ("fitted", &["crates/lime/src/fitted.rs"]),
    ("controls", &["crates/deletion/src/controls.rs"]),
    ("curves", &["crates/deletion/src/curves.rs"]),
    ("scores", &["crates/evaluate/src/scores.rs"]),
    ("agreement", &["crates/evaluate/src/agreement.rs"]),
    ("localization", &["crates/evaluate/src/localization.rs"]),
    ("complexity", &["crates/evaluate/src/complexity.rs"]),
    ("sanity", &["crates/evaluate/src/sanity.rs"]),
    ("comparisons", &["crates/evaluate/src/comparisons.rs"]),
    ("report", &["crates/report/src/report.rs"]),
];

/// Crates that run actions and keep their results; no result depends on their code.
const APART: [&str; 4] = ["stage", "store", "study", "pipeline"];

/// Crates that count for nothing: the tables, whose fingerprints are in the keys by themselves, and what only makes messages.
const SILENT: [&str; 4] = ["schema", "parts", "thiserror", "tracing"];

type Result<T> = std::result::Result<T, String>;

/// The files of a workspace. Paths begin at its root.
pub(crate) struct Files {
    root: PathBuf,
    /// Texts that stand for those on disk.
    edits: BTreeMap<PathBuf, String>,
    parsed: BTreeMap<PathBuf, Rc<Source>>,
    /// Every file and folder that an answer depends on.
    read: BTreeSet<PathBuf>,
}

/// A file of Rust.
struct Source {
    /// Of the tokens that count.
    digest: blake3::Hash,
    module: Rc<Module>,
}

impl Files {
    fn bytes(&mut self, path: &Path) -> Result<Vec<u8>> {
        self.read.insert(path.to_owned());
        match self.edits.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => fs::read(self.root.join(path)).map_err(|error| failed(path, &error)),
        }
    }

    fn text(&mut self, path: &Path) -> Result<String> {
        let text = String::from_utf8(self.bytes(path)?);
        text.map_err(|error| format!("{}: {error}", path.display()))
    }

    fn exists(&self, path: &Path) -> bool {
        self.edits.contains_key(path) || self.root.join(path).is_file()
    }

    /// The folders in a folder.
    fn folders(&self, path: &Path) -> Result<Vec<PathBuf>> {
        let entries = fs::read_dir(self.root.join(path)).map_err(|error| failed(path, &error))?;
        let names = entries.map(|entry| Ok(path.join(entry?.file_name())));
        names
            .collect::<io::Result<_>>()
            .map_err(|error| failed(path, &error))
    }

    /// The file of the module whose own modules lie in `folder`.
    fn module(&self, folder: &Path) -> Result<PathBuf> {
        let files = [folder.with_extension("rs"), folder.join("mod.rs")];
        let missing = format!("there is no {}", files[0].display());
        let found = files.into_iter().find(|file| self.exists(file));
        found.ok_or(missing)
    }

    fn source(&mut self, path: &Path) -> Result<Rc<Source>> {
        if let Some(source) = self.parsed.get(path) {
            return Ok(Rc::clone(source));
        }
        let mut file = syn::parse_file(&self.text(path)?).map_err(|error| {
            let start = error.span().start();
            format!(
                "{}:{}:{}: {error}",
                path.display(),
                start.line,
                start.column + 1
            )
        })?;
        tokens::Strip.visit_file_mut(&mut file);
        let module = Rc::new(Module::of(&file.items));
        let text = tokens::counting(file.into_token_stream()).to_string();
        let digest = blake3::hash(text.as_bytes());
        let source = Rc::new(Source { digest, module });
        self.parsed.insert(path.to_owned(), Rc::clone(&source));
        Ok(source)
    }
}

fn failed(path: &Path, error: &io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

/// A workspace, read as far as digests need it.
pub(crate) struct Workspace {
    files: Files,
    manifests: Manifests,
    tree: Tree,
}

/// What a kind of action depends on.
#[derive(Default)]
pub(crate) struct Closure {
    /// Each file with the file that named it first.
    pub(crate) files: BTreeMap<PathBuf, PathBuf>,
    /// External crates, each with a crate that names it.
    pub(crate) external: BTreeSet<(String, String)>,
    /// Declarations that lead from a name to what it stands for.
    links: BTreeSet<String>,
}

impl Workspace {
    /// Reads the manifests of the workspace at `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = Files {
            root: root.to_owned(),
            edits: BTreeMap::new(),
            parsed: BTreeMap::new(),
            read: BTreeSet::new(),
        };
        Ok(Self {
            manifests: Manifests::read(&mut files)?,
            files,
            tree: Tree::default(),
        })
    }

    /// Every file and folder that an answer depended on.
    pub(crate) fn watched(&self) -> BTreeSet<PathBuf> {
        let folders = self
            .tree
            .roots
            .keys()
            .filter_map(|name| self.manifests.folder(name));
        let folders = folders.map(|folder| folder.join("src"));
        folders.chain(self.files.read.iter().cloned()).collect()
    }

    /// The digest, 64 hexadecimal digits, of the code of a kind of action that begins with these files.
    pub(crate) fn digest(&mut self, kind: &str, roots: &[&str]) -> Result<String> {
        let closure = self.closure(roots)?;
        let mut text = format!("action {kind}\n");
        for file in closure.files.keys() {
            let digest = if file.extension().is_some_and(|ending| ending == "rs") {
                self.files.source(file)?.digest
            } else {
                blake3::hash(&self.files.bytes(file)?)
            };
            let _ = writeln!(text, "file {} {digest}", file.display());
        }
        text.extend(closure.links);
        let mut external = BTreeSet::new();
        for (from, name) in &closure.external {
            external.extend(self.manifests.external(from, name)?);
        }
        text.extend(external);
        Ok(blake3::hash(text.as_bytes()).to_hex().to_string())
    }

    /// What the code that begins with these files depends on.
    pub(crate) fn closure(&mut self, roots: &[&str]) -> Result<Closure> {
        for root in roots.iter().map(Path::new) {
            let owner = self.manifests.owner(root).unwrap_or_default();
            self.tree.load(owner, &self.manifests, &mut self.files)?;
            if self.tree.modules_of(root).next().is_none() {
                return Err(format!("{} is no module of a library", root.display()));
            }
        }
        let mut closure = Closure::default();
        let mut open: Vec<(PathBuf, PathBuf)> = roots
            .iter()
            .map(|root| (root.into(), root.into()))
            .collect();
        while !open.is_empty() {
            while let Some((file, from)) = open.pop() {
                if !closure.files.contains_key(&file) {
                    closure.files.insert(file.clone(), from);
                    self.follow(&file, &mut closure, &mut open)?;
                }
            }
            open = self.implementations(&closure.files);
        }
        Ok(closure)
    }

    /// Notes what a covered file names.
    fn follow(
        &self,
        file: &Path,
        closure: &mut Closure,
        open: &mut Vec<(PathBuf, PathBuf)>,
    ) -> Result<()> {
        let mut search = Search::new(&self.tree, &self.manifests);
        let mut named = self.build_script(file);
        for (place, node) in self.tree.modules_of(file) {
            if let Some(problem) = &node.module.refused {
                return Err(format!("{}: {problem}", file.display()));
            }
            named.extend(
                node.module
                    .texts
                    .iter()
                    .map(|text| file.with_file_name(text)),
            );
            for target in node
                .module
                .paths
                .iter()
                .flat_map(|path| search.lookup(place, path))
            {
                match target {
                    Target::Module(_) => {}
                    Target::Item(file) => named.push(file),
                    Target::Missing(place) => named.extend(self.tree.files_with(place)),
                    Target::External(from, name) => {
                        closure.external.insert((from, name));
                    }
                    Target::Apart(name) => return Err(apart(file, &closure.files[file], &name)),
                }
            }
        }
        closure.links.extend(search.links);
        open.extend(named.into_iter().map(|named| (named, file.to_owned())));
        Ok(())
    }

    /// The build script of the crate of a file.
    fn build_script(&self, file: &Path) -> Vec<PathBuf> {
        let owner = self.manifests.owner(file);
        let folder = owner.and_then(|owner| self.manifests.folder(owner));
        let script = folder.map(|folder| folder.join("build.rs"));
        script
            .into_iter()
            .filter(|script| self.files.exists(script))
            .collect()
    }

    /// Files with an `impl` that covered code can use: every name in its head that leads to code leads to covered code.
    fn implementations(&self, covered: &BTreeMap<PathBuf, PathBuf>) -> Vec<(PathBuf, PathBuf)> {
        let mut search = Search::new(&self.tree, &self.manifests);
        let known = |target| match target {
            Target::Item(file) => Some(covered.contains_key(&file)),
            Target::Missing(place) => {
                let mut files = self.tree.files_with(place);
                Some(files.any(|file| covered.contains_key(&file)))
            }
            Target::Apart(_) => Some(false),
            Target::Module(_) | Target::External(..) => None,
        };
        let mut found = Vec::new();
        for (place, node) in self.tree.nodes.iter().enumerate() {
            let mut usable = node.module.impls.iter().map(|head| {
                let names = head.iter().filter_map(|path| {
                    let targets = search.lookup(place, path).into_iter();
                    targets.filter_map(known).reduce(|one, other| one || other)
                });
                names.reduce(|one, other| one && other) == Some(true)
            });
            if !covered.contains_key(&node.file) && usable.any(|usable| usable) {
                found.push((node.file.clone(), node.file.clone()));
            }
        }
        found
    }
}

fn apart(file: &Path, from: &Path, name: &str) -> String {
    let covered = if from == file {
        String::new()
    } else {
        format!(" {} leads there.", from.display())
    };
    format!(
        "{} names the crate `{name}`, on whose code no result may depend.{covered} Take what is needed to another file",
        file.display()
    )
}
