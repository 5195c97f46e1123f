//! `pipeline check`: everything about a study that can be wrong before anything is computed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Deserialize;
use stage::StageError;
use study::settings::infer::{Architecture, Network};
use study::{Choice, Images, Method, Problem, Problems, Sources, Study};

use crate::look::look;

/// What `pipeline check --help` says at its end.
pub const HELP: &str = "Checked are the settings, that files are there, labels and classes, the headers of images and masks and that their sizes agree, and the headers and given digests of weight files; where all that is right, each network is loaded too and tried on a gray image, so a TorchScript program (.pt) is run: only from a source that you trust. \
                        What shows only when images are decoded is not. Exit status: 0 nothing is wrong; 2 something is, and all of it is listed.";

/// Longest header of a safetensors file, as its own reader allows.
const LONGEST_HEADER: u64 = 100_000_000;

/// All that is wrong with a study, or a sentence that nothing is.
pub fn check(config: &Path) -> Result<String, StageError> {
    let study = Study::read(config)?;
    let mut problems = Vec::new();
    let mut classes = None;
    let images = match Images::read(&study) {
        Ok(images) => {
            problems.extend(images.images.iter().filter_map(|image| {
                header(&image.path, image.mask.as_deref())
                    .err()
                    .map(Problem::new)
            }));
            classes = Some(images.classes.count());
            images.images.len()
        }
        Err(wrong) => {
            problems.extend(wrong.iter().cloned());
            0
        }
    };
    for network in study.networks.values() {
        if let Err(reason) = weights(network, classes) {
            let help = "check `architecture`, `width` and the file";
            problems.push(Problem::new(reason).help(help));
        }
    }
    if problems.is_empty() {
        problems = loaded(&study, config, classes)?;
    }
    if !problems.is_empty() {
        return Err(Problems::from(problems).into());
    }
    let sources = Sources::read(&study)?;
    let mut lines: Vec<String> = sources.images.warnings.clone();
    lines.push(format!(
        "nothing is wrong: {images} images, {} classes, {} networks, {} partitions, {} methods",
        classes.unwrap_or(0),
        study.networks.len(),
        study.partitions.len(),
        study.methods.len()
    ));
    Ok(lines.join("\n"))
}

/// What shows only when the networks are loaded: all their tensors, what they give, the layer that Grad-CAM reads, and the device.
fn loaded(
    study: &Study,
    config: &Path,
    classes: Option<usize>,
) -> Result<Vec<Problem>, StageError> {
    let seen = look(config, 0, None)?;
    let of_layers = |method: &Method| matches!(method, Method::Gradcam(_));
    let reads_layers = study.methods.values().any(of_layers);
    let mut problems = Vec::new();
    for (name, network) in &study.networks {
        let Some(found) = seen.networks.get(name.as_str()) else {
            continue;
        };
        let shown = network.weights.display();
        let layer_error = found.layer_error.as_ref().filter(|_| reads_layers);
        if let Some(error) = found.error.as_ref().or(layer_error) {
            problems.push(Problem::new(format!("the network `{name}`: {error}")));
        } else if let Some(reason) = other_classes(&shown, found.classes, classes) {
            problems.push(Problem::new(reason));
        }
    }
    Ok(problems)
}

/// What is wrong where a network tells another number of classes apart than the study names.
fn other_classes(
    weights: &dyn std::fmt::Display,
    found: usize,
    named: Option<usize>,
) -> Option<String> {
    let named = named.filter(|named| *named != found)?;
    Some(format!(
        "the weights `{weights}` tell {found} classes apart, and the study names {named}: give the class list of this network"
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
        "the mask `{}` is {mask_height} pixels high and {mask_width} wide, its image {height} and {width}: a mask must be as large as its image",
        mask.display()
    ))
}

