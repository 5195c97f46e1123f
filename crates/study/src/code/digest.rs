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
//! Plug-ins, the files of the folders in [`PLUGINS`], have digests of their own, each named by its module, such as `sampling::samplers::coin`.
//! The key of an action holds the digests of the plug-ins that its inputs name, so no file that a kind's digest covers may lead to one.
//!
//! A name that a module does not define counts as defined in the module's file, where a macro must define it. What is silent in [`tokens`] does not count. `schema` is left out,
//! because the fingerprint of a table's schema is in the key beside this digest. The crates of [`APART`] may not be named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use proc_macro2::LineColumn;
use quote::ToTokens;
use syn::visit_mut::VisitMut;

use manifests::Manifests;
use names::Module;
use tree::{Node, Search, Target, Tree};

mod manifests;
mod names;
mod tokens;
mod tree;

/// Every kind of action with the files that its code begins with.
pub(crate) const KINDS: [(&str, &[&str]); 21] = [
    ("crops", &["crates/segment/src/crops.rs"]),
    ("segments", &["crates/segment/src/segments.rs"]),
    ("labelled", &["crates/segment/src/labelled.rs"]),
    ("logits", &["crates/infer/src/logits.rs"]),
    ("targets", &["crates/infer/src/targets.rs"]),
    ("saliency", &["crates/gradcam/src/saliency.rs"]),
    ("perturbations", &["crates/lime/src/perturbations.rs"]),
    ("sizes", &["crates/lime/src/sizes.rs"]),
    ("weights", &["crates/lime/src/weights.rs"]),
    ("pooled", &["crates/gradcam/src/pooled.rs"]),
    ("fitted", &["crates/lime/src/fitted.rs"]),
    ("randomized", &["crates/networks/src/randomized.rs"]),
    ("external", &["crates/deletion/src/external.rs"]),
    ("controls", &["crates/deletion/src/controls.rs"]),
    ("curves", &["crates/deletion/src/curves.rs"]),
    ("deletions", &["crates/deletion/src/deletions.rs"]),
    ("scores", &["crates/evaluate/src/scores.rs"]),
    ("agreement", &["crates/evaluate/src/agreement.rs"]),
    ("sanity", &["crates/evaluate/src/sanity.rs"]),
    ("comparisons", &["crates/evaluate/src/comparisons.rs"]),
    ("report", &["crates/report/src/report.rs"]),
];

/// Folders of plug-ins, which are files without modules of their own.
const PLUGINS: [&str; 5] = [
    "crates/graph/src/builders",
    "crates/measures/src/kinds",
    "crates/methods/src/kinds",
    "crates/networks/src/families",
    "crates/sampling/src/samplers",
];

/// Crates that run actions and keep their results; no result depends on their code.
const APART: [&str; 4] = ["stage", "store", "study", "pipeline"];

/// Crates that count for nothing: the tables, whose fingerprints are in the keys by themselves; what reads inputs, and holds them to the digests
/// in the keys; what reads settings, whose values are in the keys; and what only makes keys or messages.
const SILENT: [&str; 6] = ["config", "schema", "parts", "serde", "thiserror", "tracing"];

type Result<T> = std::result::Result<T, String>;

/// The files of a workspace, each read once. Paths begin at its root.
#[derive(Clone, Default)]
pub(crate) struct Files {
    root: PathBuf,
    /// Texts that stand for those on disk.
    edits: BTreeMap<PathBuf, String>,
    parsed: BTreeMap<PathBuf, Rc<Source>>,
    read: BTreeSet<PathBuf>,
}

/// A file of Rust.
struct Source {
    /// Of the tokens that count.
    digest: blake3::Hash,
    module: Rc<Module>,
}

