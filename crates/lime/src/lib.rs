//! The stage `lime`: asks the network about masked crops, and fits the surrogate to its answers.

pub mod perturbations;
pub mod sizes;
pub mod weights;

use std::collections::BTreeMap;

use infer::Classifiers;
use perturbations::{Again, Asked, Perturbations, PerturbationsError, Sizes, Undecided};
use sampling::{Masks, STRATA, Sampler};
use sizes::Watch;
use stage::{Output, Outputs, Session, StageError, digest_of};
use study::plan::{Plan, Subject, facet};
use study::settings::lime::{Precision, Samples, Settings, Settled};
use study::{Choice, Kind, Method};
use surrogate::Correction;

/// Brings `perturbations`, `weights` and `randomized_weights` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let classifiers = Classifiers::on_each_device(session)?;
    session.in_turn(
        Kind::Perturbations,
        &classifiers,
        |classifiers, plan, subject| ask(session, classifiers, plan, subject),
    )?;
    session.each(Kind::Weights, |plan, subject| fit(session, plan, subject))?;
    // A network at one depth is in memory at a time.
    let by_network = |subject: &Subject| (subject.network.clone(), subject.depth, subject.image);
    let explain = |classifiers: &mut Classifiers<'_>, plan: &Plan, subjects: &[&Subject]| {
        let outputs = subjects
            .iter()
            .map(|subject| explain_randomized(session, classifiers, plan, subject));
        Ok::<Outputs, _>(outputs.collect())
    };
    session.in_groups(Kind::RandomizedWeights, by_network, &classifiers, explain)
}

/// The settings of the method that an explanation is made with.
fn settings<'a>(session: &'a Session, subject: &Subject) -> &'a Settings {
    let method = subject
        .method
        .as_ref()
        .expect("an explanation is of a method");
    match &session.study.methods[method] {
        Method::Lime(settings) => settings,
        _ => {
            unreachable!("the plan gives this stage the explanations of LIME only")
        }
    }
}

/// The precisions of the networks that are asked, the reference last.
fn precisions(precision: Precision) -> (networks::Precision, Option<networks::Precision>) {
    use networks::Precision::{Bf16, Fp32, Tf32};
    match precision {
        Precision::Fp32 => (Fp32, None),
        Precision::Tf32 => (Tf32, None),
        Precision::Bf16 => (Bf16, None),
        Precision::Mixed => (Bf16, Some(Fp32)),
    }
}

/// What was asked again, as the fit takes it. Here, because neither `perturbations` nor `weights` may lead to the other: each is in the keys of its
/// own results.
pub fn correction(again: &Again) -> Correction<'_> {
    Correction {
        samples: &again.samples,
        probabilities: &again.probabilities,
        certain: again.certain,
    }
}

/// What was asked about, and what was answered.
struct Answered {
    crop: schema::Crop,
    segments: schema::Segments,
    target: schema::Target,
    answers: Perturbations,
}

impl Answered {
    fn passes(&self) -> u64 {
        (self.answers.probabilities.len() + self.answers.again.samples.len()) as u64
    }
}

/// Asks a network, trained or not, about the masks of an explanation.
fn answers(
    session: &Session,
    plan: &Plan,
    subject: &Subject,
    asked: Asked<'_>,
) -> Result<Answered, StageError> {
    let crop = session.read_one::<schema::Crop>(plan, Kind::Crops, &subject.crop())?;
    let segments =
        session.read_one::<schema::Segments>(plan, Kind::Segments, &subject.segments())?;
    let target = session.read_one::<schema::Target>(plan, Kind::Targets, &subject.network())?;
    let rgb = imaging::decode(&crop.rgb).map_err(StageError::action)?;
    let lime = settings(session, subject);
    let network = subject
        .network
        .as_ref()
        .expect("an explanation is of a network");
    let (samples, settled) = match lime.samples {
        Samples::Fixed(samples) => (samples, None),
        Samples::Until { most, settled } => (most, Some(settled)),
    };
    let request = perturbations::Request {
        crop: &rgb,
        labels: &segments.labels,
        superpixels: segments.superpixels as usize,
        target: target.target_class as usize,
        replacement: lime.replacement,
        mean: session.study.networks[network].mean,
        sampler: lime.sampler,
        samples: samples as usize,
    };
    let seed = perturbations::seed(
        session.study.seed,
        &crop.image_digest,
        &segments.partition,
        &method_of(subject),
        subject.run.unwrap_or(0),
    );
    let surrogate = lime.surrogate();
    let mut fits = Fits {
        watch: settled.map(|settled| {
            let settled = match settled {
                Settled::StandardError(limit) => sizes::Settled::StandardError(limit),
                Settled::Top(count) => sizes::Settled::Top(count as usize),
            };
            Watch::new(settled, lime.sampler, surrogate)
        }),
        sampler: lime.sampler,
        surrogate,
    };
    let interrupted = || session.signals.received().is_some();
    let answers = perturbations::perturbations(asked, &request, seed, &mut fits, &interrupted)
        .map_err(|error| match error {
            PerturbationsError::Network(error) => infer::network_error(session, error),
            error @ PerturbationsError::Sizes(_) => StageError::action(error),
        })?;
    Ok(Answered {
        crop,
        segments,
        target,
        answers,
    })
}

