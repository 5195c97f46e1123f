//! The stage `evaluate`: measures, computed from tables alone.

pub mod agreement;
pub mod comparisons;
pub mod complexity;
pub mod localization;
pub mod relevance;
pub mod sanity;
pub mod scores;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use removal::Explanation;
use stage::{Output, Session, StageError};
use study::plan::{Action, Plan, Subject};
use study::{Kind, Method};

/// Brings all measures up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    session.each(Kind::Scores, |plan, _| score_all(session, plan))?;
    session.each(Kind::Agreement, |plan, _| agree(session, plan))?;
    session.each(Kind::Localization, |plan, _| locate(session, plan))?;
    session.each(Kind::Complexity, |plan, _| count(session, plan))?;
    session.each(Kind::Sanity, |plan, _| check_sanity(session, plan))?;
    session.each(Kind::Comparisons, |plan, subject| {
        compare(session, plan, subject)
    })
}

fn score_all(session: &Session, plan: &Plan) -> Result<Output, StageError> {
    let curves: Vec<&Action> = plan.of(Kind::Curves).collect();
    let scores = curves
        .par_iter()
        .map(|action| score(session, plan, action))
        .collect::<Result<Vec<_>, _>>()?;
    let mut output = Output::new(&scores, curves.len())?;
    let mut exclusions = if session.study.images.require_correct {
        exclusions(session, plan)?
    } else {
        Vec::new()
    };
    let dropped: BTreeSet<String> = exclusions.iter().map(|row| row.image.clone()).collect();
    let too_fine = too_fine(session, plan)?.into_iter();
    exclusions.extend(too_fine.filter(|row| !dropped.contains(&row.image)));
    output.add(&exclusions, ())?;
    output.add(&scores::gains(&scores), scores.len())?;
    Ok(output)
}

fn exclusions(session: &Session, plan: &Plan) -> Result<Vec<schema::Exclusion>, StageError> {
    let mut rows = Vec::new();
    for action in plan.of(Kind::Targets) {
        let target = session.read_one::<schema::Target>(plan, Kind::Targets, &action.subject)?;
        let answer = session.read_one::<schema::Logits>(plan, Kind::Logits, &action.subject)?;
        let predicted = session
            .sources
            .images
            .classes
            .name(answer.predicted_class as usize)
            .map(str::to_owned);
        rows.extend(scores::exclusions(&[target], |_| predicted.clone()));
    }
    Ok(rows)
}

/// The oracles that have no order of an image on a partition.
fn too_fine(session: &Session, plan: &Plan) -> Result<Vec<schema::Exclusion>, StageError> {
    let study = &session.study;
    let mut rows = Vec::new();
    for action in plan.of(Kind::Segments) {
        for method in study.methods.keys() {
            let subject = Subject {
                method: Some(method.clone()),
                ..action.subject.clone()
            };
            let judged = subject.partition.as_ref();
            let judged = judged.is_some_and(|partition| study.judges(method, partition));
            if judged && plan.is_too_fine(study, &subject) {
                let segments =
                    session.read_one::<schema::Segments>(plan, Kind::Segments, &action.subject)?;
                let schema::Segments {
                    image,
                    partition,
                    superpixels,
                    ..
                } = segments;
                rows.push(scores::too_fine(
                    image,
                    partition,
                    method.to_string(),
                    superpixels,
                ));
            }
        }
    }
    Ok(rows)
}

fn method<'a>(session: &'a Session, subject: &Subject) -> &'a Method {
    let name = subject.method.as_ref();
    &session.study.methods[name.expect("an explanation is of a method")]
}

/// The relevances of an explanation, where its method gives any.
fn relevance_of(
    session: &Session,
    plan: &Plan,
    subject: &Subject,
) -> Result<Option<Vec<f64>>, StageError> {
    method(session, subject)
        .gives_relevances()
        .then(|| relevance::of(session, plan, subject))
        .transpose()
}

fn score(session: &Session, plan: &Plan, action: &Action) -> Result<schema::Score, StageError> {
    session.signals.check()?;
    let curve = session.read::<schema::CurveStep>(plan, Kind::Curves, &action.subject)?;
    let deterministic = method(session, &action.subject).deterministic();
    let relevance = relevance_of(session, plan, &action.subject)?;
    scores::score(&curve, relevance.as_deref(), deterministic)
        .map_err(|error| about(session, &action.subject, &error))
}

fn about(session: &Session, subject: &Subject, error: &dyn std::fmt::Display) -> StageError {
    StageError::action(format!("{}: {error}", subject.describe(&session.sources)))
}

