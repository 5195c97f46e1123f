//! Networks of every kind as a study uses them.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::sync::LazyLock;

use networks::{Architecture, Machine};
use study::Stage;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::parity::formula;
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

/// The study of a program, with everything up to date.
static MADE: LazyLock<StudyFolder> = LazyLock::new(|| {
    let folder = folder("script.pt", SCRIPT, 7);
    folder.make_all();
    folder
});

#[test]
fn a_torchscript_program_goes_through_every_stage_and_gives_the_same_ids_again() {
    let first = &*MADE;
    // 2 images x (1 Grad-CAM + 2 runs of LIME).
    assert_eq!(first.latest("curves").len(), 6);
    let second = folder("script.pt", SCRIPT, 7);
    second.make_all();
    assert_eq!(first.ids(), second.ids());
}

#[test]
fn a_program_without_features_serves_lime_and_is_refused_by_grad_cam() {
    let folder = folder("script_forward_only.pt", SCRIPT, 7);
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    let controls = "[methods.random]\nkind = \"random\"\norders = 1\n\n[deletion]";
    fs::write(
        folder.path("pipeline.toml"),
        text.replace("[deletion]", controls),
    )
    .unwrap();
    let finished = folder.run("pipeline", &["run"]);
    finished.expect(1, "script_forward_only.pt");
    finished.expect(1, "no method `features`");
    // LIME, the control and the removal of both go on: 2 images x (2 runs and 1 order).
    assert_eq!(folder.latest("weights").len(), 4);
    assert_eq!(folder.latest("curves").len(), 6);
}

#[test]
fn a_program_whose_head_does_not_fit_is_refused_with_both_shapes() {
    let finished = folder("script_unfit.pt", SCRIPT, 7).run("pipeline", &["run", "infer"]);
    finished.expect(1, "script_unfit.pt");
    finished.expect(1, "[16, 32, 28, 28]");
    finished.expect(1, "16x128 and 64x24");
}

#[test]
fn a_program_may_call_its_halves_otherwise() {
    let names = format!("{SCRIPT}\nfeatures = \"embed\"\nhead = \"classify\"");
    let named = folder("script_names.pt", &names, 3);
    named.run("pipeline", &["run", "gradcam"]).expect(0, "");
    assert_eq!(named.latest("saliency").len(), 2);
    let finished = folder("script_names.pt", SCRIPT, 3).run("pipeline", &["run", "gradcam"]);
    finished.expect(1, "no method `features`");
    finished.expect(1, "name its own methods");
}

#[test]
fn programs_that_cannot_be_used_are_refused_with_the_way_to_mend_them() {
    let refusals = [
        ("script_cuda.pt", 3, "requests a CUDA device by itself"),
        ("script_tuple.pt", 3, "`forward` gives a tuple"),
        ("script_nan.pt", 3, "logits that are not finite"),
        ("checkpoint.pth", 3, "not a TorchScript program"),
        ("script.pt", 8, "has 7 classes, but classes.txt names 8"),
    ];
    for (file, classes, text) in refusals {
        if file == "script_cuda.pt" && Machine::here().gpus > 0 {
            continue;
        }
        let finished = folder(file, SCRIPT, classes).run("pipeline", &["run", "infer"]);
        finished.expect(1, text);
        finished.expect(1, file);
    }
}

#[test]
fn a_file_that_is_no_program_or_half_of_one_is_refused_and_check_finds_it_too() {
    let folder = folder("script.pt", SCRIPT, 7);
    let program = fs::read(folder.path("script.pt")).unwrap();
    for content in [
        &b"<html>not found</html>"[..],
        &program[..program.len() / 2],
    ] {
        fs::write(folder.path("script.pt"), content).unwrap();
        for (arguments, status) in [(&["run", "infer"][..], 1), (&["check"][..], 2)] {
            let finished = folder.run("pipeline", arguments);
            finished.expect(status, "not a TorchScript program");
            finished.expect(status, "script.pt");
        }
    }
}

/// The logits are there, and no network is loaded.
#[test]
fn a_class_list_that_changed_its_length_later_is_refused_too() {
    let folder = MADE.copy();
    let names = fs::read_to_string(folder.path("classes.txt")).unwrap();
    fs::write(folder.path("classes.txt"), names.replace("class 6", "")).unwrap();
    let finished = folder.run("pipeline", &["run"]);
    finished.expect(1, "has 7 classes");
    finished.expect(1, "classes.txt names 6");
}

#[test]
fn a_device_that_is_not_there_is_refused_with_the_way_to_mend_it() {
    if Machine::here().gpus > 0 {
        return;
    }
    let folder = StudyFolder::new();
    folder.change("threads = 1", "threads = 1\ndevice = \"cuda:1\"");
    let finished = folder.run("pipeline", &["run"]);
    finished.expect(1, "device = \"cuda:1\" was requested");
    finished.expect(1, "device = \"auto\"");
    folder.change("\"cuda:1\"", "\"auto\"\nprecision = \"tf32\"");
    folder.run("pipeline", &["run"]).expect(1, "tf32");
}

