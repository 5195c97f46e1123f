//! What the code digest of a kind of action covers, and how. Shared by `build.rs` and the tests.
//!
//! Every kind of action has one source file, `crates/<stage>/src/<kind>.rs`. Its digest covers
//!
//! * the tokens of that file,
//! * the tokens of every workspace crate that the file names, and of the crates below it,
//! * name, version, checksum and features of every external crate that one of those asks for, and the versions of the crates below.
//!
//! Comments, documentation, lint attributes, formatting and tests do not count. `schema` is left out, because the
//! fingerprint of a table's schema is in the key beside this digest. Code that would escape the digest is refused: a path into the
//! stage's own crate, a module or text in another file, and the crates of [`APART`], which no result may depend on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{fs, io};

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};
use quote::ToTokens;
use syn::visit::Visit;
use syn::visit_mut::VisitMut;

/// Every kind of action with the stage in whose crate its file lies.
pub(crate) const KINDS: [(&str, &str); 17] = [
    ("crops", "segment"),
    ("segments", "segment"),
    ("logits", "infer"),
    ("targets", "infer"),
    ("saliency", "gradcam"),
    ("perturbations", "lime"),
    ("sizes", "lime"),
    ("weights", "lime"),
    ("orders", "deletion"),
    ("curves", "deletion"),
    ("scores", "evaluate"),
    ("agreement", "evaluate"),
    ("localization", "evaluate"),
    ("complexity", "evaluate"),
    ("sanity", "evaluate"),
    ("comparisons", "evaluate"),
    ("report", "report"),
];

/// Crates that run actions and keep their results; no result depends on their code.
const APART: [&str; 4] = ["stage", "store", "study", "pipeline"];

/// The crate of tables, whose fingerprints are in the keys by themselves.
const SCHEMA: &str = "schema";

/// Attributes that say something to readers and to the compiler, and nothing to the program.
const SILENT: [&str; 7] = [
    "allow", "deny", "doc", "expect", "forbid", "must_use", "warn",
];

/// Macros that read a file or the environment of the build.
const READING: [&str; 5] = [
    "env",
    "include",
    "include_bytes",
    "include_str",
    "option_env",
];

/// Operators of several characters, longest first: tokens in macros come as single characters.
const OPERATORS: [&str; 25] = [
    "<<=", ">>=", "...", "..=", "::", "->", "=>", "==", "!=", "<=", ">=", "&&", "||", "+=", "-=",
    "*=", "/=", "%=", "^=", "&=", "|=", "<<", ">>", "..", "<-",
];

/// What was asked for a kind of action.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The digest, as 64 hexadecimal digits.
    Digest(String),
    /// The kind has no source file.
    NoFile(PathBuf),
}

/// A workspace as it lies on disk, read as far as digests need it.
pub(crate) struct Workspace {
    root: PathBuf,
    crates: BTreeMap<String, Manifest>,
    locked: Vec<Locked>,
    /// Every file and folder that an answer depended on.
    pub(crate) read: BTreeSet<PathBuf>,
}

/// What the manifest of a workspace crate says about its dependencies.
struct Manifest {
    folder: PathBuf,
    dependencies: BTreeMap<String, Dependency>,
}

/// One entry of `[dependencies]`; the map's key is the name in paths, with `_` for `-`.
struct Dependency {
    package: String,
    features: String,
}

/// One package of Cargo.lock.
struct Locked {
    name: String,
    version: String,
    /// Checksum, or the source of a package without one.
    origin: String,
    dependencies: Vec<String>,
}

type Result<T> = std::result::Result<T, String>;

