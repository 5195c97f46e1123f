//! The stage `gradcam`: white-box methods, which make maps from a network's activations and gradients.

pub mod pooled;
pub mod saliency;

use std::collections::{BTreeMap, BTreeSet};
use std::slice::from_ref;

use actions::{Cam, Maker, Relevances, Saliency};
use infer::{Classifiers, Inside, cascade};
use methods::Method;
use parts::{Map, Part};
use schema::Segments;
use stage::{Job, Output, Outputs, Session, StageError};
use study::Kind;
use study::plan::{Subject, facet};

/// Images whose crops are in memory together.
const TOGETHER: usize = 64;
/// The same for a method that asks about many inputs of each: few, so that little is lost where the stage is ended, and enough to fill batches.
const FEW_TOGETHER: usize = 8;

/// Brings `saliency`, and the relevances that follow from maps, up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let classifiers = Classifiers::on_each_device(session)?;
    let together = |subject: &Subject| {
        let mapping = subject.method(&session.study).and_then(Method::mapping);
        let points = mapping.and_then(|mapping| mapping.points).unwrap_or(1);
        let images = if points == 1 { TOGETHER } else { FEW_TOGETHER };
        let images = subject.image.map(|image| image / images);
        (subject.network.clone(), subject.method.clone(), images)
    };
    session.in_groups(together, &classifiers, |classifiers, jobs| {
        explain(session, classifiers, jobs)
    })?;
    let by_depth = |subject: &Subject| (together(subject), subject.depth);
    session.in_groups(by_depth, &classifiers, |classifiers, jobs| {
        relate(session, classifiers, jobs)
    })
}

/// Shares of a difference of logits above which integrated gradients are said to be incomplete.
const INCOMPLETE: f64 = 0.05;

/// The maps of images in one network by one method.
fn explain(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    jobs: &[Job<'_, Saliency>],
) -> Result<Outputs, StageError> {
    let [first, ..] = jobs else {
        return Ok(Outputs::new());
    };
    let inside = inside(&first.inputs.cam);
    let classifier = classifiers.open(&first.inputs.names.network, &inside)?;
    let cams: Vec<&Cam> = jobs.iter().map(|job| &job.inputs.cam).collect();
    let interrupted = || session.signals.received().is_some();
    let maps = saliency::maps(&cams, &first.rows, classifier, &interrupted)?;
    warn_of_residuals(jobs, &maps);
    let output = |(job, made): (&Job<'_, Saliency>, Result<saliency::Made, _>)| {
        let made = made?;
        let (forward, backward) = (made.forward, made.backward);
        let row = saliency::row(&job.inputs, made, classifier);
        let target = session.read_one(job.plan, Kind::Targets, &job.subject.network())?;
        let digest = Map::digest_of_rows(from_ref(&row)).map_err(StageError::action)?;
        let output = Output::new(&[row], &target)?
            .facet(Map::FACET, digest)
            .passes(forward, backward);
        Ok(output.ran(classifier.device().to_string(), classifier.gradient_batch()))
    };
    Ok(jobs.iter().zip(maps).map(output).collect())
}

fn inside(cam: &Cam) -> Inside {
    Inside::of(cam.method, cam.layer.as_deref())
}

/// Says so where attributions do not sum to the difference that they explain.
fn warn_of_residuals<E>(jobs: &[Job<'_, Saliency>], maps: &[Result<saliency::Made, E>]) {
    let of = |(job, made): (&Job<'_, Saliency>, &Result<saliency::Made, E>)| {
        let residual = made.as_ref().ok()?.completeness_residual?;
        (residual > INCOMPLETE).then(|| (residual, job.inputs.names.clone()))
    };
    let incomplete = jobs.iter().zip(maps).filter_map(of);
    let Some((residual, names)) = incomplete.clone().max_by(|a, b| a.0.total_cmp(&b.0)) else {
        return;
    };
    let actions::Mapped {
        image,
        network,
        method,
        ..
    } = names;
    tracing::warn!(
        "{network}, {method}: the attributions of {} of {} images miss more than {:.0} % of the difference between the logits of image and baseline, at most \
         {:.0} % ({image}); raise `steps` of [methods.{method}]",
        incomplete.count(),
        jobs.len(),
        100.0 * INCOMPLETE,
        100.0 * residual
    );
}

/// The relevances that follow from maps: those of the study, or maps that networks with random layers make here.
fn relate(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    jobs: &[Job<'_, Relevances>],
) -> Result<Outputs, StageError> {
    let random: BTreeMap<_, &Job<'_, Relevances>> = jobs
        .iter()
        .filter(|job| matches!(job.inputs.maker, Maker::RandomMap { .. }))
        .map(|job| (job.subject.image, job))
        .collect();
    if random.is_empty() {
        return Ok(jobs.iter().map(|job| pool(session, job, None)).collect());
    }
    // One map of an image serves all its partitions.
    let cams: Vec<&Cam> = random.values().filter_map(|job| cam_of(job)).collect();
    let found = random
        .values()
        .find_map(|job| Some((job, job.subject.depth?)));
    let (Some((first, depth)), Some(cam)) = (found, cams.first()) else {
        return Ok(Outputs::new());
    };
    let precision = classifiers.precision();
    let network = &first.inputs.names.network;
    let ([classifier], layers) =
        classifiers.randomized(network, &inside(cam), depth, [precision])?;
    let interrupted = || session.signals.received().is_some();
    let maps = saliency::maps(&cams, &first.rows, classifier, &interrupted)?;
    // Where a crop cannot be read, each of its partitions says so below.
    let maps: BTreeMap<_, saliency::Made> = random
        .into_keys()
        .zip(maps)
        .filter_map(|(image, made)| Some((image, made.ok()?)))
        .collect();
    let mut counted = BTreeSet::new();
    let output = |job: &Job<'_, Relevances>| {
        let computed = u64::from(counted.insert(job.subject.image));
        let made = maps.get(&job.subject.image);
        let (forward, backward) = made.map_or((1, 0), |made| (made.forward, made.backward));
        let output = pool(session, job, made.map(|made| &made.map))?
            .facet(facet::CASCADE, cascade(layers))
            .passes(forward, computed * backward)
            .computed(computed * forward);
        Ok(output.ran(classifier.device().to_string(), classifier.gradient_batch()))
    };
    Ok(jobs.iter().map(output).collect())
}

fn cam_of<'a>(job: &'a Job<'_, Relevances>) -> Option<&'a Cam> {
    match &job.inputs.maker {
        Maker::RandomMap { cam, .. } => Some(cam),
        _ => None,
    }
}

fn pool(
    session: &Session,
    job: &Job<'_, Relevances>,
    random: Option<&Map>,
) -> Result<Output, StageError> {
    let (map, labels) = match (&job.inputs.maker, random) {
        (Maker::Map { map, labels }, _) => (job.rows.load::<Map>(map)?, labels),
        (Maker::RandomMap { labels, .. }, Some(map)) => (map.clone(), labels),
        (Maker::RandomMap { cam, .. }, None) => {
            job.rows.load(&cam.pixels)?;
            return Err(StageError::action("the network gave no map for it"));
        }
        _ => return Err(StageError::action("its relevances do not come from a map")),
    };
    let superpixels = job.rows.load(labels)?;
    let rows = pooled::relevances(&job.inputs.names, &map, &superpixels)?;
    let segments: Segments = session.read_one(job.plan, Kind::Segments, &job.subject.segments())?;
    Output::of_relevances(&rows, &segments)
}
