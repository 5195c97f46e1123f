//! Files as other people have them: their names, their sizes.

use std::fs;

use crate::study_folder::{StudyFolder, repository};

/// One image under a name that begins with `_`, a network that does too, LIME and Grad-CAM on quickshift, crops of so many pixels.
fn small(side: u32) -> StudyFolder {
    let folder = StudyFolder::new();
    fs::copy(
        repository().join("tests/fixtures/script.pt"),
        folder.path("_best.pt"),
    )
    .unwrap();
    fs::write(folder.path("seven.txt"), "a\nb\nc\nd\ne\nf\ng\n").unwrap();
    fs::create_dir(folder.path("photos")).unwrap();
    fs::copy(
        folder.path("images/mug-01.png"),
        folder.path("photos/_DSC1234.JPG.png"),
    )
    .unwrap();
    let text = format!(
        r#"
[study]
seed = 7
runs = 1
[images]
folder = "photos"
classes = "seven.txt"
resize = {side}
crop = {side}
[networks._best]
architecture = "torchscript"
weights = "_best.pt"
[partitions.quickshift]
algorithm = "quickshift"
kernel_size = 1
max_dist = 6
[methods.gradcam]
kind = "gradcam"
[methods.lime]
kind = "lime"
samples = 32
[deletion]
orders = ["most_relevant_first"]
replacements = ["mean"]
"#
    );
    fs::write(folder.path("pipeline.toml"), text).unwrap();
    folder
}

#[test]
fn inputs_of_16_28_and_32_pixels_are_explained() {
    for side in [16, 28, 32] {
        let folder = small(side);
        let plan = folder.run("pipeline", &["plan"]);
        let estimate = "_best: about 186 forward passes (superpixels and channels are estimated";
        assert!(plan.stdout.contains(estimate), "{}", plan.stdout);
        let last = if side == 28 { "report" } else { "deletion" };
        folder.run("pipeline", &["run", last]).expect(0, "");
        for (table, method) in [("saliency", "gradcam.run00"), ("weights", "lime.run00")] {
            let partition = if table == "weights" {
                ".quickshift"
            } else {
                ""
            };
            let name = format!("x_best._DSC1234.JPG{partition}.{method}.parquet");
            assert_eq!(folder.latest(table), [name], "{side}");
        }
        assert_eq!(folder.latest("curves").len(), 2, "{side}");
        assert_eq!(folder.latest("crops"), ["x_DSC1234.JPG.parquet"]);
    }
}

#[test]
fn fewer_samples_than_superpixels_are_said_before_and_while_lime_asks() {
    let folder = small(32);
    folder.change(
        "algorithm = \"quickshift\"\nkernel_size = 1\nmax_dist = 6",
        "algorithm = \"grid\"\nrows = 8\ncolumns = 8",
    );
    folder.change("folder = \"photos\"", "folder = \"images\"");
    let said = "method `lime` has 32 samples, fewer than the superpixels of 2 of 2 images";
    let plan = folder.run("pipeline", &["plan"]).stdout;
    assert!(plan.contains(&format!("warning: {said}")), "{plan}");
    assert!(plan.contains("_best: at most "), "{plan}");
    let lime = folder.run("pipeline", &["run", "lime"]);
    assert_eq!(lime.stderr.matches(said).count(), 1, "{}", lime.stderr);
}

#[test]
fn a_name_too_long_for_a_file_is_refused_before_anything_is_computed() {
    let folder = small(32);
    let name = format!("photos/{}.png", "y".repeat(230));
    fs::rename(folder.path("photos/_DSC1234.JPG.png"), folder.path(&name)).unwrap();
    for command in [&["pipeline", "check"][..], &["segment"]] {
        folder
            .run(command[0], &command[1..])
            .expect(2, "file systems allow 255");
    }
    let artifacts = fs::read_dir(folder.path("artifacts/objects"));
    assert_eq!(artifacts.map_or(0, Iterator::count), 0);
}

#[test]
fn a_line_break_in_an_images_name_goes_through_all_stages() {
    let folder = small(16);
    fs::rename(
        folder.path("photos/_DSC1234.JPG.png"),
        folder.path("photos/a\nb.png"),
    )
    .unwrap();
    let finished = folder.make_all();
    assert!(!finished.stderr.contains("a\nb"), "{}", finished.stderr);
    assert_eq!(folder.latest("crops"), ["a\nb.parquet"]);
}