/// The runs of each explanation from samples, with one another.
fn agree(session: &Session, plan: &Plan) -> Result<Output, StageError> {
    let mut explained: BTreeMap<Subject, Vec<&Action>> = BTreeMap::new();
    for action in plan.of(Kind::Perturbations) {
        let runs = Subject {
            run: None,
            ..action.subject.clone()
        };
        explained.entry(runs).or_default().push(action);
    }
    let level = session.study.evaluate.agreement;
    let compared = explained.par_iter().map(|(subject, actions)| {
        session.signals.check()?;
        let Method::Lime(lime) = method(session, subject) else {
            unreachable!("the plan has samples of LIME only")
        };
        let runs = actions
            .iter()
            .map(|action| session.read_one(plan, Kind::Perturbations, &action.subject))
            .collect::<Result<Vec<_>, _>>()?;
        agreement::agreement(&runs, &lime.surrogate(), level)
            .map_err(|error| about(session, subject, &error))
    });
    let (pairs, needed): (Vec<_>, Vec<_>) =
        compared.collect::<Result<Vec<_>, _>>()?.into_iter().unzip();
    let mut output = Output::new(&pairs.concat(), ())?;
    output.add(&needed, explained.len())?;
    Ok(output)
}

/// The explanations that were judged.
fn explanations(plan: &Plan) -> Vec<Subject> {
    let subjects: BTreeSet<Subject> = plan
        .of(Kind::Curves)
        .map(|action| action.subject.explanation())
        .collect();
    subjects.into_iter().collect()
}

/// A row for each explanation whose method gives relevances.
fn explained<T: Send>(
    session: &Session,
    plan: &Plan,
    row: impl Fn(&Subject, &Keys, &[f64]) -> Result<T, StageError> + Sync,
) -> Result<Vec<T>, StageError> {
    let rows = explanations(plan)
        .into_par_iter()
        .map(|subject| {
            session.signals.check()?;
            let Some(relevance) = relevance_of(session, plan, &subject)? else {
                return Ok(None);
            };
            row(&subject, &Keys::new(session, &subject), &relevance).map(Some)
        })
        .collect::<Result<Vec<_>, StageError>>()?;
    Ok(rows.into_iter().flatten().collect())
}

/// The names of an explanation, as they stand in rows.
struct Keys {
    image: String,
    network: String,
    partition: String,
    method: String,
    run: u32,
}

impl Keys {
    fn new(session: &Session, subject: &Subject) -> Self {
        let text = |name: &Option<study::Name>| {
            name.as_ref().map_or_else(String::new, ToString::to_string)
        };
        let image = subject
            .image
            .map(|image| session.sources.image(image).name.clone());
        Self {
            image: image.unwrap_or_default(),
            network: text(&subject.network),
            partition: text(&subject.partition),
            method: text(&subject.method),
            run: subject.run.unwrap_or(0),
        }
    }
}

fn locate(session: &Session, plan: &Plan) -> Result<Output, StageError> {
    let rows = explained(session, plan, |subject, keys, relevance| {
        let crop = session.read_one::<schema::Crop>(plan, Kind::Crops, &subject.crop())?;
        let target = session.read_one::<schema::Target>(plan, Kind::Targets, &subject.network())?;
        let segments =
            session.read_one::<schema::Segments>(plan, Kind::Segments, &subject.segments())?;
        let mask = crop
            .truth_mask
            .as_deref()
            .map(imaging::decode_mask)
            .transpose()
            .map_err(|error| about(session, subject, &error))?;
        let same_class = target.true_class.map(|class| class == target.target_class);
        let place = localization::localization(
            relevance,
            &segments.labels,
            mask.as_ref().map(imaging::Mask::values),
            same_class,
        );
        Ok(schema::Localization {
            image: keys.image.clone(),
            network: keys.network.clone(),
            partition: keys.partition.clone(),
            method: keys.method.clone(),
            run: keys.run,
            mask_area: place.mask_area,
            pointing: place.pointing,
            relevance_inside: place.relevance_inside,
            intersection_over_union: place.intersection_over_union,
            average_precision: place.average_precision,
            reason: place.reason,
        })
    })?;
    Output::new(&rows, ())
}

fn count(session: &Session, plan: &Plan) -> Result<Output, StageError> {
    let rows = explained(session, plan, |_, keys, relevance| {
        let found = complexity::complexity(relevance);
        Ok(schema::Complexity {
            image: keys.image.clone(),
            network: keys.network.clone(),
            partition: keys.partition.clone(),
            method: keys.method.clone(),
            run: keys.run,
            superpixels: relevance.len() as u32,
            superpixels_for_80_percent: found.superpixels_for_80_percent,
            gini: found.gini,
            entropy: found.entropy,
            reason: found.reason,
        })
    })?;
    Output::new(&rows, ())
}

