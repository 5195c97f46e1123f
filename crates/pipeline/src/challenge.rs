//! `pipeline challenge`: what another tool is to explain, as files of `NumPy`.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use parts::{Part, Pixels};
use schema::{Crop, Segments, Table, Target};
use stage::{Stage, StageError};
use study::plan::{Plan, Subject};
use study::{Kind, Name, Problem};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::View;

/// The end of `pipeline challenge --help`.
pub const HELP: &str = "\
The folder must be empty or must not exist yet. It gets these files:

  crops.npy     the images as the networks see them (uint8 [N, height, width, 3])
  segments.npz  the superpixels of each partition (uint16 [N, height, width])
  targets.csv   what to explain (index, image, network, class, digest)
  challenge.py  reads these files and writes answers; needs only NumPy

Images that the study drops are left out. docs/external.md has recipes.";

const HELPER: &str = include_str!("challenge.py");
/// What the helper has in place of the networks' mean and standard deviation.
const PLACE: &str = "NORMALISATION = {}";

/// Writes the challenge; what to print.
pub fn challenge(view: &View, folder: &Path) -> Result<String, StageError> {
    let plan = view.plan(Stage::Infer)?;
    is_done(&plan)?;
    let is_taken = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
    if is_taken {
        let title = format!("the folder `{}` is not empty", folder.display());
        let problem = Problem::new(title).help("give a folder that does not exist yet");
        return Err(StageError::Problems(problem.into()));
    }
    let failed = |error: &dyn std::fmt::Display| {
        StageError::action(format!("{}: {error}", folder.display()))
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "a folder for other tools, outside the store"
    )]
    std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    let targets = targets(view, &plan)?;
    let wrong = |target: &Target| target.correct == Some(false);
    let drops = |targets: &&(usize, Vec<Target>)| {
        view.study.images.require_correct && targets.1.iter().any(wrong)
    };
    let kept: Vec<&(usize, Vec<Target>)> =
        targets.iter().filter(|targets| !drops(targets)).collect();
    if kept.is_empty() {
        return Err(StageError::action(
            "the study drops every image, so nothing is left to explain",
        ));
    }
    let images: Vec<usize> = kept.iter().map(|(image, _)| *image).collect();
    let digests = crops(view, &plan, &images, folder).map_err(unwritten(folder))?;
    segments(view, &plan, &images, folder).map_err(unwritten(folder))?;
    let table = table(&kept, &digests);
    let helper = HELPER.replace(PLACE, &format!("NORMALISATION = {}", normalisation(view)));
    for (name, text) in [("targets.csv", table), ("challenge.py", helper)] {
        let written = create(&folder.join(name)).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.flush()
        });
        written.map_err(|error| failed(&error))?;
    }
    Ok(format!(
        "wrote {} crops, {} partitions and {} targets to {}; challenge.py there reads them and saves answers",
        images.len(),
        view.study.partitions.len(),
        kept.iter().map(|(_, targets)| targets.len()).sum::<usize>(),
        folder.display()
    ))
}

/// An error unless all that the challenge shows is computed.
fn is_done(plan: &Plan) -> Result<(), StageError> {
    let wanted = [Kind::Crops, Kind::Segments, Kind::Targets];
    let counts = wanted.map(|kind| plan.of(kind).filter(|action| !action.is_done()).count());
    let undone = wanted.iter().zip(counts).filter(|(_, count)| *count > 0);
    let undone: Vec<String> = undone
        .map(|(kind, count)| format!("{count} {kind}"))
        .collect();
    if undone.is_empty() {
        return Ok(());
    }
    let title = format!(
        "the challenge needs {}, which are not computed yet",
        undone.join(", ")
    );
    let problem = Problem::new(title).help("run `pipeline run infer` with this study first");
    Err(StageError::Problems(problem.into()))
}

fn rows<T: Table>(
    view: &View,
    plan: &Plan,
    kind: Kind,
    subject: &Subject,
) -> Result<T, StageError> {
    let id = plan.artifact::<T>(kind, subject);
    let gone = || {
        StageError::action(format!(
            "{kind} of {} is missing",
            subject.describe(&view.sources)
        ))
    };
    let rows: Vec<T> = view.store.read(&id.ok_or_else(gone)?)?;
    rows.into_iter().next().ok_or_else(gone)
}

/// The targets of each image, by network.
fn targets(view: &View, plan: &Plan) -> Result<Vec<(usize, Vec<Target>)>, StageError> {
    let images = 0..view.sources.len();
    let of_image = |image: usize| {
        let of_network = |network: &Name| {
            let subject = Subject {
                image: Some(image),
                network: Some(network.clone()),
                ..Subject::default()
            };
            rows(view, plan, Kind::Targets, &subject)
        };
        let targets = view.study.networks.keys().map(of_network);
        Ok((image, targets.collect::<Result<_, StageError>>()?))
    };
    images.map(of_image).collect()
}