#[test]
fn after_too_little_memory_the_work_goes_on_and_the_record_has_the_smaller_batch() {
    // It says that it is out of memory for more than 4 inputs.
    let folder = folder("script_memory.pt", SCRIPT, 3);
    folder.run("pipeline", &["run", "lime"]).expect(0, "");
    assert_eq!(folder.latest("weights").len(), 4);
    for kind in ["logits", "perturbations"] {
        for key in folder.keys(kind) {
            let record = fs::read_to_string(folder.path("artifacts").join(key)).unwrap();
            assert!(record.contains("\"batch\": 4,"), "{record}");
        }
    }
}

#[test]
fn a_temperature_flattens_the_probabilities_and_makes_no_map_again() {
    let folder = MADE.copy();
    let maps = folder.keys("saliency");
    folder.change(SCRIPT, &format!("{SCRIPT}\ntemperature = 3"));
    folder.make_all();
    assert_eq!(folder.keys("saliency"), maps);
    assert_eq!(folder.keys("logits").len(), 4);
}

/// A study of a built-in architecture, with nothing computed.
fn built_in(name: &str) -> StudyFolder {
    let architecture: Architecture = name.parse().unwrap();
    let weights = formula::weight_file(architecture, 0.125, 10);
    let settings = format!("architecture = \"{name}\"\nwidth = 0.125");
    let folder = folder("script.pt", &settings, 10);
    fs::write(folder.path("script.pt"), weights).unwrap();
    folder
}

#[test]
fn every_kind_of_built_in_architecture_goes_through_all_stages() {
    for name in ["vgg11_bn", "resnet18"] {
        let folder = built_in(name);
        folder.make_all();
        assert_eq!(folder.latest("curves").len(), 6, "{name}");
    }
}

/// A watched convolution cannot be fused with the norm behind it. The unfused network would give other last bits under the same keys.
#[test]
fn a_layer_between_operators_that_are_computed_as_one_changes_no_logit() {
    let folder = built_in("resnet18");
    folder.make_all();
    let logits = folder.keys("logits");
    folder.change("width = 0.125", "width = 0.125\nlayer = \"layer4.1.conv2\"");
    folder.make_all();
    assert_eq!(folder.keys("logits"), logits);
    folder.run("pipeline", &["audit", "100"]).expect(0, "");
}

#[test]
fn a_squashed_study_shows_the_networks_all_of_an_image() {
    let folder = folder("script.pt", SCRIPT, 7);
    folder.change(
        "[images]",
        "[images]\nresize = \"squash\"\ninterpolation = \"bicubic\"\ncrop = 96",
    );
    folder.make_all();
    assert_eq!(folder.latest("curves").len(), 6);
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
        assert!(help.contains("files that you trust"), "{program}: {help}");
    }
}

