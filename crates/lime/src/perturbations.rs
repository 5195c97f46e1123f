//! The action `perturbations`: which masks are asked, and what the network answers (Ribeiro et al. 2016).

use std::array;
use std::error::Error;

use actions::{Answered as Names, Asked as Inputs};
use imaging::Rgb;
use methods::Hides;
use networks::{Answers, Classifier, NetworkError, Question};
use parts::{ActionError, Answers as Found, Rows};
use removal::Backdrop;
use sampling::{Drawn, Masks, STRATA, Sampler, Seed, second_order, stratum};
use statistics::Measured;

/// After so many masks, and again after as many more, it is looked at whether there are enough. A multiple of every network's batch, as are
/// the samplers' blocks that are larger: all are powers of two.
const CHECK: usize = 128;
/// Samples that are re-evaluated in fp32 to measure the error of bfloat16; complete batches of few.
const PILOT: usize = 32;

/// What is explained, and how it is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The untouched crop.
    pub crop: &'a Rgb,
    /// What masks hide.
    pub hidden: Hidden<'a>,
    /// The class that is explained.
    pub target: usize,
    /// What is measured of it.
    pub measured: Measured,
    /// The network's mean colour, in [0, 1].
    pub mean: [f64; 3],
    /// How masks are drawn.
    pub sampler: Sampler,
    /// How many at most, the untouched crop among them.
    pub samples: usize,
}

/// What masks hide.
#[derive(Clone, Copy, Debug)]
pub enum Hidden<'a> {
    /// Superpixels.
    Superpixels {
        /// The superpixel of every pixel.
        labels: &'a [u16],
        /// How many there are.
        count: usize,
        /// What a removed one shows.
        replacement: Backdrop,
    },
    /// The cells of a grid of so many rows and columns, softly.
    Cells(usize),
}

impl Request<'_> {
    /// How many superpixels, or cells, a mask is over.
    fn parts(&self) -> usize {
        match self.hidden {
            Hidden::Superpixels { count, .. } => count,
            Hidden::Cells(side) => side * side,
        }
    }

    /// The crop with everything replaced.
    fn backdrop(&self) -> Option<Rgb> {
        match self.hidden {
            Hidden::Superpixels {
                labels,
                count,
                replacement,
            } => Some(removal::backdrop(
                replacement,
                self.crop,
                labels,
                count,
                self.mean,
            )),
            Hidden::Cells(_) => None,
        }
    }

    /// What is measured of the target under some masks.
    fn ask(
        &self,
        classifier: &Classifier,
        backdrop: Option<&Rgb>,
        asked: &Drawn,
        few: bool,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Vec<f32>, NetworkError> {
        let answers = match (self.hidden, backdrop) {
            (Hidden::Superpixels { labels, .. }, Some(replacement)) => {
                let question = Question {
                    crop: self.crop,
                    replacement,
                    labels,
                    masks: &asked.masks,
                    target: self.target,
                };
                if few {
                    classifier.ask_few(&question, interrupted)?
                } else {
                    classifier.ask(&question, interrupted)?
                }
            }
            (Hidden::Superpixels { .. }, None) => Answers::default(),
            (Hidden::Cells(side), _) => {
                let size = [self.crop.height(), self.crop.width()];
                let mask = |row: usize, mask: &mut [f32]| {
                    let kept = asked.masks.values(row);
                    cam::soft_mask(&kept, side, asked.shifts[row], size, mask);
                };
                let count = asked.masks.samples();
                classifier.ask_masked(self.crop, self.target, count, &mask, interrupted)?
            }
        };
        Ok(answers.measured(self.measured))
    }
}

/// Decides from answers how many samples are asked. A trait, and no fit is named in this file, so that the key of an explanation of fixed
/// size does not depend on fits.
pub trait Sizes {
    /// Whether these answers are enough; never, where the number is fixed. Asked after every block.
    fn enough(&mut self, drawn: &Drawn, probabilities: &[f32]) -> Result<bool, Undecided>;

