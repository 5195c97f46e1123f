//! What is read of a `pipeline.toml`, and what is said where it is wrong.

use std::collections::BTreeSet;

use super::*;
use crate::fixture::{Folder, SHIPPED};
use crate::settings::{Backdrop, Order, Replacement};
use config::Choice;
use methods::Family;
use surrogate::{Distance, Features};

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// What is reported for a `pipeline.toml` of this text, beside the files of the shipped study.
fn problems(text: &str) -> String {
    let folder = Folder::new();
    folder.write("pipeline.toml", text);
    folder.shown(&folder.study().unwrap_err())
}

/// What is reported for the shipped study with `old` replaced by `new`.
fn problems_with(old: &str, new: &str) -> String {
    let folder = Folder::new();
    folder.edit(old, new);
    folder.shown(&folder.study().unwrap_err())
}

fn lime_with(old: &str, new: &str) -> Asking {
    let folder = Folder::new();
    folder.edit(old, new);
    let lime = folder.study().unwrap().methods[&name("lime")].clone();
    *lime.asking().unwrap()
}

#[test]
fn every_study_that_is_shipped_can_be_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let files = std::fs::read_dir(root).unwrap();
    let files = files.map(|entry| entry.unwrap().path());
    let studies: Vec<PathBuf> = files
        .filter(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            // The paper's photographs are the reader's own.
            name.starts_with("pipeline.") && name.ends_with("toml") && !name.contains("paper")
        })
        .collect();
    assert_eq!(studies.len(), 3, "{studies:?}");
    let mut folders = BTreeSet::new();
    for path in studies {
        let study =
            Study::read(&path).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
        assert!(folders.insert(study.artifacts), "two studies share a cache");
    }
}

#[test]
fn the_shipped_study_is_read_without_a_problem() {
    let folder = Folder::new();
    let study = folder.study().unwrap();
    let methods = study.methods.iter().map(|(name, method)| {
        let samples = method.asking().map(|asking| asking.samples);
        (
            name.as_str(),
            method.kind(),
            samples,
            method.runs(study.runs),
        )
    });
    let parts = [
        format!("{:?}", (study.seed, study.runs, &study.artifacts)),
        format!("{:?}", study.images),
        format!("{:?}", study.partitions),
        format!("{:?}", study.networks),
        format!("{:?}", methods.collect::<Vec<_>>()),
        format!("{:?}", study.deletion),
        format!("{:?}", study.evaluate),
        format!("{:?}", study.sanity),
        format!("{:?}", study.report),
        format!("{:?}", (study.compute.device, study.compute.precision)),
    ];
    insta::assert_snapshot!(folder.plain(&parts.join("\n")), @r#"
        (20261122, 10, "artifacts-scenes")
        Settings { folder: "data/images", manifest: None, labels: Some("data/labels.csv"), masks: Some("data/masks"), classes: File("data/classes.txt"), resize: Shorter(256), interpolation: Bilinear, crop: 224, target: Predicted, require_correct: true }
        {Name("coarse"): Grid(Grid { rows: 2, columns: 4 }), Name("quickshift"): Quickshift(Quickshift { kernel_size: 4.0, max_dist: 200.0, ratio: 0.2 })}
        {Name("alexnet"): Network { architecture: BuiltIn(alexnet), weights: "data/networks/alexnet.safetensors", download: None, width: 0.25, layer: Some("features.11"), head: None, output: None, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], reading: Reading { head: Softmax, temperature: 1.0 }, measured: Probability }, Name("resnet50"): Network { architecture: BuiltIn(resnet50), weights: "data/networks/resnet50.safetensors", download: None, width: 0.25, layer: Some("layer4"), head: None, output: None, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], reading: Reading { head: Softmax, temperature: 1.0 }, measured: Probability }}
        [("edges", "edges", None, 1), ("gradcam", "gradcam", None, 1), ("greedy", "greedy", None, 1), ("lime", "lime", Some(Fixed(192)), 10), ("lime_coarse", "lime", Some(Fixed(64)), 10), ("oracle", "oracle", None, 1), ("random", "random", None, 3)]
        Settings { orders: [MostRelevantFirst, LeastRelevantFirst], replacements: [Mean], singles: true, noise: 0.01 }
        Settings { resamples: 10000, confidence: 0.95, agreement: 0.9 }
        Settings { images: 4, depths: 4 }
        Settings { title: "Explanation selectivity" }
        (Auto, Fp32)
        "#);
}

#[test]
fn a_study_of_required_keys_alone_takes_the_defaults() {
    let folder = Folder::new();
    let shipped = folder.study().unwrap();
    folder.write("pipeline.toml", MINIMAL);
    let mut study = folder.study().unwrap();
    assert!(
        !study.images.require_correct,
        "nothing is known to be wrong without labels"
    );
    assert_eq!(study.images.labels.take(), None);
    assert_eq!(
        study.deletion,
        deletion::Settings {
            orders: vec![Order::MostRelevantFirst],
            ..shipped.deletion
        }
    );
    assert_eq!(study.report, shipped.report);
    let quickshift = name("quickshift");
    assert_eq!(
        study.partitions[&quickshift],
        shipped.partitions[&quickshift]
    );
    assert_eq!(
        study.networks[&name("alexnet")],
        shipped.networks[&name("alexnet")]
    );
    assert_eq!((study.seed, study.runs), (7, 10));
}

const MINIMAL: &str = r#"
study.seed = 7
[images]
folder = "data/images"
classes = "data/classes.txt"
[networks.alexnet]
architecture = "alexnet"
weights = "data/networks/alexnet.safetensors"
width = 0.25
[partitions.quickshift]
algorithm = "quickshift"
[methods.lime]
kind = "lime"
"#;

