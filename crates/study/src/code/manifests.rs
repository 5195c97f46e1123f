//! What Cargo.toml and Cargo.lock say about the crates that code names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Files, Result};

/// The crates of a workspace by name, and the packages of its lock file.
#[derive(Default)]
pub(crate) struct Manifests {
    crates: BTreeMap<String, Manifest>,
    locked: Vec<Locked>,
}

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

impl Manifests {
    /// Reads Cargo.toml, Cargo.lock, and the manifests in `crates`.
    pub(crate) fn read(files: &mut Files) -> Result<Self> {
        let shared = toml_file(files, Path::new("Cargo.toml"))?;
        let shared = table(table(Some(&shared), "workspace"), "dependencies")
            .cloned()
            .unwrap_or_default();
        let mut manifests = Self {
            crates: BTreeMap::new(),
            locked: lock(&toml_file(files, Path::new("Cargo.lock"))?),
        };
        for folder in files.folders(Path::new("crates"))? {
            let file = folder.join("Cargo.toml");
            if files.exists(&file) {
                let content = toml_file(files, &file)?;
                let package = table(Some(&content), "package");
                let package = package.and_then(|package| text(package, "name"));
                let package =
                    package.ok_or_else(|| format!("{} names no package", file.display()))?;
                let dependencies = dependencies(&content, &shared);
                let manifest = Manifest {
                    folder,
                    dependencies,
                };
                manifests.crates.insert(package.to_owned(), manifest);
            }
        }
        Ok(manifests)
    }

    /// The crate in whose folder a file lies.
    pub(crate) fn owner(&self, file: &Path) -> Option<&str> {
        let mut crates = self.crates.iter();
        let found = crates.find(|(_, manifest)| file.starts_with(&manifest.folder));
        found.map(|(name, _)| name.as_str())
    }

    /// The folder of a workspace crate.
    pub(crate) fn folder(&self, name: &str) -> Option<&Path> {
        self.crates
            .get(name)
            .map(|manifest| manifest.folder.as_path())
    }

    /// The package that the crate `from` means by the first part of a path.
    pub(crate) fn package(&self, from: &str, name: &str) -> Option<&str> {
        let dependency = self.crates.get(from)?.dependencies.get(name)?;
        Some(&dependency.package)
    }

    /// The packages that a workspace crate depends on.
    pub(crate) fn packages(&self, from: &str) -> impl Iterator<Item = &str> {
        let manifest = self.crates.get(from).into_iter();
        manifest.flat_map(|manifest| manifest.dependencies.values().map(|entry| &*entry.package))
    }

    /// A line for the external package that `from` knows as `name`, as it asks for it and as it is locked, and one for each package below.
    pub(crate) fn external(&self, from: &str, name: &str) -> Result<BTreeSet<String>> {
        let dependency = &self.crates[from].dependencies[name];
        let package = &dependency.package;
        let mut lines = BTreeSet::from([format!("asked {package} {}\n", dependency.features)]);
        let missing = || {
            format!(
                "Cargo.lock does not know the dependency {package} of {from}; run cargo once to bring it up to date"
            )
        };
        let own = |entry: &&Locked| entry.name == from && entry.origin.is_empty();
        let asked = self.locked.iter().find(own).ok_or_else(missing)?;
        let asked = asked.dependencies.iter().map(String::as_str);
        let mut open: Vec<&str> = asked
            .filter(|entry| entry.split(' ').next() == Some(package))
            .collect();
        if open.is_empty() {
            return Err(missing());
        }
        while let Some(entry) = open.pop() {
            let locked = self.locked.iter().find(|locked| locked.is(entry));
            let locked = locked.ok_or_else(missing)?;
            let Locked {
                name,
                version,
                origin,
                ..
            } = locked;
            if lines.insert(format!("package {name} {version} {origin}\n")) {
                open.extend(locked.dependencies.iter().map(String::as_str));
            }
        }
        Ok(lines)
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

fn dependencies(manifest: &toml::Table, shared: &toml::Table) -> BTreeMap<String, Dependency> {
    let targets = table(Some(manifest), "target").into_iter();
    let targets = targets.flat_map(toml::Table::values);
    let parts = targets.filter_map(toml::Value::as_table).chain([manifest]);
    let entries = parts.filter_map(|part| table(Some(part), "dependencies"));
    let named =
        |(name, entry): (&String, _)| (name.replace('-', "_"), dependency(name, entry, shared));
    entries.flatten().map(named).collect()
}

/// An entry with what the workspace says about it, where it is inherited.
fn dependency(name: &str, entry: &toml::Value, shared: &toml::Table) -> Dependency {
    let entries = [
        entry.as_table(),
        shared.get(name).and_then(toml::Value::as_table),
    ];
    let entries: Vec<&toml::Table> = entries.into_iter().flatten().collect();
    let package = entries.iter().find_map(|entry| text(entry, "package"));
    let said = |key: &str| {
        let values = entries.iter().filter_map(|entry| entry.get(key));
        values
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" ")
    };
    Dependency {
        package: package.unwrap_or(name).to_owned(),
        features: format!("{} {}", said("features"), said("default-features")),
    }
}

fn lock(content: &toml::Table) -> Vec<Locked> {
    let list = |table: &toml::Table, key: &str| {
        let values = table.get(key).and_then(toml::Value::as_array);
        values.cloned().unwrap_or_default()
    };
    let known = |package: toml::Value| {
        let package = package.as_table()?;
        let dependencies = list(package, "dependencies").into_iter();
        let origin = text(package, "checksum").or(text(package, "source"));
        Some(Locked {
            name: text(package, "name")?.to_owned(),
            version: text(package, "version")?.to_owned(),
            origin: origin.unwrap_or_default().to_owned(),
            dependencies: dependencies
                .filter_map(|entry| entry.as_str().map(str::to_owned))
                .collect(),
        })
    };
    list(content, "package")
        .into_iter()
        .filter_map(known)
        .collect()
}

fn toml_file(files: &mut Files, path: &Path) -> Result<toml::Table> {
    let text = files.text(path)?;
    text.parse()
        .map_err(|error| format!("{}: {error}", path.display()))
}

fn table<'a>(outer: Option<&'a toml::Table>, key: &str) -> Option<&'a toml::Table> {
    outer?.get(key)?.as_table()
}

fn text<'a>(table: &'a toml::Table, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}
