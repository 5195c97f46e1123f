//! The stage `segment`: from images to crops, and from crops to superpixels.

pub mod crops;
pub mod segments;

use imaging::{Filter, Preparation, PreparationError};
use stage::{Output, Session, StageError, digest_of};
use study::plan::{Plan, Subject, facet};
use study::settings::images::{self, Interpolation, Resize};
use study::settings::segment::Partition as Settings;
use study::{Kind, Name};
use superpixels::{Algorithm, Felzenszwalb, Grid, Quickshift, SettingError, Slic};

/// Brings `crops` and `segments` up to date.
pub fn run(session: &Session) -> Result<(), StageError> {
    let preparation = preparation(&session.study.images).map_err(StageError::action)?;
    session.each(Kind::Crops, |_, subject| {
        crop(session, preparation, subject)
    })?;
    session.each(Kind::Segments, |plan, subject| cut(session, plan, subject))
}

/// The settings of pipeline.toml as the preparation that they mean.
pub fn preparation(images: &images::Settings) -> Result<Preparation, PreparationError> {
    let preparation = match images.resize {
        Resize::Shorter(shorter) => Preparation::new(shorter, images.crop)?,
        Resize::Squash => Preparation::squashed(images.crop)?,
    };
    Ok(preparation.with(match images.interpolation {
        Interpolation::Bilinear => Filter::Bilinear,
        Interpolation::Bicubic => Filter::Bicubic,
    }))
}

fn crop(
    session: &Session,
    preparation: Preparation,
    subject: &Subject,
) -> Result<Output, StageError> {
    let index = subject.image.expect("a crop is of an image");
    let image = session.sources.image(index);
    let bytes = session.read_file(&image.path, session.sources.image_digest(index))?;
    let mask = match (&image.mask, session.sources.mask_digest(index)) {
        (Some(path), Some(digest)) => Some(session.read_file(path, digest)?),
        _ => None,
    };
    let cropped = crops::crop(&bytes, mask.as_deref(), &preparation)
        .map_err(|error| StageError::action(format!("{}: {error}", study::shown(&image.path))))?;
    let (height, width) = (cropped.rgb.height(), cropped.rgb.width());
    let pixels = digest_of([
        &height.to_le_bytes()[..],
        &width.to_le_bytes(),
        cropped.rgb.pixels(),
    ]);
    let row = schema::Crop {
        image: image.name.clone(),
        image_digest: session.sources.image_digest(index).to_owned(),
        source_height: cropped.source_height as u32,
        source_width: cropped.source_width as u32,
        height: height as u32,
        width: width as u32,
        rgb: imaging::encode_png(&cropped.rgb),
        truth_mask: cropped.truth_mask.as_ref().map(imaging::encode_mask_png),
    };
    Ok(Output::new(&[row], ())?.facet(facet::PIXELS, pixels))
}

fn cut(session: &Session, plan: &Plan, subject: &Subject) -> Result<Output, StageError> {
    let crop = session.read_one::<schema::Crop>(plan, Kind::Crops, &subject.crop())?;
    let rgb = imaging::decode(&crop.rgb).map_err(StageError::action)?;
    let name = subject
        .partition
        .as_ref()
        .expect("segments are of a partition");
    let settings = &session.study.partitions[name];
    let partition = segments::segments(&rgb, &algorithm(settings).map_err(StageError::action)?)
        .map_err(|error| advise(name, &error))?;
    let bytes: Vec<u8> = partition
        .labels()
        .iter()
        .flat_map(|label| label.to_le_bytes())
        .collect();
    let labels = digest_of([
        &partition.height().to_le_bytes()[..],
        &partition.width().to_le_bytes(),
        &bytes,
    ]);
    let row = schema::Segments {
        image: crop.image.clone(),
        partition: name.to_string(),
        algorithm: settings.algorithm().to_owned(),
        superpixels: partition.count() as u32,
        height: partition.height() as u32,
        width: partition.width() as u32,
        labels: partition.labels().to_vec(),
    };
    let superpixels = row.superpixels;
    Ok(Output::new(&[row], &crop)?
        .facet(facet::LABELS, labels)
        .facet(facet::SUPERPIXELS, superpixels))
}

fn advise(name: &Name, error: &superpixels::PartitionError) -> StageError {
    StageError::action(format!("partition `{name}`: {error}"))
}

/// The settings of pipeline.toml as the algorithm that they mean.
fn algorithm(settings: &Settings) -> Result<Algorithm, SettingError> {
    Ok(match *settings {
        Settings::Quickshift {
            kernel_size,
            max_dist,
            ratio,
        } => Algorithm::Quickshift(Quickshift::new(kernel_size, max_dist, ratio)?),
        Settings::Slic {
            superpixels,
            compactness,
            sigma,
        } => Algorithm::Slic(Slic::new(superpixels as usize, compactness, sigma)?),
        Settings::Felzenszwalb {
            scale,
            sigma,
            min_size,
        } => Algorithm::Felzenszwalb(Felzenszwalb::new(scale, sigma, min_size as usize)?),
        Settings::Grid { rows, columns } => {
            Algorithm::Grid(Grid::new(rows as usize, columns as usize)?)
        }
    })
}