impl Workspace {
    /// Reads the manifests below `root/crates` and `root/Cargo.lock`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let shared = toml_file(&root.join("Cargo.toml"))?;
        let shared = table(table(Some(&shared), "workspace"), "dependencies")
            .cloned()
            .unwrap_or_default();
        let mut workspace = Self {
            root: root.to_path_buf(),
            crates: BTreeMap::new(),
            locked: lock(&root.join("Cargo.lock"))?,
            read: ["Cargo.toml", "Cargo.lock"]
                .map(|file| root.join(file))
                .into(),
        };
        for folder in entries(&root.join("crates"))? {
            let file = folder.join("Cargo.toml");
            if file.is_file() {
                let (name, manifest) = manifest(&file, &shared)?;
                workspace.crates.insert(name, manifest);
            }
        }
        Ok(workspace)
    }

    /// The digest of the code that makes the table `kind`, whose file lies in the crate of `stage`.
    pub(crate) fn digest(&mut self, kind: &str, stage: &str) -> Result<Answer> {
        let source = self.root.join("crates").join(stage).join("src");
        let path = source.join(kind).with_extension("rs");
        if !path.is_file() {
            self.read.insert(source);
            return Ok(Answer::NoFile(path));
        }
        self.read.insert(path.clone());
        let (file, _) = parse(&path)?;
        let names = names(&file).map_err(|problem| format!("{}: {problem}", path.display()))?;

        let mut text = format!("action {kind}\n");
        write_tokens(file.into_token_stream(), &mut text);
        let (crates, external) = self.covered(stage, &names, &path)?;
        for name in &crates {
            self.write_crate(name, &mut text)?;
        }
        for line in external {
            text.push_str(&line);
        }
        Ok(Answer::Digest(
            blake3::hash(text.as_bytes()).to_hex().to_string(),
        ))
    }

    /// The workspace crates that an action file with these names depends on, and a line for each external package.
    fn covered(
        &mut self,
        stage: &str,
        names: &BTreeSet<String>,
        path: &Path,
    ) -> Result<(BTreeSet<String>, BTreeSet<String>)> {
        let mut crates = BTreeSet::new();
        let mut external = BTreeSet::new();
        let own = self
            .crates
            .get(stage)
            .ok_or_else(|| format!("there is no crate {stage}"))?;
        self.read.insert(own.folder.join("Cargo.toml"));
        let named = own
            .dependencies
            .iter()
            .filter(|(name, _)| names.contains(*name));
        let mut open: Vec<(String, &Dependency)> =
            named.map(|(_, entry)| (stage.to_owned(), entry)).collect();
        while let Some((from, dependency)) = open.pop() {
            let name = &dependency.package;
            if APART.contains(&name.as_str()) {
                return Err(apart(path, stage, &from, name));
            }
            if name == SCHEMA || crates.contains(name) {
                continue;
            }
            let Some(manifest) = self.crates.get(name) else {
                external.insert(format!("asked {name} {}\n", dependency.features));
                self.lock_below(&from, name, &mut external)?;
                continue;
            };
            crates.insert(name.clone());
            self.read
                .extend(["Cargo.toml", "src"].map(|part| manifest.folder.join(part)));
            open.extend(
                manifest
                    .dependencies
                    .values()
                    .map(|entry| (name.clone(), entry)),
            );
        }
        Ok((crates, external))
    }

    /// Adds a line for the external package `name`, as the workspace crate `from` has it, and for all below it.
    fn lock_below(&self, from: &str, name: &str, lines: &mut BTreeSet<String>) -> Result<()> {
        let missing = || {
            format!(
                "Cargo.lock does not know the dependency {name} of {from}; run cargo once to bring it up to date"
            )
        };
        let crate_entry = self
            .locked
            .iter()
            .find(|entry| entry.name == from && entry.origin.is_empty());
        let asked = crate_entry.ok_or_else(missing)?.dependencies.iter();
        let mut open: Vec<&str> = asked
            .map(String::as_str)
            .filter(|entry| entry.split(' ').next() == Some(name))
            .collect();
        if open.is_empty() {
            return Err(missing());
        }
        while let Some(entry) = open.pop() {
            let package = self
                .locked
                .iter()
                .find(|package| package.is(entry))
                .ok_or_else(missing)?;
            let line = format!(
                "package {} {} {}\n",
                package.name, package.version, package.origin
            );
            if lines.insert(line) {
                open.extend(package.dependencies.iter().map(String::as_str));
            }
        }
        Ok(())
    }

    /// Adds everything below the crate's `src`, and its build script.
    fn write_crate(&mut self, name: &str, text: &mut String) -> Result<()> {
        let folder = self.crates[name].folder.clone();
        let mut files = Vec::new();
        below(&folder.join("src"), &mut files)?;
        let script = folder.join("build.rs");
        if script.is_file() {
            self.read.insert(script.clone());
            files.push(script);
        }
        let mut parsed = BTreeMap::new();
        let mut tests = BTreeSet::new();
        for path in files {
            let content = if path.extension().is_some_and(|ending| ending == "rs") {
                let (file, its_tests) = parse(&path)?;
                tests.extend(its_tests);
                let mut tokens = String::new();
                write_tokens(file.into_token_stream(), &mut tokens);
                tokens
            } else {
                let bytes = fs::read(&path).map_err(|error| failed(&path, &error))?;
                format!("bytes {}\n", blake3::hash(&bytes))
            };
            parsed.insert(path, content);
        }
        let _ = writeln!(text, "crate {name}");
        for (path, content) in &parsed {
            if !tests
                .iter()
                .any(|test| path.starts_with(test) || path.with_extension("") == *test)
            {
                let relative = path.strip_prefix(&folder).unwrap_or(path);
                let _ = writeln!(text, "file {}\n{content}", relative.display());
            }
        }
        Ok(())
    }
}

