//! Studies that a person writes for their own images and networks: `pipeline init`, `check` and `plan --measure`, manifests.

use std::fs;

use crate::study_folder::{StudyFolder, program, repository};

/// A folder with a TorchScript program of seven classes, their names, and two images.
fn folder() -> StudyFolder {
    let folder = StudyFolder::new();
    fs::remove_file(folder.path("pipeline.toml")).unwrap();
    let fixtures = repository().join("tests/fixtures");
    for file in ["script.pt", "script_forward_only.pt"] {
        fs::copy(fixtures.join(file), folder.path(file)).unwrap();
    }
    fs::write(folder.path("seven.txt"), "a\nb\nc\nd\ne\nf\ng\n").unwrap();
    folder
}

#[test]
fn from_a_program_and_a_folder_to_the_report_in_three_commands() {
    let folder = folder();
    let wanted = [
        "init",
        "--network",
        "script.pt",
        "--images",
        "images",
        "--classes",
        "seven.txt",
        "--samples",
        "32",
        "--runs",
        "2",
    ];
    let finished = folder.run("pipeline", &wanted);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert!(
        finished
            .stdout
            .contains("torchscript with 7 classes, inputs of 224 x 224"),
        "{}",
        finished.stdout
    );
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    assert!(
        text.contains("[networks.script]") && text.contains("# Grad-CAM reads 16 channels"),
        "{text}"
    );
    assert!(text.contains("#   key-00: class"), "{text}");
    assert_eq!(folder.run("pipeline", &["check"]).status, 0);
    let finished = folder.run("pipeline", &["run"]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert!(folder.path("artifacts/report/index.html").is_file());
    // Another study beside it, as README makes it of photographs, has its own results.
    fs::create_dir(folder.path("photos")).unwrap();
    for name in ["key-00", "mug-01"] {
        let picture = image::open(folder.path(&format!("images/{name}.png"))).unwrap();
        let photograph = folder.path(&format!("photos/{name}.jpg"));
        picture.to_rgb8().save(photograph).unwrap();
    }
    let mine = ["--config", "mine.toml"];
    let other = wanted.map(|word| if word == "images" { "photos" } else { word });
    let finished = folder.run("pipeline", &[&other[..], &mine].concat());
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    for command in [&["check"][..], &["plan", "--measure"], &["run"]] {
        // It said what comes next, in words that can be typed.
        let next = format!(
            "{} {} --config mine.toml\n",
            program("pipeline").display(),
            command.join(" ")
        );
        assert!(finished.stdout.contains(&next), "{}", finished.stdout);
        let finished = folder.run("pipeline", &[command, &mine].concat());
        assert_eq!(finished.status, 0, "{command:?}: {}", finished.stderr);
    }
    assert!(folder.path("artifacts-mine/report/index.html").is_file());
    // It is never overwritten, and nothing else is left.
    let again = folder.run("pipeline", &wanted);
    again.expect(1, "exists already and is not overwritten");
    assert_eq!(
        fs::read_to_string(folder.path("pipeline.toml")).unwrap(),
        text
    );
    let hidden = fs::read_dir(folder.path(".")).unwrap();
    let hidden = hidden.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_str()
            .unwrap()
            .starts_with(".pipeline")
    });
    assert_eq!(hidden.count(), 0);
}

#[test]
fn init_says_what_is_right_and_which_network_a_file_of_weights_is() {
    let folder = folder();
    let finished = folder.run(
        "pipeline",
        &[
            "init",
            "--network",
            "resnet50.safetensors",
            "--images",
            "images",
            "--labels",
            "labels.csv",
            "--classes",
            "classes.txt",
        ],
    );
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert!(
        finished.stdout.contains("resnet50 with 10 classes"),
        "{}",
        finished.stdout
    );
    assert!(
        finished.stdout.contains("2 of 2 images right"),
        "{}",
        finished.stdout
    );
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    assert!(
        text.contains("width = 0.25") && text.contains("mean = [0.485, 0.456, 0.406]"),
        "{text}"
    );
    assert!(
        text.contains("key-00: class") && text.contains("(key)") && text.contains(", right"),
        "{text}"
    );
    assert_eq!(folder.run("pipeline", &["check"]).status, 0);
}

