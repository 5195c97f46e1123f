//! What `latest/` shows: a link for each artifact; or, where a table has more than [`MOST_LINKS`], files with the rows of about
//! [`PART`] artifacts each, because no program opens a folder of a million files.
//!
//! The name of an artifact chooses its part, so that one artifact more or less changes one part. The others are linked from the former view.
//! The name of a part says nothing about its content, so that a program that listed the folder before a swap finds the file after it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::content::{Content, Part};
use crate::known::Known;
use crate::store::object_name;
use crate::{ContentId, Store};

/// Names the file of the study that `latest/` shows, as seen from the folder of the artifacts. Readers of tables do not see hidden files.
pub(crate) const STUDY: &str = ".study";
/// Most links of one table.
pub(crate) const MOST_LINKS: usize = 10_000;
/// Artifacts in a part, more or less.
const PART: usize = 1024;

/// A file as seen from a folder, such as `../pipeline.toml`, which is the same where both are copied.
pub(crate) fn seen_from(folder: &Path, file: &Path) -> String {
    let absolute = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (folder, file) = (absolute(folder), absolute(file));
    let common = folder
        .components()
        .zip(file.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = folder
        .components()
        .skip(common)
        .map(|_| Component::ParentDir);
    let path: PathBuf = up.chain(file.components().skip(common)).collect();
    path.to_string_lossy().into_owned()
}

/// The file of the study that `latest/` shows.
pub(crate) fn shown_study(root: &Path) -> Option<String> {
    fs::read_to_string(root.join("latest").join(STUDY)).ok()
}

/// Says that `latest/` shows another study than before, unless that one is gone.
pub(crate) fn warn_of_other(root: &Path, before: &str, now: &str) {
    let absolute = |study: &str| fs::canonicalize(root.join(study));
    if let (Ok(before), Ok(now)) = (absolute(before), absolute(now)) {
        tracing::warn!(
            "{0}/latest showed the study {1} and shows {2} from now on, because both keep their results in {0}. To have a latest/ and a report/ \
             of each, give one of them a folder of its own, for example `artifacts = \"artifacts-other\"` in its section [study]",
            root.display(),
            before.display(),
            now.display()
        );
    }
}

/// What stands under which name, for artifacts by name.
pub(crate) fn arrange<'a>(
    store: &'a Store,
    known: &'a Known,
    ids: &BTreeMap<&str, &ContentId>,
) -> BTreeMap<String, Content<'a>> {
    arrange_above(store, known, ids, MOST_LINKS)
}

fn arrange_above<'a>(
    store: &'a Store,
    known: &'a Known,
    ids: &BTreeMap<&str, &ContentId>,
    most_links: usize,
) -> BTreeMap<String, Content<'a>> {
    let mut tables: BTreeMap<&str, Vec<(&str, &ContentId)>> = BTreeMap::new();
    for (&name, &id) in ids {
        let (table, _) = name.split_once('/').unwrap_or(("", name));
        tables.entry(table).or_default().push((name, id));
    }
    let mut shown = BTreeMap::new();
    for (table, artifacts) in tables {
        if artifacts.len() > most_links {
            let parts = parts(store, known, table, &artifacts);
            shown.extend(parts.map(|part| (part.name.clone(), Content::Part(part))));
        } else {
            let links = artifacts.into_iter();
            shown.extend(links.map(|(name, id)| (name.to_owned(), link(name, id))));
        }
    }
    shown
}

fn link<'a>(name: &str, id: &ContentId) -> Content<'a> {
    let up = "../".repeat(2 + name.split('/').count() - 1);
    Content::Link(Path::new(&up).join(object_name(id)))
}

