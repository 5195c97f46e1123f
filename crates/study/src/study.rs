//! The whole study, read from `pipeline.toml` and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::kind::Stage;
use crate::name::Name;
use crate::problem::{Problems, Source};
use crate::reader::{Choice, Reader, Section};
use crate::settings::{
    compute, controls, deletion, evaluate, gradcam, images, infer, lime, report, sanity, segment,
};

/// Most runs of a method: the name of a run has two digits or more, and its seed is a 16-bit number at most.
const MOST_RUNS: u32 = 10_000;

/// A study whose settings are within their ranges, whose files are there, and whose parts fit together.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// The file it was read from.
    pub file: PathBuf,
    /// All random numbers come from it.
    pub seed: u64,
    /// How often a method that draws random numbers explains an image, at least 1.
    pub runs: u32,
    /// The folder of the cache; it may not be there yet.
    pub artifacts: PathBuf,
    /// Which images.
    pub images: images::Settings,
    /// At least one way to cut them, by name.
    pub partitions: BTreeMap<Name, segment::Partition>,
    /// At least one network, by name.
    pub networks: BTreeMap<Name, infer::Network>,
    /// At least one method, by name.
    pub methods: BTreeMap<Name, Method>,
    /// The partitions of each method that is not judged on all of them.
    pub method_partitions: BTreeMap<Name, Vec<Name>>,
    /// How explanations are judged.
    pub deletion: deletion::Settings,
    /// How curves become scores.
    pub evaluate: evaluate::Settings,
    /// Which explanations are made of networks with random layers too.
    pub sanity: sanity::Settings,
    /// What the report says.
    pub report: report::Settings,
    /// What the networks run on.
    pub compute: compute::Settings,
}

/// A way to explain, or a control: a way to put superpixels in order that explains nothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Grad-CAM.
    Gradcam(gradcam::Settings),
    /// LIME.
    Lime(lime::Settings),
    /// Control: orders that nothing but the seed decides.
    Random(controls::Random),
    /// Control: where the image has edges, whatever the network makes of them.
    Edges,
    /// Control: at each step the superpixel whose removal lowers the probability most.
    Greedy,
    /// Control: the order of least area, of at most 12 superpixels.
    Oracle,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum MethodKind {
    Gradcam,
    Lime,
    Random,
    Edges,
    Greedy,
    Oracle,
}

impl Choice for MethodKind {
    const WHAT: &'static str = "kind of method";
    const ALL: &'static [(&'static str, Self)] = &[
        ("gradcam", Self::Gradcam),
        ("lime", Self::Lime),
        ("random", Self::Random),
        ("edges", Self::Edges),
        ("greedy", Self::Greedy),
        ("oracle", Self::Oracle),
    ];
}

impl Method {
    /// The name of its kind in pipeline.toml.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Gradcam(_) => MethodKind::Gradcam,
            Self::Lime(_) => MethodKind::Lime,
            Self::Random(_) => MethodKind::Random,
            Self::Edges => MethodKind::Edges,
            Self::Greedy => MethodKind::Greedy,
            Self::Oracle => MethodKind::Oracle,
        }
        .name()
    }

    /// Whether every run gives the same, so that run 0 stands for all.
    pub fn deterministic(&self) -> bool {
        !matches!(self, Self::Lime(_) | Self::Random(_))
    }

    /// Whether it is a control: it is there to be compared with and explains nothing.
    pub fn is_control(&self) -> bool {
        !matches!(self, Self::Gradcam(_) | Self::Lime(_))
    }

    /// Whether it explains the network, and is not a control.
    pub fn explains(&self) -> bool {
        !self.is_control()
    }

    /// The stage that makes its relevances.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Gradcam(_) => Stage::Gradcam,
            Self::Lime(_) => Stage::Lime,
            Self::Random(_) | Self::Edges | Self::Greedy | Self::Oracle => Stage::Deletion,
        }
    }

    /// Whether it says how relevant a superpixel is: an explanation, or the edges in it. `random`, `greedy` and `oracle` give an order, in which the
    /// numbers mean nothing.
    pub fn gives_relevances(&self) -> bool {
        matches!(self, Self::Gradcam(_) | Self::Lime(_) | Self::Edges)
    }

    /// Whether it is a control that finds its order by removing superpixels, so that the order depends on what replaces them.
    pub fn searches(&self) -> bool {
        matches!(self, Self::Greedy | Self::Oracle)
    }

    /// A method, and the partitions on which it is judged where that are not all.
    fn read(
        mut section: Section<'_>,
        partitions: &Partitions,
        programs: bool,
        tf32: bool,
    ) -> Option<(Self, Option<Vec<Name>>)> {
        let Some(kind) = section.kind("kind") else {
            section.abandon();
            return None;
        };
        let known: Vec<&Name> = partitions.keys().collect();
        let chosen = section.names("partitions", "partition", &known);
        if kind == MethodKind::Oracle {
            check_oracle(&section, chosen.as_deref(), partitions);
        }
        let plain = |section: Section<'_>, method| {
            section.finish();
            method
        };
        let method = match kind {
            MethodKind::Gradcam => Self::Gradcam(gradcam::Settings::read(section)),
            MethodKind::Lime => Self::Lime(lime::Settings::read(section, programs, tf32)),
            MethodKind::Random => Self::Random(controls::Random::read(section)),
            MethodKind::Edges => plain(section, Self::Edges),
            MethodKind::Greedy => plain(section, Self::Greedy),
            MethodKind::Oracle => plain(section, Self::Oracle),
        };
        Some((method, chosen))
    }
}