#[test]
fn init_leaves_grad_cam_out_where_a_program_has_no_features_and_asks_for_class_names() {
    let folder = folder();
    let wanted = [
        "init",
        "--network",
        "script_forward_only.pt",
        "--images",
        "images",
    ];
    folder.run("pipeline", &wanted).expect(1, "has 7 classes");
    let finished = folder.run(
        "pipeline",
        &[&wanted[..], &["--classes", "classes.txt"]].concat(),
    );
    finished.expect(1, "names 10");
    // Not that a label is unknown to another network's classes.
    folder
        .run(
            "pipeline",
            &[&wanted[..], &["--labels", "labels.csv"]].concat(),
        )
        .expect(1, "has 7 classes");
    assert!(!folder.path("pipeline.toml").exists());
    let known = ["--classes", "seven.txt", "--samples", "32", "--runs", "2"];
    let finished = folder.run("pipeline", &[&wanted[..], &known].concat());
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    assert!(
        text.contains("# No Grad-CAM: ") && text.contains("no method `features`"),
        "{text}"
    );
    folder.make_all();
    assert!(folder.path("artifacts/report/index.html").is_file());
    let nothing = [
        "init",
        "--network",
        "classes.txt",
        "--images",
        "images",
        "--config",
        "other.toml",
    ];
    folder.run("pipeline", &nothing).expect(1, "classes.txt");
}