fn apart(path: &Path, stage: &str, from: &str, name: &str) -> String {
    let path = path.display();
    if from == stage {
        format!(
            "{path} names the crate `{name}`, on whose code no result may depend; take it to another file of `{stage}`"
        )
    } else {
        format!(
            "{path} names the crate `{from}`, which depends on `{name}`, on whose code no result may depend"
        )
    }
}

impl Locked {
    /// Whether an entry of a list of dependencies, `name`, `name version` or `name version (source)`, means this package.
    fn is(&self, entry: &str) -> bool {
        let mut parts = entry.split(' ');
        parts.next() == Some(&self.name)
            && parts.next().is_none_or(|version| version == self.version)
    }
}

fn manifest(file: &Path, shared: &toml::Table) -> Result<(String, Manifest)> {
    let content = toml_file(file)?;
    let package = table(Some(&content), "package").and_then(|package| text(package, "name"));
    let package = package.ok_or_else(|| format!("{} names no package", file.display()))?;
    let targets = table(Some(&content), "target")
        .into_iter()
        .flat_map(toml::Table::values);
    let targets = targets.filter_map(toml::Value::as_table);
    let mut dependencies = BTreeMap::new();
    for entries in targets
        .chain([&content])
        .filter_map(|part| table(Some(part), "dependencies"))
    {
        for (name, entry) in entries {
            dependencies.insert(name.replace('-', "_"), dependency(name, entry, shared));
        }
    }
    let folder = file.parent().unwrap_or(Path::new("")).to_path_buf();
    Ok((
        package.to_owned(),
        Manifest {
            folder,
            dependencies,
        },
    ))
}

/// An entry with what the workspace says about it, where it is inherited.
fn dependency(name: &str, entry: &toml::Value, shared: &toml::Table) -> Dependency {
    let entries = [
        entry.as_table(),
        shared.get(name).and_then(toml::Value::as_table),
    ];
    let entries: Vec<&toml::Table> = entries.into_iter().flatten().collect();
    let package = entries
        .iter()
        .find_map(|entry| text(entry, "package"))
        .unwrap_or(name);
    let said = |key: &str| {
        entries
            .iter()
            .filter_map(|entry| entry.get(key))
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let features = format!(
        "{} {}",
        said("features").join(" "),
        said("default-features").join(" ")
    );
    Dependency {
        package: package.to_owned(),
        features,
    }
}

fn lock(file: &Path) -> Result<Vec<Locked>> {
    let content = toml_file(file)?;
    let packages = content.get("package").and_then(toml::Value::as_array);
    let packages = packages
        .into_iter()
        .flatten()
        .filter_map(toml::Value::as_table);
    let known = |package: &toml::Table| {
        let dependencies = package
            .get("dependencies")
            .and_then(toml::Value::as_array)
            .into_iter()
            .flatten();
        Some(Locked {
            name: text(package, "name")?.to_owned(),
            version: text(package, "version")?.to_owned(),
            origin: text(package, "checksum")
                .or(text(package, "source"))
                .unwrap_or_default()
                .to_owned(),
            dependencies: dependencies
                .filter_map(|entry| entry.as_str().map(str::to_owned))
                .collect(),
        })
    };
    Ok(packages.filter_map(known).collect())
}

fn toml_file(path: &Path) -> Result<toml::Table> {
    let text = fs::read_to_string(path).map_err(|error| failed(path, &error))?;
    text.parse()
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn table<'a>(outer: Option<&'a toml::Table>, key: &str) -> Option<&'a toml::Table> {
    outer?.get(key)?.as_table()
}

fn text<'a>(table: &'a toml::Table, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}

fn failed(path: &Path, error: &io::Error) -> String {
    format!("cannot read {}: {error}", path.display())
}

