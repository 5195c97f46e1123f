//! The stage `segment`: from images to crops, and from crops to superpixels.

pub mod crops;
pub mod labelled;
pub mod segments;

use actions::{Crops, Cut, Segments};
use parts::{Labels, Part, Pixels};
use stage::{Job, Output, Session, StageError};
use study::Kind;
use study::plan::facet;

/// Brings `crops` and `segments` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    session.each(|job: &Job<'_, Crops>| {
        let (row, rgb) = crops::run(&job.inputs, &job.rows)?;
        Ok(Output::new(&[row], ())?.facet(Pixels::FACET, Pixels::digest(&rgb)))
    })?;
    session.each(|job: &Job<'_, Segments>| {
        let Segments {
            names,
            pixels,
            algorithm,
        } = &job.inputs;
        let (row, part) = match algorithm {
            Cut::Algorithm(algorithm) => segments::run(names, pixels, algorithm, &job.rows)?,
            Cut::Given { given } => labelled::run(names, given, &job.rows)?,
        };
        let crop = session.read_one(job.plan, Kind::Crops, &job.subject.crop())?;
        Ok(Output::new(&[row], &crop)?
            .facet(Labels::FACET, Labels::digest(&part))
            .facet(facet::SUPERPIXELS, part.count))
    })
}
