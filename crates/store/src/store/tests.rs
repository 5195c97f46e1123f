//! The store over real folders.
#![expect(
    clippy::disallowed_methods,
    reason = "these tests damage and remove files on purpose, in temporary folders"
)]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use schema::{Crop, CurveStep, Exclusion, Logits, Segments, Weight};
use serde_json::json;

use super::*;
use crate::{Sample, encode};

fn weights(image: &str, superpixels: u16) -> Vec<Weight> {
    let weight = |superpixel: u16| Weight {
        image: image.into(),
        network: "alexnet".into(),
        partition: "quickshift".into(),
        method: "lime".into(),
        run: 3,
        superpixel,
        weight: f64::from(superpixel).sin(),
        standard_error: (!superpixel.is_multiple_of(3)).then(|| f64::from(superpixel) / 7.0),
        rank: u32::from(superpixel),
        intercept: Some(0.125),
        r2: Some(0.75),
        local_prediction: Some(0.5),
    };
    (0..superpixels).map(weight).collect()
}

fn preimage(image: &str) -> Preimage {
    Preimage::builder("weights")
        .code("9f")
        .name("image", image)
        .setting("lime.alpha", 1.0)
        .build()
}

fn action<T: Table>(image: &str, rows: &[T]) -> Action {
    Action {
        preimage: preimage(image),
        tables: vec![encode(rows).unwrap()],
        facets: BTreeMap::from([("order".to_owned(), json!([1, 0]))]),
        cost: Cost::default(),
        environment: Environment::here("cpu", None, "test"),
    }
}

fn publish_one(store: &Store, image: &str) -> Published {
    store.publish(&action(image, &weights(image, 7))).unwrap()
}

fn open() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path().join("artifacts")).unwrap();
    (folder, store)
}

fn set_latest(store: &Store, entries: &[(String, ContentId)]) -> Result<bool, StoreError> {
    store.set_latest(Path::new("study.toml"), entries)
}

fn id_of(published: &Published) -> ContentId {
    published.record.id_of::<Weight>().unwrap()
}

/// Puts other bytes into a published file, as a failing disk would.
fn overwrite(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = publish::entries(folder).unwrap();
    entries
        .into_iter()
        .flat_map(|entry| {
            if entry.is_dir() {
                files_below(&entry)
            } else {
                vec![entry]
            }
        })
        .collect()
}

#[test]
fn a_published_action_is_a_hit_whose_rows_come_back() {
    let (_folder, store) = open();
    assert_eq!(
        store.lookup(&preimage("mug-07")),
        Lookup::Miss(Miss::Absent)
    );
    let published = publish_one(&store, "mug-07");
    assert!(published.new);
    assert_eq!(
        store.lookup(&preimage("mug-07")),
        Lookup::Hit(Box::new(published.record.clone()))
    );
    assert_eq!(
        store.find(&preimage("mug-07").key()).unwrap(),
        Some(published.record.clone())
    );
    assert_eq!(
        store.read::<Weight>(&id_of(&published)).unwrap(),
        weights("mug-07", 7)
    );
}

#[test]
fn the_first_record_of_a_key_stands() {
    let (_folder, store) = open();
    let first = publish_one(&store, "mug-07");
    let second = store
        .publish(&action("mug-07", &weights("other", 3)))
        .unwrap();
    assert!(!second.new);
    assert_eq!(second.record, first.record);
}

#[test]
fn stray_files_beside_the_folders_of_records_are_left_alone() {
    let (_folder, store) = open();
    let published = publish_one(&store, "mug-07");
    let stray =
        [".DS_Store", "weights/.DS_Store"].map(|name| store.root().join(ACTIONS).join(name));
    for file in &stray {
        fs::write(file, b"notes").unwrap();
    }
    let store = Store::open(store.root()).unwrap();
    assert_eq!(store.index().unwrap().len(), 1);
    assert_eq!(store.records("weights").unwrap(), [published.record]);
    assert_eq!(store.record_shelves().unwrap().len(), 1);
    assert_eq!(store.record_files().unwrap().len(), 1);
    assert!(stray.iter().all(|file| file.exists()));
}