/// The partitions by name; none for one that could not be read, which has been reported and may still be named.
type Partitions = BTreeMap<Name, Option<segment::Partition>>;

/// Says so where it is certain that the oracle has nothing to do, or not on a partition that it was given.
fn check_oracle(section: &Section<'_>, chosen: Option<&[Name]>, partitions: &Partitions) {
    let too_fine = |name: &&Name| {
        let partition = partitions.get(*name).and_then(Option::as_ref);
        partition.is_some_and(controls::too_fine_for_oracle)
    };
    let title = "the oracle asks about every subset of at most 12 superpixels";
    if let Some(name) = chosen.into_iter().flatten().find(too_fine) {
        section.wrong("partitions", title, format!("`{name}` has more"));
    } else if chosen.is_none()
        && !partitions.is_empty()
        && partitions.keys().all(|name| too_fine(&name))
    {
        let label = "every partition of the study has more: add a coarser one";
        section.wrong("kind", title, label);
    }
}

impl Study {
    /// Reads and checks a `pipeline.toml`; paths in it are relative to its own folder.
    ///
    /// Every mistake in the file is reported, not only the first. Nothing but the file itself is opened: whether
    /// images, labels and weights can be read shows when they are.
    pub fn read(file: &Path) -> Result<Self, Problems> {
        let source = Source::read(file, "the study")?;
        Reader::new(source).read(|_, root| Self::assemble(file, root))
    }

    fn assemble(file: &Path, mut root: Section<'_>) -> Self {
        let mut general = root.section("study");
        let images = images::Settings::read(root.section("images"));
        let crop = images.crop;
        let partitions = each(&mut root, "partitions", "partition", |section| {
            Some(segment::Partition::read(section, crop))
        });
        let networks = each(&mut root, "networks", "network", |section| {
            infer::Network::read(section, crop)
        });
        let programs = networks
            .values()
            .any(|network| network.architecture == infer::Architecture::TorchScript);
        let compute = compute::Settings::read(root.section("compute"), programs);
        let tf32 = compute.precision == compute::Precision::Tf32;
        let methods = each(&mut root, "methods", "method", |section| {
            Method::read(section, &partitions, programs, tf32)
        });
        let study = Self {
            file: file.to_path_buf(),
            seed: general.integer("seed", None, 0..=i64::MAX as u64),
            runs: general.integer("runs", Some(10), 1..=MOST_RUNS),
            artifacts: general.new_folder("artifacts", "artifacts"),
            images,
            partitions: partitions
                .into_iter()
                .filter_map(|(name, partition)| Some((name, partition?)))
                .collect(),
            networks,
            method_partitions: methods
                .iter()
                .filter_map(|(name, (_, chosen))| Some((name.clone(), chosen.clone()?)))
                .collect(),
            methods: methods
                .into_iter()
                .map(|(name, (method, _))| (name, method))
                .collect(),
            deletion: deletion::Settings::read(root.section("deletion")),
            evaluate: evaluate::Settings::read(root.section("evaluate")),
            sanity: sanity::Settings::read(root.section("sanity")),
            report: report::Settings::read(root.section("report")),
            compute,
        };
        general.finish();
        root.finish();
        study
    }

