//! A study of photographs and a trained network, which lie beside the repository in ../shared where somebody has put them: a part of the
//! one that scripts/checks/photographs.py makes whole.

use std::fs;

use schema::Score;

use crate::measures::read;
use crate::study_folder::{StudyFolder, repository};

const PHOTOGRAPHS: usize = 4;

const STUDY: &str = r#"
[study]
seed = 20261122
runs = 2

[images]
folder = "photographs"
labels = "photographs.csv"
classes = "photographs.txt"

[networks.mobilenet]
architecture = "torchscript"
weights = "mobilenet_v2.pt"
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
threads = 2
"#;

/// The study of the first photographs; none where they are not there.
fn folder() -> Option<StudyFolder> {
    let shared = repository().join("../shared");
    let network = shared.join("networks/mobilenet_v2.pt");
    let photographs = shared.join("imagenet20");
    if !network.exists() || !photographs.exists() {
        return None;
    }
    let folder = StudyFolder::new();
    fs::copy(network, folder.path("mobilenet_v2.pt")).unwrap();
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
fn on_photographs_and_a_trained_network_lime_is_ahead_of_random_orders() {
    let Some(folder) = folder() else {
        println!("skipped: ../shared/networks and ../shared/imagenet20 are not there");
        return;
    };
    folder.make_all();
    let scores: Vec<Score> = read(&folder);
    let mean = |method: &str| {
        let areas: Vec<f64> = scores
            .iter()
            .filter(|score| score.method == method)
            .map(|score| score.auc)
            .collect();
        assert!(areas.len() >= PHOTOGRAPHS, "{method}: {}", areas.len());
        areas.iter().sum::<f64>() / areas.len() as f64
    };
    let (lime, random, gradcam) = (mean("lime"), mean("random"), mean("gradcam"));
    println!("mean auc: LIME {lime:.3}, Grad-CAM {gradcam:.3}, random orders {random:.3}");
    assert!(lime < random, "LIME {lime}, random orders {random}");
}