/// Why a file of arrays could not be written.
enum Failure {
    Stage(StageError),
    Write(io::Error),
}

impl From<StageError> for Failure {
    fn from(error: StageError) -> Self {
        Self::Stage(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

fn unwritten(folder: &Path) -> impl Fn(Failure) -> StageError {
    move |failure| match failure {
        Failure::Stage(error) => error,
        Failure::Write(error) => StageError::action(format!("{}: {error}", folder.display())),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a challenge is a folder of the user's, and nothing below artifacts/"
)]
fn create(path: &Path) -> io::Result<BufWriter<File>> {
    Ok(BufWriter::new(File::create(path)?))
}

/// Writes the crops of images; the digest of each.
fn crops(
    view: &View,
    plan: &Plan,
    images: &[usize],
    folder: &Path,
) -> Result<Vec<String>, Failure> {
    let mut file = create(&folder.join("crops.npy"))?;
    let side = view.study.images.crop as usize;
    file.write_all(&header("|u1", &[images.len(), side, side, 3]))?;
    let mut digests = Vec::new();
    for &image in images {
        let subject = Subject {
            image: Some(image),
            ..Subject::default()
        };
        let crop: Crop = rows(view, plan, Kind::Crops, &subject)?;
        let rgb = Pixels::take(vec![crop]).map_err(StageError::action)?;
        file.write_all(rgb.pixels())?;
        digests.push(Pixels::digest(&rgb));
    }
    file.flush()?;
    Ok(digests)
}

/// Writes the superpixels of images on every partition.
fn segments(view: &View, plan: &Plan, images: &[usize], folder: &Path) -> Result<(), Failure> {
    let mut archive = ZipWriter::new(create(&folder.join("segments.npz"))?);
    for partition in view.study.partitions.keys() {
        let options =
            SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        archive
            .start_file(format!("{partition}.npy"), options.large_file(true))
            .map_err(io::Error::from)?;
        let side = view.study.images.crop as usize;
        archive.write_all(&header("<u2", &[images.len(), side, side]))?;
        for &image in images {
            let subject = Subject {
                image: Some(image),
                partition: Some(partition.clone()),
                ..Subject::default()
            };
            let row: Segments = rows(view, plan, Kind::Segments, &subject)?;
            let labels: Vec<u8> = row
                .labels
                .iter()
                .flat_map(|label| label.to_le_bytes())
                .collect();
            archive.write_all(&labels)?;
        }
    }
    archive.finish().map_err(io::Error::from)?.flush()?;
    Ok(())
}

/// What stands before the elements of a `.npy` file in C order: 64 bytes, or a multiple of that.
fn header(descr: &str, shape: &[usize]) -> Vec<u8> {
    let lengths: Vec<String> = shape.iter().map(ToString::to_string).collect();
    let mut text = format!(
        "{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}), }}",
        lengths.join(", ")
    );
    let before = 10;
    let padding = (64 - (before + text.len() + 1) % 64) % 64;
    let _ = write!(text, "{}", " ".repeat(padding));
    text.push('\n');
    let mut header = b"\x93NUMPY\x01\x00".to_vec();
    header.extend((text.len() as u16).to_le_bytes());
    header.extend(text.as_bytes());
    header
}

/// `targets.csv`: a row for each network and image; `index` is the image's place in the arrays.
fn table(kept: &[&(usize, Vec<Target>)], digests: &[String]) -> String {
    let mut text = "index,image,network,class,digest\n".to_owned();
    let networks = kept.first().map_or(0, |(_, targets)| targets.len());
    for network in 0..networks {
        for (index, ((_, targets), digest)) in kept.iter().zip(digests).enumerate() {
            let Target {
                image,
                network,
                target_class,
                ..
            } = &targets[network];
            let _ = writeln!(
                text,
                "{index},{},{network},{target_class},{digest}",
                field(image)
            );
        }
    }
    text
}

/// A field of a CSV file, in quotes where it needs them.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

/// The mean and standard deviation of each network, as Python.
fn normalisation(view: &View) -> String {
    let networks = view.study.networks.iter();
    let each = networks
        .map(|(name, network)| format!("\"{name}\": ({:?}, {:?})", network.mean, network.std));
    format!("{{{}}}", each.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_begin_at_a_multiple_of_64_bytes_as_numpy_writes_them() {
        for images in [1, 20, 1_234_567] {
            let header = header("|u1", &[images, 224, 224, 3]);
            assert_eq!(header.len() % 64, 0);
            assert!(header.ends_with(b"\n"));
        }
    }

    #[test]
    fn a_name_with_a_comma_stays_one_field() {
        assert_eq!(field("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(field("mug-07"), "mug-07");
    }
}
