//! The stage `evaluate`: measures, computed from tables alone.

pub mod agreement;
pub mod comparisons;
pub mod complexity;
pub mod localization;
pub mod relevance;
pub mod scores;

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use stage::{Output, Session, StageError};
use study::plan::{Action, Plan, Subject};
use study::{Kind, Method};

/// Brings all measures up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    session.each(Kind::Scores, |plan, _| score_all(session, plan))?;
    session.each(Kind::Agreement, |plan, _| agree(session, plan))?;
    session.each(Kind::Localization, |plan, _| locate(session, plan))?;
    session.each(Kind::Complexity, |plan, _| count(session, plan))?;
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
    let exclusions = if session.study.images.require_correct {
        exclusions(session, plan)?
    } else {
        Vec::new()
    };
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
    // Others give an order only.
    let relevant = matches!(
        method(session, subject),
        Method::Gradcam(_) | Method::Lime(_)
    );
    relevant
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