/// script.pt without the last two of its seven classes.
fn script_of_five() -> Vec<u8> {
    let whole = fs::read(repository().join("tests/fixtures/script.pt")).unwrap();
    let mut whole = ZipArchive::new(Cursor::new(whole)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for place in 0..whole.len() {
        let mut entry = whole.by_index(place).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let name = entry.name().unwrap().into_owned();
        if name == "script/code/__torch__.py" {
            let code = String::from_utf8(content).unwrap();
            let logits = "(classifier).forward(activations, )";
            assert!(code.contains(logits), "{code}");
            let five = format!("torch.slice({logits}, 1, 0, 5)");
            content = code.replace(logits, &five).into_bytes();
        }
        writer.start_file(name, plain).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Of scripts/oracles/graphs.py, a built-in one and a program; and a method of two layers, for one of them.
const NETWORKS: &str = r#"
[networks.vit]
architecture = "pt2"
weights = "vit.pt2"

[networks.swin]
architecture = "pt2"
weights = "swin.pt2"

[networks.convnext]
architecture = "pt2"
weights = "convnext.pt2"

[networks.resnet18]
architecture = "resnet18"
weights = "resnet18.safetensors"
width = 0.125

[networks.script]
architecture = "torchscript"
weights = "script.pt"

[partitions.patches]
algorithm = "patches"
patch = 8
multiple = 2

[sanity]
images = 1
depths = 2

[methods.deep]
kind = "gradcam"
layers = ["layer3", "layer4.0"]
networks = ["resnet18"]

[methods"#;

/// A study of small networks of five classes on images of 64 x 64 pixels; `sections` are those of networks, partitions and methods.
fn of_five_classes(sections: &str) -> StudyFolder {
    let folder = StudyFolder::new();
    for file in ["vit.pt2", "swin.pt2", "convnext.pt2"] {
        let fixture = repository().join("crates/graph/fixtures").join(file);
        fs::copy(fixture, folder.path(file)).unwrap();
    }
    let architecture: Architecture = "resnet18".parse().unwrap();
    let weights = formula::weight_file(architecture, 0.125, 5);
    fs::write(folder.path("resnet18.safetensors"), weights).unwrap();
    let text = fs::read_to_string(folder.path("pipeline.toml")).unwrap();
    let (before, rest) = text.split_once("[networks").unwrap();
    let (_, after) = rest.split_once("[methods").unwrap();
    let text = format!("{before}{sections}{after}");
    let text = text.replace("labels = \"labels.csv\"\n", "");
    fs::write(folder.path("pipeline.toml"), text).unwrap();
    folder.change("[images]", "[images]\nresize = 64\ncrop = 64");
    let classes: Vec<String> = (0..5).map(|class| format!("class {class}")).collect();
    fs::write(folder.path("classes.txt"), classes.join("\n")).unwrap();
    folder
}

const FAMILY: &str = r#"
[networks.resnet]
architecture = "resnet18"
weights = "resnet18.safetensors"
width = 0.125

[networks.vit]
architecture = "pt2"
weights = "vit.pt2"

[networks.convnext]
architecture = "pt2"
weights = "convnext.pt2"

[partitions.grid]
algorithm = "grid"
rows = 2
columns = 2

[methods.layercam]
kind = "layercam"
layer = { resnet = "layer3" }

[methods.smoothgrad]
kind = "smoothgrad"
points = 3
runs = 3

[methods.integrated_gradients]
kind = "integrated_gradients"
steps = 4

[methods.glime]
kind = "glime"
samples = 16
kernel_width = 1.0

[methods.kernelshap]
kind = "kernelshap"
samples = 16

[methods.rise]
kind = "rise"
samples = 16

[methods"#;

/// Kinds that need no settings here.
const PLAIN: [&str; 8] = [
    "hirescam",
    "gradcam++",
    "scorecam",
    "eigencam",
    "gradient",
    "input_x_gradient",
    "occlusion",
    "greedy",
];

#[test]
fn a_family_of_methods_explains_a_resnet_a_vit_and_a_convnext_in_one_study() {
    let plain = PLAIN.map(|kind| {
        format!(
            "[methods.{}]\nkind = \"{kind}\"\n",
            kind.replace("++", "_pp")
        )
    });
    let sections = FAMILY.replace(
        "[methods.layercam]",
        &format!("{}[methods.layercam]", plain.concat()),
    );
    let attention = "[methods.rollout]\nkind = \"rollout\"\n[methods.gradient_attention]\nkind = \"gradient_attention\"\n";
    let sections = sections.replace(
        "[methods.layercam]",
        &format!("{attention}[methods.layercam]"),
    );
    let folder = of_five_classes(&sections);
    fs::remove_file(folder.path("images/key-00.png")).unwrap();
    fs::remove_file(folder.path("masks/key-00.png")).unwrap();
    let refused = folder.run("pipeline", &["check"]);
    refused.expect(2, "the network `resnet` does not show it");
    for kind in ["rollout", "gradient_attention"] {
        let line = format!("kind = \"{kind}\"");
        folder.change(&line, &format!("{line}\nnetworks = [\"vit\"]"));
    }
    folder.make_all();
    let curves = folder.latest("curves");
    // Of a deterministic method one curve; 3 runs of SmoothGrad, 2 of GLIME, KernelSHAP, RISE and LIME; attention in the ViT alone.
    let of = |network: &str| {
        curves
            .iter()
            .filter(|name| name.contains(&format!("{network}.")))
            .count()
    };
    let (one_run, drawn) = (PLAIN.len() + 3, 3 + 4 * 2);
    assert_eq!(
        [of("resnet"), of("convnext")],
        [one_run + drawn; 2],
        "{curves:?}"
    );
    assert_eq!(of("vit"), one_run + drawn + 2);
}

#[test]
fn networks_of_every_kind_go_from_their_files_through_every_stage_side_by_side() {
    let folder = of_five_classes(NETWORKS);
    fs::write(folder.path("script.pt"), script_of_five()).unwrap();
    let check = folder.run("pipeline", &["check"]);
    check.expect(0, "");
    assert!(check.stdout.contains("5 networks"), "{}", check.stdout);
    folder.make_all();
    // 2 images x (5 networks x (1 Grad-CAM + 2 runs of LIME) + 2 layers of one network).
    assert_eq!(folder.latest("curves").len(), 34);
    let maps = folder.latest("saliency");
    for method in ["deep-layer3", "deep-layer4_0"] {
        let of_method = maps.iter().filter(|name| name.contains(method));
        let of_method: Vec<&String> = of_method.collect();
        let of_network = |name: &&String| name.contains("resnet18");
        assert!(
            of_method.len() == 2 && of_method.iter().all(of_network),
            "{maps:?}"
        );
    }
    let listed = folder.run("pipeline", &["layers", "vit"]);
    listed.expect(0, "");
    let marked = listed.stdout.lines().find(|line| line.contains("default"));
    let marked = marked.unwrap();
    assert!(
        marked.starts_with("encoder.layers.encoder_layer_0.ln_1 "),
        "{marked}"
    );
    assert!(
        marked.contains("8 x 8 x 8") && marked.contains("behind 1 others"),
        "{marked}"
    );
    folder.change(
        "weights = \"vit.pt2\"",
        "weights = \"vit.pt2\"\nlayer = \"encoder.layers.encoder_layer_0.ln_3\"",
    );
    let refused = folder.run("pipeline", &["check"]);
    refused.expect(2, "the nearest are `encoder.layers.encoder_layer_0.ln_");
}