impl Files {
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            ..Self::default()
        }
    }

    /// Takes a text for that of a file.
    #[cfg(test)]
    pub(crate) fn edit(&mut self, path: &str, text: String) {
        self.parsed.remove(Path::new(path));
        self.edits.insert(path.into(), text);
    }

    fn bytes(&mut self, path: &Path) -> Result<Vec<u8>> {
        self.read.insert(path.to_owned());
        let failed = |error| format!("cannot read {}: {error}", path.display());
        match self.edits.get(path) {
            Some(text) => Ok(text.clone().into_bytes()),
            None => std::fs::read(self.root.join(path)).map_err(failed),
        }
    }

    /// The files of Rust in a folder.
    fn list(&self, folder: &Path) -> Result<BTreeSet<PathBuf>> {
        let edits = self
            .edits
            .keys()
            .filter(|path| path.parent() == Some(folder));
        let mut files: BTreeSet<PathBuf> = edits.cloned().collect();
        let failed = |error| format!("cannot list {}: {error}", folder.display());
        for entry in std::fs::read_dir(self.root.join(folder)).map_err(failed)? {
            files.insert(folder.join(entry.map_err(failed)?.file_name()));
        }
        files.retain(|path| path.extension().is_some_and(|ending| ending == "rs"));
        Ok(files)
    }

    fn exists(&self, path: &Path) -> bool {
        self.edits.contains_key(path) || self.root.join(path).is_file()
    }

    fn source(&mut self, path: &Path) -> Result<Rc<Source>> {
        if let Some(source) = self.parsed.get(path) {
            return Ok(Rc::clone(source));
        }
        let mut file =
            syn::parse_file(&String::from_utf8_lossy(&self.bytes(path)?)).map_err(|error| {
                let LineColumn { line, column } = error.span().start();
                format!("{}:{line}:{}: {error}", path.display(), column + 1)
            })?;
        tokens::Strip.visit_file_mut(&mut file);
        let module = Rc::new(Module::of(&file.items));
        let text = tokens::counting(file.into_token_stream()).to_string();
        let digest = blake3::hash(text.as_bytes());
        let source = Rc::new(Source { digest, module });
        self.parsed.insert(path.to_owned(), Rc::clone(&source));
        Ok(source)
    }

    /// The digest of what counts in a file.
    fn digest(&mut self, path: &Path) -> Result<blake3::Hash> {
        match path.extension() {
            Some(ending) if ending == "rs" => Ok(self.source(path)?.digest),
            _ => Ok(blake3::hash(&self.bytes(path)?)),
        }
    }
}

/// Every piece of code that has a digest, with the files that it begins with: the kinds of action, then the plug-ins.
pub(crate) fn units(files: &Files) -> Result<Vec<(String, Vec<PathBuf>)>> {
    let kinds = KINDS.iter().map(|(kind, roots)| {
        let roots = roots.iter().map(PathBuf::from).collect();
        ((*kind).to_owned(), roots)
    });
    let mut units: Vec<_> = kinds.collect();
    for folder in PLUGINS {
        let plugins = files.list(Path::new(folder))?.into_iter();
        units.extend(plugins.map(|file| (module_path(&file), vec![file])));
    }
    Ok(units)
}

/// The path of a file's module, as `module_path!()` gives it there.
fn module_path(file: &Path) -> String {
    let parts = file.with_extension("");
    let parts = parts.iter().skip(1).filter(|part| *part != "src");
    let parts: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
    parts.join("::")
}

/// A workspace, read as far as digests need it.
pub(crate) struct Workspace {
    pub(crate) files: Files,
    manifests: Manifests,
    tree: Tree,
}

/// What code depends on.
#[derive(Default)]
pub(crate) struct Closure {
    /// Each file with one that leads to it.
    pub(crate) files: BTreeMap<PathBuf, PathBuf>,
    /// Crates of the workspace, each with the name of an external crate that it uses.
    pub(crate) external: BTreeSet<(String, String)>,
    /// The `use` declarations between a name and what it stands for.
    links: BTreeSet<String>,
}

impl Workspace {
    /// Reads the manifests of a workspace.
    pub(crate) fn read(mut files: Files) -> Result<Self> {
        Ok(Self {
            manifests: Manifests::read(&mut files)?,
            files,
            tree: Tree::default(),
        })
    }

    /// Every file that an answer depended on, and the folders in which another may appear.
    pub(crate) fn watched(&self) -> BTreeSet<PathBuf> {
        let crates = self.tree.roots.keys();
        let folders = crates.map(|name| Path::new("crates").join(name).join("src"));
        folders.chain(self.files.read.iter().cloned()).collect()
    }