    /// In which numbers a LIME asks the networks.
    pub fn precision_of(&self, lime: &lime::Settings) -> lime::Precision {
        lime.precision.unwrap_or(match self.compute.precision {
            compute::Precision::Fp32 => lime::Precision::Fp32,
            compute::Precision::Tf32 => lime::Precision::Tf32,
            compute::Precision::Bf16 => lime::Precision::Bf16,
        })
    }

    /// How many runs of a method the study has: one of a method that is deterministic, and as many of `random` as it has orders.
    pub fn runs_of(&self, method: &Method) -> u32 {
        match method {
            Method::Random(random) => random.orders,
            method if method.deterministic() => 1,
            _ => self.runs,
        }
    }

    /// Whether an image, by its place in the order of names, is explained by networks with random layers too. It does not depend on other images
    /// being dropped, so that shares of the work agree on it.
    pub fn is_sanity_checked(&self, image: usize) -> bool {
        image < self.sanity.images as usize
    }

    /// Whether a network has layers with names, which can be made random.
    pub fn has_layers(&self, network: &Name) -> bool {
        let network = self.networks.get(network);
        network.is_some_and(|it| it.architecture != infer::Architecture::TorchScript)
    }

    /// Whether a method is judged on a partition.
    pub fn judges(&self, method: &Name, partition: &Name) -> bool {
        let chosen = self.method_partitions.get(method);
        chosen.is_none_or(|chosen| chosen.contains(partition))
    }
}