#[test]
fn the_order_of_the_file_changes_nothing() {
    let folder = Folder::new();
    let study = folder.study().unwrap();
    let mut sections: Vec<&str> = SHIPPED.split("\n[").skip(1).collect();
    sections.reverse();
    folder.write("pipeline.toml", format!("[{}", sections.join("\n[")));
    assert_eq!(folder.study().unwrap(), study);
}

#[test]
fn five_different_mistakes_are_shown_at_once() {
    let folder = Folder::new();
    folder.edit("runs = 10 ", "runs = \"ten\"");
    folder.edit(
        "architecture = \"resnet50\"",
        "architecture = \"resnet-50\"",
    );
    folder.edit("resnet50.safetensors", "resnet5.safetensors");
    folder.edit("samples = 192", "sampels = 250");
    folder.edit("alpha = 1.0", "alpha = -1");
    let problems = folder.study().unwrap_err();
    assert_eq!(problems.iter().count(), 5);
    insta::assert_snapshot!(folder.shown(&problems), @r#"
        error: `runs` must be a whole number from 1 to 10000
         --> pipeline.toml:8:8
          |
        8 | runs = "ten"                 # explanations of an image by a method that draws random numbers; others are computed once
          |        ^^^^^ found the text "ten"

        error: unknown architecture `resnet-50`
          --> pipeline.toml:30:16
           |
        30 | architecture = "resnet-50"
           |                ^^^^^^^^^^^ did you mean `resnet50`?
           |
           = help: expected one of `alexnet`, `vgg11`, `vgg11_bn`, `vgg13`, `vgg13_bn`, `vgg16`, `vgg16_bn`, `vgg19`, `vgg19_bn`, `resnet18`, `resnet34`, `resnet50`, `resnet101`, `resnet152`, `pt2`, `onnx`, `torchscript`

        error: `weights`: there is no file `data/networks/resnet5.safetensors`
          --> pipeline.toml:31:11
           |
        31 | weights = "data/networks/resnet5.safetensors"
           |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ did you mean `resnet50.safetensors`?

        error: unknown key `sampels` in [methods.lime]
          --> pipeline.toml:52:1
           |
        52 | sampels = 250              # masks asked for an explanation; the published explainer asks 1000
           | ^^^^^^^ did you mean `samples`?
           |
           = help: expected one of `kind`, `partitions`, `networks`, `samples`, `sampler`, `precision`, `distance`, `kernel_width`, `alpha`, `features`, `replacement`, `runs`

        error: `alpha` must be a number from 0 to 1000000000
          --> pipeline.toml:56:9
           |
        56 | alpha = -1                # penalty of the ridge regression
           |         ^^ found -1
        "#);
}

#[test]
fn missing_sections_and_keys_are_shown_at_once() {
    insta::assert_snapshot!(problems(
            "[images]\nfolder = \"data/images\"\n[methods]\n[networks.a]\n"
        ), @"
        error: [study] needs the key `seed`
         --> pipeline.toml:1:1
          |
        1 | [images]
          | ^ `seed` is missing here

        error: [images] needs the key `classes`
         --> pipeline.toml:1:1
          |
        1 | [images]
          | ^^^^^^^^ `classes` is missing here

        error: the study needs at least one partition
         --> pipeline.toml:1:1
          |
        1 | [images]
          | ^
          |
          = help: add a section [partitions.NAME]

        error: the study needs at least one method
         --> pipeline.toml:3:1
          |
        3 | [methods]
          | ^^^^^^^^^
          |
          = help: add a section [methods.NAME]

        error: [networks.a] needs the key `architecture`
         --> pipeline.toml:4:1
          |
        4 | [networks.a]
          | ^^^^^^^^^^^^ `architecture` is missing here

        error: [networks.a] needs the key `weights`
         --> pipeline.toml:4:1
          |
        4 | [networks.a]
          | ^^^^^^^^^^^^ `weights` is missing here
        ");
    insta::assert_snapshot!(problems(""), @"
        error: [study] needs the key `seed`
         --> pipeline.toml:1:1
          |
        1 |
          | ^ `seed` is missing here

        error: [images] needs the key `classes`
         --> pipeline.toml:1:1
          |
        1 |
          | ^ `classes` is missing here

        error: [images] needs the key `folder`
         --> pipeline.toml:1:1
          |
        1 |
          | ^ `folder` is missing here

        error: the study needs at least one partition
         --> pipeline.toml:1:1
          |
        1 |
          | ^
          |
          = help: add a section [partitions.NAME]

        error: the study needs at least one network
         --> pipeline.toml:1:1
          |
        1 |
          | ^
          |
          = help: add a section [networks.NAME]

        error: the study needs at least one method
         --> pipeline.toml:1:1
          |
        1 |
          | ^
          |
          = help: add a section [methods.NAME]
        ");
}

#[test]
fn syntax_errors_are_shown_like_other_mistakes() {
    insta::assert_snapshot!(problems(
            "[study]\nseed = = 1\nruns = 10\nruns = 11\n[images\n"
        ), @"
        error: this is not TOML
         --> pipeline.toml:2:8
          |
        2 | seed = = 1
          |        ^ extra `=`, expected nothing

        error: this is not TOML
         --> pipeline.toml:2:10
          |
        2 | seed = = 1
          |          ^ unexpected key or value, expected newline, `#`

        error: this is not TOML
         --> pipeline.toml:4:1
          |
        4 | runs = 11
          | ^^^^ duplicate key

        error: this is not TOML
         --> pipeline.toml:5:8
          |
        5 | [images
          |        ^ unclosed table, expected `]`
        ");
}

#[test]
fn a_misspelt_required_key_is_one_mistake() {
    insta::assert_snapshot!(problems_with("\nseed = 20261122  ", "\nsede = 20261122  "), @"
        error: unknown key `sede` in [study]
         --> pipeline.toml:7:1
          |
        7 | sede = 20261122            # every random number comes from it; adding images, runs or networks changes no other result
          | ^^^^ did you mean `seed`?
          |
          = help: expected one of `seed`, `runs`, `artifacts`
        ");
}

#[test]
fn a_partition_without_its_algorithm_is_one_mistake_though_a_method_names_it() {
    let shown = problems_with("algorithm = \"quickshift\"", "algorithm = \"quickshfit\"");
    assert!(shown.contains("unknown algorithm `quickshfit`"), "{shown}");
    assert_eq!(shown.matches("error:").count(), 1, "{shown}");
}

#[test]
fn without_its_kind_a_section_is_one_mistake() {
    let shown = problems_with("kind = \"lime\"", "kind = \"lima\"");
    let kinds: Vec<&str> = kinds::ALL.iter().map(Family::kind).collect();
    let kinds = format!("expected one of `{}`", kinds.join("`, `"));
    for said in [
        "unknown kind of method `lima`",
        "did you mean `lime`?",
        &kinds,
    ] {
        assert!(shown.contains(said), "{shown}");
    }
    assert_eq!(shown.matches("error:").count(), 1, "{shown}");
    insta::assert_snapshot!(problems_with("kind = \"lime\"", "kinds = \"lime\""), @r#"
        error: unknown key `kinds` in [methods.lime]
          --> pipeline.toml:50:1
           |
        50 | kinds = "lime"
           | ^^^^^ did you mean `kind`?
           |
           = help: expected one of `kind`
        "#);
    insta::assert_snapshot!(problems_with("algorithm = \"quickshift\"", "#"), @"
        error: [partitions.quickshift] needs the key `algorithm`
          --> pipeline.toml:35:1
           |
        35 | [partitions.quickshift]
           | ^^^^^^^^^^^^^^^^^^^^^^^ `algorithm` is missing here
        ");
    insta::assert_snapshot!(problems_with(
            "architecture = \"resnet50\"",
            "layer = \"layer4\""
        ), @"
        error: [networks.resnet50] needs the key `architecture`
          --> pipeline.toml:29:1
           |
        29 | [networks.resnet50]
           | ^^^^^^^^^^^^^^^^^^^ `architecture` is missing here
        ");
}

#[test]
fn a_misspelt_section_is_one_mistake() {
    insta::assert_snapshot!(problems_with("[deletion]", "[deletoin]"), @"
        error: unknown section `deletoin`
          --> pipeline.toml:80:2
           |
        80 | [deletoin]
           |  ^^^^^^^^ did you mean `deletion`?
           |
           = help: expected one of `study`, `images`, `partitions`, `networks`, `compute`, `methods`, `deletion`, `evaluate`, `sanity`, `report`
        ");
    insta::assert_snapshot!(problems_with("[images]", "[image]"), @"
        error: unknown section `image`
          --> pipeline.toml:11:2
           |
        11 | [image]
           |  ^^^^^ did you mean `images`?
           |
           = help: expected one of `study`, `images`, `partitions`, `networks`, `compute`, `methods`, `deletion`, `evaluate`, `sanity`, `report`
        ");
    insta::assert_snapshot!(problems_with(
            "[methods.gradcam]\nkind = \"gradcam\"           # \"gradcam\", \"hirescam\", \"lime\"; or a control: \"random\", \"edges\", \
             \"greedy\", \"oracle\"\n\n[methods.lime]",
            "[method.lime]"
        ), @"
        error: unknown section `method`
          --> pipeline.toml:46:2
           |
        46 | [method.lime]
           |  ^^^^^^ did you mean `methods`?
           |
           = help: expected one of `study`, `images`, `partitions`, `networks`, `compute`, `methods`, `deletion`, `evaluate`, `sanity`, `report`
        ");
}

#[test]
fn names_that_cannot_be_parts_of_file_names_are_refused() {
    insta::assert_snapshot!(problems_with("[methods.lime]", "[methods.\"Lime.2\"]"), @r#"
        error: `Lime.2` cannot be the name of a method
          --> pipeline.toml:49:10
           |
        49 | [methods."Lime.2"]
           |          ^^^^^^^^ expected 1 to 64 of the characters a-z, 0-9, `_` and `-`
        "#);
}

#[test]
fn values_of_other_types_are_shown_as_they_are() {
    let folder = Folder::new();
    folder.edit("seed = 20261122", "seed = 1.5");
    folder.edit("folder = \"data/images\"", "folder = 3");
    folder.edit("resize = 256", "resize = 256.0");
    folder.edit("require_correct = true", "require_correct = \"true\"");
    folder.edit("# mean = [0.485, 0.456, 0.406] ", "mean = [123, 116]");
    folder.edit(
        "[methods.gradcam]\nkind = \"gradcam\"",
        "[methods]\ngradcam = \"gradcam\"",
    );
    folder.edit("ratio = 0.2", "ratio = nan");
    folder.edit(
        "orders = [\"most_relevant_first\", \"least_relevant_first\"]",
        "orders = []",
    );
    folder.edit(
        "replacements = [\"mean\"]",
        "replacements = [\"mean\", \"grey\"]",
    );
    folder.edit("device = \"auto\"", "device = []");
    insta::assert_snapshot!(folder.shown(&folder.study().unwrap_err()), @r#"
        error: `seed` must be a whole number from 0 to 9223372036854775807
         --> pipeline.toml:7:8
          |
        7 | seed = 1.5            # every random number comes from it; adding images, runs or networks changes no other result
          |        ^^^ found 1.5

        error: `folder` must be the path of a folder, in quotes
          --> pipeline.toml:12:10
           |
        12 | folder = 3     # PNG, JPEG, WebP, TIFF, BMP; folders inside are read too; or manifest = "photos.csv"
           |          ^ found 3

        error: `resize` must be a whole number from 16 to 4096
          --> pipeline.toml:16:10
           |
        16 | resize = 256.0               # pixels of the shorter side
           |          ^^^^^ found 256.0

        error: `require_correct` must be true or false, without quotes
          --> pipeline.toml:19:19
           |
        19 | require_correct = "true"     # drop images that a network gets wrong; without labels the default is false
           |                   ^^^^^^ found the text "true"

        error: `mean` must be three numbers (red, green, blue), each from 0 to 1
          --> pipeline.toml:26:8
           |
        26 | mean = [123, 116]          # of red, green and blue, for values from 0 to 1
           |        ^^^^^^^^^^ found a list of length 2

        error: `ratio` must be a number from 0 to 1
          --> pipeline.toml:39:9
           |
        39 | ratio = nan                # weight of colour against place, 0 to 1
           |         ^^^ found nan

        error: `methods.gradcam` must be a section, written [methods.gradcam]
          --> pipeline.toml:47:11
           |
        47 | gradcam = "gradcam"           # "gradcam", "hirescam", "lime"; or a control: "random", "edges", "greedy", "oracle"
           |           ^^^^^^^^^ found the text "gradcam"

        error: `orders` must be a list of at least one order
          --> pipeline.toml:81:10
           |
        81 | orders = []
           |          ^^ found an empty list

        error: unknown replacement `grey`
          --> pipeline.toml:82:25
           |
        82 | replacements = ["mean", "grey"]    # "mean", "black", "gray", "blur", "noisy_linear"; one that a method was made with favours it
           |                         ^^^^^^ did you mean `gray`?
           |
           = help: expected one of `mean`, `black`, `gray`, `blur`, `noisy_linear`

        error: `device` must be a text in quotes
          --> pipeline.toml:95:10
           |
        95 | device = []            # "auto" (CUDA where it is there, else the processor), "cpu", "cuda" (all GPUs), "cuda:1", "mps"
           |          ^^ found an empty list
        "#);
}

#[test]
fn settings_that_contradict_each_other_are_refused() {
    let folder = Folder::new();
    folder.edit("crop = 224", "crop = 257");
    folder.edit("labels = ", "# ");
    folder.edit("target = \"predicted\"", "target = \"true\"");
    folder.edit(
        "replacements = [\"mean\"]",
        "replacements = [\"mean\", \"mean\"]",
    );
    insta::assert_snapshot!(folder.shown(&folder.study().unwrap_err()), @r#"
        error: `crop` must not be larger than `resize`
          --> pipeline.toml:17:8
           |
        17 | crop = 257                 # pixels, height and width, from the centre
           |        ^^^ a crop of 257 does not fit into 256 pixels

        error: `target = "true"` needs labels
          --> pipeline.toml:18:10
           |
        18 | target = "true"       # the class that is explained: "predicted", or "true" (the label)
           |          ^^^^^^ give the file as `labels`, or a `manifest` with that column, or change this setting

        error: `require_correct = true` needs labels
          --> pipeline.toml:19:19
           |
        19 | require_correct = true     # drop images that a network gets wrong; without labels the default is false
           |                   ^^^^ give the file as `labels`, or a `manifest` with that column, or change this setting

        error: `mean` is listed twice in `replacements`
          --> pipeline.toml:82:25
           |
        82 | replacements = ["mean", "mean"]    # "mean", "black", "gray", "blur", "noisy_linear"; one that a method was made with favours it
           |                         ^^^^^^ remove it here
        "#);
}

#[test]
fn settings_of_the_evaluation_have_ranges() {
    let folder = Folder::new();
    folder.edit("resamples = 10000", "resamples = 10");
    folder.edit("confidence = 0.95", "confidence = 95");
    folder.edit("agreement = 0.9", "agreement = 0");
    insta::assert_snapshot!(folder.shown(&folder.study().unwrap_err()), @"
        error: `resamples` must be a whole number from 100 to 1000000
          --> pipeline.toml:86:13
           |
        86 | resamples = 10          # of the images, for each confidence interval; more make its ends less random
           |             ^^ found 10

        error: `confidence` must be a number at least 0.5 and below 1
          --> pipeline.toml:87:14
           |
        87 | confidence = 95          # level of the intervals
           |              ^^ found 95

        error: `agreement` must be a number above 0 and at most 1
          --> pipeline.toml:88:13
           |
        88 | agreement = 0            # rank correlation between runs from which LIME has samples enough
           |             ^ found 0
        ");
}

#[test]
fn the_evaluation_has_defaults() {
    let folder = Folder::new();
    folder.write("pipeline.toml", MINIMAL);
    let expected = evaluate::Settings {
        resamples: 10_000,
        confidence: 0.95,
        agreement: 0.9,
    };
    assert_eq!(folder.study().unwrap().evaluate, expected);
}

#[test]
fn a_device_is_a_name_with_or_without_a_number() {
    let device = |name: &str| {
        let folder = Folder::new();
        folder.edit("device = \"auto\"", &format!("device = \"{name}\""));
        folder.study().map(|study| study.compute.device)
    };
    assert_eq!(device("cpu").unwrap(), compute::Device::Cpu);
    assert_eq!(device("cuda").unwrap(), compute::Device::Cuda(None));
    assert_eq!(device("cuda:1").unwrap(), compute::Device::Cuda(Some(1)));
    assert_eq!(device("mps").unwrap(), compute::Device::Mps);
    for wrong in ["gpu", "cuda:", "cuda:one", "cuda:-1"] {
        let problems = device(wrong).unwrap_err().to_string();
        assert!(problems.contains("\"cuda:N\""), "{problems}");
    }
}

#[test]
fn tf32_is_a_gpus_and_the_whole_studys() {
    let folder = Folder::new();
    folder.edit("precision = \"fp32\"", "precision = \"tf32\"");
    let study = folder.study().unwrap();
    let lime = study.methods[&name("lime")].asking().unwrap();
    assert_eq!(study.precision_of(lime).name(), "tf32");
    folder.edit("sampler = \"coin\" ", "precision = \"mixed\"\n#");
    folder.edit("device = \"auto\"", "device = \"cpu\"");
    let shown = folder.shown(&folder.study().unwrap_err());
    assert!(
        shown.contains("computes everything in tf32") && shown.contains("needs a CUDA GPU"),
        "{shown}"
    );
}

#[test]
fn an_image_may_be_squashed_and_filtered_otherwise() {
    let folder = Folder::new();
    folder.edit(
        "resize = 256 ",
        "interpolation = \"bicubic\"\nresize = \"squash\" ",
    );
    let images = folder.study().unwrap().images;
    assert_eq!(images.resize, images::Resize::Squash);
    assert_eq!(images.interpolation, images::Interpolation::Bicubic);
    let shown = problems_with("resize = 256 ", "resize = \"squish\" ");
    assert!(
        shown.contains("a whole number of pixels, or \"squash\""),
        "{shown}"
    );
}

/// The shipped study with a program in the place of `ResNet`-50.
fn with_program(settings: &str) -> Folder {
    let folder = Folder::new();
    let program = format!("architecture = \"torchscript\"\n{settings}");
    folder.edit("architecture = \"resnet50\"\n", &program);
    let weights = "weights = \"data/networks/resnet50.safetensors\"";
    folder.edit(&format!("{weights}\nwidth = 0.25"), weights);
    folder
}

#[test]
fn a_program_names_its_methods_and_every_network_its_temperature() {
    let folder = with_program("features = \"embed\"\nhead = \"classify\"\ntemperature = 1.5\n");
    let study = folder.study().unwrap();
    let program = &study.networks[&name("resnet50")];
    assert_eq!(
        (
            program.layer.as_deref(),
            program.head.as_deref(),
            program.reading.temperature
        ),
        (Some("embed"), Some("classify"), 1.5)
    );
    let defaults = &with_program("").study().unwrap().networks[&name("resnet50")];
    assert_eq!(
        (defaults.layer.as_deref(), defaults.reading.temperature),
        (Some("features"), 1.0)
    );
    let shown = problems_with("# layer = \"layer4\"", "temperature = 0");
    assert!(
        shown.contains("`temperature` must be a number from 0.01 to 100"),
        "{shown}"
    );
}

/// The shipped study with another method.
fn with_method(text: &str) -> Folder {
    let folder = Folder::new();
    folder.edit("[methods.lime]", &format!("{text}\n[methods.lime]"));
    folder
}

#[test]
fn layers_of_a_method_make_several_methods_which_are_for_some_networks() {
    let text = r#"
[methods.deep]
kind = "gradcam"
layers = ["layer4.2", "layer3"]
networks = ["resnet50"]
"#;
    let study = with_method(text).study().unwrap();
    let (alexnet, resnet50) = (name("alexnet"), name("resnet50"));
    assert!(!study.methods.contains_key(&name("deep")));
    for (method, layer) in [("deep-layer4_2", "layer4.2"), ("deep-layer3", "layer3")] {
        let method = name(method);
        assert_eq!(study.layer(&method, &resnet50), Some(layer));
        assert!(study.explains(&method, &resnet50) && !study.explains(&method, &alexnet));
    }
    let gradcam = name("gradcam");
    assert_eq!(study.layer(&gradcam, &resnet50), Some("layer4"));
    assert!(study.explains(&gradcam, &alexnet));
}

#[test]
fn a_method_may_have_its_own_runs_and_its_own_layer_of_each_network() {
    let text = r#"
[methods.few]
kind = "lime"
runs = 2

[methods.early]
kind = "layercam"
layer = { resnet50 = "layer3" }
"#;
    let study = with_method(text).study().unwrap();
    let runs = |method| study.methods[&name(method)].runs(study.runs);
    assert_eq!((runs("few"), runs("lime"), runs("early")), (2, 10, 1));
    let early = name("early");
    assert_eq!(study.layer(&early, &name("resnet50")), Some("layer3"));
    assert_eq!(study.layer(&early, &name("alexnet")), Some("features.11"));
    let shown = |text: &str| {
        let folder = with_method(text);
        folder.shown(&folder.study().unwrap_err())
    };
    insta::assert_snapshot!(shown(
        "[methods.deep]\nkind = \"gradcam\"\nlayer = { resnet5 = \"layer3\" }\n"
    ));
    insta::assert_snapshot!(shown("[methods.deep]\nkind = \"gradcam\"\nruns = 3\n"));
    insta::assert_snapshot!(shown(
        "[methods.deep]\nkind = \"gradcam\"\nlayers = [\"a\", \"b\"]\nlayer = { resnet50 = \"layer3\" }\n"
    ));
}

#[test]
fn layers_and_networks_that_cannot_be_are_refused() {
    let shown = |text: &str| {
        let folder = with_method(text);
        folder.shown(&folder.study().unwrap_err())
    };
    insta::assert_snapshot!(shown(
        "[methods.deep]\nkind = \"gradcam\"\nlayers = [\"layer4\", \"layer4\"]\nnetworks = [\"resnet5\"]\n"
    ));
    insta::assert_snapshot!(shown(
        "[methods.deep]\nkind = \"gradcam\"\nlayers = [\"encoder.layers.encoder_layer_11.self_attention.out_proj.weight\"]\n"
    ));
    insta::assert_snapshot!(shown(
        "[methods.deep]\nkind = \"gradcam\"\nlayers = [\"a.b\", \"a_b\"]\n"
    ));
    insta::assert_snapshot!(shown(
        "[methods.drawn]\nkind = \"random\"\nlayers = [\"layer4\"]\n"
    ));
    let folder = with_program("");
    folder.edit(
        "[methods.gradcam]\nkind = \"gradcam\"",
        "[methods.gradcam]\nkind = \"gradcam\"\nlayers = [\"layer4\"]",
    );
    insta::assert_snapshot!(folder.shown(&folder.study().unwrap_err()));
}

#[test]
fn a_method_for_built_in_networks_only_may_ask_them_in_bf16() {
    let folder = with_program("");
    folder.edit(
        "[methods.lime]\nkind = \"lime\"",
        "[methods.lime]\nkind = \"lime\"\nprecision = \"bf16\"",
    );
    let shown = folder.shown(&folder.study().unwrap_err());
    assert!(
        shown.contains("the network `resnet50` is a TorchScript program"),
        "{shown}"
    );
    folder.edit(
        "precision = \"bf16\"",
        "precision = \"bf16\"\nnetworks = [\"alexnet\"]",
    );
    assert!(folder.study().is_ok());
}

#[test]
fn crops_of_16_pixels_are_allowed_and_too_small_for_some_networks() {
    let folder = Folder::new();
    folder.edit("crop = 224", "crop = 16");
    let shown = folder.shown(&folder.study().unwrap_err());
    assert!(
        shown.contains("alexnet takes images of at least 63 x 63 pixels")
            && !shown.contains("resnet50 takes"),
        "{shown}"
    );
    folder.edit("architecture = \"alexnet\"", "architecture = \"resnet18\"");
    assert_eq!(folder.study().unwrap().images.crop, 16);
    folder.edit("crop = 16", "crop = 15");
    let shown = folder.shown(&folder.study().unwrap_err());
    assert!(shown.contains("from 16 to 4096"), "{shown}");
}

#[test]
fn a_network_that_takes_other_inputs_than_the_studys_crops_is_refused() {
    let shown = problems_with("# layer = \"layer4\"", "input_size = 299");
    assert!(
        shown.contains("takes 299 x 299 pixels, but the study's crop has 224 x 224")
            && shown.contains("set `crop` in [images]"),
        "{shown}"
    );
    let folder = Folder::new();
    folder.edit("# layer = \"layer4\"", "input_size = 224");
    assert!(folder.study().is_ok());
}

#[test]
fn a_path_of_the_wrong_kind_is_refused() {
    let folder = Folder::new();
    folder.edit("folder = \"data/images\"", "folder = \"data/labels.csv\"");
    folder.edit("classes = \"data/classes.txt\"", "classes = \"data\"");
    folder.edit("artifacts-scenes", "pipeline.toml");
    insta::assert_snapshot!(folder.shown(&folder.study().unwrap_err()), @r#"
        error: `artifacts` must be a folder, but `pipeline.toml` is not one
         --> pipeline.toml:9:13
          |
        9 | artifacts = "pipeline.toml" # folder of the cache
          |             ^^^^^^^^^^^^^^^ expected a folder

        error: `folder` must be a folder, but `data/labels.csv` is not one
          --> pipeline.toml:12:10
           |
        12 | folder = "data/labels.csv"     # PNG, JPEG, WebP, TIFF, BMP; folders inside are read too; or manifest = "photos.csv"
           |          ^^^^^^^^^^^^^^^^^ expected a folder

        error: `classes` must be a file, but `data` is not one
          --> pipeline.toml:15:11
           |
        15 | classes = "data" # one class name a line, in the order of the networks' outputs; or "imagenet"
           |           ^^^^^^ expected a file
        "#);
}

#[test]
fn a_file_that_cannot_be_read_is_a_problem() {
    let folder = Folder::new();
    let missing = Study::read(&folder.path("pipelin.toml")).unwrap_err();
    insta::assert_snapshot!(folder.shown(&missing), @"error: there is no study `pipelin.toml`");
    std::fs::write(folder.path("pipeline.toml"), b"[study]\nseed = \xff").unwrap();
    insta::assert_snapshot!(folder.shown(&folder.study().unwrap_err()), @"
        error: the study `pipeline.toml` is not UTF-8 text (line 2)
         |
         = help: save the file as UTF-8
        ");
}

fn surrogate_of(asking: Asking) -> surrogate::Settings {
    match asking.fitting {
        methods::Fitting::Surrogate(settings) => settings,
        other => panic!("no surrogate: {other:?}"),
    }
}

#[test]
fn lime_takes_its_kernel_and_features_from_the_file() {
    let kernel = |old: &str, new: &str| {
        let fit = surrogate_of(lime_with(old, new));
        (fit.distance, fit.kernel_width)
    };
    assert_eq!(kernel("\"cosine\"", "\"l2\""), (Distance::L2, Some(0.25)));
    let both = "distance = \"cosine\"        # \"cosine\" (the published explainer's) or \"l2\" (the paper's formula)\nkernel_width = 0.25";
    assert_eq!(kernel(both, "distance = \"l2\""), (Distance::L2, None));
    assert_eq!(kernel(both, ""), (Distance::Cosine, Some(0.25)));
    let features = |table: &str| surrogate_of(lime_with("features = \"all\"", table)).features;
    assert_eq!(
        features("features = { count = 5, selection = \"forward_selection\" }"),
        Features::ForwardSelection(5)
    );
    assert_eq!(
        features("features = { count = 5 }"),
        Features::HighestWeights(5)
    );
    let lime = lime_with("replacement = \"mean\"", "replacement = \"gray\"");
    assert_eq!(lime.hides.backdrop(), Some(Backdrop::Gray));
}

#[test]
fn lime_takes_its_sampling_and_precision_from_the_file() {
    use sampling::samplers;

    use methods::{Samples, Settled};
    let lime = lime_with(
        "sampler = \"coin\" ",
        "sampler = \"hadamard\"\nprecision = \"mixed\"\n#",
    );
    assert_eq!(
        (lime.sampler, lime.precision),
        (samplers::HADAMARD, Some(Precision::Mixed))
    );
    let until = |table: &str| lime_with("samples = 192", &format!("samples = {table}")).samples;
    let settled = Settled::StandardError(0.01);
    assert_eq!(
        until("{ most = 4000, standard_error = 0.01 }"),
        Samples::Until {
            most: 4000,
            settled
        }
    );
    let settled = Settled::Top(5);
    assert_eq!(
        until("{ most = 900, top = 5 }"),
        Samples::Until { most: 900, settled }
    );
    insta::assert_snapshot!(problems_with("samples = 192", "samples = { most = 900, top = 5, standard_error = 0.1 }"), @"
        error: `top` and `standard_error` are two rules for when weights are settled
          --> pipeline.toml:52:31
           |
        52 | samples = { most = 900, top = 5, standard_error = 0.1 }              # masks asked for an explanation; the published explainer asks ...
           |                               ^ remove one of them
        ");
    insta::assert_snapshot!(problems_with("samples = 192", "samples = { most = 900 }"), @"
        error: [methods.lime.samples] needs the key `standard_error`
          --> pipeline.toml:52:11
           |
        52 | samples = { most = 900 }              # masks asked for an explanation; the published explainer asks 1000
           |           ^^^^^^^^^^^^^^ `standard_error` is missing here
        ");
}

#[test]
fn programs_keep_their_own_precision() {
    let folder = Folder::new();
    folder.edit(
        "architecture = \"resnet50\"\n",
        "architecture = \"torchscript\"\n",
    );
    folder.edit(
        "weights = \"data/networks/resnet50.safetensors\"\nwidth = 0.25",
        "weights = \"data/networks/resnet50.safetensors\"",
    );
    folder.edit("# layer = \"layer4\"", "");
    folder.edit("sampler = \"coin\" ", "precision = \"mixed\"\n#");
    folder.edit("precision = \"fp32\" ", "precision = \"bf16\" ");
    insta::assert_snapshot!(folder.shown(&folder.study().unwrap_err()), @r#"
        error: a TorchScript program computes in the precision that it was saved with: expected "fp32"
          --> pipeline.toml:52:13
           |
        52 | precision = "mixed"
           |             ^^^^^^^ the network `resnet50` is a TorchScript program

        error: a TorchScript program computes in the precision that it was saved with: expected "fp32"
          --> pipeline.toml:96:13
           |
        96 | precision = "bf16"         # in the key of everything that a network answers; the device is not
           |             ^^^^^^ a network of this study is a TorchScript program
        "#);
}

#[test]
fn mistakes_in_a_table_in_a_line_are_shown_there() {
    insta::assert_snapshot!(problems_with(
            "features = \"all\"",
            "features = { counts = 5, selection = \"best\" }"
        ), @r#"
        error: unknown key `counts` in [methods.lime.features]
          --> pipeline.toml:57:14
           |
        57 | features = { counts = 5, selection = "best" }           # or { count = 10, selection = "highest_weights" }, or "forward_selection" t...
           |              ^^^^^^ did you mean `count`?
           |
           = help: expected one of `count`, `selection`

        error: unknown selection `best`
          --> pipeline.toml:57:38
           |
        57 | features = { counts = 5, selection = "best" }           # or { count = 10, selection = "highest_weights" }, or "forward_selection" t...
           |                                      ^^^^^^ there is no such name
           |
           = help: expected one of `highest_weights`, `forward_selection`
        "#);
    insta::assert_snapshot!(problems_with("features = \"all\"", "features = \"some\""), @r#"
        error: `features` must be "all" or { count = 10, selection = "highest_weights" }
          --> pipeline.toml:57:12
           |
        57 | features = "some"           # or { count = 10, selection = "highest_weights" }, or "forward_selection" there
           |            ^^^^^^ found the text "some"
        "#);
}

#[test]
fn a_partition_has_the_settings_of_its_algorithm() {
    let folder = Folder::new();
    let slic = "[partitions.grid]\nalgorithm = \"grid\"\nrows = 14\n[partitions.quickshift]";
    folder.edit("[partitions.quickshift]", slic);
    let study = folder.study().unwrap();
    let grid = &study.partitions[&name("grid")];
    assert_eq!(
        *grid,
        segment::Partition::Grid(segment::Grid {
            rows: 14,
            columns: 7
        })
    );
    folder.edit("rows = 14", "kernel_size = 4");
    insta::assert_snapshot!(folder.shown(&folder.study().unwrap_err()), @"
        error: unknown key `kernel_size` in [partitions.grid]
          --> pipeline.toml:37:1
           |
        37 | kernel_size = 4
           | ^^^^^^^^^^^ there is no such name
           |
           = help: expected one of `algorithm`, `rows`, `columns`
        ");
}

#[test]
fn a_deterministic_method_runs_once() {
    let study = Folder::new().study().unwrap();
    assert_eq!(study.methods[&name("gradcam")].runs(study.runs), 1);
    assert_eq!(study.methods[&name("lime")].runs(study.runs), 10);
}

const CONTROLS: &str = r#"
[methods.random]
kind = "random"
orders = 3
[methods.edges]
kind = "edges"
[methods.greedy]
kind = "greedy"
[methods.oracle]
kind = "oracle"
partitions = ["coarse"]
[partitions.coarse]
algorithm = "grid"
rows = 3
columns = 4
"#;

/// A study of the required keys and all controls.
fn controlled() -> Folder {
    let folder = Folder::new();
    folder.write("pipeline.toml", format!("{MINIMAL}{CONTROLS}"));
    folder
}

#[test]
fn controls_are_methods_and_random_has_its_own_number_of_orders() {
    let study = controlled().study().unwrap();
    for (kind, runs) in [("random", 3), ("edges", 1), ("greedy", 1), ("oracle", 1)] {
        let method = &study.methods[&name(kind)];
        assert_eq!((method.kind(), method.runs(study.runs)), (kind, runs));
        assert_eq!(method.deterministic(), kind != "random");
        assert!(method.is_control());
    }
    assert!(study.judges(&name("oracle"), &name("coarse")));
    assert!(!study.judges(&name("oracle"), &name("quickshift")));
    assert!(study.judges(&name("lime"), &name("quickshift")));
}

#[test]
fn what_the_oracle_cannot_do_is_said_before_anything_runs() {
    let shown = |edits: &[(&str, &str)]| {
        let folder = controlled();
        for (old, new) in edits {
            folder.edit(old, new);
        }
        folder.shown(&folder.study().unwrap_err())
    };
    insta::assert_snapshot!(shown(&[("rows = 3", "rows = 7")]), @r#"
        error: `oracle` takes partitions of at most 12 superpixels
          --> pipeline.toml:24:14
           |
        24 | partitions = ["coarse"]
           |              ^^^^^^^^^^ `coarse` has more
        "#);
    insta::assert_snapshot!(shown(&[("[\"coarse\"]", "[\"coarser\"]")]), @r#"
        error: unknown partition `coarser`
          --> pipeline.toml:24:15
           |
        24 | partitions = ["coarser"]
           |               ^^^^^^^^^ did you mean `coarse`?
           |
           = help: expected one of `coarse`, `quickshift`
        "#);
    insta::assert_snapshot!(shown(&[("[\"coarse\"]", "[\"coarse\", \"coarse\"]")]), @r#"
        error: `coarse` is listed twice in `partitions`
          --> pipeline.toml:24:25
           |
        24 | partitions = ["coarse", "coarse"]
           |                         ^^^^^^^^ remove it here
        "#);
    insta::assert_snapshot!(shown(&[("[\"coarse\"]", "\"coarse\"")]), @r#"
        error: `partitions` must be a list of at least one partition
          --> pipeline.toml:24:14
           |
        24 | partitions = "coarse"
           |              ^^^^^^^^ found the text "coarse"
        "#);
    insta::assert_snapshot!(shown(&[
            ("rows = 3", "rows = 7"),
            ("partitions = [\"coarse\"]\n", ""),
            ("algorithm = \"quickshift\"", "algorithm = \"grid\""),
        ]), @r#"
        error: `oracle` takes partitions of at most 12 superpixels
          --> pipeline.toml:23:8
           |
        23 | kind = "oracle"
           |        ^^^^^^^^ every partition of the study has more superpixels: add a coarser partition
        "#);
    // Quickshift may find few superpixels.
    let folder = controlled();
    folder.edit("rows = 3", "rows = 7");
    folder.edit("partitions = [\"coarse\"]\n", "");
    assert!(folder.study().is_ok());
}

#[test]
fn patches_are_a_grid_that_cuts_none() {
    let study = |settings: &str| {
        let folder = controlled();
        let patches = format!("algorithm = \"patches\"\n{settings}");
        folder.edit("algorithm = \"quickshift\"\n", &patches);
        folder.study().map_err(|wrong| folder.shown(&wrong))
    };
    for (settings, exact) in [("", 196), ("multiple = 2\n", 49), ("patch = 32\n", 49)] {
        let study = study(settings).unwrap();
        assert_eq!(study.partitions[&name("quickshift")].exact(), Some(exact));
    }
    insta::assert_snapshot!(study("patch = 14\nmultiple = 3\n").unwrap_err(), @r"
        error: the study's crop has 224 x 224 pixels, which is not a whole number of squares of 42 x 42
          --> pipeline.toml:12:9
           |
        12 | patch = 14
           |         ^^ expected `patch` times `multiple` to divide `crop` of [images]
        ");
    assert!(study("patch = 14\n").is_ok());
}

#[test]
fn every_value_of_a_choice_has_a_name_of_its_own() {
    fn check<T: Choice + std::fmt::Debug>() {
        let names: BTreeSet<&str> = T::ALL.iter().map(|value| value.name()).collect();
        assert_eq!(names.len(), T::ALL.len(), "{names:?}");
    }
    check::<Backdrop>();
    check::<Replacement>();
    check::<images::Target>();
    check::<infer::Architecture>();
    check::<Order>();
    check::<sampling::Sampler>();
    check::<Precision>();
    check::<images::Interpolation>();
    check::<compute::Precision>();
}
