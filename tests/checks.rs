//! What cannot be right is not published.

use std::fs;

use tch::{CModule, Device, Kind, Tensor};

use crate::study_folder::StudyFolder;

/// A network that drops half of what it sees, anew at every call, as one that was exported in training mode does.
fn moody_network(folder: &StudyFolder) {
    let weights = Tensor::arange(192 * 10, (Kind::Float, Device::Cpu)).sin();
    let weights = weights.view([192, 10]);
    let mut forward = |inputs: &[Tensor]| {
        let seen = inputs[0].adaptive_avg_pool2d([8, 8]).flatten(1, -1);
        vec![seen.dropout(0.5, true).matmul(&weights)]
    };
    let input = Tensor::zeros([1, 3, 224, 224], (Kind::Float, Device::Cpu));
    let network = CModule::create_by_tracing("Moody", "forward", &[input], &mut forward);
    network.unwrap().save(folder.path("moody.pt")).unwrap();
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    let (before, rest) = text.split_once("[networks.resnet50]").unwrap();
    let (_, after) = rest.split_once("[partitions.coarse]").unwrap();
    let section = "[networks.moody]\narchitecture = \"torchscript\"\nweights = \"moody.pt\"\n\n";
    fs::write(
        folder.path("pipeline.toml"),
        format!("{before}{section}[partitions.coarse]{after}"),
    )
    .unwrap();
}

#[test]
fn answers_that_do_not_begin_with_the_untouched_images_are_refused_and_the_others_kept() {
    let folder = StudyFolder::new();
    moody_network(&folder);
    folder.change("masks = ", "require_correct = false\nmasks = ");
    folder.run("segment", &["-q"]).expect(0, "");
    folder.run("infer", &["-q"]).expect(0, "");
    let finished = folder.run("lime", &[]);
    finished.expect(1, "key-00, moody, coarse, lime, run 1: its perturbations");
    finished.expect(1, "the untouched image at row 0");
    finished.expect(1, "Nothing of it was published");
    finished.expect(1, "4 of 12 actions failed");
    // 2 images and 2 runs of alexnet.
    assert_eq!(folder.keys("perturbations").len(), 4);
    assert_eq!(folder.latest("weights").len(), 4);
    assert!(
        folder
            .latest("perturbations")
            .iter()
            .all(|name| name.starts_with("alexnet."))
    );
}