/// What the header of a weight file shows; what it does not, only loading it does.
fn weights(network: &Network, classes: Option<usize>) -> Result<(), String> {
    let path = &network.weights;
    let shown = path.display();
    if !path.is_file() {
        let from = network
            .download
            .as_ref()
            .map_or("", |download| &download.url);
        return Err(format!(
            "the weights `{shown}` are not there yet: run `pipeline fetch`, which gets them from {from}, or put that file there"
        ));
    }
    if let Some(download) = &network.download {
        crate::fetch::verify(download, path).map_err(|error| error.to_string())?;
    }
    if network.architecture == Architecture::TorchScript {
        let mut start = [0; 4];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
        read.map_err(|error| format!("the program `{shown}`: {error}"))?;
        // torch.jit.save writes an archive.
        if start != *b"PK\x03\x04" {
            return Err(format!(
                "`{shown}` is not a TorchScript program: expected what torch.jit.save writes"
            ));
        }
        return Ok(());
    }
    if path
        .extension()
        .is_none_or(|ending| ending != "safetensors")
    {
        let mut start = [0; 4];
        let read = File::open(path).and_then(|mut file| file.read_exact(&mut start));
        read.map_err(|error| format!("the weights `{shown}`: {error}"))?;
        // torch.save writes an archive, or in its old form a pickle.
        if start != *b"PK\x03\x04" && start[0] != 0x80 && safetensors(path).is_err() {
            return Err(format!(
                "`{shown}` is no file of weights: expected what torch.save or safetensors writes"
            ));
        }
        return Ok(());
    }
    let tensors = safetensors(path).map_err(|reason| format!("the weights `{shown}`: {reason}"))?;
    let architecture = network.architecture.name();
    let (first, channels, output) = match architecture {
        name if name.starts_with("resnet") => ("conv1.weight", 64.0, "fc.weight"),
        name if name.starts_with("alexnet") || name.starts_with("vgg") => {
            ("features.0.weight", 64.0, "classifier.6.weight")
        }
        _ => return Ok(()),
    };
    let outputs = |name: &str| {
        let shape = tensors.get(name).map(|tensor| &tensor.shape);
        shape
            .and_then(|shape| shape.first().copied())
            .ok_or_else(|| {
                format!("the weights `{shown}` have no tensor `{name}`, which {architecture} needs")
            })
    };
    let wide = (channels * network.width).round().max(1.0) as usize;
    let found = outputs(first)?;
    if found != wide {
        return Err(format!(
            "the weights `{shown}`: `{first}` has {found} channels, and {architecture} at width {} has {wide}",
            network.width
        ));
    }
    let found = outputs(output)?;
    other_classes(&shown, found, classes).map_or(Ok(()), Err)
}

/// A tensor in the header of a safetensors file.
#[derive(Debug, Deserialize)]
struct Tensor {
    shape: Vec<usize>,
    data_offsets: [u64; 2],
}

/// The tensors that the header of a safetensors file speaks of, which must be as long as that says.
fn safetensors(path: &Path) -> Result<BTreeMap<String, Tensor>, String> {
    let mut file = File::open(path).map_err(|error| error.to_string())?;
    let size = file.metadata().map_err(|error| error.to_string())?.len();
    let mut length = [0; 8];
    file.read_exact(&mut length)
        .map_err(|_| format!("{size} bytes are no safetensors file"))?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST_HEADER || length + 8 > size {
        return Err("it does not begin as a safetensors file does, or is truncated".to_owned());
    }
    let mut header = vec![0; length as usize];
    file.read_exact(&mut header)
        .map_err(|error| error.to_string())?;
    let mut values: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&header)
        .map_err(|error| format!("the header is not that of a safetensors file: {error}"))?;
    values.remove("__metadata__");
    let tensors: BTreeMap<String, Tensor> = values
        .into_iter()
        .map(|(name, value)| Ok((name, serde_json::from_value(value)?)))
        .collect::<Result<_, serde_json::Error>>()
        .map_err(|error| format!("the header is not that of a safetensors file: {error}"))?;
    let end = tensors
        .values()
        .map(|tensor| tensor.data_offsets[1])
        .max()
        .unwrap_or(0);
    if end + 8 + length != size {
        return Err(format!(
            "it has {size} bytes and should have {}: it is truncated or damaged",
            end + 8 + length
        ));
    }
    Ok(tensors)
}