#[test]
fn equal_rows_share_one_object() {
    let (_folder, store) = open();
    let rows = weights("mug-07", 7);
    let ids = ["a", "b"].map(|image| id_of(&store.publish(&action(image, &rows)).unwrap()));
    assert_eq!(
        files_below(&store.root().join(OBJECTS)),
        [store.object_path(&ids[0])]
    );
    assert_eq!(files_below(&store.root().join(ACTIONS)).len(), 2);
}

#[test]
fn a_missing_or_cut_or_empty_artifact_is_a_miss_and_is_made_again() {
    let (_folder, store) = open();
    let published = publish_one(&store, "mug-07");
    let path = store.object_path(&id_of(&published));
    let whole = fs::read(&path).unwrap();
    for bytes in [
        None,
        Some(&whole[..0]),
        Some(&whole[..whole.len() - 1]),
        Some(&whole[..whole.len() / 2]),
    ] {
        fs::remove_file(&path).unwrap();
        if let Some(bytes) = bytes {
            fs::write(&path, bytes).unwrap();
        }
        let missed = match store.lookup(&preimage("mug-07")) {
            Lookup::Miss(Miss::Missing { path }) if bytes.is_none() => path,
            Lookup::Miss(Miss::Damaged { path, .. }) if bytes.is_some() => path,
            lookup => panic!("{lookup:?} with {bytes:?}"),
        };
        assert_eq!(missed, path);
        let again = publish_one(&store, "mug-07");
        assert!(!again.new);
        assert_eq!(again.record, published.record);
        assert_eq!(
            store.read::<Weight>(&id_of(&published)).unwrap(),
            weights("mug-07", 7)
        );
    }
}

#[test]
fn a_damaged_artifact_is_set_aside_when_it_is_read() {
    let (_folder, store) = open();
    let published = publish_one(&store, "mug-07");
    let other = publish_one(&store, "key-01");
    let path = store.object_path(&id_of(&published));
    overwrite(&path, &fs::read(store.object_path(&id_of(&other))).unwrap());
    let error = store.read::<Weight>(&id_of(&published)).unwrap_err();
    assert!(error.is_loss());
    let StoreError::Damaged {
        aside: Some(aside), ..
    } = error
    else {
        panic!("{error}")
    };
    assert!(aside.starts_with(store.root().join(DAMAGED)) && aside.exists() && !path.exists());
    assert!(matches!(
        store.read::<Weight>(&id_of(&published)),
        Err(StoreError::Missing { .. })
    ));
}

#[test]
fn an_artifact_of_another_table_is_damage_too() {
    let (_folder, store) = open();
    let published = publish_one(&store, "mug-07");
    assert!(
        store
            .read::<Logits>(&id_of(&published))
            .unwrap_err()
            .is_loss()
    );
}

#[test]
fn a_damaged_record_is_a_miss_and_is_replaced() {
    let (_folder, store) = open();
    let published = publish_one(&store, "mug-07");
    let path = store.record_path("weights", &published.record.key);
    overwrite(&path, b"{}");
    assert!(matches!(
        store.lookup(&preimage("mug-07")),
        Lookup::Miss(Miss::Record { .. })
    ));
    assert!(publish_one(&store, "mug-07").new);
    assert!(matches!(store.lookup(&preimage("mug-07")), Lookup::Hit(_)));
    assert_eq!(files_below(&store.root().join(DAMAGED)).len(), 1);
}

#[test]
fn a_record_under_another_actions_name_is_a_miss() {
    let (_folder, store) = open();
    let published = publish_one(&store, "mug-07");
    publish_one(&store, "key-01");
    let foreign = fs::read(store.record_path("weights", &preimage("key-01").key())).unwrap();
    overwrite(
        &store.record_path("weights", &published.record.key),
        &foreign,
    );
    assert!(matches!(
        store.lookup(&preimage("mug-07")),
        Lookup::Miss(Miss::Record { .. })
    ));
}

#[test]
fn a_record_whose_artifact_is_lost_gives_way_to_one_with_other_rows() {
    let (_folder, store) = open();
    let published = publish_one(&store, "mug-07");
    fs::remove_file(store.object_path(&id_of(&published))).unwrap();
    let again = store
        .publish(&action("mug-07", &weights("mug-07", 8)))
        .unwrap();
    assert!(again.new);
    assert_ne!(id_of(&again), id_of(&published));
    assert_eq!(
        store.lookup(&preimage("mug-07")),
        Lookup::Hit(Box::new(again.record))
    );
}

