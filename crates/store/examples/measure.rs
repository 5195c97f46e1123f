//! Measures the store: publishing small actions from one thread, from two, and as a group, reading, looking up, and showing `latest/`.
//!
//! `cargo run --release -p store --example measure -- FOLDER [ACTIONS]`; the folder must not exist yet.

use std::collections::BTreeMap;
use std::error::Error;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Instant;

use schema::Weight;
use store::{Action, ContentId, Cost, Environment, Lookup, Preimage, Store, StoreError, encode};

/// Rounds in which the ways of publishing take turns, each time in a new store: a warm folder or a busy disk would favour one.
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(
        arguments
            .next()
            .ok_or("expected a folder that does not exist yet")?,
    );
    let count: u32 = arguments.next().map_or(Ok(1000), |count| count.parse())?;
    let started = Instant::now();
    let actions = (0..count).map(action).collect::<Result<Vec<_>, _>>()?;
    report("encode", actions.len(), started);
    for round in 0..ROUNDS {
        for (name, publish) in WAYS {
            let store = Store::open(folder.join(format!("{round}-{name}")))?;
            let started = Instant::now();
            publish(&store, &actions)?;
            report(name, actions.len(), started);
            find_all(&store, &actions)?;
        }
    }
    let store = Store::open(folder.join("0-one_thread"))?;
    measure_reading(&folder, &store, &actions)
}

type Publish = fn(&Store, &[Action]) -> Result<(), StoreError>;

const WAYS: [(&str, Publish); 3] = [
    ("one_thread", |store, actions| publish_on(1, store, actions)),
    ("two_threads", |store, actions| {
        publish_on(2, store, actions)
    }),
    ("publish_many", |store, actions| {
        store
            .publish_many(actions)
            .into_iter()
            .try_for_each(|result| result.map(drop))
    }),
];

fn publish_on(threads: usize, store: &Store, actions: &[Action]) -> Result<(), StoreError> {
    let part = |actions: &[Action]| {
        actions
            .iter()
            .try_for_each(|action| store.publish(action).map(drop))
    };
    thread::scope(|scope| {
        let threads: Vec<_> = actions
            .chunks(actions.len().div_ceil(threads))
            .map(|actions| scope.spawn(move || part(actions)))
            .collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

fn find_all(store: &Store, actions: &[Action]) -> Result<Vec<ContentId>, Box<dyn Error>> {
    let id = |action: &Action| match store.lookup(&action.preimage) {
        Lookup::Hit(record) => record.id_of::<Weight>(),
        Lookup::Miss(_) => None,
    };
    let ids: Option<Vec<_>> = actions.iter().map(id).collect();
    ids.ok_or_else(|| "not every published action is a hit".into())
}

fn measure_reading(folder: &Path, store: &Store, actions: &[Action]) -> Result<(), Box<dyn Error>> {
    let started = Instant::now();
    let ids = find_all(store, actions)?;
    report("lookup", ids.len(), started);

    let started = Instant::now();
    ids.iter()
        .try_for_each(|id| store.read::<Weight>(id).map(drop))?;
    report("read", ids.len(), started);

    let entries: Vec<_> = ids
        .iter()
        .enumerate()
        .map(|(index, id)| (format!("weights/{index}.parquet"), *id))
        .collect();
    for what in ["set_latest, new", "set_latest, unchanged"] {
        let started = Instant::now();
        store.set_latest(&folder.join("pipeline.toml"), &entries)?;
        report(what, entries.len(), started);
    }
    let started = Instant::now();
    Store::open(store.root())?;
    report("open", actions.len(), started);
    Ok(())
}

fn action(index: u32) -> Result<Action, StoreError> {
    let image = format!("image-{index}");
    let weight = |superpixel: u16| Weight {
        image: image.clone(),
        network: "alexnet".into(),
        partition: "quickshift".into(),
        method: "lime".into(),
        run: 0,
        superpixel,
        weight: (f64::from(superpixel) + f64::from(index)).sin(),
        standard_error: Some(f64::from(superpixel).cos()),
        rank: u32::from(superpixel),
        intercept: 0.125,
        r2: 0.75,
        local_prediction: 0.5,
    };
    let rows: Vec<_> = (0..49).map(weight).collect();
    Ok(Action {
        preimage: Preimage::builder("weights")
            .code("9f")
            .name("image", image.as_str())
            .setting("lime.alpha", 1.0)
            .build(),
        tables: vec![encode(&rows)?],
        facets: BTreeMap::new(),
        cost: Cost::default(),
        environment: Environment::here("cpu", None, "measure"),
    })
}

fn report(what: &str, count: usize, started: Instant) {
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "{what:22} {count:6} in {seconds:7.3} s, {:8.0} a second",
        count as f64 / seconds
    );
}
