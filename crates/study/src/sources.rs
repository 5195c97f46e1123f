//! The files that a study reads, with the digests by which they enter keys.

use std::collections::BTreeMap;
use std::path::Path;

use store::Store;

use crate::settings::infer::Network;
use crate::{Image, Images, Name, Study};
use config::paths::visible;
use config::{Problem, Problems};

/// The digests of a study's files, taken once, before anything runs.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The images, their labels and the classes.
    pub images: Images,
    digests: Vec<ImageDigests>,
    networks: BTreeMap<Name, String>,
}

#[derive(Clone, Debug)]
struct ImageDigests {
    image: String,
    mask: Option<String>,
}

impl Sources {
    /// Finds the images of a study and reads every file once for its digest.
    pub fn read(study: &Study) -> Result<Self, Problems> {
        let mut images = Images::read(study)?;
        let found = &images.images;
        let masks = found.iter().filter_map(|image| image.mask.as_deref());
        let unfetched: Vec<Problem> = study.networks.values().filter_map(unfetched).collect();
        if !unfetched.is_empty() {
            return Err(unfetched.into());
        }
        let weights = study.networks.values().map(|network| &*network.weights);
        let files: Vec<(&Path, &str)> = found
            .iter()
            .map(|image| (&*image.path, "the image"))
            .chain(masks.map(|mask| (mask, "the mask")))
            .chain(weights.map(|weights| (weights, "the weights")))
            .collect();
        let mut of_images = digests(study, &files)?;
        let mut of_masks = of_images.split_off(found.len());
        let of_weights = of_masks.split_off(of_masks.len() - study.networks.len());
        let mut of_masks = of_masks.into_iter();
        let digests = found.iter().zip(of_images);
        let digests: Vec<ImageDigests> = digests
            .map(|(found, image)| ImageDigests {
                image,
                mask: found.mask.as_ref().and_then(|_| of_masks.next()),
            })
            .collect();
        let repeated = repeated(&images, &digests);
        images.warnings.extend(repeated);
        let networks = study.networks.keys().cloned().zip(of_weights).collect();
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
        &self.digests[index].image
    }

    /// Digest of the file with its mask.
    pub fn mask_digest(&self, index: usize) -> Option<&str> {
        self.digests[index].mask.as_deref()
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
    let title = format!("the weights `{shown}` are not there yet");
    let help = format!(
        "run `pipeline fetch`, which gets them from {}, or put that file there",
        download.url
    );
    Some(Problem::new(title).help(help))
}

/// A warning for each group of images that are the same file: each of them counts in the statistics.
fn repeated(images: &Images, digests: &[ImageDigests]) -> Vec<String> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (image, digest) in images.images.iter().zip(digests) {
        names.entry(&digest.image).or_default().push(&image.name);
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
            "{} are the same file, and each counts as an image of its own: remove all but one",
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