fn ask(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subject: &Subject,
) -> Result<Output, StageError> {
    let lime = settings(session, subject);
    let network = subject
        .network
        .as_ref()
        .expect("an explanation is of a network");
    let precision = session.study.precision_of(lime);
    let asked = match precisions(precision) {
        (first, None) => Asked::One(classifiers.all(network, [first])?[0]),
        (first, Some(reference)) => {
            let [fast, reference] = classifiers.all(network, [first, reference])?;
            Asked::Mixed { fast, reference }
        }
    };
    let answered = answers(session, plan, subject, asked)?;
    let passes = answered.passes();
    let Answered {
        crop,
        segments,
        target,
        answers,
    } = answered;
    let row = schema::Perturbations {
        image: crop.image,
        network: network.to_string(),
        partition: segments.partition.clone(),
        method: method_of(subject),
        run: subject.run.unwrap_or(0),
        sampler: lime.sampler.name().to_owned(),
        precision: precision.name().to_owned(),
        target_class: target.target_class,
        samples: answers.masks.samples() as u32,
        superpixels: segments.superpixels,
        masks: answers.masks.into_bytes(),
        probabilities: answers.probabilities,
        reference_samples: answers
            .again
            .samples
            .iter()
            .map(|&sample| sample as u32)
            .collect(),
        reference_probabilities: answers.again.probabilities,
        reference_certain: answers.again.certain as u32,
    };
    let digest = digest_of([
        &row.superpixels.to_le_bytes()[..],
        &row.masks,
        &bytes(&row.probabilities, f32::to_le_bytes),
        &bytes(&row.reference_samples, u32::to_le_bytes),
        &bytes(&row.reference_probabilities, f32::to_le_bytes),
        &row.reference_certain.to_le_bytes(),
    ]);
    let study = session.study.compute.precision.name();
    let output = Output::new(&[row], (&segments, &target, study))?
        .facet(facet::ANSWERS, digest)
        .passes(passes, 0);
    Ok(infer::ran(output, asked.first()))
}

fn method_of(subject: &Subject) -> String {
    let method = subject.method.as_ref();
    method.expect("an explanation is of a method").to_string()
}

/// The explanation of a network whose upper layers are random.
fn explain_randomized(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subject: &Subject,
) -> Result<Output, StageError> {
    let lime = settings(session, subject);
    let network = subject
        .network
        .as_ref()
        .expect("an explanation is of a network");
    let depth = subject.depth.expect("layers are random to a depth");
    let (asked, cascade) = match precisions(session.study.precision_of(lime)) {
        (first, None) => {
            let ([classifier], cascade) = classifiers.randomized(network, depth, [first])?;
            (Asked::One(classifier), cascade)
        }
        (first, Some(reference)) => {
            let ([fast, reference], cascade) =
                classifiers.randomized(network, depth, [first, reference])?;
            (Asked::Mixed { fast, reference }, cascade)
        }
    };
    let answered = answers(session, plan, subject, asked)?;
    let answers = &answered.answers;
    let again = &answers.again;
    let correction = correction(again);
    let explanation = weights::weights(
        &answers.masks,
        &answers.probabilities,
        (!again.samples.is_empty()).then_some(&correction),
        lime.sampler,
        &lime.surrogate(),
    )
    .map_err(StageError::action)?;
    let lowest = cascade.random.last().cloned().unwrap_or_default();
    let rows: Vec<schema::RandomizedWeight> = (0..)
        .zip(&explanation.weights)
        .map(|(superpixel, &weight)| schema::RandomizedWeight {
            image: answered.crop.image.clone(),
            network: network.to_string(),
            partition: answered.segments.partition.clone(),
            method: method_of(subject),
            run: subject.run.unwrap_or(0),
            depth,
            random_layers: cascade.random.len() as u32,
            layers: cascade.layers as u32,
            lowest_random_layer: lowest.clone(),
            superpixel,
            weight,
        })
        .collect();
    let passes = answered.passes();
    let output = Output::new(&rows, &answered.segments)?.passes(passes, 0);
    Ok(infer::ran(output, asked.first()))
}

