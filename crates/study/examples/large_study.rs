//! Makes a large study that is up to date without computing anything, and times how long it takes to plan it:
//! `large_study FOLDER IMAGES`. Its images, weights and artifacts hold nothing; records and keys are real. On a file system in
//! memory, 50,000 images take a few minutes to make. `scripts/benchmarks/plan.sh` runs it.
#![expect(
    clippy::disallowed_methods,
    reason = "the study is made in a folder of its own"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use store::{Cost, Environment, Store};
use study::plan::{Plan, State, facet};
use study::{Kind, Sources, Study};

const SETTINGS: &str = r#"
[study]
seed = 1
runs = 1

[images]
folder = "images"
classes = "classes.txt"

[networks.alexnet]
architecture = "alexnet"
weights = "alexnet.safetensors"

[networks.resnet50]
architecture = "resnet50"
weights = "resnet50.safetensors"

[partitions.quickshift]
algorithm = "quickshift"

[methods.gradcam]
kind = "gradcam"

[methods.lime]
kind = "lime"
"#;
/// Images in a folder.
const SHELF: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, images] = &arguments[..] else {
        return Err("usage: large_study FOLDER IMAGES".into());
    };
    let folder = Path::new(folder);
    if !folder.join("pipeline.toml").exists() {
        make_files(folder, images.parse()?)?;
        make_records(folder)?;
    }
    let start = Instant::now();
    let study = Study::read(&folder.join("pipeline.toml"))?;
    let sources = Sources::read(&study)?;
    let read = start.elapsed();
    let plan = Plan::new(
        &study,
        &sources,
        &Store::browse(&study.artifacts),
        Kind::Scores,
    )?;
    let (actions, done) = plan.all().fold((0, 0), |(actions, done), action| {
        (actions + 1, done + usize::from(action.is_done()))
    });
    println!(
        "{actions} actions, {done} done; files {:.2} s, with the plan {:.2} s, {} MB",
        read.as_secs_f64(),
        start.elapsed().as_secs_f64(),
        peak_memory() / 1_000_000
    );
    Ok(())
}

fn make_files(folder: &Path, images: usize) -> Result<(), Box<dyn Error>> {
    for image in 0..images {
        let shelf = folder.join(format!("images/{:03}", image / SHELF));
        if image % SHELF == 0 {
            fs::create_dir_all(&shelf)?;
        }
        fs::write(shelf.join(format!("{image:06}.png")), image.to_le_bytes())?;
    }
    fs::write(folder.join("classes.txt"), "one\nother\n")?;
    for network in ["alexnet", "resnet50"] {
        fs::write(folder.join(network).with_extension("safetensors"), network)?;
    }
    fs::write(folder.join("pipeline.toml"), SETTINGS)?;
    Ok(())
}

fn make_records(folder: &Path) -> Result<(), Box<dyn Error>> {
    let study = Study::read(&folder.join("pipeline.toml"))?;
    let sources = Sources::read(&study)?;
    let store = Store::open(&study.artifacts)?;
    let kinds = Kind::ALL.into_iter().filter(|kind| *kind <= Kind::Scores);
    for kind in kinds {
        let plan = Plan::new(&study, &sources, &store, kind)?;
        let due = plan.of(kind).filter_map(|action| match &action.state {
            State::Due { preimage, .. } => Some(&**preimage),
            _ => None,
        });
        let actions: Vec<store::Action> = due.map(|preimage| empty(kind, preimage)).collect();
        for published in store.publish_many(&actions) {
            published?;
        }
        println!("{kind}: {}", actions.len());
    }
    Ok(())
}

/// An action whose result holds nothing, but what is read of it.
fn empty(kind: Kind, preimage: &store::Preimage) -> store::Action {
    let key = preimage.key();
    // Some small table that no other action has.
    let row = schema::Exclusion {
        image: key.to_string(),
        reason: String::new(),
        network: None,
        predicted_label: None,
        true_label: None,
    };
    let table = store::encode(&[row]).expect("a row of text can be encoded");
    let digest = json!(key.to_string());
    let facets: &[(&str, Value)] = match kind {
        Kind::Crops => &[(facet::PIXELS, digest)],
        Kind::Segments => &[(facet::LABELS, digest), (facet::SUPERPIXELS, json!(48))],
        Kind::Logits => &[(facet::LOGITS, digest)],
        Kind::Targets => &[
            (facet::TARGET_CLASS, json!(1)),
            (facet::CORRECT, Value::Null),
        ],
        Kind::Saliency => &[(facet::MAP, digest)],
        Kind::Perturbations => &[(facet::ANSWERS, digest)],
        Kind::Weights | Kind::Orders => &[(facet::ORDER, digest)],
        Kind::Curves | Kind::Scores | Kind::Report => &[],
    };
    store::Action {
        preimage: preimage.clone(),
        tables: vec![table],
        facets: facets
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect::<BTreeMap<_, _>>(),
        cost: Cost::default(),
        environment: Environment::here("cpu", None, "large_study"),
    }
}

/// Most bytes that this process ever held in memory, by the kernel; 0 where it does not say.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.map_or(0, |kilobytes| kilobytes * 1024)
}
