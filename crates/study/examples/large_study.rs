//! Makes a large study that is up to date without computing anything, and times how long it takes to plan it:
//! `large_study FOLDER IMAGES`. Its images and weights hold nothing and each artifact one row of nothing; records and keys are real. On a
//! file system in memory, 50,000 images take some minutes to make. `scripts/benchmarks/plan.sh` runs it.
#![expect(
    clippy::disallowed_methods,
    reason = "the study is made in a folder of its own"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::{
    ArrayRef, BinaryArray, BooleanArray, Float32Array, Float64Array, ListArray, RecordBatch,
    StringArray, UInt16Array, UInt32Array, new_empty_array, new_null_array,
};
use arrow_buffer::OffsetBuffer;
use arrow_schema::DataType;
use rayon::prelude::*;
use schema::Table;
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
/// Actions that are in memory at once.
const AT_ONCE: usize = 10_000;

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
        Kind::LAST_TABLE,
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
    let kinds = Kind::ALL
        .into_iter()
        .filter(|kind| *kind <= Kind::LAST_TABLE);
    for kind in kinds {
        let plan = Plan::new(&study, &sources, &store, kind)?;
        let due = plan.of(kind).filter_map(|action| match &action.state {
            State::Due { preimage, .. } => Some(&**preimage),
            _ => None,
        });
        let due: Vec<&store::Preimage> = due.collect();
        for some in due.chunks(AT_ONCE) {
            let actions = some.par_iter().map(|preimage| empty(kind, preimage));
            for published in store.publish_many(&actions.collect::<Vec<_>>()) {
                published?;
            }
        }
        println!("{kind}: {}", due.len());
    }
    Ok(())
}

/// An action whose result holds nothing, but what is read of it.
fn empty(kind: Kind, preimage: &store::Preimage) -> store::Action {
    let key = preimage.key();
    let tables = match kind {
        Kind::Crops => vec![row::<schema::Crop>(&key)],
        Kind::Segments => vec![row::<schema::Segments>(&key)],
        Kind::Logits => vec![row::<schema::Logits>(&key)],
        Kind::Targets => vec![row::<schema::Target>(&key)],
        Kind::Saliency => vec![row::<schema::Saliency>(&key)],
        Kind::Perturbations => vec![row::<schema::Perturbations>(&key)],
        Kind::Weights => vec![row::<schema::Weight>(&key)],
        Kind::Relevances => vec![row::<schema::Relevance>(&key)],
        Kind::Curves => vec![row::<schema::CurveStep>(&key)],
        Kind::Deletions => vec![row::<schema::Deletion>(&key)],
        Kind::Scores => vec![
            row::<schema::Score>(&key),
            row::<schema::Exclusion>(&key),
            row::<schema::Gain>(&key),
        ],
        Kind::Agreement => vec![
            row::<schema::Agreement>(&key),
            row::<schema::NeededSamples>(&key),
        ],
        Kind::Sanity => vec![row::<schema::Sanity>(&key)],
        Kind::Comparisons => vec![
            row::<schema::Comparison>(&key),
            row::<schema::Summary>(&key),
            row::<schema::Stability>(&key),
            row::<schema::VarianceComponents>(&key),
            row::<schema::Concordance>(&key),
            row::<schema::Decision>(&key),
            row::<schema::Separation>(&key),
        ],
        Kind::Measure(_) | Kind::Report => Vec::new(),
    };
    let digest = json!(key.to_string());
    let value = |name: &str| match name {
        facet::SUPERPIXELS => Some(json!(48)),
        facet::TARGET_CLASS => Some(json!(1)),
        facet::CORRECT => Some(Value::Null),
        facet::CASCADE => None,
        _ => Some(digest.clone()),
    };
    let facets = kind.facets().iter();
    store::Action {
        preimage: preimage.clone(),
        tables,
        facets: facets
            .filter_map(|name| Some(((*name).to_owned(), value(name)?)))
            .collect::<BTreeMap<_, _>>(),
        cost: Cost::default(),
        environment: Environment::here("cpu", None, "large_study"),
    }
}

/// One row whose texts are the key, so that no other action has it, and whose other values are nothing.
fn row<T: Table>(key: &store::Key) -> store::EncodedTable {
    let column = |column: &schema::Column| -> ArrayRef {
        match column.kind.data_type() {
            DataType::Dictionary(..) => Arc::new(StringArray::from(vec![key.to_string()])),
            other if column.nullable() => new_null_array(&other, 1),
            DataType::Boolean => Arc::new(BooleanArray::from(vec![false])),
            DataType::UInt16 => Arc::new(UInt16Array::from(vec![0])),
            DataType::UInt32 => Arc::new(UInt32Array::from(vec![0])),
            DataType::Float32 => Arc::new(Float32Array::from(vec![0.0])),
            DataType::Float64 => Arc::new(Float64Array::from(vec![0.0])),
            DataType::Binary => Arc::new(BinaryArray::from(vec![&[][..]])),
            other => Arc::new(empty_list(&other)),
        }
    };
    let columns = T::columns().iter();
    let columns: Vec<_> = columns
        .map(|it| (it.name, column(it), it.nullable()))
        .collect();
    let batch = RecordBatch::try_from_iter_with_nullable(columns).expect("each column has one row");
    let rows = T::decode(&batch).expect("the columns are those of the table");
    store::encode(&rows).expect("one row can be encoded")
}

fn empty_list(list: &DataType) -> ListArray {
    let DataType::List(item) = list else {
        panic!("there are no columns of {list}");
    };
    let items = new_empty_array(item.data_type());
    ListArray::new(
        Arc::clone(item),
        OffsetBuffer::from_lengths([0]),
        items,
        None,
    )
}

/// Most bytes that this process ever held in memory, by the kernel; 0 where it does not say.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.map_or(0, |kilobytes| kilobytes * 1024)
}