/// A row for each explanation of the first images, and each depth.
fn check_sanity(session: &Session, plan: &Plan) -> Result<Output, StageError> {
    let study = &session.study;
    let checked = |subject: &Subject| {
        let image = subject
            .image
            .is_some_and(|image| study.is_sanity_checked(image));
        image && subject.run == Some(0) && !method(session, subject).is_control()
    };
    let subjects: Vec<Subject> = explanations(plan).into_iter().filter(checked).collect();
    let subjects = subjects.into_par_iter().flat_map(|subject| {
        (1..=study.sanity.depths)
            .into_par_iter()
            .map(move |depth| Subject {
                depth: Some(depth),
                ..subject.clone()
            })
    });
    let rows: Vec<schema::Sanity> = subjects
        .map(|subject| {
            session.signals.check()?;
            let keys = Keys::new(session, &subject);
            let network = subject.network.as_ref();
            let compared = if network.is_some_and(|name| study.has_layers(name)) {
                Some(likeness(session, plan, &subject)?)
            } else {
                None
            };
            let (cascade, found) = compared.unzip();
            let program =
                "the network is a TorchScript program, whose layers have no names to go by";
            let likeness = found.unwrap_or_else(|| sanity::Likeness {
                spearman: None,
                spearman_absolute: None,
                reason: Some(program.to_owned()),
            });
            let (random_layers, layers, lowest_random_layer) = match cascade {
                Some(Cascade {
                    random,
                    layers,
                    lowest,
                }) => (Some(random), Some(layers), Some(lowest)),
                None => (None, None, None),
            };
            Ok(schema::Sanity {
                image: keys.image,
                network: keys.network,
                partition: keys.partition,
                method: keys.method,
                run: keys.run,
                depth: subject.depth.unwrap_or(0),
                random_layers,
                layers,
                lowest_random_layer,
                spearman: likeness.spearman,
                spearman_absolute: likeness.spearman_absolute,
                reason: likeness.reason,
            })
        })
        .collect::<Result<_, StageError>>()?;
    Output::new(&rows, study.sanity.depths)
}

/// Which layers are random, as rows say.
struct Cascade {
    random: u32,
    layers: u32,
    lowest: String,
}

/// An explanation beside that of the network with random layers, to the depth that the subject names.
fn likeness(
    session: &Session,
    plan: &Plan,
    subject: &Subject,
) -> Result<(Cascade, sanity::Likeness), StageError> {
    let segments =
        session.read_one::<schema::Segments>(plan, Kind::Segments, &subject.segments())?;
    let compare = |trained, random| {
        let size = [segments.height as usize, segments.width as usize];
        let count = segments.superpixels as usize;
        sanity::likeness(trained, random, &segments.labels, size, count)
            .map_err(|error| about(session, subject, &error))
    };
    if let Method::Gradcam(_) = method(session, subject) {
        let map = subject.saliency();
        let trained = session.read_one::<schema::Saliency>(plan, Kind::Saliency, &map)?;
        let map = Subject {
            depth: subject.depth,
            ..map
        };
        let random =
            session.read_one::<schema::RandomizedSaliency>(plan, Kind::RandomizedSaliency, &map)?;
        let likeness = compare(
            map_of(&trained.map, trained.height, trained.width),
            map_of(&random.map, random.height, random.width),
        )?;
        let cascade = Cascade {
            random: random.random_layers,
            layers: random.layers,
            lowest: random.lowest_random_layer,
        };
        return Ok((cascade, likeness));
    }
    let trained = session.read::<schema::Weight>(plan, Kind::Weights, &subject.explanation())?;
    let random =
        session.read::<schema::RandomizedWeight>(plan, Kind::RandomizedWeights, subject)?;
    let likeness = compare(
        Explanation::Weights(&trained.iter().map(|row| row.weight).collect::<Vec<_>>()),
        Explanation::Weights(&random.iter().map(|row| row.weight).collect::<Vec<_>>()),
    )?;
    let first = random.into_iter().next();
    let first = first.ok_or_else(|| about(session, subject, &"its table has no rows"))?;
    let cascade = Cascade {
        random: first.random_layers,
        layers: first.layers,
        lowest: first.lowest_random_layer,
    };
    Ok((cascade, likeness))
}

fn map_of(values: &[f32], height: u32, width: u32) -> Explanation<'_> {
    Explanation::Map {
        values,
        size: [height as usize, width as usize],
    }
}

fn compare(session: &Session, plan: &Plan, study: &Subject) -> Result<Output, StageError> {
    let methods = session.study.methods.iter();
    let deterministic: BTreeSet<String> = methods
        .filter(|(_, method)| method.deterministic())
        .map(|(name, _)| name.to_string())
        .collect();
    let settings = comparisons::Settings {
        seed: session.study.seed,
        resamples: session.study.evaluate.resamples,
        confidence: session.study.evaluate.confidence,
        deterministic: &deterministic,
    };
    let tables = comparisons::comparisons(
        &session.read(plan, Kind::Scores, study)?,
        &session.read(plan, Kind::Scores, study)?,
        &session.read(plan, Kind::Localization, study)?,
        &settings,
    );
    let mut output = Output::new(&tables.comparisons, ())?;
    output.add(&tables.summaries, ())?;
    output.add(&tables.stability, ())?;
    output.add(&tables.variance_components, ())?;
    output.add(&tables.concordance, ())?;
    Ok(output)
}
