//! The action `perturbations`: which masks are asked, and what the network answers (Ribeiro et al. 2016).

use std::array;
use std::error::Error;

use actions::{Asked as Inputs, Explained};
use imaging::Rgb;
use networks::{Classifier, NetworkError, Question};
use parts::{ActionError, Answers, Rows};
use removal::Backdrop;
use sampling::{Drawn, Masks, STRATA, Sampler, Seed, second_order, stratum};
use statistics::Measured;

/// After so many masks, and again after as many more, it is looked at whether there are enough. A multiple of every network's batch, as are
/// the samplers' blocks that are larger: all are powers of two.
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
    /// What of it is asked about.
    pub measured: Measured,
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

/// Decides from answers how many samples are asked. A trait, and no fit is named in this file, so that the key of an explanation of fixed
/// size does not depend on fits.
pub trait Sizes {
    /// Whether these answers are enough; never, where the number is fixed. Asked after every block.
    fn enough(&mut self, drawn: &Drawn, probabilities: &[f32]) -> Result<bool, Undecided>;

    /// Whether they are still enough now that the reference was asked again, which corrects weights and adds to their errors; always, where
    /// the number is fixed.
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
    /// Who is asked about all masks.
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
    /// What is measured of the target under each mask; where two networks were asked the fast one's.
    pub probabilities: Vec<f32>,
    /// What the reference was asked too; empty where one network was asked.
    pub again: Again,
}

/// Samples that were asked again.
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
    names: &Explained,
    rows: &Rows<'_>,
    asked: Asked<'_>,
    sizes: &mut dyn Sizes,
    interrupted: &dyn Fn() -> bool,
) -> Result<Answers, ActionError> {
    let crop = rows.load(&inputs.pixels)?;
    let superpixels = rows.load(&inputs.labels)?;
    let request = Request {
        crop: &crop,
        labels: &superpixels.labels,
        superpixels: superpixels.count,
        target: inputs.target_class.value as usize,
        measured: inputs.measured,
        replacement: inputs.replacement,
        mean: inputs.network.mean,
        sampler: inputs.sampler,
        samples: inputs.samples.most(superpixels.count as u64) as usize,
    };
    let seed = Seed::of_run(
        inputs.seed,
        &inputs.image_digest,
        &names.partition,
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
    Ok(Answers {
        drawn,
        probabilities,
        reference_samples: again.samples,
        reference_probabilities: again.probabilities,
        reference_certain: again.certain,
    })
}

/// The row of an explanation's answers.
pub fn row(inputs: &Inputs, names: &Explained, answers: Answers) -> schema::Perturbations {
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
    let replacement = removal::backdrop(
        request.replacement,
        request.crop,
        request.labels,
        request.superpixels,
        request.mean,
    );
    let all = request
        .sampler
        .drawn(seed, request.samples, request.superpixels);
    let step = CHECK.max(request.sampler.block(request.superpixels));
    let mut found = Perturbations {
        drawn: all.first(0),
        probabilities: Vec::new(),
        again: Again::default(),
    };
    let samples = all.masks.samples();
    while found.probabilities.len() < samples {
        let known = found.probabilities.len();
        let end = samples.min(known + step);
        let block = all.masks.select(known..end);
        let answers = asked
            .first()
            .ask(&request.question(&replacement, &block), interrupted)?;
        let answers = answers.measured(request.measured);
        found.probabilities.extend(answers);
        found.drawn = all.first(end);
        let enough = sizes.enough(&found.drawn, &found.probabilities)?;
        if !enough && end < samples {
            continue;
        }
        let Asked::Mixed { reference, .. } = asked else {
            break;
        };
        ask_again(&mut found, seed, sizes, reference.few_batch(), |masks| {
            let question = request.question(&replacement, masks);
            let answers = reference.ask_few(&question, interrupted)?;
            Ok(answers.measured(request.measured))
        })?;
        if sizes.still_enough(&found.drawn, &found.probabilities, &found.again)? {
            break;
        }
    }
    Ok(found)
}

/// Asks the reference about some samples too: sample 0 and, of each stratum, the first of a random order, and then as many more as are worth their cost.
///
/// What was asked again of fewer masks counts as certain now, and the others are chosen anew.
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
