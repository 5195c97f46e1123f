//! The whole study, read from `pipeline.toml` and checked.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use config::paths::{below, shown};
use config::{Declared, Name, Problems, Reader, Section, Source, Value};
use methods::{Answers, Asking, Method, Precision, kinds};

use statistics::Measured;

use crate::settings::{
    compute, deletion, evaluate, general, images, infer, report, sanity, segment,
};

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
    /// Where each method is used.
    scopes: BTreeMap<Name, Scope>,
    /// How explanations are judged.
    pub deletion: deletion::Settings,
    /// How curves become scores.
    pub evaluate: evaluate::Settings,
    /// Which explanations are made of networks with random layers too.
    pub sanity: sanity::Settings,
    /// The texts of the report.
    pub report: report::Settings,
    /// What the networks run on.
    pub compute: compute::Settings,
}

/// Parts of a study by name; none for one that could not be read, which has been reported and may still be named.
type Parts<T> = BTreeMap<Name, Option<T>>;

/// Where a method is used.
#[derive(Clone, Debug, Default, PartialEq)]
struct Scope {
    /// The partitions on which it is judged; all, where there are none.
    partitions: Option<Vec<Name>>,
    /// The networks that it explains; all, where there are none.
    networks: Option<Vec<Name>>,
    /// The layers that it reads of networks, in place of the networks' own.
    layers: BTreeMap<Name, String>,
}

impl Scope {
    fn has_network(&self, network: &Name) -> bool {
        let chosen = self.networks.as_ref();
        chosen.is_none_or(|chosen| chosen.contains(network))
    }
}

/// What a method's section may name.
struct Known<'a> {
    partitions: &'a Parts<segment::Partition>,
    networks: &'a Parts<infer::Network>,
    /// Whether all networks compute in tf32.
    tf32: bool,
}

/// Stands for the name of a network in the path of an external method's files.
const NETWORK: &str = "{network}";
/// Stands for the name of a partition.
const PARTITION: &str = "{partition}";

/// A file that another tool makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Answer {
    /// Where it is, or will be.
    pub(crate) path: PathBuf,
    method: Name,
    network: Name,
}

impl Answer {
    /// The message if it does not exist.
    pub(crate) fn is_absent(&self) -> String {
        let Self {
            path,
            method,
            network,
        } = self;
        format!(
            "the method `{method}` has no answers for the network `{network}` yet: there is no file `{}`. `pipeline challenge FOLDER` writes the \
             inputs for the tool",
            shown(path)
        )
    }
}

/// Adds a method under its own name, or under one for each of its layers.
fn add_method(
    methods: &mut BTreeMap<Name, (Method, Scope)>,
    name: Name,
    mut section: Section<'_>,
    known: &Known<'_>,
) {
    let Some(kind) = section.kind::<kinds::Kind>("kind") else {
        section.abandon();
        return;
    };
    let partitions: Vec<&Name> = known.partitions.keys().collect();
    let networks: Vec<&Name> = known.networks.keys().collect();
    let mut scope = Scope {
        partitions: section.names("partitions", "partition", &partitions),
        networks: section.names("networks", "network", &networks),
        layers: BTreeMap::new(),
    };
    let method = kind.family().read(&mut section);
    if let Some(most) = method.most_superpixels() {
        let chosen = scope.partitions.as_deref();
        check_fineness(&section, method.kind(), most, chosen, known.partitions);
    }
    let networks = known.networks.iter();
    let networks: Vec<(&Name, &infer::Network)> = networks
        .filter(|(name, _)| scope.has_network(name))
        .filter_map(|(name, network)| Some((name, network.as_ref()?)))
        .collect();
    if method.reads_attention() {
        check_attention(&section, &networks);
    }
    if let Some(precision) = method.asking().and_then(|asking| asking.precision) {
        check_precision(&section, precision, &networks, known.tf32);
    }
    let mut layers = None;
    if method.reads_layers() {
        layers = section.texts("layers", "layer");
        scope.layers = layers_by_network(&mut section, &networks, layers.is_some());
    }
    if let Some(answers) = method.answers() {
        check_answers(&section, answers, &scope, known);
    }
    let mut add = |key, name: Name, scope| {
        if methods.contains_key(&name) {
            let title = format!("two methods are named `{name}`");
            let label = "a method at a layer is named `METHOD-LAYER`, with `_` for characters that a name cannot have: list each layer once, and \
                give one of two similar layers its own section";
            section.wrong(key, title, label);
        }
        methods.insert(name, (method.clone(), scope));
    };
    let Some(layers) = layers else {
        add("kind", name, scope);
        section.finish();
        return;
    };
    check_layers(&section, "layers", &networks);
    for layer in layers {
        let Some(name) = name_at(&name, &layer) else {
            let title = format!("the method `{name}` at `{layer}` has too long a name");
            let label = "a method at a layer is named `METHOD-LAYER`, in at most 64 characters: shorten the method's name, or set `layer` of the \
                network";
            section.wrong("layers", title, label);
            continue;
        };
        let read = networks
            .iter()
            .map(|(network, _)| ((*network).clone(), layer.clone()));
        let scope = Scope {
            layers: read.collect(),
            ..scope.clone()
        };
        add("layers", name, scope);
    }
    section.finish();
}

