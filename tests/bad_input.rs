//! What a person is told about input that cannot be used, and what is kept.

use std::fs;

use imaging::{encode_png, solid};

use crate::study_folder::StudyFolder;

#[test]
fn all_mistakes_in_the_settings_are_shown_at_once_with_the_nearest_name() {
    let folder = StudyFolder::new();
    folder.change("samples = 32", "sampels = 32\nalpha = -1");
    folder.change("seed = 7", "seed = \"seven\"");
    let finished = folder.run("pipeline", &["plan"]);
    finished.expect(2, "did you mean `samples`");
    finished.expect(2, "alpha");
    finished.expect(2, "seed");
    assert!(
        finished.stderr.contains("pipeline.toml:2:"),
        "{}",
        finished.stderr
    );
    assert!(!folder.path("artifacts").exists());
}

#[test]
fn a_truncated_image_is_named_and_the_others_are_computed() {
    let folder = StudyFolder::new();
    let path = folder.path("images/mug-01.png");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let finished = folder.run("segment", &[]);
    finished.expect(1, "mug-01.png");
    assert_eq!(folder.latest("segments"), ["key-00.coarse.parquet"]);
    fs::write(&path, bytes).unwrap();
    folder.run("segment", &[]).expect(0, "");
    assert_eq!(folder.latest("segments").len(), 2);
}

#[test]
fn an_image_of_one_pixel_is_refused_with_what_is_allowed() {
    let folder = StudyFolder::new();
    fs::remove_dir_all(folder.path("masks")).unwrap();
    fs::create_dir(folder.path("masks")).unwrap();
    fs::write(
        folder.path("images/mug-01.png"),
        encode_png(&solid([1, 2, 3], 1, 1)),
    )
    .unwrap();
    let finished = folder.run("segment", &[]);
    finished.expect(1, "mug-01.png");
    finished.expect(1, "at least 16");
}

#[test]
fn a_folder_without_images_is_reported_before_anything_runs() {
    let folder = StudyFolder::new();
    fs::remove_dir_all(folder.path("images")).unwrap();
    fs::create_dir(folder.path("images")).unwrap();
    folder.run("pipeline", &["run"]).expect(2, "has no images");
}

#[test]
fn a_label_that_no_class_has_is_shown_with_its_line_and_the_nearest_class() {
    let folder = StudyFolder::new();
    fs::write(
        folder.path("labels.csv"),
        "path,label\nimages/key-00.png,key\nimages/mug-01.png,mugg\n",
    )
    .unwrap();
    let finished = folder.run("pipeline", &["plan"]);
    finished.expect(2, "labels.csv:3");
    finished.expect(2, "`mug`");
}

#[test]
fn weights_of_another_architecture_are_refused_by_its_name() {
    let folder = StudyFolder::new();
    fs::copy(
        folder.path("resnet50.safetensors"),
        folder.path("alexnet.safetensors"),
    )
    .unwrap();
    folder
        .run("pipeline", &["run", "infer"])
        .expect(1, "these are the weights of resnet50 at width 0.25");
}

#[test]
fn weights_of_another_width_are_refused_with_theirs() {
    let folder = StudyFolder::new();
    folder.change(
        "alexnet.safetensors\"\nwidth = 0.25",
        "alexnet.safetensors\"\nwidth = 0.5",
    );
    folder
        .run("pipeline", &["run", "infer"])
        .expect(1, "these are the weights of alexnet at width 0.25");
}

#[test]
fn a_damaged_weight_file_is_refused() {
    let folder = StudyFolder::new();
    let path = folder.path("alexnet.safetensors");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1000]).unwrap();
    folder
        .run("pipeline", &["run", "infer"])
        .expect(1, "not a readable weight file");
}

#[test]
fn a_stage_whose_input_is_not_there_says_what_to_run() {
    let folder = StudyFolder::new();
    let finished = folder.run("deletion", &[]);
    finished.expect(3, "wait for results of earlier stages: 2 crops");
    finished.expect(3, "`make segment` computes them");
}

#[test]
fn an_image_that_a_network_gets_wrong_is_dropped_with_a_warning_and_a_row() {
    let folder = StudyFolder::new();
    fs::write(
        folder.path("labels.csv"),
        "path,label\nimages/key-00.png,key\nimages/mug-01.png,lamp\n",
    )
    .unwrap();
    let finished = folder.make_all();
    assert!(
        finished
            .stderr
            .contains("mug-01, alexnet: the network gets it wrong"),
        "{}",
        finished.stderr
    );
    assert!(
        folder
            .latest("curves")
            .iter()
            .all(|name| name.contains("key-00"))
    );
}

#[test]
fn a_study_that_drops_every_image_is_refused_with_what_may_be_wrong() {
    let folder = StudyFolder::new();
    folder.run("pipeline", &["run", "infer"]).expect(0, "");
    // The networks get both images right, so that each label is now the predicted class plus 1.
    let classes = fs::read_to_string(folder.path("classes.txt")).unwrap();
    let place = |name: &str| classes.lines().position(|class| class == name).unwrap();
    let label = |image: &str, name: &str| format!("images/{image}.png,{}\n", place(name) + 1);
    let labels = [label("key-00", "key"), label("mug-01", "mug")].concat();
    fs::write(folder.path("labels.csv"), format!("path,label\n{labels}")).unwrap();
    let check = folder.run("pipeline", &["check"]);
    check.expect(2, "gets each of the study's 2 images wrong");
    check.expect(2, "Do they count from 1?");
    for _ in 0..2 {
        let finished = folder.run("pipeline", &["run"]);
        finished.expect(
            2,
            "no image is left: a network gets each of the 2 images wrong",
        );
        finished.expect(2, "Do they count from 1?");
    }
    assert!(!folder.path("artifacts/report").exists());
    folder.change("[images]", "[images]\nrequire_correct = false");
    folder.run("pipeline", &["check"]).expect(0, "");
}

#[test]
fn every_program_documents_its_exit_statuses() {
    let folder = StudyFolder::new();
    for program in [
        "segment", "infer", "gradcam", "lime", "deletion", "evaluate", "report", "pipeline",
    ] {
        let finished = folder.run(program, &["--help"]);
        assert_eq!(finished.status, 0);
        assert!(finished.stdout.contains("Exit status:"), "{program}");
    }
}

#[test]
fn an_artifacts_folder_that_cannot_be_written_is_said() {
    let folder = StudyFolder::new();
    // A file where the folder should be stops root as well.
    fs::write(folder.path("artifacts"), "").unwrap();
    folder
        .run("segment", &[])
        .expect(4, "cannot create the folder artifacts/");
}

#[test]
fn the_exit_status_is_the_same_where_nothing_can_be_said() {
    let Ok(full) = fs::OpenOptions::new().write(true).open("/dev/full") else {
        println!("skipped: this system has no /dev/full");
        return;
    };
    let folder = StudyFolder::new();
    folder.change("samples = 32", "sampels = 32");
    let status = folder.command("pipeline", &["plan"]).stderr(full).status();
    assert_eq!(status.unwrap().code(), Some(2));
}
