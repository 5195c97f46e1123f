//! A network whose answers cannot be right.

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
fn a_network_that_answers_anew_at_every_call_is_refused_and_what_was_done_is_kept() {
    let folder = StudyFolder::new();
    moody_network(&folder);
    folder.change("masks = ", "require_correct = false\nmasks = ");
    folder.run("segment", &["-q"]).expect(0, "");
    let finished = folder.run("infer", &[]);
    finished.expect(1, "moody.pt: forward(x) differs from the forward(x) before");
    finished.expect(1, "evaluation mode");
    // A network that cannot be used ends the stage; what was answered before is kept.
    assert_eq!(folder.latest("logits"), ["alexnet.key-00.parquet"]);
}
