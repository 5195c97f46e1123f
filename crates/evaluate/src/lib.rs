//! The stage `evaluate`: measures, computed from tables alone.

pub mod agreement;
pub mod comparisons;
pub mod sanity;
pub mod scores;

use actions::{Agreement, Comparisons, Sanity, Scores};
use stage::{Job, Output, Session, StageError};

/// Brings all measures up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    session.each(|job: &Job<'_, Scores>| {
        let tables = scores::run(&job.inputs, &job.rows)?;
        let curves = job.inputs.curves.groups.iter();
        let curves = curves.map(|group| group.artifacts.len()).sum();
        let measured = job.inputs.areas_of;
        let mut output = Output::new(&tables.scores, (curves, measured))?;
        output.add(&tables.exclusions, ())?;
        output.add(&tables.gains, (tables.scores.len(), measured))?;
        Ok(output)
    })?;
    session.each(|job: &Job<'_, Agreement>| {
        let interrupted = || session.signals.received().is_some();
        let (pairs, needed) = agreement::run(&job.inputs, &job.rows, &interrupted)?;
        let mut output = Output::new(&pairs, ())?;
        output.add(&needed, job.inputs.perturbations.groups.len())?;
        Ok(output)
    })?;
    session.each(|job: &Job<'_, Sanity>| {
        Output::new(&sanity::run(&job.inputs, &job.rows)?, job.inputs.depths)
    })?;
    for measure in measures::Kind::ALL {
        session.measure(measure)?;
    }
    session.each(|job: &Job<'_, Comparisons>| {
        let tables = comparisons::run(&job.inputs, &job.rows)?;
        let mut output = Output::new(&tables.comparisons, ())?;
        output.add(&tables.summaries, ())?;
        output.add(&tables.stability, ())?;
        output.add(&tables.variance_components, ())?;
        output.add(&tables.concordance, ())?;
        output.add(&tables.decisions, ())?;
        output.add(&tables.separations, ())?;
        Ok(output)
    })
}