#[test]
fn many_actions_are_published_in_order_each_with_its_record() {
    let (_folder, store) = open();
    let images: Vec<_> = (0..50).map(|image| format!("image-{image}")).collect();
    let actions: Vec<_> = images
        .iter()
        .map(|image| action(image, &weights(image, 7)))
        .collect();
    let published: Vec<_> = store
        .publish_many(&actions)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let keys: Vec<_> = published
        .iter()
        .map(|published| published.record.key)
        .collect();
    assert_eq!(
        keys,
        images
            .iter()
            .map(|image| preimage(image).key())
            .collect::<Vec<_>>()
    );
    assert!(
        images
            .iter()
            .all(|image| matches!(store.lookup(&preimage(image)), Lookup::Hit(_)))
    );
    assert!(
        store
            .publish_many(&actions)
            .into_iter()
            .all(|published| !published.unwrap().new)
    );
}

#[test]
fn eight_threads_that_publish_one_key_leave_one_record() {
    let (_folder, store) = open();
    for round in 0..20 {
        let image = format!("image-{round}");
        let published: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| publish_one(&store, &image)))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(
            published.iter().filter(|published| published.new).count(),
            1
        );
        assert!(
            published
                .iter()
                .all(|other| other.record == published[0].record)
        );
    }
    assert_eq!(files_below(&store.root().join(ACTIONS)).len(), 20);
    assert_eq!(files_below(&store.root().join(OBJECTS)).len(), 20);
}

#[test]
fn opening_removes_what_dead_writers_left_and_nothing_else() {
    let (_folder, store) = open();
    let published = publish_one(&store, "mug-07");
    let path = store.object_path(&id_of(&published));
    fs::write(path.with_file_name(".tmp-1-2-3"), b"half").unwrap();
    let before = files_below(store.root());
    Store::open(store.root()).unwrap();
    let after = files_below(store.root());
    assert_eq!(before.len(), after.len() + 1);
    assert!(matches!(store.lookup(&preimage("mug-07")), Lookup::Hit(_)));
}

#[test]
fn latest_shows_exactly_the_entries_whatever_their_names() {
    let (_folder, store) = open();
    fs::write(store.root().join(".gitignore"), "*\n").unwrap();
    let id = id_of(&publish_one(&store, "mug-07"));
    let names = [
        "weights/a'b.parquet",
        "weights/two words.parquet",
        "weights/<script>.parquet",
        "scores/été.parquet",
    ];
    let entries: Vec<_> = names.iter().map(|name| ((*name).to_owned(), id)).collect();
    assert!(set_latest(&store, &entries).unwrap());
    for name in names {
        assert_eq!(
            fs::read(store.root().join("latest").join(name)).unwrap(),
            fs::read(store.object_path(&id)).unwrap()
        );
    }
    assert!(!set_latest(&store, &entries).unwrap(), "nothing to do");
    assert!(set_latest(&store, &entries[1..3]).unwrap());
    let shown: Vec<_> = files_below(&store.root().join("latest/"))
        .iter()
        .map(|path| path.file_name().unwrap().to_owned())
        .collect();
    assert_eq!(shown, [".study", "<script>.parquet", "two words.parquet"]);
    assert!(store.root().join(".gitignore").exists());
}

#[test]
fn a_link_that_was_removed_or_changed_is_put_back() {
    let (_folder, store) = open();
    let id = id_of(&publish_one(&store, "mug-07"));
    let entries = [("weights/mug-07.parquet".to_owned(), id)];
    set_latest(&store, &entries).unwrap();
    let link = store.root().join("latest/weights/mug-07.parquet");
    fs::remove_file(&link).unwrap();
    assert!(set_latest(&store, &entries).unwrap());
    assert!(link.exists());
    fs::remove_file(store.root().join("latest")).unwrap();
    assert!(set_latest(&store, &entries).unwrap());
    assert!(link.exists());
}

