//! `pipeline check`: everything about a study that can be wrong before anything is computed.

use std::fs::File;
use std::path::{Path, PathBuf};

use stage::StageError;
use study::plan::remedy;
use study::settings::infer;
use study::{Classes, Images, Problem, Problems, Sources, Study};

use crate::look::{Answer, Network, SHOWN, Seen, look};

/// The end of `pipeline check --help`.
pub const HELP: &str = "\
Checks the settings, that files exist, labels and classes, the headers of images and masks and that their sizes agree, and the given digests \
of weight files. Opens the answer files of other tools; whether these fit the crops is checked when they are read. Loads each network and \
tries it on a gray image. This runs a TorchScript program (.pt), so use only programs from a source that you trust. Where images that a \
network gets wrong are dropped, each network is shown the first 20. Problems that only decoding the other images would show are not found.

Exit status:
  0    no problem was found
  2    problems were found, and all of them are listed";

/// All that is wrong with a study, or a sentence that nothing is.
pub fn check(config: &Path) -> Result<String, StageError> {
    let study = Study::read(config)?;
    let mut problems = Vec::new();
    let images = Images::read(&study);
    match &images {
        Ok(images) => problems.extend(headers(images)),
        Err(wrong) => problems.extend(wrong.iter().cloned()),
    }
    problems.extend(answers(&study));
    let mut warnings = Vec::new();
    // What `look` decodes must be right.
    let shows = study.images.require_correct && problems.is_empty();
    let images = images.ok();
    match networks(&study, config, images.as_ref(), shows) {
        Ok(found) => warnings.extend(found),
        Err(wrong) => problems.extend(wrong),
    }
    if !problems.is_empty() {
        return Err(Problems::from(problems).into());
    }
    let sources = Sources::read(&study)?;
    let mut lines: Vec<String> = sources.images.warnings.clone();
    lines.extend(warnings);
    lines.push(format!(
        "no problem was found: {} images, {} classes, {} networks, {} partitions, {} methods",
        sources.len(),
        sources.images.classes.count(),
        study.networks.len(),
        study.partitions.len(),
        study.methods.len()
    ));
    Ok(lines.join("\n"))
}

/// What is wrong with the headers of images and masks.
fn headers(images: &Images) -> impl Iterator<Item = Problem> {
    let headers = images.images.iter();
    headers.filter_map(|image| {
        let read = header(&image.path, image.mask.as_deref());
        read.err().map(Problem::new)
    })
}

/// What is wrong with the answer files of other tools. A file that does not exist yet has a warning of its own.
fn answers(study: &Study) -> Vec<Problem> {
    let files = study.answer_files().into_iter();
    let wrong = |path: PathBuf| {
        let file = File::open(&path).ok()?;
        let error = arrays::Answer::open(&file, &path).err()?;
        Some(Problem::new(format!(
            "answer file {}: {error}",
            path.display()
        )))
    };
    files.filter_map(wrong).collect()
}

/// What is wrong with the networks, or warnings about them. They are shown images if `shows`, else a gray one.
fn networks(
    study: &Study,
    config: &Path,
    images: Option<&Images>,
    shows: bool,
) -> Result<Vec<String>, Vec<Problem>> {
    let files = study.networks.values();
    let absent: Vec<Problem> = files.filter_map(|network| file(network).err()).collect();
    // A program that is not the expected one is not run.
    if !absent.is_empty() {
        return Err(absent);
    }
    let seen = look(config, if shows { SHOWN } else { 0 }, None)
        .map_err(|error| vec![Problem::new(error.to_string())])?;
    let problems = unusable(study, &seen, images);
    if !problems.is_empty() {
        return Err(problems);
    }
    let dropped = images.and_then(|images| dropped(&seen, images));
    let dropped = dropped.transpose().map_err(|problem| vec![problem])?;
    let dropped = dropped.map(|note| format!("warning: {note}"));
    Ok(seen.warnings().chain(dropped).collect())
}

