//! A study of photographs and two trained networks, which lie beside the repository in ../shared where somebody has put them: a part of the
//! one that scripts/checks/photographs.py makes whole.

use std::collections::BTreeSet;
use std::fs;

use schema::Score;

use crate::measures::read;
use crate::study_folder::{StudyFolder, repository};

const PHOTOGRAPHS: usize = 4;
const NETWORKS: [&str; 2] = ["mobilenet_v1", "mobilenet_v2"];
/// A program, and a network of `torch.export`.
const FILES: [&str; 2] = ["mobilenet_v1.pt", "mobilenet_v2.pt2"];

const STUDY: &str = r#"
[study]
seed = 20261122
runs = 2

[images]
folder = "photographs"
labels = "photographs.csv"
classes = "photographs.txt"

[networks.mobilenet_v1]
architecture = "torchscript"
weights = "mobilenet_v1.pt"
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
input_size = 224

[networks.mobilenet_v2]
architecture = "pt2"
weights = "mobilenet_v2.pt2"
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
input_size = 224

[partitions.grid]
algorithm = "grid"
rows = 5
columns = 5

[methods.gradcam]
kind = "gradcam"

[methods.lime]
kind = "lime"
samples = 96

[methods.random]
kind = "random"
orders = 2

[compute]
threads = 1
"#;

/// The study of the first photographs; none where they are not there.
fn folder() -> Option<StudyFolder> {
    let shared = repository().join("../shared");
    let photographs = shared.join("imagenet20");
    let file = |name: &str| shared.join("networks").join(name);
    if !FILES.iter().all(|name| file(name).exists()) || !photographs.exists() {
        return None;
    }
    let folder = StudyFolder::new();
    for name in FILES {
        fs::copy(file(name), folder.path(name)).unwrap();
    }
    let classes = fs::read_to_string(photographs.join("classes.txt")).unwrap();
    fs::write(folder.path("photographs.txt"), unlike(&classes)).unwrap();
    fs::create_dir(folder.path("photographs")).unwrap();
    let listed = fs::read_to_string(photographs.join("labels.csv")).unwrap();
    let mut labels = vec!["path,label".to_owned()];
    for line in listed.lines().skip(1).take(PHOTOGRAPHS) {
        let (path, class) = line.split_once(',').unwrap();
        let name = path.rsplit('/').next().unwrap();
        fs::copy(
            photographs.join(path),
            folder.path("photographs").join(name),
        )
        .unwrap();
        labels.push(format!("{name},{class}"));
    }
    fs::write(folder.path("photographs.csv"), labels.join("\n")).unwrap();
    fs::write(folder.path("pipeline.toml"), STUDY).unwrap();
    Some(folder)
}

/// The names of classes with their numbers, because two of them may have one name: `ImageNet` has two kinds of crane.
fn unlike(classes: &str) -> String {
    let names = classes.lines().enumerate();
    let numbered = names.map(|(class, name)| format!("{name} ({class})"));
    numbered.collect::<Vec<_>>().join("\n")
}

#[test]
fn on_photographs_and_trained_networks_lime_is_ahead_of_random_orders() {
    let Some(folder) = folder() else {
        println!("skipped: ../shared/networks and ../shared/imagenet20 are not there");
        return;
    };
    folder.make_all();
    let scores: Vec<Score> = read(&folder);
    // An image that one network gets wrong is left out for both.
    let images: BTreeSet<&str> = scores.iter().map(|score| &*score.image).collect();
    assert!(images.len() > PHOTOGRAPHS / 2, "{images:?}");
    for network in NETWORKS {
        let mean = |method: &str| {
            let of = |score: &&Score| score.method == method && score.network == network;
            let areas: Vec<f64> = scores.iter().filter(of).map(|score| score.auc).collect();
            assert!(areas.len() >= images.len(), "{method}: {}", areas.len());
            areas.iter().sum::<f64>() / areas.len() as f64
        };
        let (lime, random, gradcam) = (mean("lime"), mean("random"), mean("gradcam"));
        println!(
            "{network}: mean auc: LIME {lime:.3}, Grad-CAM {gradcam:.3}, random orders {random:.3}"
        );
        assert!(lime < random, "LIME {lime}, random orders {random}");
    }
}
