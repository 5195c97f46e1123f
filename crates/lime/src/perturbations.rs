//! The action `perturbations`: which masks are asked, and what the network answers (Ribeiro et al. 2016).

use imaging::Rgb;
use networks::{Answers, Classifier, NetworkError, Question};
use removal::Backdrop;
use sampling::{Masks, Sampler, Seed};

/// What is explained, and how it is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The untouched crop.
    pub crop: &'a Rgb,
    /// The superpixel of every pixel.
    pub labels: &'a [u16],
    /// How many superpixels there are.
    pub superpixels: usize,
    /// The class that is explained.
    pub target: usize,
    /// What a removed superpixel shows.
    pub replacement: Backdrop,
    /// The network's mean colour, in [0, 1].
    pub mean: [f64; 3],
    /// How masks are drawn.
    pub sampler: Sampler,
    /// How many, the untouched crop among them.
    pub samples: usize,
}

/// The seed of one run: the study's, the image's file, the partition, the method and the run, but not the network, so that all networks
/// are asked the same masks, and an image, a run or a network more changes no other result.
pub fn seed(study: u64, image_digest: &str, partition: &str, method: &str, run: u32) -> Seed {
    Seed::derive(
        study,
        &[
            image_digest.as_bytes(),
            partition.as_bytes(),
            method.as_bytes(),
            &run.to_le_bytes(),
        ],
    )
}

/// Draws the masks and asks the network for the target's probability under each.
pub fn perturbations(
    classifier: &Classifier,
    request: &Request<'_>,
    seed: Seed,
    interrupted: &dyn Fn() -> bool,
) -> Result<(Masks, Answers), NetworkError> {
    let masks = request
        .sampler
        .masks(seed, request.samples, request.superpixels);
    let replacement = removal::backdrop(
        request.replacement,
        request.crop,
        request.labels,
        request.superpixels,
        request.mean,
    );
    let question = Question {
        crop: request.crop,
        replacement: &replacement,
        labels: request.labels,
        masks: &masks,
        target: request.target,
    };
    let answers = classifier.ask(&question, interrupted)?;
    Ok((masks, answers))
}
