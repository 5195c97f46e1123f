//! The action `perturbations`: which masks are asked, and what the network answers (Ribeiro et al. 2016).

use std::error::Error;

use imaging::Rgb;
use networks::{Classifier, NetworkError, Question};
use removal::Backdrop;
use sampling::{Masks, Sampler, Seed, second_order};

/// After so many masks, and again after as many more, it is looked at whether there are enough. A multiple of every network's batch.
const CHECK: usize = 128;
/// Samples that are asked again in f32 to see how far bfloat16 is off; whole batches of few.
const PILOT: usize = 32;

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
    /// How many at most, the untouched crop among them.
    pub samples: usize,
}

impl Request<'_> {
    fn question<'q>(&'q self, replacement: &'q Rgb, masks: &'q Masks) -> Question<'q> {
        Question {
            crop: self.crop,
            replacement,
            labels: self.labels,
            masks,
            target: self.target,
        }
    }
}

/// Decides from answers how many samples are asked. A trait, so that the key of an explanation of fixed size does not depend on fits.
pub trait Sizes {
    /// Whether these answers are enough; never, where the number is fixed. Asked after every block.
    fn enough(&mut self, masks: &Masks, probabilities: &[f32]) -> Result<bool, Undecided>;

    /// How many samples more to ask the reference after a pilot, as a multiple of `step` where there are enough.
    fn more(
        &self,
        masks: &Masks,
        probabilities: &[f32],
        pilot: &Again,
        step: usize,
    ) -> Result<usize, Undecided>;
}

/// Why a number of samples could not be decided.
pub type Undecided = Box<dyn Error + Send + Sync>;

/// Who is asked.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
    /// One network.
    One(&'a Classifier),
    /// A fast one about all masks, and the reference about some of them too.
    Mixed {
        /// In bfloat16.
        fast: &'a Classifier,
        /// In f32.
        reference: &'a Classifier,
    },
}

/// Masks and what was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Perturbations {
    /// Row 0 is the untouched crop.
    pub masks: Masks,
    /// The target's probability under each mask; where two networks were asked the fast one's.
    pub probabilities: Vec<f32>,
    /// What the reference was asked too; empty where one network was asked.
    pub again: Again,
}

/// Samples that were asked again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Again {
    /// Which: first those that were certain to be, sample 0 among them, then an equal random choice from the others.
    pub samples: Vec<usize>,
    /// The reference's answers.
    pub probabilities: Vec<f32>,
    /// How many were certain to be asked.
    pub certain: usize,
}

/// Why there are no answers.
#[derive(Debug, thiserror::Error)]
pub enum PerturbationsError {
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// It cannot be decided how many samples to ask.
    #[error(transparent)]
    Sizes(#[from] Undecided),
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

/// Draws the masks and asks for the target's probability under each.
pub fn perturbations(
    asked: Asked<'_>,
    request: &Request<'_>,
    seed: Seed,
    sizes: &mut dyn Sizes,
    interrupted: &dyn Fn() -> bool,
) -> Result<Perturbations, PerturbationsError> {
    let replacement = removal::backdrop(
        request.replacement,
        request.crop,
        request.labels,
        request.superpixels,
        request.mean,
    );
    let (Asked::One(first) | Asked::Mixed { fast: first, .. }) = asked;
    let all = request
        .sampler
        .masks(seed, request.samples, request.superpixels);
    let probabilities = until_enough(&all, request, sizes, |masks| {
        Ok(first
            .ask(&request.question(&replacement, masks), interrupted)?
            .probabilities)
    })?;
    let masks = all.select(0..probabilities.len());
    let again = match asked {
        Asked::One(_) => Again::default(),
        Asked::Mixed { reference, .. } => {
            let order = second_order(seed, masks.samples());
            let step = reference.few_batch();
            let ask = |samples: &[usize]| {
                let masks = masks.select(samples.iter().copied());
                let question = request.question(&replacement, &masks);
                let answers = reference.ask_few(&question, interrupted)?;
                Ok::<_, NetworkError>(answers.probabilities)
            };
            let mut again = pilot(&order, ask)?;
            let more = sizes.more(&masks, &probabilities, &again, step)?;
            let rest = &order[again.certain - 1..][..more];
            again.probabilities.extend(ask(rest)?);
            again.samples.extend(rest);
            again
        }
    };
    Ok(Perturbations {
        masks,
        probabilities,
        again,
    })
}

/// The answers to whole blocks of masks, until they are enough.
fn until_enough(
    all: &Masks,
    request: &Request<'_>,
    sizes: &mut dyn Sizes,
    ask: impl Fn(&Masks) -> Result<Vec<f32>, NetworkError>,
) -> Result<Vec<f32>, PerturbationsError> {
    // Whole batches too; all are powers of two.
    let step = CHECK.max(request.sampler.block(request.superpixels));
    let mut probabilities = Vec::new();
    while probabilities.len() < all.samples() {
        let end = all.samples().min(probabilities.len() + step);
        probabilities.extend(ask(&all.select(probabilities.len()..end))?);
        if sizes.enough(&all.select(0..end), &probabilities)? {
            break;
        }
    }
    Ok(probabilities)
}

/// Asks the reference about sample 0 and the first of a random order.
fn pilot(
    order: &[usize],
    ask: impl Fn(&[usize]) -> Result<Vec<f32>, NetworkError>,
) -> Result<Again, NetworkError> {
    let drawn = order.len().min(PILOT - 1);
    let samples: Vec<usize> = std::iter::once(0)
        .chain(order[..drawn].iter().copied())
        .collect();
    Ok(Again {
        probabilities: ask(&samples)?,
        certain: samples.len(),
        samples,
    })
}