/// What a folder holds, sorted by name.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let read = || {
        fs::read_dir(folder)?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<Vec<_>>>()
    };
    let mut paths = read().map_err(|error| failed(folder, &error))?;
    paths.sort();
    Ok(paths)
}

fn below(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for path in entries(folder)? {
        if path.is_dir() {
            below(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// A Rust file without what does not count, and where its modules of tests would lie, without endings.
fn parse(path: &Path) -> Result<(syn::File, BTreeSet<PathBuf>)> {
    let text = fs::read_to_string(path).map_err(|error| failed(path, &error))?;
    let mut file = syn::parse_file(&text).map_err(|error| {
        let start = error.span().start();
        let place = format!("{}:{}:{}", path.display(), start.line, start.column + 1);
        format!("{place}: {error}")
    })?;
    let stem = path.with_extension("");
    let root = stem
        .file_name()
        .is_some_and(|name| ["lib", "main", "mod"].iter().any(|root| name == *root));
    let folder = if root {
        path.parent().unwrap_or(path).to_path_buf()
    } else {
        stem
    };
    let mut strip = Strip {
        folder,
        tests: BTreeSet::new(),
    };
    strip.visit_file_mut(&mut file);
    Ok((file, strip.tests))
}

/// Takes out tests, documentation, lint attributes, and the trailing commas that come and go with line breaks.
struct Strip {
    folder: PathBuf,
    tests: BTreeSet<PathBuf>,
}

impl Strip {
    fn retain(&mut self, items: &mut Vec<syn::Item>) {
        let mut tests = Vec::new();
        items.retain_mut(|item| {
            let test = is_test(|first| first.visit_item_mut(item));
            if let (true, syn::Item::Mod(module)) = (test, item) {
                tests.push(self.folder.join(module.ident.to_string()));
            }
            !test
        });
        self.tests.extend(tests);
    }
}

/// Whether the first attributes that a visit meets, which are the node's own, make it a test.
fn is_test(visit: impl FnOnce(&mut FirstAttributes)) -> bool {
    let mut first = FirstAttributes(None);
    visit(&mut first);
    first.0.unwrap_or(false)
}

struct FirstAttributes(Option<bool>);

impl VisitMut for FirstAttributes {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
        let test = |attribute: &syn::Attribute| match &attribute.meta {
            syn::Meta::Path(path) => path.is_ident("test"),
            syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
            syn::Meta::NameValue(_) => false,
        };
        self.0.get_or_insert_with(|| attributes.iter().any(test));
    }
}

impl VisitMut for Strip {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<syn::Attribute>) {
        attributes.retain(|attribute| !SILENT.iter().any(|name| attribute.path().is_ident(name)));
    }

    fn visit_file_mut(&mut self, file: &mut syn::File) {
        self.retain(&mut file.items);
        syn::visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if let Some((_, items)) = &mut module.content {
            self.retain(items);
        }
        syn::visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, item: &mut syn::ItemImpl) {
        item.items
            .retain_mut(|item| !is_test(|first| first.visit_impl_item_mut(item)));
        syn::visit_mut::visit_item_impl_mut(self, item);
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block
            .stmts
            .retain_mut(|statement| !is_test(|first| first.visit_stmt_mut(statement)));
        syn::visit_mut::visit_block_mut(self, block);
    }

    fn visit_expr_call_mut(&mut self, call: &mut syn::ExprCall) {
        call.args.pop_punct();
        syn::visit_mut::visit_expr_call_mut(self, call);
    }

    fn visit_expr_method_call_mut(&mut self, call: &mut syn::ExprMethodCall) {
        call.args.pop_punct();
        syn::visit_mut::visit_expr_method_call_mut(self, call);
    }

    fn visit_signature_mut(&mut self, signature: &mut syn::Signature) {
        signature.inputs.pop_punct();
        syn::visit_mut::visit_signature_mut(self, signature);
    }

    fn visit_generics_mut(&mut self, generics: &mut syn::Generics) {
        generics.params.pop_punct();
        syn::visit_mut::visit_generics_mut(self, generics);
    }
}

/// The first names of all paths in an action file, dependencies among them; or what in it would escape the digest.
fn names(file: &syn::File) -> Result<BTreeSet<String>> {
    let mut names = Names {
        found: BTreeSet::new(),
        refused: None,
    };
    names.visit_file(file);
    match names.refused {
        Some(refused) => Err(refused),
        None => Ok(names.found),
    }
}

struct Names {
    found: BTreeSet<String>,
    refused: Option<String>,
}

impl Names {
    fn note(&mut self, name: &proc_macro2::Ident) {
        let name = name.to_string();
        if name == "crate" || name == "super" {
            self.refuse(format!(
                "`{name}::` leads to code that the digest of this file does not cover; take that code into this file or into a crate of its own"
            ));
        }
        self.found.insert(name);
    }

    fn refuse(&mut self, problem: String) {
        self.refused.get_or_insert(problem);
    }

    fn note_use(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => self.note(&path.ident),
            syn::UseTree::Name(name) => self.note(&name.ident),
            syn::UseTree::Rename(rename) => self.note(&rename.ident),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.note_use(tree)),
            syn::UseTree::Glob(_) => {}
        }
    }

    /// Tokens that are not parsed, as in a macro: every name before `::` that has none before it.
    fn note_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let colon = |place: usize| matches!(tokens.get(place), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
        for (place, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Ident(name) => {
                    let inner = place >= 3
                        && colon(place - 1)
                        && colon(place - 2)
                        && is_name(&tokens[place - 3]);
                    if !inner && colon(place + 1) && colon(place + 2) {
                        self.note(name);
                    }
                }
                TokenTree::Group(group) => self.note_tokens(group.stream()),
                _ => {}
            }
        }
    }
}

