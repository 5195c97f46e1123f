//! Networks of every kind as a study uses them.

use std::fs;

use study::Stage;

use crate::study_folder::{StudyFolder, repository};

/// A study of one network, a file of tests/fixtures, with as many classes.
fn folder(file: &str, settings: &str, classes: usize) -> StudyFolder {
    let folder = StudyFolder::new();
    fs::copy(
        repository().join("tests/fixtures").join(file),
        folder.path(file),
    )
    .unwrap();
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    let (before, rest) = text.split_once("[networks.alexnet]").unwrap();
    let (_, after) = rest.split_once("[partitions.coarse]").unwrap();
    let network = format!("[networks.net]\nweights = \"{file}\"\n{settings}\n\n");
    let text = format!("{before}{network}[partitions.coarse]{after}");
    // The classes of these networks are not those of the labels.
    let text = text.replace("labels = \"labels.csv\"\n", "");
    fs::write(folder.path("pipeline.toml"), text).unwrap();
    let names: Vec<String> = (0..classes).map(|class| format!("class {class}")).collect();
    fs::write(folder.path("classes.txt"), names.join("\n")).unwrap();
    folder
}

const SCRIPT: &str = "architecture = \"torchscript\"";

#[test]
fn a_torchscript_program_goes_through_every_stage_and_gives_the_same_ids_again() {
    let first = folder("script.pt", SCRIPT, 7);
    first.make_all();
    // 2 images x (1 Grad-CAM + 2 runs of LIME).
    assert_eq!(first.latest("curves").len(), 6);
    let second = folder("script.pt", SCRIPT, 7);
    second.make_all();
    assert_eq!(first.ids(), second.ids());
}

#[test]
fn a_program_without_features_serves_lime_and_is_refused_by_grad_cam() {
    let folder = folder("script_forward_only.pt", SCRIPT, 7);
    let finished = folder.run("pipeline", &["run", "gradcam"]);
    finished.expect(1, "script_forward_only.pt");
    finished.expect(1, "no method `features`");
    assert_eq!(folder.run("pipeline", &["run", "lime"]).status, 0);
    assert_eq!(folder.latest("weights").len(), 4);
}

#[test]
fn a_program_whose_head_does_not_fit_is_refused_with_both_shapes() {
    let finished = folder("script_unfit.pt", SCRIPT, 7).run("pipeline", &["run", "infer"]);
    finished.expect(1, "script_unfit.pt");
    finished.expect(1, "[16, 32, 28, 28]");
    finished.expect(1, "16x128 and 64x24");
}

#[test]
fn a_width_is_no_setting_of_a_program() {
    let settings = format!("{SCRIPT}\nwidth = 0.5");
    folder("script.pt", &settings, 7)
        .run("pipeline", &["plan"])
        .expect(2, "width");
}

#[test]
fn a_pth_file_serves_in_both_serialisations() {
    let settings = "architecture = \"alexnet\"\nwidth = 0.03125";
    let tables = ["alexnet_narrow.pth", "alexnet_narrow_legacy.pth"].map(|file| {
        let folder = folder(file, settings, 10);
        folder.run("pipeline", &["run", "infer"]).expect(0, "");
        let ids = folder.ids().into_iter();
        ids.filter(|id| id.starts_with("objects/"))
            .collect::<Vec<_>>()
    });
    assert_eq!(tables[0], tables[1]);
}

#[test]
fn a_pth_file_with_more_than_tensors_is_refused_by_the_class_it_asks_for() {
    let settings = "architecture = \"alexnet\"";
    let finished = folder("stranger.pth", settings, 10).run("pipeline", &["run", "infer"]);
    finished.expect(1, "stranger.pth");
    finished.expect(1, "argparse.Namespace");
}

#[test]
fn a_program_is_not_taken_for_a_weight_file() {
    let settings = "architecture = \"alexnet\"";
    let finished = folder("script.pt", settings, 7).run("pipeline", &["run", "infer"]);
    finished.expect(1, "architecture = \"torchscript\"");
}

#[test]
fn the_programs_that_load_networks_say_that_a_program_must_be_trusted() {
    let folder = StudyFolder::new();
    let stages = Stage::ALL
        .into_iter()
        .filter(|stage| stage.loads_networks());
    for program in stages.map(Stage::name).chain(["pipeline"]) {
        let help = folder.run(program, &["--help"]).stdout;
        assert!(help.contains("sources that you trust"), "{program}: {help}");
    }
}
