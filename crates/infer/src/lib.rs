//! The stage `infer`: what the networks say to the untouched images, and which class is explained.

mod classifiers;
pub mod logits;
pub mod targets;

pub use classifiers::{
    Classifiers, classifier, devices, emulated, load, normalisation, precision, ran,
};

use networks::NetworkError;
use stage::{Output, Session, StageError, digest_of};
use study::plan::{Action, Plan, Subject, facet};
use study::settings::images::Target;
use study::{Kind, Problems};

/// Brings `logits` and `targets` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let classifiers = Classifiers::on_each_device(session)?;
    session.in_turn(Kind::Logits, &classifiers, |classifiers, plan, subject| {
        answer(session, classifiers, plan, subject)
    })?;
    session.each(Kind::Targets, |plan, subject| {
        choose(session, plan, subject)
    })?;
    warn_of_wrong(session)
}

fn answer(
    session: &Session,
    classifiers: &mut Classifiers<'_>,
    plan: &Plan,
    subject: &Subject,
) -> Result<Output, StageError> {
    let crop = session.read_one::<schema::Crop>(plan, Kind::Crops, &subject.crop())?;
    let rgb = imaging::decode(&crop.rgb).map_err(StageError::action)?;
    let name = subject.network.as_ref().expect("logits are of a network");
    let classifier = classifiers.get(name)?;
    let answer = logits::logits(classifier, &rgb).map_err(StageError::action)?;
    let bytes: Vec<u8> = answer
        .logits
        .iter()
        .flat_map(|logit| logit.to_le_bytes())
        .collect();
    let row = schema::Logits {
        image: crop.image,
        network: name.to_string(),
        predicted_class: answer.predicted_class as u32,
        probability: answer.probabilities[answer.predicted_class],
        logits: answer.logits,
    };
    let classes = session.sources.images.classes.count();
    let temperature = session.study.networks[name].temperature;
    let output = Output::new(&[row], (classes, temperature))?
        .facet(facet::LOGITS, digest_of([&bytes[..]]))
        .passes(1, 0);
    Ok(ran(output, classifier))
}

fn choose(session: &Session, plan: &Plan, subject: &Subject) -> Result<Output, StageError> {
    let answer = session.read_one::<schema::Logits>(plan, Kind::Logits, subject)?;
    let network = subject.network.as_ref().expect("targets are of a network");
    let settings = &session.study.networks[network];
    // The logits may be older than the class list.
    classifiers::check_classes(session, settings, answer.logits.len())?;
    let temperature = settings.temperature;
    let image = session
        .sources
        .image(subject.image.expect("targets are of an image"));
    let rule = match session.study.images.target {
        Target::Predicted => targets::Rule::Predicted,
        Target::True => targets::Rule::True,
    };
    let choice = targets::choose(rule, answer.predicted_class as usize, image.true_class)
        .ok_or_else(|| {
            StageError::action(
                "it has no label, and the study explains the true class: add it to the label file",
            )
        })?;
    let label = |class: usize| {
        session
            .sources
            .images
            .classes
            .name(class)
            .unwrap_or_default()
            .to_owned()
    };
    let row = schema::Target {
        image: answer.image.clone(),
        network: answer.network.clone(),
        target_class: choice.target_class as u32,
        target_label: label(choice.target_class),
        true_class: image.true_class.map(|class| class as u32),
        true_label: image.true_class.map(label),
        correct: choice.correct,
        probability: logits::softmax(&answer.logits, temperature)[choice.target_class],
    };
    Ok(Output::new(&[row], (&answer, temperature))?
        .facet(facet::TARGET_CLASS, choice.target_class)
        .facet(facet::CORRECT, choice.correct))
}

/// A network that was told to stop did so because of a signal.
pub fn network_error(session: &Session, error: NetworkError) -> StageError {
    match (error, session.signals.received()) {
        (NetworkError::Interrupted, Some(signal)) => StageError::Interrupted { signal },
        (error, _) => StageError::action(error),
    }
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
    // Every share says it of its own images.
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