/// What `layer = { NETWORK = "LAYER" }` says.
fn layers_by_network(
    section: &mut Section<'_>,
    networks: &[(&Name, &infer::Network)],
    listed: bool,
) -> BTreeMap<Name, String> {
    let mut layers = BTreeMap::new();
    let Some(mut written) = section.table_at("layer") else {
        return layers;
    };
    if listed {
        let title = "`layer` and `layers` both set what the method reads";
        let label = "write a section for each method, each with `layer`";
        section.wrong("layer", title, label);
    }
    let mut chosen = Vec::new();
    for &(name, network) in networks {
        if let Some(layer) = Value::read(&mut written, name.as_str(), None, ()) {
            layers.insert(name.clone(), layer);
            chosen.push((name, network));
        }
    }
    check_layers(section, "layer", &chosen);
    written.finish();
    layers
}

/// Says so where the path of an external method cannot be that of its files.
fn check_answers(section: &Section<'_>, answers: &Answers, scope: &Scope, known: &Known<'_>) {
    let wrong = |title: String, label: &str| section.wrong("files", title, label);
    let files = answers.files.as_str();
    let plain = [NETWORK, PARTITION].iter();
    let plain = plain.fold(files.to_owned(), |path, name| path.replace(name, "name"));
    if files.is_empty() {
        // That it is missing is said already.
    } else if plain.contains(['{', '}']) {
        let title = "`files` has braces around an unknown name".to_owned();
        wrong(title, "expected `{network}` and `{partition}` only");
    } else if !arrays::Answer::is_read(Path::new(&plain)) {
        let title = format!("`files` names files of another format: `{files}`");
        wrong(title, "expected an ending .npz, .safetensors or .parquet");
    } else if known
        .networks
        .keys()
        .filter(|name| scope.has_network(name))
        .count()
        > 1
        && !files.contains(NETWORK)
    {
        let title = "`files` is one file, but the method explains several networks".to_owned();
        let label = "write `{network}` in place of the network's name in the path, or limit the method with `networks`";
        wrong(title, label);
    }
}

/// The name of a method at one of its layers: what a name cannot have becomes `_`.
fn name_at(method: &Name, layer: &str) -> Option<Name> {
    let plain = |character: char| match character.to_ascii_lowercase() {
        character if character.is_ascii_alphanumeric() || character == '-' => character,
        _ => '_',
    };
    Name::new(&format!(
        "{method}-{}",
        layer.chars().map(plain).collect::<String>()
    ))
}

/// Says so where a network certainly has no attention. Whether a file of torch.export or ONNX has any shows when it is read.
fn check_attention(section: &Section<'_>, networks: &[(&Name, &infer::Network)]) {
    let without = networks.iter().find(|(_, network)| !network.is_exported());
    if let Some((name, network)) = without {
        let why = if network.is_program() {
            "the attention of a TorchScript program cannot be read: export the network with torch.export (scripts/export_pt2.py), or"
        } else {
            "convolutional networks have no attention:"
        };
        let title =
            format!("the method reads attention, but the network `{name}` does not show it");
        let label =
            format!("{why} name the networks that this method is for with `networks = [...]`");
        section.wrong("kind", title, label);
    }
}

