//! The stage `evaluate`: measures, computed from tables alone.

pub mod relevance;
pub mod scores;

use stage::{Output, Session, StageError};
use study::Kind;
use study::plan::{Action, Plan};

/// Brings `scores` and `exclusions` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    session.each(Kind::Scores, |plan, _| evaluate(session, plan))
}

fn evaluate(session: &Session, plan: &Plan) -> Result<Output, StageError> {
    let scores = plan
        .of(Kind::Curves)
        .map(|action| score(session, plan, action))
        .collect::<Result<Vec<_>, _>>()?;
    let mut output = Output::new(&scores, plan.of(Kind::Curves).count())?;
    let exclusions = if session.study.images.require_correct {
        exclusions(session, plan)?
    } else {
        Vec::new()
    };
    output.add(&exclusions, ())?;
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

fn score(session: &Session, plan: &Plan, action: &Action) -> Result<schema::Score, StageError> {
    session.signals.check()?;
    let curve = session.read::<schema::CurveStep>(plan, Kind::Curves, &action.subject)?;
    let method = &session.study.methods[action
        .subject
        .method
        .as_ref()
        .expect("a curve is of a method")];
    let relevance = relevance::of(session, plan, &action.subject)?;
    scores::score(&curve, &relevance, method.deterministic()).map_err(|error| {
        StageError::action(format!(
            "{}: {error}",
            action.subject.describe(&session.sources)
        ))
    })
}
