//! The files that a study reads, with the digests by which they enter keys.

use std::collections::BTreeMap;
use std::path::Path;

use crate::problem::{Problem, Problems};
use crate::{Image, Images, Name, Study, digest_file};

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
        let images = Images::read(study)?;
        let of_image = |image: &Image| -> Result<ImageDigests, Problems> {
            let mask = image
                .mask
                .as_deref()
                .map(|mask| digest(mask, "the mask"))
                .transpose()?;
            Ok(ImageDigests {
                image: digest(&image.path, "the image")?,
                mask,
            })
        };
        let digests = images
            .images
            .iter()
            .map(of_image)
            .collect::<Result<_, _>>()?;
        let of_network = |(name, network): (&Name, &crate::settings::infer::Network)| {
            Ok((name.clone(), digest(&network.weights, "the weights")?))
        };
        let networks = study
            .networks
            .iter()
            .map(of_network)
            .collect::<Result<_, Problems>>()?;
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

fn digest(path: &Path, what: &str) -> Result<String, Problems> {
    digest_file(path)
        .map(|digest| digest.to_hex().to_string())
        .map_err(|error| {
            let title = format!("{what} `{}` cannot be read: {error}", path.display());
            Problem::new(title)
                .help("check the path and its permissions")
                .into()
        })
}