/// Says so where a network has no layers with names. Whether another has these shows when it is read.
fn check_layers(section: &Section<'_>, key: &str, networks: &[(&Name, &infer::Network)]) {
    let program = networks.iter().find(|(_, network)| network.is_program());
    if let Some((name, _)) = program {
        let title =
            format!("the network `{name}` is a TorchScript program, whose layers have no names");
        let label = "list the networks for this method in `networks`, or export the network with torch.export (scripts/export_pt2.py)";
        section.wrong(key, title, label);
    }
}

/// Says so where it is certain that a search has nothing to do, or not on a partition that it was given.
fn check_fineness(
    section: &Section<'_>,
    kind: &str,
    most: usize,
    chosen: Option<&[Name]>,
    partitions: &Parts<segment::Partition>,
) {
    let too_fine = |name: &&Name| {
        let partition = partitions.get(*name).and_then(Option::as_ref);
        let exact = partition.and_then(segment::Partition::exact);
        exact.is_some_and(|superpixels| superpixels > most as u64)
    };
    let title = format!("`{kind}` takes partitions of at most {most} superpixels");
    if let Some(name) = chosen.into_iter().flatten().find(too_fine) {
        section.wrong("partitions", title, format!("`{name}` has more"));
    } else if chosen.is_none()
        && !partitions.is_empty()
        && partitions.keys().all(|name| too_fine(&name))
    {
        let label = "every partition of the study has more superpixels: add a coarser partition";
        section.wrong("kind", title, label);
    }
}

/// Says so where networks measure different things.
fn check_measured(root: &Section<'_>, networks: &Parts<infer::Network>) {
    let mut read = networks
        .iter()
        .filter_map(|(name, network)| Some((name, network.as_ref()?.measured)));
    let Some((first, measured)) = read.next() else {
        return;
    };
    if let Some((name, other)) = read.find(|(_, other)| *other != measured) {
        let title = "areas of probabilities and of logits cannot be compared";
        let label = format!(
            "`{first}` has `measured = \"{}\"` and `{name}` has `measured = \"{}\"`: use the same setting for all networks, or make two studies",
            measured.name(),
            other.name()
        );
        root.wrong("networks", title, label);
    }
}

