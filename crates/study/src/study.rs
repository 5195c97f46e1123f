//! The whole study, read from `pipeline.toml` and checked.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use config::{Declared, Name, Problems, Reader, Section, Source};
use methods::{Asking, Method, Precision, kinds};

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

/// The partitions by name; none for one that could not be read, which has been reported and may still be named.
type Partitions = BTreeMap<Name, Option<segment::Partition>>;

/// Of which networks a study consists, as far as methods must know.
#[derive(Clone, Copy)]
struct Networks {
    /// Whether one is a `TorchScript` program.
    programs: bool,
    /// Whether all compute in tf32.
    tf32: bool,
}

/// A method, and the partitions on which it is judged where that are not all.
fn method(
    mut section: Section<'_>,
    partitions: &Partitions,
    networks: Networks,
) -> Option<(Method, Option<Vec<Name>>)> {
    let Some(kind) = section.kind::<kinds::Kind>("kind") else {
        section.abandon();
        return None;
    };
    let known: Vec<&Name> = partitions.keys().collect();
    let chosen = section.names("partitions", "partition", &known);
    let method = kind.family().read(&mut section);
    if let Some(most) = method.most_superpixels() {
        check_fineness(&section, method.kind(), most, chosen.as_deref(), partitions);
    }
    if let Some(precision) = method.asking().and_then(|asking| asking.precision) {
        check_precision(&section, precision, networks);
    }
    section.finish();
    Some((method, chosen))
}

/// Says so where it is certain that a search has nothing to do, or not on a partition that it was given.
fn check_fineness(
    section: &Section<'_>,
    kind: &str,
    most: usize,
    chosen: Option<&[Name]>,
    partitions: &Partitions,
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
        let label = "every partition of the study has more: add a coarser one";
        section.wrong("kind", title, label);
    }
}

/// Says so where a method cannot have a precision of its own.
fn check_precision(section: &Section<'_>, precision: Precision, networks: Networks) {
    if networks.programs && precision != Precision::Fp32 {
        let label = "a network of this study is a TorchScript program";
        section.wrong("precision", compute::PROGRAM, label);
    }
    if networks.tf32 {
        let label = "one process multiplies in tf32 or does not";
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
            Some(segment::Partition::read(section, crop))
        });
        let networks = each(&mut root, "networks", "network", |section| {
            infer::Network::read(section, crop)
        });
        let programs = networks
            .values()
            .any(|network| network.architecture == infer::Architecture::TorchScript);
        let compute = compute::Settings::checked(root.section("compute"), programs);
        let tf32 = compute.precision == compute::Precision::Tf32;
        let methods = each(&mut root, "methods", "method", |section| {
            method(section, &partitions, Networks { programs, tf32 })
        });
        let study = Self {
            file: file.to_path_buf(),
            seed: general.seed,
            runs: general.runs,
            artifacts: general.artifacts,
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
            deletion: all(root.section("deletion")),
            evaluate: all(root.section("evaluate")),
            sanity: all(root.section("sanity")),
            report: all(root.section("report")),
            compute,
        };
        root.finish();
        study
    }

    /// In which numbers a method asks the networks.
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
mod tests;
