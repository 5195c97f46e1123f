//! The modules of crates, and what a path leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::manifests::Manifests;
use super::names::{self, Module};
use super::{APART, Files, Result, SILENT};

/// The modules of the crates that were read.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// By crate, the place of its first module.
    pub(crate) roots: BTreeMap<String, usize>,
    /// By crate and name, the files that define a macro.
    macros: BTreeMap<(String, String), BTreeSet<PathBuf>>,
}

/// A module in its place.
pub(crate) struct Node {
    of: String,
    pub(crate) file: PathBuf,
    parent: Option<usize>,
    children: BTreeMap<String, Vec<usize>>,
    pub(crate) module: Rc<Module>,
}

/// What a path leads to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Module(usize),
    /// Something that a file defines.
    Item(PathBuf),
    /// A crate, and the name by which it knows an external one.
    External(String, String),
    /// One of the crates of [`APART`].
    Apart(String),
}

impl Tree {
    /// Reads the modules of a workspace crate and of those that it depends on.
    pub(crate) fn load(
        &mut self,
        name: &str,
        manifests: &Manifests,
        files: &mut Files,
    ) -> Result<()> {
        let silent = APART.contains(&name) || SILENT.contains(&name);
        if silent || self.roots.contains_key(name) || !manifests.has(name) {
            return Ok(());
        }
        let source = Path::new("crates").join(name).join("src");
        self.roots.insert(name.to_owned(), self.nodes.len());
        self.put(name, None, &source.join("lib.rs"), &source, None, files)?;
        let mut below = manifests.packages(name);
        below.try_for_each(|name| self.load(name, manifests, files))
    }

    /// Puts a module in its place, whose own modules have their files in `folder`; without a `module` it is that of the file.
    fn put(
        &mut self,
        of: &str,
        parent: Option<usize>,
        file: &Path,
        folder: &Path,
        module: Option<&Rc<Module>>,
        files: &mut Files,
    ) -> Result<usize> {
        let module = match module {
            Some(module) => Rc::clone(module),
            None => Rc::clone(&files.source(file)?.module),
        };
        let place = self.nodes.len();
        self.nodes.push(Node {
            of: of.to_owned(),
            file: file.to_owned(),
            parent,
            children: BTreeMap::new(),
            module: Rc::clone(&module),
        });
        for name in &module.macros {
            let key = (of.to_owned(), name.clone());
            self.macros.entry(key).or_default().insert(file.to_owned());
        }
        for (name, inner) in &module.inner {
            let folder = folder.join(name);
            let inside = folder.join("mod.rs");
            let file = if inner.is_some() {
                file.to_owned()
            } else if files.exists(&inside) {
                inside
            } else {
                folder.with_extension("rs")
            };
            let child = self.put(of, Some(place), &file, &folder, inner.as_ref(), files)?;
            let children = self.nodes[place].children.entry(name.clone());
            children.or_default().push(child);
        }
        Ok(place)
    }

    /// The modules of a file, with their places.
    pub(crate) fn modules_of(&self, file: &Path) -> impl Iterator<Item = (usize, &Node)> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(move |(_, node)| node.file == file)
    }
}

/// A search for what paths lead to.
pub(crate) struct Search<'a> {
    tree: &'a Tree,
    manifests: &'a Manifests,
    /// Imports that are being followed: an import may go through its own name.
    open: BTreeSet<(usize, &'a names::Path)>,
    /// The imports that were followed.
    pub(crate) links: BTreeSet<String>,
}

impl<'a> Search<'a> {
    pub(crate) fn new(tree: &'a Tree, manifests: &'a Manifests) -> Self {
        Self {
            tree,
            manifests,
            open: BTreeSet::new(),
            links: BTreeSet::new(),
        }
    }

    /// What a path leads to, as the module `at` sees it: nothing, where it begins with none of the names here.
    pub(crate) fn lookup(&mut self, at: usize, path: &'a [String]) -> BTreeSet<Target> {
        let Some((first, rest)) = path.split_first() else {
            return BTreeSet::new();
        };
        let mut found = self.step(at, first);
        if !rest.is_empty() {
            found.extend(self.dependency(at, first));
        }
        for name in rest {
            let mut next = BTreeSet::new();
            for target in &found {
                match target {
                    Target::Module(place) => next.extend(self.step(*place, name)),
                    other => next.extend([other.clone()]),
                }
            }
            if let (true, Some(Target::Module(place))) = (next.is_empty(), found.first()) {
                // A macro there defines it.
                next.insert(Target::Item(self.tree.nodes[*place].file.clone()));
            }
            found = next;
        }
        found
    }

    /// What a name stands for in a module.
    fn step(&mut self, at: usize, name: &'a str) -> BTreeSet<Target> {
        let tree = self.tree;
        let node = &tree.nodes[at];
        match name {
            "self" => return BTreeSet::from([Target::Module(at)]),
            "super" => return node.parent.map(Target::Module).into_iter().collect(),
            "crate" => return BTreeSet::from([Target::Module(tree.roots[&node.of])]),
            "*" => return BTreeSet::from([Target::Item(node.file.clone())]),
            _ => {}
        }
        let children = node.children.get(name).into_iter().flatten();
        let mut found: BTreeSet<Target> = children.copied().map(Target::Module).collect();
        let macros = tree.macros.get(&(node.of.clone(), name.to_owned()));
        found.extend(macros.into_iter().flatten().cloned().map(Target::Item));
        if node.module.items.contains(name) {
            found.insert(Target::Item(node.file.clone()));
        }
        for path in node.module.imports.get(name).into_iter().flatten() {
            found.extend(self.import(at, path));
        }
        for path in &node.module.globs {
            for target in self.import(at, path) {
                if let Target::Module(place) = target {
                    found.extend(self.step(place, name));
                }
            }
        }
        if node.module.conditional && !found.is_empty() {
            found.insert(Target::Item(node.file.clone()));
        }
        found
    }

    fn import(&mut self, at: usize, path: &'a names::Path) -> BTreeSet<Target> {
        if !self.open.insert((at, path)) {
            return BTreeSet::new();
        }
        let found = self.lookup(at, path);
        self.open.remove(&(at, path));
        let file = self.tree.nodes[at].file.display();
        self.links
            .insert(format!("{file} uses {}", path.join("::")));
        found
    }

    /// The crate that `name` stands for at the beginning of a path.
    fn dependency(&self, at: usize, name: &str) -> Option<Target> {
        let of = &self.tree.nodes[at].of;
        let package = self.manifests.package(of, name)?;
        if APART.contains(&package) {
            return Some(Target::Apart(package.to_owned()));
        }
        let external = || Target::External(of.clone(), name.to_owned());
        let root = self.tree.roots.get(package).copied();
        let silent = SILENT.contains(&package);
        (!silent).then(|| root.map_or_else(external, Target::Module))
    }
}
