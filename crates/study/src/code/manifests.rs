//! What Cargo.toml and Cargo.lock say about the crates that code names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Files, Result};

/// The crates of a workspace by name, and the packages of its lock file. A crate lies in the folder of `crates` that has its name.
pub(crate) struct Manifests {
    /// The entries of each crate's `[dependencies]` by the name in paths, with `_` for `-`.
    crates: BTreeMap<String, BTreeMap<String, Dependency>>,
    locked: Vec<Locked>,
}

struct Dependency {
    package: String,
    features: String,
}

/// One package of Cargo.lock.
struct Locked {
    name: String,
    version: String,
    /// Checksum, or the source of a package without one; empty for what is in the workspace.
    origin: String,
    dependencies: Vec<String>,
}

impl Manifests {
    /// Reads Cargo.toml, Cargo.lock, and the manifests in `crates`.
    pub(crate) fn read(files: &mut Files) -> Result<Self> {
        let workspace = toml_file(files, "Cargo.toml")?;
        let shared = table(table(Some(&workspace), "workspace"), "dependencies");
        let locked = lock(&toml_file(files, "Cargo.lock")?);
        let mut crates = BTreeMap::new();
        for package in locked.iter().filter(|package| package.origin.is_empty()) {
            let file = format!("crates/{}/Cargo.toml", package.name);
            if files.exists(Path::new(&file)) {
                let entries = dependencies(&toml_file(files, &file)?, shared);
                crates.insert(package.name.clone(), entries);
            }
        }
        Ok(Self { crates, locked })
    }

    /// Whether this is a crate of the workspace.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.crates.contains_key(name)
    }

    /// The package that the crate `from` means by the first part of a path.
    pub(crate) fn package(&self, from: &str, name: &str) -> Option<&str> {
        Some(&self.crates.get(from)?.get(name)?.package)
    }

    /// The packages that a workspace crate depends on.
    pub(crate) fn packages(&self, from: &str) -> impl Iterator<Item = &str> {
        let entries = self.crates.get(from).into_iter().flatten();
        entries.map(|(_, entry)| entry.package.as_str())
    }

    /// A line for the external package that `from` knows as `name`, as it asks for it and as it is locked, and one for each package below.
    pub(crate) fn external(&self, from: &str, name: &str) -> Result<BTreeSet<String>> {
        let dependency = &self.crates[from][name];
        let package = &dependency.package;
        let mut lines = BTreeSet::from([format!("asked {package} {}", dependency.features)]);
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
            if locked.origin.is_empty() {
                return Err(format!("the crate {0} is not in crates/{0}", locked.name));
            }
            if lines.insert(format!(
                "package {} {} {}",
                locked.name, locked.version, locked.origin
            )) {
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

fn dependencies(
    manifest: &toml::Table,
    shared: Option<&toml::Table>,
) -> BTreeMap<String, Dependency> {
    let targets = table(Some(manifest), "target").into_iter().flatten();
    let parts = targets
        .filter_map(|(_, part)| part.as_table())
        .chain([manifest]);
    let entries = parts.filter_map(|part| table(Some(part), "dependencies"));
    let named =
        |(name, entry): (&String, _)| (name.replace('-', "_"), dependency(name, entry, shared));
    entries.flatten().map(named).collect()
}

/// An entry with what the workspace says about it, where it is inherited.
fn dependency(name: &str, entry: &toml::Value, shared: Option<&toml::Table>) -> Dependency {
    let entries = [entry.as_table(), table(shared, name)];
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
    let known = |package: &toml::Value| {
        let package = package.as_table()?;
        let below = list(package, "dependencies").filter_map(toml::Value::as_str);
        let origin = text(package, "checksum").or(text(package, "source"));
        Some(Locked {
            name: text(package, "name")?.to_owned(),
            version: text(package, "version")?.to_owned(),
            origin: origin.unwrap_or_default().to_owned(),
            dependencies: below.map(str::to_owned).collect(),
        })
    };
    list(content, "package").filter_map(known).collect()
}

fn toml_file(files: &mut Files, path: &str) -> Result<toml::Table> {
    let bytes = files.bytes(Path::new(path))?;
    let text = String::from_utf8_lossy(&bytes);
    text.parse().map_err(|error| format!("{path}: {error}"))
}

fn list<'a>(table: &'a toml::Table, key: &str) -> impl Iterator<Item = &'a toml::Value> {
    let values = table.get(key).and_then(toml::Value::as_array);
    values.into_iter().flatten()
}

fn table<'a>(outer: Option<&'a toml::Table>, key: &str) -> Option<&'a toml::Table> {
    outer?.get(key)?.as_table()
}

fn text<'a>(table: &'a toml::Table, key: &str) -> Option<&'a str> {
    table.get(key)?.as_str()
}
