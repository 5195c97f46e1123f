//! What `latest/` shows: a link for each artifact; or, where a table has more than [`MOST_LINKS`], files with the rows of about
//! [`PART`] artifacts each, because no program opens a folder of a million files.
//!
//! An artifact's part is chosen by its name, so that one artifact more or less changes one part; and a part is named by what is in
//! it, so that the others are taken over from what was shown before.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use crate::store::object_name;
use crate::view::{Content, Link, link_again};
use crate::{ContentId, Store, StoreError, parquet};

/// Most links of one table.
const MOST_LINKS: usize = 10_000;
/// Artifacts in a part, more or less.
const PART: usize = 1024;

/// Something in `latest/`.
pub(crate) enum Shown<'a> {
    Link(Link),
    Part(Part<'a>),
}

/// The rows of several artifacts of a table.
pub(crate) struct Part<'a> {
    store: &'a Store,
    table: String,
    /// Below `latest/`.
    name: String,
    ids: Vec<ContentId>,
}

/// What stands under which name, for artifacts by name.
pub(crate) fn arrange<'a>(
    store: &'a Store,
    ids: &BTreeMap<&str, &ContentId>,
) -> BTreeMap<String, Shown<'a>> {
    arrange_above(store, ids, MOST_LINKS)
}

fn arrange_above<'a>(
    store: &'a Store,
    ids: &BTreeMap<&str, &ContentId>,
    most_links: usize,
) -> BTreeMap<String, Shown<'a>> {
    let mut tables: BTreeMap<&str, Vec<(&str, &ContentId)>> = BTreeMap::new();
    for (&name, &id) in ids {
        let (table, _) = name.split_once('/').unwrap_or(("", name));
        tables.entry(table).or_default().push((name, id));
    }
    let mut shown = BTreeMap::new();
    for (table, artifacts) in tables {
        if artifacts.len() > most_links {
            let parts = parts(store, table, &artifacts);
            shown.extend(parts.map(|part| (part.name.clone(), Shown::Part(part))));
        } else {
            let links = artifacts.into_iter();
            shown.extend(links.map(|(name, id)| (name.to_owned(), link(name, id))));
        }
    }
    shown
}

fn link<'a>(name: &str, id: &ContentId) -> Shown<'a> {
    let up = "../".repeat(2 + name.split('/').count() - 1);
    Shown::Link(Link(Path::new(&up).join(object_name(id))))
}

fn parts<'a>(
    store: &'a Store,
    table: &str,
    artifacts: &[(&str, &ContentId)],
) -> impl Iterator<Item = Part<'a>> {
    let count = (artifacts.len() / PART).next_power_of_two();
    let mut parts: BTreeMap<usize, Vec<ContentId>> = BTreeMap::new();
    for (name, id) in artifacts {
        let hash = blake3::hash(name.as_bytes());
        let number = usize::from(u16::from_le_bytes([hash.as_bytes()[0], hash.as_bytes()[1]]));
        parts.entry(number % count).or_default().push(**id);
    }
    let table = table.to_owned();
    parts.into_iter().map(move |(number, ids)| {
        let mut digest = blake3::Hasher::new();
        for id in &ids {
            digest.update(&id.0);
        }
        let digest = digest.finalize().to_hex();
        Part {
            store,
            name: format!("{table}/part-{number:04x}-{}.parquet", &digest[..32]),
            table: table.clone(),
            ids,
        }
    })
}

impl Part<'_> {
    fn bytes(&self) -> Result<Vec<u8>, StoreError> {
        let mut batches = Vec::new();
        for id in &self.ids {
            batches.extend(self.store.batches(&self.table, id)?);
        }
        let first = self.store.object_path(&self.ids[0]);
        let file = File::open(&first).map_err(|error| StoreError::io("read", &first, error))?;
        parquet::merge(&file, &batches).map_err(|error| StoreError::Encode {
            table: "latest",
            detail: format!("{}: {error}", self.name),
        })
    }

    fn shown_before(&self) -> PathBuf {
        self.store.root().join("latest").join(&self.name)
    }
}

impl Content for &Shown<'_> {
    fn is_at(&self, path: &Path) -> bool {
        match self {
            Shown::Link(link) => link.is_at(path),
            // Its name says what is in it, and views are built before they get theirs.
            Shown::Part(_) => path.is_file(),
        }
    }

    fn put(&self, path: &Path) -> Result<(), StoreError> {
        match self {
            Shown::Link(link) => link.put(path),
            Shown::Part(part) if link_again(&part.shown_before(), path) => Ok(()),
            Shown::Part(part) => (&*part.bytes()?).put(path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(image: usize) -> Vec<schema::Exclusion> {
        let row = |network: &str| schema::Exclusion {
            image: format!("image-{image}"),
            reason: "a test".to_owned(),
            network: Some(network.to_owned()),
            predicted_label: None,
            true_label: None,
            partition: None,
            method: None,
        };
        vec![row("one"), row("other")]
    }

    fn names(count: usize) -> Vec<String> {
        (0..count)
            .map(|image| format!("exclusions/image-{image}.parquet"))
            .collect()
    }

    #[test]
    fn few_artifacts_are_links_and_many_are_parts_of_which_one_more_changes_one() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let names = names(3 * PART + 1);
        let id = |name: &str| ContentId(*blake3::hash(name.as_bytes()).as_bytes());
        let ids: Vec<ContentId> = names.iter().map(|name| id(name)).collect();
        let arranged = |count: usize, most: usize| -> Vec<String> {
            let names = names.iter().map(|name| &**name);
            let ids = names.zip(&ids).take(count).collect();
            arrange_above(&store, &ids, most).into_keys().collect()
        };
        assert_eq!(arranged(PART, PART).len(), PART);
        let (before, after) = (arranged(3 * PART, PART), arranged(3 * PART + 1, PART));
        assert_eq!((before.len(), after.len()), (4, 4));
        let kept = after.iter().filter(|name| before.contains(name)).count();
        assert_eq!(kept, 3);
    }

    #[test]
    fn a_part_holds_the_rows_of_its_artifacts_and_their_descriptions() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut ids = Vec::new();
        for image in 0..5 {
            let table = crate::encode(&rows(image)).unwrap();
            let path = store.object_path(&table.id);
            crate::publish::publish(&path, table.bytes()).unwrap();
            ids.push(table.id);
        }
        let names = names(5);
        let entries = names.iter().map(|name| &**name).zip(&ids).collect();
        let shown = arrange_above(&store, &entries, 2);
        let [(_, Shown::Part(part))] = &Vec::from_iter(&shown)[..] else {
            panic!("not one part")
        };
        let path = folder.path().join("part.parquet");
        (&*part.bytes().unwrap()).put(&path).unwrap();
        let file = File::open(&path).unwrap();
        let (_, batches) = parquet::read(&file).unwrap();
        let count: usize = batches.iter().map(arrow_array::RecordBatch::num_rows).sum();
        assert_eq!(count, 10);
        assert_eq!(parquet::table(&file).unwrap(), "exclusions");
    }
}