#[test]
fn names_that_leave_the_folder_are_refused() {
    let (_folder, store) = open();
    let id = id_of(&publish_one(&store, "mug-07"));
    let long = "x".repeat(256);
    for name in [
        "",
        "/etc/passwd",
        "../out",
        "weights/../../out",
        ".hidden",
        "weights/",
        "a\0b",
        &long,
    ] {
        let refused = set_latest(&store, &[(name.to_owned(), id)]);
        assert!(matches!(refused, Err(StoreError::Name { .. })), "{name:?}");
        assert!(
            store
                .publish_report(&[(name.to_owned(), Vec::new())])
                .is_err(),
            "{name:?}"
        );
        assert!(store.log_file(name).is_err(), "{name:?}");
    }
}

#[test]
fn a_folder_in_the_place_of_latest_is_left_alone_with_a_message() {
    let (_folder, store) = open();
    fs::create_dir(store.root().join("latest")).unwrap();
    fs::write(store.root().join("latest/mine"), b"notes").unwrap();
    assert!(matches!(
        set_latest(&store, &[]),
        Err(StoreError::NotALink { .. })
    ));
    assert!(store.root().join("latest/mine").exists());
}

#[test]
fn the_report_is_swapped_as_a_whole() {
    let (_folder, store) = open();
    let file = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
    let first = [file("index.html", "<p>1"), file("tables/auc.csv", "1")];
    assert!(store.publish_report(&first).unwrap());
    assert!(!store.publish_report(&first).unwrap());
    assert!(store.publish_report(&[file("index.html", "<p>2")]).unwrap());
    assert_eq!(
        fs::read(store.root().join("report/index.html")).unwrap(),
        b"<p>2"
    );
    assert!(!store.root().join("report/tables").exists());
}

#[test]
fn a_log_is_added_to() {
    use std::io::Write;
    let (_folder, store) = open();
    for line in ["one\n", "two\n"] {
        store
            .log_file("lime.log")
            .unwrap()
            .write_all(line.as_bytes())
            .unwrap();
    }
    assert_eq!(
        fs::read(store.root().join("logs/lime.log")).unwrap(),
        b"one\ntwo\n"
    );
}

#[test]
fn a_read_only_folder_is_refused_with_a_message() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    if rustix::process::geteuid().is_root() {
        println!("skipped: root may write read-only folders");
        return;
    }
    let error = Store::open(folder.path().join("artifacts")).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
}

#[test]
fn browsing_makes_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::browse(folder.path().join("artifacts"));
    assert_eq!(
        store.lookup(&preimage("mug-07")),
        Lookup::Miss(Miss::Absent)
    );
    assert!(!store.root().exists());
}

#[test]
fn kinds_cannot_leave_the_folder_of_actions() {
    let store = Store::browse("artifacts");
    let path = store.record_path("../a b", &Key([0; 32]));
    assert!(
        path.starts_with("artifacts/actions/%2e%2e%2fa%20b/00"),
        "{}",
        path.display()
    );
}

#[test]
fn a_table_without_rows_has_an_artifact() {
    let (_folder, store) = open();
    let published = store.publish(&action::<Exclusion>("none", &[])).unwrap();
    assert_eq!(
        store
            .read::<Exclusion>(&published.record.id_of::<Exclusion>().unwrap())
            .unwrap(),
        []
    );
}

#[test]
fn more_rows_than_are_encoded_at_once_come_back_in_order() {
    let (_folder, store) = open();
    let rows = weights("mug-07", 3000);
    let published = store.publish(&action("mug-07", &rows)).unwrap();
    assert_eq!(store.read::<Weight>(&id_of(&published)).unwrap(), rows);
}

#[test]
fn the_same_rows_make_the_same_bytes() {
    assert_eq!(
        encode(&weights("mug-07", 7)).unwrap(),
        encode(&weights("mug-07", 7)).unwrap()
    );
}

