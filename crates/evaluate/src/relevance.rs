//! The relevance of superpixels by any explanation of the study, as removal and measures read it.

use removal::{Explanation, Order};
use stage::{Session, StageError};
use study::plan::{Plan, Subject};
use study::{Kind, Method};

/// The relevance of each superpixel by the explanation that `subject` is about: see [`removal::relevance`].
///
/// # Panics
/// When the subject names no method of the study, which no action of a plan does.
pub fn of(session: &Session, plan: &Plan, subject: &Subject) -> Result<Vec<f64>, StageError> {
    let segments =
        session.read_one::<schema::Segments>(plan, Kind::Segments, &subject.segments())?;
    let relevance = |explanation| {
        let size = [segments.height as usize, segments.width as usize];
        removal::relevance(
            explanation,
            &segments.labels,
            size,
            segments.superpixels as usize,
        )
        .map_err(StageError::action)
    };
    match &session.study.methods[subject
        .method
        .as_ref()
        .expect("an explanation is of a method")]
    {
        Method::Gradcam(_) => {
            let map =
                session.read_one::<schema::Saliency>(plan, Kind::Saliency, &subject.saliency())?;
            relevance(Explanation::Map {
                values: &map.map,
                size: [map.height as usize, map.width as usize],
            })
        }
        Method::Lime(_) => {
            let rows =
                session.read::<schema::Weight>(plan, Kind::Weights, &subject.explanation())?;
            relevance(Explanation::Weights(
                &rows.iter().map(|row| row.weight).collect::<Vec<_>>(),
            ))
        }
        control => {
            let rows =
                session.read::<schema::Place>(plan, Kind::Orders, &subject.control(control))?;
            relevance(Explanation::Weights(
                &rows.iter().map(|row| row.relevance).collect::<Vec<_>>(),
            ))
        }
    }
}

/// The superpixels in the order of their removal by the explanation, or the control, that `subject` is about: by relevance, ties by lower
/// superpixel; a control's ties, which it has broken itself, as its ranks say.
///
/// # Panics
/// When the subject names no method of the study, which no action of a plan does.
pub fn order_of(
    session: &Session,
    plan: &Plan,
    subject: &Subject,
    order: Order,
) -> Result<Vec<u16>, StageError> {
    let method = &session.study.methods[subject
        .method
        .as_ref()
        .expect("an explanation is of a method")];
    let relevance = if method.is_control() {
        let rows = session.read::<schema::Place>(plan, Kind::Orders, &subject.control(method))?;
        rows.iter().map(|row| -f64::from(row.rank)).collect()
    } else {
        of(session, plan, subject)?
    };
    removal::order(&relevance, order).map_err(StageError::action)
}