fn is_name(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Ident(_))
}

impl<'ast> Visit<'ast> for Names {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        // A path of one part names something in this file, or something that a `use` brought here.
        if let (true, Some(first)) = (path.segments.len() > 1, path.segments.first()) {
            self.note(&first.ident);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.note_use(&item.tree);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.note(&item.ident);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        if module.content.is_none() {
            let problem = format!(
                "`mod {};` lies in another file, which the digest of this file does not cover",
                module.ident
            );
            self.refuse(problem);
        }
        syn::visit::visit_item_mod(self, module);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string())
            .unwrap_or_default();
        if READING.contains(&name.as_str()) {
            self.refuse(format!(
                "`{name}!` reads what the digest of this file does not cover"
            ));
        }
        self.note_tokens(call.tokens.clone());
        syn::visit::visit_macro(self, call);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.note_tokens(list.tokens.clone());
        syn::visit::visit_meta_list(self, list);
    }
}

/// Writes tokens one a line: what is written depends on neither spaces nor line breaks nor trailing commas.
fn write_tokens(tokens: TokenStream, text: &mut String) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut marks = String::new();
    for token in &tokens {
        if let TokenTree::Punct(mark) = token {
            marks.push(mark.as_char());
            if mark.spacing() == Spacing::Joint {
                continue;
            }
        }
        write_marks(&mut marks, text);
        match token {
            TokenTree::Group(group) => write_group(group, text),
            TokenTree::Punct(_) => {}
            other => {
                let _ = writeln!(text, "{other}");
            }
        }
    }
    write_marks(&mut marks, text);
}

/// Writes adjoining marks as the operators that they make.
fn write_marks(marks: &mut String, text: &mut String) {
    let mut rest = marks.as_str();
    while let Some(first) = rest.chars().next() {
        let operator = OPERATORS
            .iter()
            .find(|operator| rest.starts_with(**operator));
        let length = operator.map_or(first.len_utf8(), |operator| operator.len());
        let _ = writeln!(text, "{}", &rest[..length]);
        rest = &rest[length..];
    }
    marks.clear();
}

fn write_group(group: &Group, text: &mut String) {
    let (open, close) = match group.delimiter() {
        Delimiter::Parenthesis => ("(", ")"),
        Delimiter::Brace => ("{", "}"),
        Delimiter::Bracket => ("[", "]"),
        Delimiter::None => ("", ""),
    };
    let _ = writeln!(text, "{open}");
    write_tokens(without_trailing_comma(group), text);
    let _ = writeln!(text, "{close}");
}

/// The group's content; `(a,)` keeps its comma, which makes it a tuple.
fn without_trailing_comma(group: &Group) -> TokenStream {
    let mut tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    let comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',');
    let commas = tokens.iter().filter(|token| comma(token)).count();
    let fewest = if group.delimiter() == Delimiter::Parenthesis {
        2
    } else {
        1
    };
    if tokens.len() > 1 && commas >= fewest && tokens.last().is_some_and(comma) {
        tokens.pop();
    }
    tokens.into_iter().collect()
}