fn parts<'a>(
    store: &'a Store,
    known: &'a Known,
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
    parts.into_iter().map(move |(number, ids)| Part {
        store,
        known,
        name: format!("{table}/part-{number:04x}-of-{count:04x}.parquet"),
        table: table.clone(),
        ids,
    })
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in folders of their own"
)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::parquet;
    use crate::view::View;

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
        let known = Known::default();
        let names = names(3 * PART + 1);
        let id = |name: &str| ContentId(*blake3::hash(name.as_bytes()).as_bytes());
        let ids: Vec<ContentId> = names.iter().map(|name| id(name)).collect();
        let arranged = |count: usize, most: usize| -> Vec<(String, Vec<ContentId>)> {
            let names = names.iter().map(|name| &**name);
            let ids = names.zip(&ids).take(count).collect();
            let shown = arrange_above(&store, &known, &ids, most).into_iter();
            let artifacts = |(name, shown)| match shown {
                Content::Part(part) => (name, part.ids),
                _ => (name, Vec::new()),
            };
            shown.map(artifacts).collect()
        };
        assert_eq!(arranged(PART, PART).len(), PART);
        let (before, after) = (arranged(3 * PART, PART), arranged(3 * PART + 1, PART));
        assert_eq!((before.len(), after.len()), (4, 4));
        let changed = before.iter().zip(&after).filter(|(one, two)| one != two);
        assert_eq!(changed.count(), 1);
        assert!(before.iter().zip(&after).all(|(one, two)| one.0 == two.0));
    }

    fn publish(store: &Store, images: std::ops::Range<usize>) -> Vec<ContentId> {
        let publish = |image| {
            let table = crate::encode(&rows(image)).unwrap();
            let path = store.object_path(&table.id);
            crate::publish::publish(&path, table.bytes()).unwrap();
            table.id
        };
        images.map(publish).collect()
    }

    /// Shows these artifacts as one part; whether anything had to change.
    fn show(store: &Store, ids: &[ContentId]) -> bool {
        let known = Known::read(store.root());
        let names = names(ids.len());
        let entries = names.iter().map(|name| &**name).zip(ids).collect();
        let shown = arrange_above(store, &known, &entries, 2);
        let view = View {
            root: store.root(),
            link: "latest",
            folder: "views",
        };
        let changed = view.show(&ids.len().to_string(), &shown).unwrap();
        store.keep_notes();
        changed
    }

    #[test]
    fn a_part_holds_the_rows_of_its_artifacts_and_their_descriptions() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        assert!(show(&store, &publish(&store, 0..5)));
        let part = folder
            .path()
            .join("latest/exclusions/part-0000-of-0001.parquet");
        let file = File::open(part).unwrap();
        let (_, batches) = parquet::read(&file).unwrap();
        let count: usize = batches.iter().map(arrow_array::RecordBatch::num_rows).sum();
        assert_eq!(count, 10);
        assert_eq!(parquet::table(&file).unwrap(), "exclusions");
    }

    #[test]
    fn a_part_that_was_damaged_is_written_again_and_one_that_changed_keeps_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let ids = publish(&store, 0..7);
        let part = folder
            .path()
            .join("latest/exclusions/part-0000-of-0001.parquet");
        show(&store, &ids[..5]);
        let intact = fs::read(&part).unwrap();
        assert!(!show(&Store::open(folder.path()).unwrap(), &ids[..5]));

        let mut damaged = intact.clone();
        damaged[9] ^= 1;
        fs::set_permissions(&part, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(&part, &damaged).unwrap();
        assert!(show(&store, &ids[..5]));
        assert_eq!(fs::read(&part).unwrap(), intact);

        // A program that resolved the link before the swap reads what it found; one that did not reads the new rows.
        let resolved = fs::canonicalize(&part).unwrap();
        assert!(show(&store, &ids));
        assert_eq!(fs::read(resolved).unwrap(), intact);
        assert_ne!(fs::read(&part).unwrap(), intact);
    }

    #[test]
    fn a_file_is_seen_from_a_folder_the_same_way_where_both_are_copied() {
        let folder = tempfile::tempdir().unwrap();
        let here = |name: &str| folder.path().join(name);
        fs::create_dir_all(here("artifacts/paper")).unwrap();
        fs::create_dir_all(here("studies")).unwrap();
        for (from, file, seen) in [
            ("artifacts", "a.toml", "../a.toml"),
            ("artifacts/paper", "studies/b.toml", "../../studies/b.toml"),
            ("artifacts", "artifacts/c.toml", "c.toml"),
        ] {
            fs::write(here(file), "").unwrap();
            assert_eq!(seen_from(&here(from), &here(file)), seen);
        }
    }
}
