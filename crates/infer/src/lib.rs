//! The stage `infer`: the networks' answers to the untouched images, and which class is explained.

mod classifiers;
pub mod logits;
pub mod targets;

pub use classifiers::{
    Classifiers, Inside, cascade, classifier, devices, emulated, graph_file, load, normalisation,
    precision, ran,
};

use actions::{Logits, Targets};
use parts::{LogitValues, Part};
use stage::{Job, Output, Session, StageError};
use study::plan::{Action, facet};
use study::{Kind, Problems};

/// Brings `logits` and `targets` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let classifiers = Classifiers::on_each_device(session)?;
    let classes = session.sources.images.classes.count();
    session.in_turn(&classifiers, |classifiers, job: &Job<'_, Logits>| {
        let classifier = classifiers.get(&job.inputs.names.network)?;
        let row = logits::run(&job.inputs, &job.rows, classifier)?;
        let digest = LogitValues::digest(&row.logits);
        let output = Output::new(&[row], (classes, job.inputs.reading))?
            .facet(LogitValues::FACET, digest)
            .passes(1, 0);
        Ok(ran(output, classifier))
    })?;
    session.each(|job: &Job<'_, Targets>| {
        let answer = session.read_one::<schema::Logits>(job.plan, Kind::Logits, job.subject)?;
        // The logits may be older than the class list.
        let network = job.subject.network.as_ref();
        let settings = network.map(|name| &session.study.networks[name]);
        settings.map_or(Ok(()), |settings| {
            classifiers::check_classes(session, settings, answer.logits.len())
        })?;
        let row = targets::run(&job.inputs, &job.rows)?;
        let (class, correct) = (row.target_class, row.correct);
        Ok(Output::new(&[row], (&answer, job.inputs.reading))?
            .facet(facet::TARGET_CLASS, class)
            .facet(facet::CORRECT, correct))
    })?;
    warn_of_wrong(session)
}

/// Says which images the study drops; an error where it drops all of them.
fn warn_of_wrong(session: &Session) -> Result<(), StageError> {
    if !session.study.images.require_correct {
        return Ok(());
    }
    let plan = session.plan(Kind::Targets)?;
    let wrong = |action: &&Action| {
        let facets = plan.summary(action).map(|summary| summary.facets);
        facets.and_then(|facets| facets.get(facet::CORRECT)?.as_bool()) == Some(false)
    };
    // Every shard reports its own images.
    let mine = plan
        .of(Kind::Targets)
        .filter(|action| session.holds(&action.subject));
    for action in mine.filter(wrong) {
        tracing::warn!(
            "{}: the network gets it wrong, so the image is dropped (require_correct = true)",
            action.subject.describe(&session.sources)
        );
    }
    match plan.nothing_left(&session.study, &session.sources) {
        Some(problem) => Err(Problems::from(problem).into()),
        None => Ok(()),
    }
}