    /// The digest, 64 hexadecimal digits, of the code that begins with these files.
    pub(crate) fn digest(&mut self, unit: &str, roots: &[PathBuf]) -> Result<String> {
        let closure = self.closure(roots)?;
        let mut lines = closure.links;
        for file in closure.files.keys() {
            let digest = self.files.digest(file)?;
            lines.insert(format!("file {} {digest}", file.display()));
        }
        for (from, name) in &closure.external {
            lines.extend(self.manifests.external(from, name)?);
        }
        let lines = Vec::from_iter(lines).join("\n");
        let text = format!("action {unit}\n{lines}");
        Ok(blake3::hash(text.as_bytes()).to_hex().to_string())
    }

    /// What the code that begins with these files depends on.
    pub(crate) fn closure(&mut self, roots: &[PathBuf]) -> Result<Closure> {
        for root in roots {
            let owner = root.iter().nth(1).and_then(|name| name.to_str());
            let owner = owner.unwrap_or_default();
            self.tree.load(owner, &self.manifests, &mut self.files)?;
            if self.tree.modules_of(root).next().is_none() {
                return Err(format!("{} is no module of a library", root.display()));
            }
        }
        let mut closure = Closure::default();
        let mut open = roots.to_vec();
        while !open.is_empty() {
            for file in open {
                self.cover(&file, &file, &mut closure)?;
            }
            open = self.implementations(&closure.files);
        }
        Ok(closure)
    }

    /// Adds a file that `from` leads to, and what it leads to in turn.
    fn cover(&self, file: &Path, from: &Path, closure: &mut Closure) -> Result<()> {
        if closure.files.contains_key(file) {
            return Ok(());
        }
        closure.files.insert(file.to_owned(), from.to_owned());
        let script = file.iter().take(2).collect::<PathBuf>().join("build.rs");
        let mut named = Vec::from_iter(self.files.exists(&script).then_some(script));
        let mut search = Search::new(&self.tree, &self.manifests);
        for (place, Node { module, .. }) in self.tree.modules_of(file) {
            if let Some(problem) = &module.refused {
                return Err(format!("{}: {problem}", file.display()));
            }
            let texts = module.texts.iter();
            named.extend(texts.map(|text| file.with_file_name(text)));
            let paths = module.paths.iter();
            for target in paths.flat_map(|path| search.lookup(place, path)) {
                match target {
                    Target::Module(_) => {}
                    Target::Item(file) => named.push(file),
                    Target::External(of, name) => closure.external.extend([(of, name)]),
                    Target::Apart(name) => return Err(apart(file, from, &name)),
                }
            }
        }
        closure.links.extend(search.links);
        named
            .iter()
            .try_for_each(|named| self.cover(named, file, closure))
    }

    /// Files with an `impl` that covered code can use: every name in its head that leads to code leads to covered code.
    fn implementations(&self, covered: &BTreeMap<PathBuf, PathBuf>) -> Vec<PathBuf> {
        let mut search = Search::new(&self.tree, &self.manifests);
        let known = |target| match target {
            Target::Item(file) => Some(covered.contains_key(&file)),
            Target::Apart(_) => Some(false),
            Target::Module(_) | Target::External(..) => None,
        };
        let nodes = self.tree.nodes.iter().enumerate();
        let open = nodes.filter(|(_, node)| !covered.contains_key(&node.file));
        let usable = open.filter(|(place, node)| {
            node.module.impls.iter().any(|head| {
                let names = head.iter().filter_map(|path| {
                    let targets = search.lookup(*place, path).into_iter();
                    targets.filter_map(known).reduce(|one, other| one || other)
                });
                names.reduce(|one, other| one && other) == Some(true)
            })
        });
        usable.map(|(_, node)| node.file.clone()).collect()
    }
}

fn apart(file: &Path, from: &Path, name: &str) -> String {
    let (file, from) = (file.display(), from.display());
    format!(
        "{file} names the crate `{name}`, on whose code no result may depend; take what is needed to another file ({from} leads here)"
    )
}
