//! What the two actions of the stage found, as rows.

use controls::Ranking;
use schema::{CurveStep, Place};
use study::plan::Subject;

use crate::Read;
use crate::curves::Curve;

/// One row for each superpixel, by superpixel.
pub(crate) fn places(read: &Read<'_>, subject: &Subject, ranking: &Ranking) -> Vec<Place> {
    let mut ranks = vec![0; ranking.order.len()];
    for (rank, &superpixel) in ranking.order.iter().enumerate() {
        ranks[usize::from(superpixel)] = rank as u32;
    }
    let places = ranks.into_iter().zip(&ranking.relevance).enumerate();
    let row = |(superpixel, (rank, &relevance))| Place {
        image: read.crop.image.clone(),
        network: read.network.to_string(),
        partition: read.segments.partition.clone(),
        method: method(subject),
        run: subject.run.unwrap_or(0),
        replacement: subject
            .replacement
            .map(|replacement| replacement.name().to_owned()),
        superpixel: superpixel as u16,
        relevance,
        rank,
    };
    places.map(row).collect()
}

/// One row for each step.
pub(crate) fn steps(read: &Read<'_>, subject: &Subject, curve: &Curve) -> Vec<CurveStep> {
    let steps = curve.steps.iter().enumerate();
    let row = |(number, step): (usize, &crate::curves::Step)| CurveStep {
        image: read.crop.image.clone(),
        network: read.network.to_string(),
        partition: read.segments.partition.clone(),
        method: method(subject),
        run: subject.run.unwrap_or(0),
        order: subject.order.unwrap_or_default().name().to_owned(),
        replacement: subject.replacement.unwrap_or_default().name().to_owned(),
        step: number as u32,
        superpixel: step.superpixel,
        removed_area: step.removed_area,
        probability: step.probability,
        logit: step.logit,
        largest_probability: step.largest_probability,
        entropy: step.entropy,
    };
    steps.map(row).collect()
}

fn method(subject: &Subject) -> String {
    subject
        .method
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}
