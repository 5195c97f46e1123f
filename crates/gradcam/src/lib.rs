//! The stage `gradcam`: white-box methods, which make maps from a network's activations and gradients.

pub mod pooled;
pub mod saliency;

use std::collections::{BTreeMap, BTreeSet};
use std::slice::from_ref;

use actions::{Cam, Maker, Relevances, Saliency};
use infer::{Classifiers, cascade};
use parts::{Map, Part};
use schema::Segments;
use stage::{Job, Output, Outputs, Session, StageError};
use study::Kind;
use study::plan::{Subject, facet};

/// Images whose crops are in memory together.
const TOGETHER: usize = 64;

/// Brings `saliency`, and the relevances that follow from maps, up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let classifiers = Classifiers::on_each_device(session)?;
    let together = |subject: &Subject| {
        let images = subject.image.map(|image| image / TOGETHER);
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

/// The maps of images in one network by one method.
fn explain(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    jobs: &[Job<'_, Saliency>],
) -> Result<Outputs, StageError> {
    let [first, ..] = jobs else {
        return Ok(Outputs::new());
    };
    let cam = &first.inputs.cam;
    let classifier = classifiers.split_at(&first.inputs.names.network, cam.layer.as_deref())?;
    let inputs: Vec<&Saliency> = jobs.iter().map(|job| &job.inputs).collect();
    let rows = saliency::run(&inputs, &first.rows, classifier)?;
    let backward = u64::from(classifier.goes_backward());
    let output = |(job, row): (&Job<'_, Saliency>, Result<schema::Saliency, _>)| {
        let row = row?;
        let target = session.read_one(job.plan, Kind::Targets, &job.subject.network())?;
        let digest = Map::digest_of_rows(from_ref(&row)).map_err(StageError::action)?;
        let output = Output::new(&[row], &target)?
            .facet(Map::FACET, digest)
            .passes(1, backward);
        Ok(output.ran(classifier.device().to_string(), classifier.gradient_batch()))
    };
    Ok(jobs.iter().zip(rows).map(output).collect())
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
    let Some((first, depth)) = random
        .values()
        .find_map(|job| Some((job, job.subject.depth?)))
    else {
        return Ok(Outputs::new());
    };
    let precision = classifiers.precision();
    let network = &first.inputs.names.network;
    let layer = cams.first().and_then(|cam| cam.layer.as_deref());
    let ([classifier], layers) = classifiers.randomized(network, layer, depth, [precision])?;
    let maps = saliency::maps(&cams, &first.rows, classifier)?;
    // Where a crop cannot be read, each of its partitions says so below.
    let maps: BTreeMap<_, Map> = random
        .into_keys()
        .zip(maps)
        .filter_map(|(image, map)| Some((image, map.ok()?)))
        .collect();
    let mut counted = BTreeSet::new();
    let output = |job: &Job<'_, Relevances>| {
        let computed = u64::from(counted.insert(job.subject.image));
        let backward = computed * u64::from(classifier.goes_backward());
        let output = pool(session, job, maps.get(&job.subject.image))?
            .facet(facet::CASCADE, cascade(layers))
            .passes(1, backward)
            .computed(computed);
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