/// The fits that decide how many samples are asked.
struct Fits {
    /// Where the number is open.
    watch: Option<Watch>,
    sampler: Sampler,
    surrogate: surrogate::Settings,
}

impl Sizes for Fits {
    fn enough(&mut self, masks: &Masks, probabilities: &[f32]) -> Result<bool, Undecided> {
        match &mut self.watch {
            Some(watch) => Ok(watch.settled(masks, probabilities)?),
            None => Ok(false),
        }
    }

    fn still_enough(
        &self,
        masks: &Masks,
        probabilities: &[f32],
        again: &Again,
    ) -> Result<bool, Undecided> {
        let watch = self.watch.as_ref();
        let settled = watch
            .map(|watch| watch.still_settled(masks, probabilities, &correction(again)))
            .transpose()?;
        Ok(settled.unwrap_or(true))
    }

    fn more(
        &self,
        masks: &Masks,
        probabilities: &[f32],
        pilot: &Again,
        step: usize,
    ) -> Result<[usize; STRATA], Undecided> {
        let more = sizes::more(
            masks,
            probabilities,
            &correction(pilot),
            self.sampler,
            &self.surrogate,
            step,
        );
        Ok(more?)
    }
}

fn bytes<T: Copy, const N: usize>(values: &[T], encode: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| encode(value)).collect()
}

fn fit(session: &Session, plan: &Plan, subject: &Subject) -> Result<Output, StageError> {
    let asked = session.read_one::<schema::Perturbations>(plan, Kind::Perturbations, subject)?;
    let masks = Masks::from_bytes(
        asked.samples as usize,
        asked.superpixels as usize,
        asked.masks,
    )
    .map_err(StageError::action)?;
    let again: Vec<usize> = asked
        .reference_samples
        .iter()
        .map(|&sample| sample as usize)
        .collect();
    let correction = Correction {
        samples: &again,
        probabilities: &asked.reference_probabilities,
        certain: asked.reference_certain as usize,
    };
    let lime = settings(session, subject);
    let explanation = weights::weights(
        &masks,
        &asked.probabilities,
        (!again.is_empty()).then_some(&correction),
        lime.sampler,
        &lime.surrogate(),
    )
    .map_err(StageError::action)?;
    let rows: Vec<schema::Weight> = (0..masks.superpixels())
        .map(|superpixel| schema::Weight {
            image: asked.image.clone(),
            network: asked.network.clone(),
            partition: asked.partition.clone(),
            method: asked.method.clone(),
            run: asked.run,
            superpixel: superpixel as u16,
            weight: explanation.weights[superpixel],
            standard_error: explanation.standard_errors[superpixel],
            rank: explanation.ranks[superpixel],
            intercept: explanation.intercept,
            r2: explanation.r2,
            local_prediction: explanation.local_prediction,
        })
        .collect();
    Ok(Output::new(&rows, masks.superpixels())?
        .facet(facet::ORDER, digest_of([&in_order(&explanation.ranks)[..]])))
}

/// The superpixels, most relevant first, as bytes.
fn in_order(ranks: &[u32]) -> Vec<u8> {
    let by_rank: BTreeMap<u32, usize> = ranks
        .iter()
        .enumerate()
        .map(|(superpixel, &rank)| (rank, superpixel))
        .collect();
    by_rank
        .values()
        .flat_map(|&superpixel| (superpixel as u16).to_le_bytes())
        .collect()
}