/// Says so where a method cannot have a precision of its own.
fn check_precision(
    section: &Section<'_>,
    precision: Precision,
    networks: &[(&Name, &infer::Network)],
    tf32: bool,
) {
    let program = networks.iter().find(|(_, network)| network.is_program());
    if let Some((name, _)) = program
        && precision != Precision::Fp32
    {
        let label = format!("the network `{name}` is a TorchScript program");
        section.wrong("precision", compute::PROGRAM, label);
    }
    if tf32 {
        let label = "tf32 applies to the whole process";
        section.wrong("precision", compute::WHOLE_TF32, label);
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
        let general: general::Settings = all(root.section("study"));
        let images = images::Settings::read(root.section("images"));
        let crop = images.crop;
        let partitions = each(&mut root, "partitions", "partition", |section| {
            segment::Partition::read(section, crop)
        });
        let networks = each(&mut root, "networks", "network", |section| {
            infer::Network::read(section, crop)
        });
        check_measured(&root, &networks);
        let programs = networks.values().flatten().any(infer::Network::is_program);
        let compute = compute::Settings::checked(root.section("compute"), programs);
        let known = Known {
            partitions: &partitions,
            networks: &networks,
            tf32: compute.precision == compute::Precision::Tf32,
        };
        let mut methods = BTreeMap::new();
        for (name, section) in root.sections("methods", "method") {
            add_method(&mut methods, name, section, &known);
        }
        let study = Self {
            file: file.to_path_buf(),
            seed: general.seed,
            runs: general.runs,
            artifacts: general.artifacts,
            images,
            partitions: readable(partitions),
            networks: readable(networks),
            scopes: methods
                .iter()
                .map(|(name, (_, scope))| (name.clone(), scope.clone()))
                .collect(),
            methods: methods
                .into_iter()
                .map(|(name, (method, _))| (name, method))
                .collect(),
            deletion: all(root.section("deletion")),
            evaluate: all(root.section("evaluate")),
            sanity: all(root.section("sanity")),
            report: all(root.section("report")),
            compute,
        };
        root.finish();
        study
    }

    /// The number format in which a method evaluates the networks.
    pub fn precision_of(&self, asking: &Asking) -> Precision {
        asking.precision.unwrap_or(match self.compute.precision {
            compute::Precision::Fp32 => Precision::Fp32,
            compute::Precision::Tf32 => Precision::Tf32,
            compute::Precision::Bf16 => Precision::Bf16,
        })
    }

    /// Whether an image, by its place in the order of names, is explained by networks with random layers too. It does not depend on other images
    /// being dropped, so that shares of the work agree on it.
    pub fn is_sanity_checked(&self, image: usize) -> bool {
        image < self.sanity.images as usize
    }

    /// What is measured of the explained class, for every network.
    pub fn measured(&self) -> Measured {
        let mut networks = self.networks.values();
        networks
            .next()
            .map_or_else(Measured::default, |network| network.measured)
    }

    /// Whether a network has layers with names, which can be made random.
    pub fn has_layers(&self, network: &Name) -> bool {
        let network = self.networks.get(network);
        network.is_some_and(|network| !network.is_program())
    }

    /// Whether a method is judged on a partition.
    pub fn judges(&self, method: &Name, partition: &Name) -> bool {
        let chosen = self
            .scopes
            .get(method)
            .and_then(|scope| scope.partitions.as_ref());
        chosen.is_none_or(|chosen| chosen.contains(partition))
    }

    /// Whether a method explains a network.
    pub fn explains(&self, method: &Name, network: &Name) -> bool {
        self.scopes
            .get(method)
            .is_none_or(|scope| scope.has_network(network))
    }

    /// The file with an external method's explanations of a network on a partition; none of another method.
    pub fn answer(&self, method: &Name, network: &Name, partition: &Name) -> Option<PathBuf> {
        let answers = self.methods.get(method)?.answers()?;
        let path = answers.files.replace(NETWORK, network.as_str());
        let path = path.replace(PARTITION, partition.as_str());
        let folder = self.file.parent().unwrap_or(Path::new(""));
        Some(below(folder, &path))
    }

    /// The paths of the files that external methods read, whether or not these are there.
    pub fn answer_files(&self) -> BTreeSet<PathBuf> {
        self.answers()
            .into_iter()
            .map(|answer| answer.path)
            .collect()
    }

    /// The files that external methods read.
    pub(crate) fn answers(&self) -> BTreeSet<Answer> {
        let external = self.methods.iter();
        let external = external.filter(|(_, method)| method.answers().is_some());
        let places = external.flat_map(|(method, _)| {
            let networks = self.networks.keys();
            let networks = networks.filter(move |network| self.explains(method, network));
            networks.flat_map(move |network| {
                let partitions = self.partitions.keys();
                let judged = partitions.filter(move |partition| self.judges(method, partition));
                judged.map(move |partition| (method, network, partition))
            })
        });
        let answer = |(method, network, partition): (&Name, &Name, &Name)| {
            Some(Answer {
                path: self.answer(method, network, partition)?,
                method: method.clone(),
                network: network.clone(),
            })
        };
        places.filter_map(answer).collect()
    }

    /// The layer that a method reads of a network, if either names one.
    pub fn layer(&self, method: &Name, network: &Name) -> Option<&str> {
        let scope = self.scopes.get(method);
        let own = scope.and_then(|scope| scope.layers.get(network));
        own.or_else(|| self.networks.get(network)?.layer.as_ref())
            .map(String::as_str)
    }
}

/// Settings that are all of a section.
fn all<T: Declared>(mut section: Section<'_>) -> T {
    let settings = T::read(&mut section);
    section.finish();
    settings
}

fn each<T>(
    root: &mut Section<'_>,
    key: &'static str,
    what: &str,
    read: impl Fn(Section<'_>) -> Option<T>,
) -> Parts<T> {
    let sections = root.sections(key, what).into_iter();
    sections
        .map(|(name, section)| (name, read(section)))
        .collect()
}

fn readable<T>(parts: Parts<T>) -> BTreeMap<Name, T> {
    let parts = parts.into_iter();
    parts
        .filter_map(|(name, part)| Some((name, part?)))
        .collect()
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "tests write files in temporary folders of their own"
)]
mod tests;
