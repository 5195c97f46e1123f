//! The stage `lime`: asks the network about masked crops, and fits the surrogate to its answers.

pub mod perturbations;
pub mod weights;

use std::collections::BTreeMap;

use infer::Classifiers;
use sampling::Masks;
use stage::{Output, Session, StageError, digest_of};
use study::plan::{Plan, Subject, facet};
use study::settings::lime::{Features, Kernel, Selection, Settings};
use study::{Kind, Method};

/// Brings `perturbations` and `weights` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let mut classifiers = Classifiers::new(session);
    session.in_turn(Kind::Perturbations, |plan, subject| {
        ask(session, &mut classifiers, plan, subject)
    })?;
    session.each(Kind::Weights, |plan, subject| fit(session, plan, subject))
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

fn ask(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subject: &Subject,
) -> Result<Output, StageError> {
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
    let (method, run) = (
        subject.method.as_ref().map_or("", study::Name::as_str),
        subject.run.unwrap_or(0),
    );
    let request = perturbations::Request {
        crop: &rgb,
        labels: &segments.labels,
        superpixels: segments.superpixels as usize,
        target: target.target_class as usize,
        replacement: lime.replacement,
        mean: session.study.networks[network].mean,
        sampler: lime.sampler,
        samples: lime.samples as usize,
    };
    let seed = perturbations::seed(
        session.study.seed,
        &crop.image_digest,
        &segments.partition,
        method,
        run,
    );
    let interrupted = || session.signals.received().is_some();
    let asked =
        perturbations::perturbations(classifiers.get(network)?, &request, seed, &interrupted);
    let (masks, answers) = asked.map_err(|error| infer::network_error(session, error))?;
    let probabilities: Vec<u8> = answers
        .probabilities
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let digest = digest_of([
        &masks.superpixels().to_le_bytes()[..],
        masks.bytes(),
        &probabilities,
    ]);
    let row = schema::Perturbations {
        image: crop.image,
        network: network.to_string(),
        partition: segments.partition.clone(),
        method: method.to_owned(),
        run,
        sampler: lime.sampler.name().to_owned(),
        target_class: target.target_class,
        samples: masks.samples() as u32,
        superpixels: segments.superpixels,
        masks: masks.into_bytes(),
        probabilities: answers.probabilities,
    };
    Ok(Output::new(&[row], (&segments, &target))?
        .facet(facet::ANSWERS, digest)
        .passes(u64::from(lime.samples), 0))
}

fn fit(session: &Session, plan: &Plan, subject: &Subject) -> Result<Output, StageError> {
    let asked = session.read_one::<schema::Perturbations>(plan, Kind::Perturbations, subject)?;
    let masks = Masks::from_bytes(
        asked.samples as usize,
        asked.superpixels as usize,
        asked.masks,
    )
    .map_err(StageError::action)?;
    let explanation = weights::weights(
        &masks,
        &asked.probabilities,
        &surrogate_settings(settings(session, subject)),
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

fn surrogate_settings(lime: &Settings) -> surrogate::Settings {
    let (distance, kernel_width) = match lime.kernel {
        Kernel::Cosine { width } => (surrogate::Distance::Cosine, Some(width)),
        Kernel::L2 { width } => (surrogate::Distance::L2, width),
    };
    let features = match lime.features {
        Features::All => surrogate::Features::All,
        Features::Best {
            count,
            selection: Selection::HighestWeights,
        } => surrogate::Features::HighestWeights(count as usize),
        Features::Best {
            count,
            selection: Selection::ForwardSelection,
        } => surrogate::Features::ForwardSelection(count as usize),
    };
    surrogate::Settings {
        distance,
        kernel_width,
        alpha: lime.alpha,
        features,
    }
}