    /// Whether they are still enough after the re-evaluation in fp32, which corrects weights and adds to their errors; always, where the number is
    /// fixed.
    fn still_enough(&self, _: &Drawn, _: &[f32], _: &Again) -> Result<bool, Undecided> {
        Ok(true)
    }

    /// How many samples more of each stratum to ask the reference after a pilot, or after those of fewer masks, as multiples of `step` where there
    /// are enough.
    fn more(
        &self,
        masks: &Masks,
        probabilities: &[f32],
        pilot: &Again,
        step: usize,
    ) -> Result<[usize; STRATA], Undecided>;
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

impl<'a> Asked<'a> {
    /// The network that evaluates all masks.
    pub fn first(self) -> &'a Classifier {
        let (Self::One(first) | Self::Mixed { fast: first, .. }) = self;
        first
    }
}

/// Masks and what was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Perturbations {
    /// The masks.
    pub drawn: Drawn,
    /// What is measured of the target under each mask; the fast network's answers, where two networks were evaluated.
    pub probabilities: Vec<f32>,
    /// What the reference evaluated too; empty where only one network was evaluated.
    pub again: Again,
}

/// Samples that were re-evaluated in fp32.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Again {
    /// Which: first those that were certain to be, sample 0 among them, then an equal random choice from the others of each stratum.
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

/// Evaluates the masks of an explanation: its inputs, the names that seed them, and the fits that decide how many there are.
pub fn run(
    inputs: &Inputs,
    names: &Names,
    rows: &Rows<'_>,
    asked: Asked<'_>,
    sizes: &mut dyn Sizes,
    interrupted: &dyn Fn() -> bool,
) -> Result<Found, ActionError> {
    let crop = rows.load(&inputs.pixels)?;
    let labels = inputs.labels.as_ref();
    let superpixels = labels.map(|labels| rows.load(labels)).transpose()?;
    let hidden = match (inputs.hides, &superpixels) {
        (Hides::Cells(side), _) => Hidden::Cells(side as usize),
        (Hides::Superpixels(replacement), Some(superpixels)) => Hidden::Superpixels {
            labels: &superpixels.labels,
            count: superpixels.count,
            replacement,
        },
        (Hides::Superpixels(_), None) => return Err(ActionError::failed("masks need superpixels")),
    };
    let count = superpixels
        .as_ref()
        .map_or(0, |superpixels| superpixels.count);
    let request = Request {
        crop: &crop,
        hidden,
        target: inputs.target_class.value as usize,
        measured: inputs.measured,
        mean: inputs.network.mean,
        sampler: inputs.sampler,
        samples: inputs.samples.most(count as u64) as usize,
    };
    let seed = Seed::of_run(
        inputs.seed,
        &inputs.image_digest,
        names.partition.as_deref().unwrap_or_default(),
        &names.method,
        names.run,
    );
    let found = perturbations(asked, &request, seed, sizes, interrupted);
    let Perturbations {
        drawn,
        probabilities,
        again,
    } = found.map_err(|error| match error {
        PerturbationsError::Network(NetworkError::Interrupted) => ActionError::Interrupted,
        error => ActionError::failed(error),
    })?;
    Ok(Found {
        drawn,
        probabilities,
        reference_samples: again.samples,
        reference_probabilities: again.probabilities,
        reference_certain: again.certain,
    })
}

/// The row of an explanation's answers.
pub fn row(inputs: &Inputs, names: &Names, answers: Found) -> schema::Perturbations {
    let reference = answers.reference_samples.iter();
    let masks = answers.drawn.masks;
    schema::Perturbations {
        image: names.image.clone(),
        network: names.network.clone(),
        partition: names.partition.clone(),
        method: names.method.clone(),
        run: names.run,
        sampler: inputs.sampler.name().to_owned(),
        precision: inputs.precision.name().to_owned(),
        target_class: inputs.target_class.value,
        samples: masks.samples() as u32,
        superpixels: masks.superpixels() as u32,
        masks: masks.into_bytes(),
        enumerated: answers.drawn.enumerated as u32,
        repeats: answers.drawn.repeats,
        shifts: answers.drawn.shifts.concat(),
        probabilities: answers.probabilities,
        reference_samples: reference.map(|&sample| sample as u32).collect(),
        reference_probabilities: answers.reference_probabilities,
        reference_certain: answers.reference_certain as u32,
    }
}