/// What shows only when the networks are loaded: their tensors, what they give, the layer that Grad-CAM reads, and the device.
fn unusable(study: &Study, seen: &Seen, images: Option<&Images>) -> Vec<Problem> {
    let named = images.map(|images| images.classes.count());
    let mut problems = Vec::new();
    for (name, network) in &study.networks {
        let Some(found) = seen.networks.get(name.as_str()) else {
            continue;
        };
        let shown = network.weights.display();
        let mut methods = study.methods.iter();
        let reads_its_layer = methods.any(|(method, makes)| {
            study.explains(method, name)
                && makes.reads_layers()
                && study.layer(method, name) == network.layer.as_deref()
        });
        let layer_error = found.layer_error.as_ref().filter(|_| reads_its_layer);
        if let Some(error) = found.error.as_ref().or(layer_error) {
            problems.push(Problem::new(format!("the network `{name}`: {error}")));
        } else if let Some(reason) = other_classes(&shown, found.classes, named) {
            problems.push(Problem::new(reason));
        }
        for error in &found.method_errors {
            let problem = Problem::new(format!("the network `{name}`, {error}"));
            problems.push(problem.help(
                "`networks = [...]` of the method limits it to networks that have the layer",
            ));
        }
    }
    problems
}

/// Whether every image that the networks were shown would be dropped: a mistake where that is the whole study, else a note.
fn dropped(seen: &Seen, images: &Images) -> Option<Result<String, Problem>> {
    let wrong = |place: usize| {
        let mut answers = seen
            .networks
            .values()
            .map(|network| network.answers.get(place));
        answers.any(|answer| answer.and_then(Answer::right) == Some(false))
    };
    let shown = seen.images.len();
    if shown == 0 || !(0..shown).all(wrong) {
        return None;
    }
    let from_one = seen.networks.values().all(Network::counts_from_one);
    let all = shown == images.images.len();
    let which = if all { "study's" } else { "first" };
    let title = format!(
        "a network gets each of the {which} {shown} images wrong, and `require_correct = true` drops such images"
    );
    let remedy = remedy(from_one);
    Some(if all {
        Err(Problem::new(title).help(remedy))
    } else {
        Ok(format!("{title}: {remedy}"))
    })
}

/// What is wrong where a network tells another number of classes apart than the study names.
fn other_classes(
    weights: &dyn std::fmt::Display,
    found: usize,
    named: Option<usize>,
) -> Option<String> {
    let named = named.filter(|named| *named != found)?;
    Some(format!(
        "the weights `{weights}` have {found} classes, but the study names {named}: {}",
        Classes::remedy(found, named)
    ))
}

/// The headers of an image and its mask, which must be of one size.
fn header(image: &Path, mask: Option<&Path>) -> Result<(), String> {
    let size = |what: &str, path: &Path| {
        let about =
            |error: &dyn std::fmt::Display| format!("the {what} `{}`: {error}", path.display());
        let bytes = store::read_file(path).map_err(|error| about(&error))?;
        imaging::size(&bytes).map_err(|error| about(&error))
    };
    let of_image = size("image", image)?;
    let Some(mask) = mask else {
        return Ok(());
    };
    let of_mask = size("mask", mask)?;
    if of_image == of_mask {
        return Ok(());
    }
    let ([height, width], [mask_height, mask_width]) = (of_image, of_mask);
    Err(format!(
        "the mask `{}` is {mask_height} pixels high and {mask_width} wide, but its image is {height} high and {width} wide: a mask must be as \
         large as its image",
        mask.display()
    ))
}

/// Whether the file of a network is there and has the digest that the study names.
fn file(network: &infer::Network) -> Result<(), Problem> {
    let path = &network.weights;
    if !path.is_file() {
        let from = network
            .download
            .as_ref()
            .map_or("", |download| &download.url);
        let title = format!(
            "the weights `{}` do not exist yet: run `pipeline fetch`, which downloads them from {from}, or put that file there",
            path.display()
        );
        return Err(Problem::new(title));
    }
    let Some(download) = &network.download else {
        return Ok(());
    };
    crate::fetch::verify(download, path).map_err(|error| Problem::new(error.to_string()))
}