#[test]
fn init_tells_by_its_content_what_a_networks_file_is() {
    let folder = folder();
    let fixtures = repository().join("tests/fixtures");
    let init = |network: &str, more: &[&str]| {
        let wanted = ["init", "--network", network, "--images", "images"];
        folder.run("pipeline", &[&wanted[..], more].concat())
    };
    let program = ["--classes", "seven.txt", "--config", "program.toml"];
    fs::copy(fixtures.join("script.pt"), folder.path("net.TORCHSCRIPT")).unwrap();
    let finished = init("net.TORCHSCRIPT", &program);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert!(finished.stdout.contains("torchscript with 7 classes"));
    fs::copy(folder.path("resnet50.safetensors"), folder.path("_best.pt")).unwrap();
    let finished = init("_best.pt", &["--classes", "classes.txt"]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert!(finished.stdout.contains("resnet50 with 10 classes"));
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    // Readers such as pandas skip files that begin with `_`.
    assert!(text.contains("[networks.best]"), "{text}");
    let onnx = b"\x08\x08\x12\x07pytorch\x1a\x052.11.0";
    fs::write(folder.path("model.pt"), onnx).unwrap();
    let finished = init("model.pt", &["--config", "onnx.toml"]);
    finished.expect(1, "model.pt: not a readable ONNX file");
    finished.expect(1, "export");
}

#[test]
fn init_finds_an_input_that_a_program_takes() {
    let folder = folder();
    // A linear layer right behind the pixels takes inputs of 28 x 28 pixels alone.
    let weight = tch::Tensor::arange(3 * 28 * 28 * 7, (tch::Kind::Float, tch::Device::Cpu));
    let weight = weight.sin().view([3 * 28 * 28, 7]);
    let mut linear = |inputs: &[tch::Tensor]| vec![inputs[0].flatten(1, -1).matmul(&weight)];
    let input = tch::Tensor::zeros([1, 3, 28, 28], (tch::Kind::Float, tch::Device::Cpu));
    let traced = tch::CModule::create_by_tracing("net", "forward", &[input], &mut linear);
    traced.unwrap().save(folder.path("linear.pt")).unwrap();
    let wanted = ["init", "--network", "linear.pt", "--images", "images"];
    let wanted = [&wanted[..], &["--classes", "seven.txt"]].concat();
    let finished = folder.run("pipeline", &wanted);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let said = "inputs of 28 x 28 pixels; it takes none of 224";
    assert!(finished.stdout.contains(said), "{}", finished.stdout);
    assert_eq!(folder.run("pipeline", &["check"]).status, 0);
    let finished = folder.run(
        "pipeline",
        &[&wanted[..], &["--size", "32", "--config", "other.toml"]].concat(),
    );
    finished.expect(1, "here that is --size");
}

#[test]
fn init_writes_any_name_as_itself() {
    let folder = folder();
    // A line break would end the comment, and the rest would be a key of the study.
    let name = "a\nrequire_correct = true #";
    let image = folder.path("images/key-00.png");
    fs::rename(image, folder.path(&format!("images/{name}.png"))).unwrap();
    fs::rename(folder.path("images"), folder.path("im \"ages\" \\ 'x'")).unwrap();
    fs::write(
        folder.path("seven.txt"),
        "a \"quoted\" \\ class\nb\nc\nd\ne\nf\ng\n",
    )
    .unwrap();
    let wanted = [
        "init",
        "--network",
        "script.pt",
        "--images",
        "im \"ages\" \\ 'x'",
        "--classes",
        "seven.txt",
    ];
    let finished = folder.run("pipeline", &wanted);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    assert!(
        text.contains("#   a\\nrequire_correct = true #: class"),
        "{text}"
    );
    folder.run("pipeline", &["check"]).expect(0, "");
}

#[test]
fn init_shows_labelled_images_first_and_drops_none_where_one_has_no_label() {
    let folder = folder();
    // Its logits are the means of the colours, so that red is red in any normalisation.
    let fixture = repository().join("tests/fixtures/script_names.pt");
    fs::copy(fixture, folder.path("colours.pt")).unwrap();
    fs::write(folder.path("colours.txt"), "red\ngreen\nblue\n").unwrap();
    fs::remove_file(folder.path("images/key-00.png")).unwrap();
    let red = imaging::encode_png(&imaging::solid([250, 0, 0], 60, 80));
    fs::write(folder.path("images/red.png"), red).unwrap();
    let wanted = [
        "init",
        "--network",
        "colours.pt",
        "--images",
        "images",
        "--classes",
        "colours.txt",
        "--labels",
        "colours.csv",
    ];
    let labels = "path,label\nimages/red.png,blue\n";
    fs::write(folder.path("colours.csv"), labels).unwrap();
    let finished = folder.run("pipeline", &wanted);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    assert!(
        finished
            .stdout
            .contains("; 0 of 1 images right; without a label: 1"),
        "{}",
        finished.stdout
    );
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    assert!(
        text.contains("gets 0 of 1 labelled images right") && text.contains(", WRONG\n"),
        "{text}"
    );
    assert!(
        text.contains("\nrequire_correct = false") && !text.contains("dropped"),
        "{text}"
    );
    let (red, mug) = (text.find("#   red: "), text.find("#   mug-01: "));
    assert!(red.is_some() && red < mug, "{text}");

    // Red is class 0.
    fs::write(folder.path("colours.csv"), labels.replace("blue", "1")).unwrap();
    let finished = folder.run(
        "pipeline",
        &[&wanted[..], &["--config", "from_one.toml"]].concat(),
    );
    let said = &finished.stdout;
    assert!(
        said.contains("warning: 1 of 1 images: the labels are the predicted classes plus 1"),
        "{said}"
    );
    let text = fs::read_to_string(folder.path("from_one.toml")).unwrap();
    assert!(text.contains("# 1 of 1 images: the labels are"), "{text}");

    fs::write(
        folder.path("colours.csv"),
        format!("{labels}images/mug-01.png,0\n"),
    )
    .unwrap();
    let finished = folder.run(
        "pipeline",
        &[&wanted[..], &["--config", "all.toml"]].concat(),
    );
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    let text = fs::read_to_string(folder.path("all.toml")).unwrap();
    assert!(
        text.contains("of 2 labelled images right") && text.contains(", WRONG: dropped\n"),
        "{text}"
    );
    assert!(!text.contains("require_correct"), "{text}");
}

#[test]
fn init_speaks_of_what_it_was_given_and_not_of_a_file_of_its_own() {
    let folder = folder();
    let run = |network: &str, images: &str, more: &[&str]| {
        let wanted = ["init", "--network", network, "--images", images];
        let finished = folder.run("pipeline", &[&wanted[..], more].concat());
        let said = &finished.stderr;
        assert!(!said.contains(".pipeline-init"), "{said}");
        finished
    };
    run("script.pt", "photos", &[]).expect(1, "--images: there is no folder photos");
    run("script.pt", "labels.csv", &[]).expect(1, "--images: there is no folder labels.csv");
    run("script.pt", "images", &["--classes", "eight.txt"])
        .expect(1, "--classes: there is no file eight.txt");
    run("script.pt", "images", &["--config", "studies/my.toml"])
        .expect(1, "--config: there is no folder studies");
    for size in ["15", "4097"] {
        run("script.pt", "images", &["--size", size]).expect(2, "..=4096");
        // The limits are those of a study.
        let study = StudyFolder::new();
        study.change("[images]", &format!("[images]\ncrop = {size}"));
        study
            .run("pipeline", &["plan"])
            .expect(2, "from 16 to 4096");
    }
    // Where a network wants another size, or is none, the way to mend it is one that init has.
    let fixtures = repository().join("tests/fixtures");
    for (file, mend) in [
        ("script_unfit.pt", "`head` fails"),
        ("whole_model.pth", "state_dict"),
    ] {
        fs::copy(fixtures.join(file), folder.path(file)).unwrap();
        let finished = run(file, "images", &[]);
        finished.expect(1, file);
        finished.expect(1, mend);
    }
    assert!(!folder.path("pipeline.toml").exists());
}

#[test]
fn check_lists_all_that_is_wrong_at_once_and_computes_nothing() {
    let folder = StudyFolder::new();
    assert_eq!(folder.run("pipeline", &["check"]).status, 0);
    assert!(!folder.path("artifacts").exists());
    fs::write(folder.path("images/key-00.png"), "not an image").unwrap();
    fs::copy(
        repository().join("data/masks/key-00.png"),
        folder.path("masks/mug-01.png"),
    )
    .unwrap();
    let mask = fs::read(folder.path("masks/mug-01.png")).unwrap();
    let small = imaging::encode_mask_png(&imaging::Mask::new(20, 30, vec![true; 600]).unwrap());
    assert_ne!(mask, small);
    fs::write(folder.path("masks/mug-01.png"), small).unwrap();
    fs::write(folder.path("classes.txt"), "key\nmug\n").unwrap();
    let weights = fs::read(folder.path("resnet50.safetensors")).unwrap();
    fs::write(
        folder.path("resnet50.safetensors"),
        &weights[..weights.len() - 5],
    )
    .unwrap();
    let finished = folder.run("pipeline", &["check"]);
    for said in [
        "the image `images/key-00.png`: expected an image",
        "is 20 pixels high and 30 wide",
        "have 10 classes, but the study names 2",
        "resnet50.safetensors: not a readable weight file",
    ] {
        finished.expect(2, said);
    }
    folder.change("width = 0.25", "width = 0.5");
    folder.run("pipeline", &["check"]).expect(
        2,
        "the weights of alexnet at width 0.25, but alexnet at width 0.5 was requested",
    );
    folder.change(
        "weights = \"resnet50.safetensors\"",
        "weights = \"resnet50.pth\"",
    );
    fs::write(folder.path("resnet50.pth"), "<html>not found</html>").unwrap();
    folder
        .run("pipeline", &["check"])
        .expect(2, "resnet50.pth: this is a web page");
    // Offsets whose sum no integer holds.
    let header = r#"{"fc.weight":{"dtype":"F32","shape":[1],"data_offsets":[18446744073709551610,18446744073709551614]}}"#;
    let length = (header.len() as u64).to_le_bytes();
    let damaged = [&length[..], header.as_bytes(), &[0; 4]].concat();
    fs::write(folder.path("resnet50.pth"), damaged).unwrap();
    folder
        .run("pipeline", &["check"])
        .expect(2, "resnet50.pth: not a readable weight file");
    // Labels come with their lines.
    fs::write(
        folder.path("labels.csv"),
        "path,label\nimages/key-00.png,kye\nimages/mug-01.png,9\n",
    )
    .unwrap();
    let finished = folder.run("pipeline", &["check"]);
    finished.expect(2, "labels.csv:2:");
    finished.expect(2, "labels.csv:3:");
    finished.expect(2, "resnet50.pth: not a readable weight file");
}

#[test]
fn check_loads_networks_whose_files_look_right() {
    let folder = StudyFolder::new();
    let fixtures = repository().join("tests/fixtures");
    for (file, architecture) in [
        ("script.pt", "alexnet"),
        ("script_forward_only.pt", "resnet50"),
    ] {
        fs::copy(fixtures.join(file), folder.path(file)).unwrap();
        folder.change(
            &format!(
                "architecture = \"{architecture}\"\nweights = \"{architecture}.safetensors\"\nwidth = 0.25"
            ),
            &format!("architecture = \"torchscript\"\nweights = \"{file}\""),
        );
    }
    let finished = folder.run("pipeline", &["check"]);
    finished.expect(2, "`script.pt` have 7 classes, but the study names 10");
    finished.expect(2, "the network `resnet50`: ");
    finished.expect(2, "no method `features`");
    folder.change("[compute]", "[compute]\ndevice = \"cuda:7\"");
    folder.run("pipeline", &["check"]).expect(2, "cuda:7");
    assert!(!folder.path("artifacts").exists());
}

#[test]
fn a_plan_says_how_many_passes_it_takes_and_how_long() {
    let folder = StudyFolder::new();
    // Of each of 2 images: 1 answer, 1 map, 2 x 32 masks, 3 curves of 13 pictures, 12 superpixels alone.
    let all = 2 * (1 + 1 + 64 + 3 * 13 + 12);
    let finished = folder.run("pipeline", &["plan", "--measure"]);
    assert_eq!(finished.status, 0, "{}", finished.stderr);
    for network in ["alexnet", "resnet50"] {
        let said = format!("{network}: at most {all} forward passes, ");
        assert!(finished.stdout.contains(&said), "{}", finished.stdout);
    }
    assert!(
        finished.stdout.contains("hours on this machine"),
        "{}",
        finished.stdout
    );
    assert!(!folder.path("artifacts").exists(), "nothing was written");
    folder.make_all();
    let after = folder.run("pipeline", &["plan", "--measure"]).stdout;
    assert!(!after.contains("forward passes"), "{after}");
}

#[test]
fn a_manifest_is_a_study_of_its_own() {
    let folder = StudyFolder::new();
    let text = "path,label,mask\nimages/key-00.png,key,masks/key-00.png\nimages/mug-01.png,mug,\n";
    fs::write(folder.path("photos.csv"), text).unwrap();
    folder.change(
        "folder = \"images\"\nlabels = \"labels.csv\"\nmasks = \"masks\"",
        "manifest = \"photos.csv\"",
    );
    assert_eq!(folder.run("pipeline", &["run", "segment"]).status, 0);
    assert_eq!(
        folder.latest("crops"),
        ["images__key-00.parquet", "images__mug-01.parquet"]
    );
    fs::write(
        folder.path("photos.csv"),
        format!("{text}gone.png,mug,\nlost.png,mug,\n"),
    )
    .unwrap();
    let finished = folder.run("pipeline", &["run", "segment"]);
    finished.expect(2, "photos.csv:4:");
    finished.expect(2, "photos.csv:5:");
}

/// Parameters that are noted as they are taken.
struct Noted {
    random: networks::RandomParameters,
    taken: Vec<(String, Vec<usize>, Vec<u8>)>,
}

impl networks::Parameters for Noted {
    fn take(
        &mut self,
        name: &str,
        shape: &[i64],
        role: networks::Role,
    ) -> Result<tch::Tensor, networks::NetworkError> {
        let tensor = self.random.take(name, shape, role)?;
        let values = Vec::<f32>::try_from(&tensor.reshape([-1])).unwrap();
        let bytes = values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect();
        let shape = shape.iter().map(|&side| side as usize).collect();
        self.taken.push((name.to_owned(), shape, bytes));
        Ok(tensor)
    }

    fn classes(&self, name: &str) -> Result<i64, networks::NetworkError> {
        self.random.classes(name)
    }
}

/// `cargo test --release --workspace --test integration papers -- --ignored`: minutes, 350 MB in a temporary folder.
#[test]
#[ignore = "the networks at full width; minutes"]
fn the_papers_study_runs_at_full_width_with_random_weights() {
    let folder = StudyFolder::new();
    let text = fs::read_to_string(repository().join("pipeline.paper.toml")).unwrap();
    fs::write(folder.path("pipeline.toml"), text).unwrap();
    fs::create_dir_all(folder.path("data/paper")).unwrap();
    fs::rename(folder.path("images"), folder.path("data/paper/images")).unwrap();
    fs::write(
        folder.path("data/paper/labels.csv"),
        "path,label\nkey-00.png,0\nmug-01.png,0\n",
    )
    .unwrap();
    let files = [
        ("alexnet", "alexnet-owt-7be5be79.pth"),
        ("resnet50", "resnet50-0676ba61.pth"),
    ];
    for (architecture, file) in files {
        let mut noted = Noted {
            random: networks::RandomParameters::new(3, 1000),
            taken: Vec::new(),
        };
        networks::build(
            &mut noted,
            architecture.parse().unwrap(),
            networks::Width::new(1.0).unwrap(),
        )
        .unwrap();
        let tensors = noted.taken.iter().map(|(name, shape, bytes)| {
            let view =
                safetensors::tensor::TensorView::new(safetensors::Dtype::F32, shape.clone(), bytes);
            (name.as_str(), view.unwrap())
        });
        fs::write(
            folder.path("data/paper").join(file),
            safetensors::serialize(tensors, None).unwrap(),
        )
        .unwrap();
    }
    // These are not the published weights, and they are right about nothing.
    folder
        .run("pipeline", &["fetch"])
        .expect(1, "one that begins with 7be5be79");
    folder.change("require_correct = true", "require_correct = false");
    folder.change("runs = 10", "runs = 2");
    folder.change("samples = 1000", "samples = 32");
    let plan = folder.run("pipeline", &["plan", "--measure"]);
    println!("{}", plan.stdout);
    assert!(
        plan.stdout.contains("hours on this machine"),
        "{}",
        plan.stderr
    );
    let start = std::time::Instant::now();
    folder.make_all();
    println!("{:.0} s", start.elapsed().as_secs_f64());
    let curves = fs::read_dir(folder.path("artifacts/paper/latest/curves")).unwrap();
    assert_eq!(curves.count(), 2 * 2 * 3);
    assert!(folder.path("artifacts/paper/report/index.html").is_file());
}