/// Draws the masks and asks what is measured of the target under each.
pub fn perturbations(
    asked: Asked<'_>,
    request: &Request<'_>,
    seed: Seed,
    sizes: &mut dyn Sizes,
    interrupted: &dyn Fn() -> bool,
) -> Result<Perturbations, PerturbationsError> {
    let backdrop = request.backdrop();
    let parts = request.parts();
    let all = request.sampler.drawn(seed, request.samples, parts);
    let step = CHECK.max(request.sampler.block(parts));
    let mut found = Perturbations {
        drawn: all.rows(0..0),
        probabilities: Vec::new(),
        again: Again::default(),
    };
    let samples = all.masks.samples();
    while found.probabilities.len() < samples {
        let known = found.probabilities.len();
        let end = samples.min(known + step);
        let block = all.rows(known..end);
        let first = asked.first();
        let answers = request.ask(first, backdrop.as_ref(), &block, false, interrupted)?;
        found.probabilities.extend(answers);
        found.drawn = all.rows(0..end);
        let enough = sizes.enough(&found.drawn, &found.probabilities)?;
        if !enough && end < samples {
            continue;
        }
        let Asked::Mixed { reference, .. } = asked else {
            break;
        };
        ask_again(&mut found, seed, sizes, reference.few_batch(), |masks| {
            let masks = masks.clone().into();
            request.ask(reference, backdrop.as_ref(), &masks, true, interrupted)
        })?;
        if sizes.still_enough(&found.drawn, &found.probabilities, &found.again)? {
            break;
        }
    }
    Ok(found)
}

/// Asks the reference about some samples too: sample 0 and, of each stratum, the first of a random order, and then as many more as are worth their
/// cost. Samples that were re-evaluated with fewer masks count as certain now, and the others are chosen anew.
fn ask_again(
    found: &mut Perturbations,
    seed: Seed,
    sizes: &dyn Sizes,
    batch: usize,
    ask: impl Fn(&Masks) -> Result<Vec<f32>, NetworkError>,
) -> Result<(), PerturbationsError> {
    let Perturbations {
        drawn: Drawn { masks, .. },
        probabilities,
        again,
    } = found;
    let extend = |again: &mut Again, samples: &[usize]| {
        if !samples.is_empty() {
            let answers = ask(&masks.select(samples.iter().copied()))?;
            again.probabilities.extend(answers);
            again.samples.extend(samples);
        }
        Ok::<_, NetworkError>(())
    };
    let mut known = vec![false; masks.samples()];
    for &sample in &again.samples {
        known[sample] = true;
    }
    let mut order = second_order(seed, again.samples.len(), masks.samples());
    order.retain(|&sample| !known[sample]);
    let orders: [Vec<usize>; STRATA] = array::from_fn(|of| {
        order
            .iter()
            .copied()
            .filter(|&sample| stratum(sample) == of)
            .collect()
    });
    let mut rest = orders.each_ref().map(Vec::as_slice);
    again.certain = again.samples.len();
    // Later every stratum needs some again: they fill a batch together.
    let mut step = batch.div_ceil(STRATA);
    if again.samples.is_empty() {
        step = batch;
        let mut pilot = vec![0];
        for (of, rest) in rest.iter_mut().enumerate() {
            let share = PILOT / STRATA - usize::from(of == stratum(0));
            pilot.extend(rest.split_off(..share.min(rest.len())).unwrap_or_default());
        }
        extend(again, &pilot)?;
        again.certain = 1;
    }
    let more = sizes.more(masks, probabilities, again, step)?;
    let more: [&[usize]; STRATA] = array::from_fn(|of| &rest[of][..more[of]]);
    extend(again, &more.concat())?;
    Ok(())
}