/// One row of every type of column.
fn mixed_rows() -> (Vec<Crop>, Vec<Segments>, Vec<Logits>, Vec<CurveStep>) {
    let bytes: Vec<u8> = (0..700_u32).map(|i| (i * i % 251) as u8).collect();
    let crop = |mask| Crop {
        image: "mug-07".into(),
        image_digest: "3f".into(),
        source_height: 300,
        source_width: 361,
        height: 4,
        width: 6,
        rgb: bytes.clone(),
        truth_mask: mask,
    };
    let segments = Segments {
        image: "mug-07".into(),
        partition: "grid".into(),
        algorithm: "grid".into(),
        superpixels: 6,
        height: 4,
        width: 6,
        labels: (0..24).map(|pixel| pixel / 4).collect(),
    };
    let logits = Logits {
        image: "mug-07".into(),
        network: "alexnet".into(),
        predicted_class: 3,
        probability: 0.75,
        logits: (0..10_u8).map(|class| f32::from(class).sqrt()).collect(),
    };
    let step = |step: u16| CurveStep {
        image: "mug-07".into(),
        network: "alexnet".into(),
        partition: "grid".into(),
        method: "lime".into(),
        run: 0,
        order: "most_relevant_first".into(),
        replacement: "mean".into(),
        step: u32::from(step),
        superpixel: step.checked_sub(1),
        removed_area: f64::from(step) / 6.0,
        probability: 1.0 / f32::from(step + 1),
        logit: -f32::from(step),
        largest_probability: Some(1.0),
        entropy: Some(0.0),
    };
    (
        vec![crop(Some(vec![1, 2, 3])), crop(None)],
        vec![segments],
        vec![logits],
        (0..7).map(step).collect(),
    )
}