fn each<T>(
    root: &mut Section<'_>,
    key: &'static str,
    what: &str,
    read: impl Fn(Section<'_>) -> Option<T>,
) -> BTreeMap<Name, T> {
    let sections = root.sections(key, what);
    sections
        .into_iter()
        .filter_map(|(name, section)| Some((name, read(section)?)))
        .collect()
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
mod tests {
    use super::*;
    use crate::fixture::{Folder, SHIPPED};
    use crate::settings::lime::{Features, Kernel, Selection};
    use crate::settings::{Backdrop, Replacement};

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

    fn lime_with(old: &str, new: &str) -> lime::Settings {
        let folder = Folder::new();
        folder.edit(old, new);
        let Method::Lime(lime) = folder.study().unwrap().methods[&name("lime")] else {
            panic!("the method lime is a LIME");
        };
        lime
    }

    #[test]
    fn the_shipped_study_is_read_without_a_problem() {
        let folder = Folder::new();
        let study = folder.study().unwrap();
        let parts = [
            format!("{:?}", (study.seed, study.runs, &study.artifacts)),
            format!("{:?}", study.images),
            format!("{:?}", study.partitions),
            format!("{:?}", study.networks),
            format!("{:?}", study.methods),
            format!("{:?}", study.deletion),
            format!("{:?}", study.evaluate),
            format!("{:?}", study.sanity),
            format!("{:?}", study.report),
            format!("{:?}", (study.compute.device, study.compute.precision)),
        ];
        insta::assert_snapshot!(folder.plain(&parts.join("\n")), @r#"
        (20261122, 10, "artifacts")
        Settings { folder: "data/images", manifest: None, labels: Some("data/labels.csv"), masks: Some("data/masks"), classes: File("data/classes.txt"), resize: Shorter(256), interpolation: Bilinear, crop: 224, target: Predicted, require_correct: true }
        {Name("coarse"): Grid { rows: 2, columns: 4 }, Name("quickshift"): Quickshift { kernel_size: 4.0, max_dist: 200.0, ratio: 0.2 }}
        {Name("alexnet"): Network { architecture: BuiltIn(alexnet), weights: "data/networks/alexnet.safetensors", download: None, width: 0.25, layer: "features.11", head: None, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], temperature: 1.0 }, Name("resnet50"): Network { architecture: BuiltIn(resnet50), weights: "data/networks/resnet50.safetensors", download: None, width: 0.25, layer: "layer4", head: None, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], temperature: 1.0 }}
        {Name("edges"): Edges, Name("gradcam"): Gradcam(Settings), Name("greedy"): Greedy, Name("lime"): Lime(Settings { samples: Fixed(192), sampler: coin, precision: None, kernel: Cosine { width: 0.25 }, alpha: 1.0, features: All, replacement: Mean }), Name("lime_coarse"): Lime(Settings { samples: Fixed(64), sampler: coin, precision: None, kernel: Cosine { width: 0.25 }, alpha: 1.0, features: All, replacement: Mean }), Name("oracle"): Oracle, Name("random"): Random(Random { orders: 3 })}
        Settings { orders: [MostRelevantFirst, LeastRelevantFirst], replacements: [Mean], noise: 0.01 }
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
                orders: vec![deletion::Order::MostRelevantFirst],
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
           = help: expected one of `alexnet`, `vgg11`, `vgg11_bn`, `vgg13`, `vgg13_bn`, `vgg16`, `vgg16_bn`, `vgg19`, `vgg19_bn`, `resnet18`, `resnet34`, `resnet50`, `resnet101`, `resnet152`, `torchscript`

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
           = help: expected one of `kind`, `partitions`, `samples`, `sampler`, `distance`, `kernel_width`, `alpha`, `features`, `replacement`

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

        error: [study] needs the key `seed`
         --> pipeline.toml:1:1
          |
        1 | [images]
          | ^ `seed` is missing here

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
        error: [images] needs the key `folder`
         --> pipeline.toml:1:1
          |
        1 |
          | ^ `folder` is missing here

        error: [images] needs the key `classes`
         --> pipeline.toml:1:1
          |
        1 |
          | ^ `classes` is missing here

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

        error: [study] needs the key `seed`
         --> pipeline.toml:1:1
          |
        1 |
          | ^ `seed` is missing here
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
        insta::assert_snapshot!(problems_with("kind = \"lime\"", "kind = \"lima\""), @r#"
        error: unknown kind of method `lima`
          --> pipeline.toml:50:8
           |
        50 | kind = "lima"
           |        ^^^^^^ did you mean `lime`?
           |
           = help: expected one of `gradcam`, `lime`, `random`, `edges`, `greedy`, `oracle`
        "#);
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
            "[methods.gradcam]\nkind = \"gradcam\"           # \"gradcam\", \"lime\"; or a control: \"random\", \"edges\", \"greedy\", \"oracle\"\n\n[methods.lime]",
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
           |          ^^^^^^^^ expected 1 to 32 of the characters a-z, 0-9, `_` and `-`
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
        47 | gradcam = "gradcam"           # "gradcam", "lime"; or a control: "random", "edges", "greedy", "oracle"
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
           |          ^^^^^^ name the file with `labels`, or a `manifest` with that column, or change this

        error: `require_correct = true` needs labels
          --> pipeline.toml:19:19
           |
        19 | require_correct = true     # drop images that a network gets wrong; without labels the default is false
           |                   ^^^^ name the file with `labels`, or a `manifest` with that column, or change this

        error: `mean` stands twice in `replacements`
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
        let Method::Lime(lime) = study.methods[&name("lime")] else {
            panic!("the method lime is a LIME");
        };
        assert_eq!(study.precision_of(&lime).name(), "tf32");
        folder.edit("sampler = \"coin\" ", "precision = \"mixed\"\n#");
        folder.edit("device = \"auto\"", "device = \"cpu\"");
        let shown = folder.shown(&folder.study().unwrap_err());
        assert!(
            shown.contains("computes all in tf32") && shown.contains("needs a CUDA GPU"),
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
                program.layer.as_str(),
                program.head.as_deref(),
                program.temperature
            ),
            ("embed", Some("classify"), 1.5)
        );
        let defaults = &with_program("").study().unwrap().networks[&name("resnet50")];
        assert_eq!(
            (defaults.layer.as_str(), defaults.temperature),
            ("features", 1.0)
        );
        let shown = problems_with("# layer = \"layer4\"", "temperature = 0");
        assert!(
            shown.contains("`temperature` must be a number from 0.01 to 100"),
            "{shown}"
        );
    }

    #[test]
    fn a_layer_that_a_network_does_not_have_is_refused_with_those_it_has() {
        insta::assert_snapshot!(problems_with("# layer = \"features.11\"                 ", "layer = \"features.10\""), @r#"
        error: unknown layer `features.10`
          --> pipeline.toml:25:9
           |
        25 | layer = "features.10" # the layer that Grad-CAM reads
           |         ^^^^^^^^^^^^^ did you mean `features.11`?
           |
           = help: expected one of `features.11`, `features.12`
        "#);
    }

    #[test]
    fn crops_of_16_pixels_are_allowed_and_too_small_for_some_networks() {
        let folder = Folder::new();
        folder.edit("crop = 224", "crop = 16");
        let shown = folder.shown(&folder.study().unwrap_err());
        assert!(
            shown.contains("alexnet takes pictures of at least 63 x 63 pixels")
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
            shown.contains("takes 299 x 299 pixels, and the study's crop has 224 x 224")
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
        folder.edit("artifacts = \"artifacts\"", "artifacts = \"pipeline.toml\"");
        insta::assert_snapshot!(folder.shown(&folder.study().unwrap_err()), @r#"
        error: `artifacts` must be a folder, and `pipeline.toml` is none
         --> pipeline.toml:9:13
          |
        9 | artifacts = "pipeline.toml"    # folder of the cache
          |             ^^^^^^^^^^^^^^^ expected a folder

        error: `folder` must be a folder, and `data/labels.csv` is none
          --> pipeline.toml:12:10
           |
        12 | folder = "data/labels.csv"     # PNG, JPEG, WebP, TIFF, BMP; folders inside are read too; or manifest = "photos.csv"
           |          ^^^^^^^^^^^^^^^^^ expected a folder

        error: `classes` must be a file, and `data` is none
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

    #[test]
    fn lime_takes_its_kernel_and_features_from_the_file() {
        assert_eq!(
            lime_with("\"cosine\"", "\"l2\"").kernel,
            Kernel::L2 { width: Some(0.25) }
        );
        let kernel = lime_with("distance = \"cosine\" ", "distance = \"l2\"\n#").kernel;
        assert_eq!(kernel, Kernel::L2 { width: Some(0.25) });
        let kernel = lime_with("distance = \"cosine\"        # \"cosine\" (the published explainer's) or \"l2\" (the paper's formula)\nkernel_width = 0.25", "distance = \"l2\"").kernel;
        assert_eq!(kernel, Kernel::L2 { width: None });
        let features = lime_with(
            "features = \"all\"",
            "features = { count = 5, selection = \"forward_selection\" }",
        )
        .features;
        assert_eq!(
            features,
            Features::Best {
                count: 5,
                selection: Selection::ForwardSelection
            }
        );
        let lime = lime_with("replacement = \"mean\"", "replacement = \"gray\"");
        assert_eq!(lime.replacement, Backdrop::Gray);
    }

    #[test]
    fn lime_takes_its_sampling_and_precision_from_the_file() {
        use sampling::samplers;

        use crate::settings::lime::{Precision, Samples, Settled};
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
        error: `top` and `standard_error` are two ways to tell that weights are settled
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
           |             ^^^^^^^ a network of this study is a TorchScript program

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
        let grid = study.partitions[&name("grid")];
        assert_eq!(
            grid,
            segment::Partition::Grid {
                rows: 14,
                columns: 7
            }
        );
        assert_eq!(grid.algorithm(), "grid");
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
        assert_eq!(study.runs_of(&study.methods[&name("gradcam")]), 1);
        assert_eq!(study.runs_of(&study.methods[&name("lime")]), 10);
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
            assert_eq!((method.kind(), study.runs_of(method)), (kind, runs));
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
        error: the oracle asks about every subset of at most 12 superpixels
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
        error: `coarse` stands twice in `partitions`
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
        error: the oracle asks about every subset of at most 12 superpixels
          --> pipeline.toml:23:8
           |
        23 | kind = "oracle"
           |        ^^^^^^^^ every partition of the study has more: add a coarser one
        "#);
        // Quickshift may find few superpixels.
        let folder = controlled();
        folder.edit("rows = 3", "rows = 7");
        folder.edit("partitions = [\"coarse\"]\n", "");
        assert!(folder.study().is_ok());
    }

    #[test]
    fn every_choice_reads_back_its_own_name() {
        fn check<T: Choice + std::fmt::Debug>() {
            for (text, value) in T::ALL {
                assert_eq!(value.name(), *text);
            }
        }
        check::<MethodKind>();
        check::<Backdrop>();
        check::<Replacement>();
        check::<Selection>();
        check::<images::Target>();
        check::<infer::Architecture>();
        check::<deletion::Order>();
        check::<sampling::Sampler>();
        check::<lime::Precision>();
        check::<images::Interpolation>();
        check::<compute::Precision>();
    }
}
