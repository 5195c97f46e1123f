//! The stage `deletion`: removes superpixels in the order of each explanation.

pub mod curves;

use infer::Classifiers;
use stage::{Output, Session, StageError};
use study::Kind;
use study::plan::{Plan, Subject};

/// Brings `curves` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let mut classifiers = Classifiers::new(session);
    session.in_turn(Kind::Curves, |plan, subject| {
        remove(session, &mut classifiers, plan, subject)
    })
}

fn remove(
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
    let relevance = evaluate::relevance::of(session, plan, subject)?;
    let network = subject.network.as_ref().expect("a curve is of a network");
    let removal = curves::Removal {
        crop: &rgb,
        labels: &segments.labels,
        relevance: &relevance,
        order: subject.order.unwrap_or_default(),
        replacement: subject.replacement.unwrap_or_default(),
        mean: session.study.networks[network].mean,
        target: target.target_class as usize,
    };
    let interrupted = || session.signals.received().is_some();
    let steps =
        curves::curve(classifiers.get(network)?, &removal, &interrupted).map_err(|error| {
            match error {
                curves::CurveError::Network(error) => infer::network_error(session, error),
                error @ curves::CurveError::Order(_) => StageError::action(error),
            }
        })?;
    let row = |(number, step): (usize, &curves::Step)| schema::CurveStep {
        image: crop.image.clone(),
        network: network.to_string(),
        partition: segments.partition.clone(),
        method: subject
            .method
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        run: subject.run.unwrap_or(0),
        order: removal.order.name().to_owned(),
        replacement: removal.replacement.name().to_owned(),
        step: number as u32,
        superpixel: step.superpixel,
        removed_area: step.removed_area,
        probability: step.probability,
        logit: step.logit,
    };
    let rows: Vec<_> = steps.iter().enumerate().map(row).collect();
    Ok(Output::new(&rows, (&segments, &target))?.passes(rows.len() as u64, 0))
}
