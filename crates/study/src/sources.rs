//! The files that a study reads, with the digests by which they enter keys.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use parts::File;
use store::Store;

use crate::settings::infer::Network;
use crate::study::Answer;
use crate::{Image, Images, Name, Study};
use config::paths::visible;
use config::{Problem, Problems};

/// The digests of a study's files, taken once, before anything runs.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The images, their labels and the classes.
    pub images: Images,
    /// By path.
    digests: BTreeMap<PathBuf, String>,
    networks: BTreeMap<Name, String>,
}

impl Sources {
    /// Finds the images of a study and reads every file once for its digest. Answers of other tools need not be there yet.
    pub fn read(study: &Study) -> Result<Self, Problems> {
        let mut images = Images::read(study)?;
        let unfetched: Vec<Problem> = study.networks.values().filter_map(unfetched).collect();
        if !unfetched.is_empty() {
            return Err(unfetched.into());
        }
        let answers = study.answers();
        let (there, absent): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.path.exists());
        let found = images.images.iter();
        let found = found.flat_map(|image| {
            let mask = image.mask.iter().map(|mask| (mask, "the mask"));
            let maps = image.label_maps.values();
            let maps = maps.map(|map| (map, "the label map"));
            [(&image.path, "the image")]
                .into_iter()
                .chain(mask)
                .chain(maps)
        });
        let weights = study.networks.values();
        let weights = weights.map(|network| (&network.weights, "the weights"));
        let there = there.iter().map(|answer| (&answer.path, "the answer file"));
        let files: BTreeMap<&Path, &str> = found
            .chain(weights)
            .chain(there)
            .map(|(path, what)| (&**path, what))
            .collect();
        let files: Vec<(&Path, &str)> = files.into_iter().collect();
        let taken = digests(study, &files)?;
        let paths = files.into_iter().map(|(path, _)| path.to_path_buf());
        let digests: BTreeMap<PathBuf, String> = paths.zip(taken).collect();
        let networks = study.networks.iter();
        let networks = networks.map(|(name, it)| (name.clone(), digests[&it.weights].clone()));
        let networks = networks.collect();
        let warnings: Vec<String> = absent.into_iter().map(Answer::is_absent).collect();
        images.warnings.extend(warnings);
        let repeated = repeated(&images, &digests);
        images.warnings.extend(repeated);
        Ok(Self {
            images,
            digests,
            networks,
        })
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.images.images.len()
    }

    /// Whether there is none, which a read study never is.
    pub fn is_empty(&self) -> bool {
        self.images.images.is_empty()
    }

    /// An image by its place in the order of names.
    pub fn image(&self, index: usize) -> &Image {
        &self.images.images[index]
    }

    /// Digest of the image's file.
    pub fn image_digest(&self, index: usize) -> &str {
        &self.digests[&self.image(index).path]
    }

    /// A file that was there when the digests were taken.
    pub fn file(&self, path: &Path) -> Option<File> {
        Some(File {
            digest: self.digests.get(path)?.clone(),
            path: path.to_path_buf(),
        })
    }

    /// Digest of a network's weights.
    pub fn network_digest(&self, network: &Name) -> &str {
        &self.networks[network]
    }
}

/// What is said of weights that have an address and are not there.
fn unfetched(network: &Network) -> Option<Problem> {
    let download = network.download.as_ref()?;
    if network.weights.exists() {
        return None;
    }
    let shown = network.weights.display();
    let title = format!("the weights `{shown}` do not exist yet");
    let help = format!(
        "run `pipeline fetch`, which downloads them from {}, or put that file there",
        download.url
    );
    Some(Problem::new(title).help(help))
}

/// A warning for each group of images that are the same file: each of them counts in the statistics.
fn repeated(images: &Images, digests: &BTreeMap<PathBuf, String>) -> Vec<String> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for image in &images.images {
        let digest = &digests[&image.path];
        names.entry(digest).or_default().push(&image.name);
    }
    let mut groups: Vec<_> = names
        .into_values()
        .filter(|names| names.len() > 1)
        .collect();
    groups.sort_unstable();
    let warning = |names: Vec<&str>| {
        let quoted = |name: &&str| format!("`{}`", visible(name));
        let names: Vec<String> = names.iter().map(quoted).collect();
        format!(
            "{} are the same file, but each counts as a separate image: keep only one",
            names.join(" and ")
        )
    };
    groups.into_iter().map(warning).collect()
}

/// The digests of files, each with what it is in words.
fn digests(study: &Study, files: &[(&Path, &str)]) -> Result<Vec<String>, Problems> {
    let paths: Vec<&Path> = files.iter().map(|&(path, _)| path).collect();
    let taken = Store::browse(&study.artifacts).file_digests(&paths);
    let checked = taken.into_iter().zip(files).map(|(digest, (path, what))| {
        digest
            .map(|digest| digest.to_hex().to_string())
            .map_err(|error| {
                let title = format!("{what} `{}` cannot be read: {error}", path.display());
                Problem::new(title)
                    .help("check the path and its permissions")
                    .into()
            })
    });
    checked.collect()
}