fn flip_is_noticed_or_harmless<T: Table>(
    store: &Store,
    rows: &[T],
    at: prop::sample::Index,
    bit: u8,
) {
    let table = encode(rows).unwrap();
    let path = store.object_path(&table.id());
    let mut bytes = table.bytes().to_vec();
    bytes[at.index(table.bytes().len())] ^= 1 << bit;
    publish::make_folder(path.parent().unwrap()).unwrap();
    fs::write(&path, &bytes).unwrap();
    match store.read::<T>(&table.id()) {
        Ok(read) => assert_eq!(read, rows),
        Err(error) => assert!(matches!(error, StoreError::Damaged { .. }), "{error}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_flipped_bit_is_noticed_or_changes_no_value(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (_folder, store) = open();
        let (crops, segments, logits, curves) = mixed_rows();
        flip_is_noticed_or_harmless(&store, &crops, at, bit);
        flip_is_noticed_or_harmless(&store, &segments, at, bit);
        flip_is_noticed_or_harmless(&store, &logits, at, bit);
        flip_is_noticed_or_harmless(&store, &curves, at, bit);
    }
}

/// Flips bits of a file in its place, and gives it back the time of its last change.
fn damage(path: &Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    let mut bytes = fs::read(path).unwrap();
    for byte in &mut bytes[4..] {
        *byte ^= 1;
    }
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    // The clock of a file system may tick only every 10 ms.
    thread::sleep(Duration::from_millis(20));
    fs::write(path, bytes).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(modified).unwrap();
}

const IMAGES: [&str; 4] = ["key-00", "lamp-01", "mug-07", "glasses-03"];

/// What planning finds of each image's action, and how many artifacts it read and left unread.
fn look(store: &Store) -> (Vec<Option<Miss>>, u64, u64) {
    let index = store.index().unwrap();
    let found = IMAGES.map(|image| {
        let found = store.lookup_in(&index, "weights", &preimage(image).key());
        found.err().map(|(miss, _)| miss)
    });
    store.keep_notes();
    (found.into(), index.verifying().read(), index.unverified())
}

/// The same store as another process opens it.
fn reopened(store: &Store) -> Store {
    Store::open(store.root()).unwrap()
}

fn all_intact() -> Vec<Option<Miss>> {
    vec![None; IMAGES.len()]
}

#[test]
fn an_artifact_that_was_damaged_in_its_place_is_found_and_replaced() {
    let (_folder, store) = open();
    let published = IMAGES.map(|image| publish_one(&store, image));
    // Publishing is verifying, also for the next process.
    assert_eq!(look(&store), (all_intact(), 0, 0));
    assert_eq!(look(&reopened(&store)), (all_intact(), 0, 0));

    let path = store.object_path(&id_of(&published[2]));
    let intact = fs::read(&path).unwrap();
    damage(&path);
    let (found, read, _) = look(&reopened(&store));
    assert!(
        matches!(&found[2], Some(Miss::Damaged { path: found, .. }) if *found == path),
        "{found:?}"
    );
    assert_eq!((found.iter().flatten().count(), read), (1, 1));

    assert!(!publish_one(&reopened(&store), IMAGES[2]).new);
    assert_eq!(fs::read(&path).unwrap(), intact);
    assert_eq!(files_below(&store.root().join(DAMAGED)).len(), 1);
    assert_eq!(look(&reopened(&store)).0, all_intact());
}

#[test]
fn a_damaged_artifact_gives_way_to_other_rows_of_the_same_action() {
    let (_folder, store) = open();
    let published = publish_one(&store, IMAGES[0]);
    damage(&store.object_path(&id_of(&published)));
    let other = action(IMAGES[0], &weights("another processor", 7));
    let again = reopened(&store).publish(&other).unwrap();
    assert!(again.new);
    assert!(matches!(
        store.lookup(&preimage(IMAGES[0])),
        Lookup::Hit(record) if *record == again.record
    ));
}

#[test]
fn an_artifact_whose_file_changed_and_not_its_rows_is_read_once() {
    let (_folder, store) = open();
    let published = IMAGES.map(|image| publish_one(&store, image));
    look(&store);
    let path = store.object_path(&id_of(&published[1]));
    thread::sleep(Duration::from_millis(20));
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(look(&reopened(&store)), (all_intact(), 1, 0));
    assert_eq!(look(&reopened(&store)), (all_intact(), 0, 0));
}

#[test]
fn a_copied_store_is_read_once_by_those_who_may_take_their_time() {
    let (folder, store) = open();
    let published = IMAGES.map(|image| publish_one(&store, image));
    look(&store);
    let copy = folder.path().join("copy");
    for file in files_below(store.root()) {
        let to = copy.join(file.strip_prefix(store.root()).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(file, to).unwrap();
    }
    let copy = Store::open(copy).unwrap();
    damage(&copy.object_path(&id_of(&published[3])));
    let hurried = copy.thorough(Arc::new(AtomicUsize::new(15)));
    assert_eq!(look(&hurried), (all_intact(), 0, 4));
    let (found, read, unverified) = look(&reopened(&copy).thorough(Arc::default()));
    assert!(matches!(found[3], Some(Miss::Damaged { .. })), "{found:?}");
    assert_eq!((read, unverified), (4, 0));
    let (found, read, _) = look(&reopened(&copy));
    assert_eq!((found.iter().flatten().count(), read), (1, 1));
}

#[test]
fn damaged_notes_are_ignored() {
    let (_folder, store) = open();
    for image in IMAGES {
        publish_one(&store, image);
    }
    look(&store);
    let file = store.root().join("index/verified");
    let written = fs::read(&file).unwrap();
    for at in [0, 25, written.len() / 2, written.len() - 1] {
        let mut damaged = written.clone();
        damaged[at] ^= 1;
        overwrite(&file, &damaged);
        assert_eq!(look(&reopened(&store)).1, 4, "byte {at}");
        assert_eq!(look(&reopened(&store)).1, 0, "byte {at}");
    }
}

#[test]
fn notes_of_two_processes_are_both_kept_and_those_of_removed_artifacts_are_not() {
    let (_folder, store) = open();
    let other = reopened(&store);
    let (first, second) = (
        publish_one(&store, IMAGES[0]),
        publish_one(&other, IMAGES[1]),
    );
    store.keep_notes();
    other.keep_notes();
    let known = |published: &Published| {
        let path = store.object_path(&id_of(published));
        let stamp = fs::metadata(path).map(|found| Stamp::from(&found));
        let known = Known::read(store.root());
        stamp.is_ok_and(|stamp| known.verified(&id_of(published), stamp).is_some())
    };
    assert!(known(&first) && known(&second));
    let size = || {
        fs::metadata(store.root().join("index/verified"))
            .unwrap()
            .len()
    };
    let before = size();
    let survey = store.survey(|_| String::new()).unwrap();
    let keep = BTreeSet::from([first.record.key]);
    store.collect(survey, &keep, false).unwrap();
    assert!(known(&first) && size() < before);
}

#[test]
fn verify_leaves_out_what_was_verified_not_long_ago_and_looks_the_same() {
    let (_folder, store) = open();
    let published = IMAGES.map(|image| publish_one(&store, image));
    store.keep_notes();
    let verify = |days: u64| {
        let since = Duration::from_hours(24 * days);
        reopened(&store).verify(Sample::ALL, Some(since)).unwrap()
    };
    let found = verify(1);
    assert_eq!((found.artifacts, found.recent), (0, 4));
    let found = verify(0);
    assert_eq!((found.artifacts, found.recent), (4, 0));
    damage(&store.object_path(&id_of(&published[0])));
    let found = verify(1);
    assert_eq!((found.artifacts, found.recent), (1, 3));
    assert_eq!(found.faults.len(), 1);
}

#[test]
fn a_copy_for_an_audit_changes_no_artifact_and_needs_not_be_read() {
    let (_folder, store) = open();
    let published = IMAGES.map(|image| publish_one(&store, image));
    look(&store);
    let records: Vec<&Record> = published
        .iter()
        .map(|published| &published.record)
        .collect();
    let scratch = reopened(&store).scratch(&records).unwrap();
    for store in [&store, scratch.store()] {
        assert_eq!(look(&reopened(store)), (all_intact(), 0, 0));
    }
    drop(scratch);
    assert_eq!(look(&reopened(&store)), (all_intact(), 0, 0));
}

#[test]
fn a_program_that_listed_latest_before_a_swap_can_read_all_that_it_found() {
    let (_folder, store) = open();
    let ids = IMAGES.map(|image| id_of(&publish_one(&store, image)));
    let entries: Vec<_> = IMAGES
        .iter()
        .zip(ids)
        .map(|(image, id)| (format!("weights/{image}.parquet"), id))
        .collect();
    set_latest(&store, &entries[..2]).unwrap();
    let latest = store.root().join("latest/weights");
    let here = fs::canonicalize(&latest).unwrap();
    let found: Vec<_> = [latest, here]
        .iter()
        .flat_map(|folder| files_below(folder))
        .collect();
    assert_eq!(found.len(), 4);
    for entries in [&entries[..3], &entries[..]] {
        set_latest(&store, entries).unwrap();
        assert!(found.iter().all(|file| fs::read(file).is_ok()));
    }
}

#[test]
fn a_view_that_nobody_can_be_reading_any_more_is_removed_by_the_next_swap() {
    let (_folder, store) = open();
    let file = |text: &str| [("index.html".to_owned(), text.as_bytes().to_vec())];
    let reports = store.root().join("reports");
    let count = || publish::entries(&reports).unwrap().len();
    let dead = reports.join(".tmp-1-2-3");
    for (text, kept) in [("1", 1), ("2", 2), ("3", 3)] {
        store.publish_report(&file(text)).unwrap();
        assert_eq!(count(), kept, "{text}");
    }
    fs::create_dir(&dead).unwrap();
    let long_ago = SystemTime::now() - Duration::from_hours(1);
    for report in publish::entries(&reports).unwrap() {
        File::open(report).unwrap().set_modified(long_ago).unwrap();
    }
    // What was shown until now stays, whenever it was made.
    store.publish_report(&file("4")).unwrap();
    assert_eq!(count(), 2);
}

#[test]
fn what_a_process_left_that_died_is_removed_before_a_swap() {
    let (_folder, store) = open();
    let file = [("index.html".to_owned(), b"1".to_vec())];
    store.publish_report(&file).unwrap();
    let dead = store.root().join("reports/.tmp-1-2-3");
    fs::create_dir(&dead).unwrap();
    assert!(!store.publish_report(&file).unwrap(), "nothing is new");
    assert!(!dead.exists());
}

#[test]
fn a_view_that_lacks_something_is_shown_until_there_is_another() {
    let (_folder, store) = open();
    let id = id_of(&publish_one(&store, "mug-07"));
    let entries = ["weights/a.parquet", "weights/b.parquet"].map(|name| (name.to_owned(), id));
    set_latest(&store, &entries).unwrap();
    let before = fs::canonicalize(store.root().join("latest")).unwrap();
    fs::remove_file(before.join("weights/a.parquet")).unwrap();
    assert!(set_latest(&store, &entries).unwrap());
    assert!(!set_latest(&store, &entries).unwrap());
    assert!(before.join("weights/b.parquet").exists());
    assert_ne!(
        fs::canonicalize(store.root().join("latest")).unwrap(),
        before
    );
}
