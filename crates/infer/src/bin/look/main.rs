//! Looks at the networks of a study and at what they say to its images, and prints it as JSON; it changes nothing.
//!
//! `pipeline init`, `check` and `plan --measure` start it: a program of its own, because `pipeline` does not load libtorch.

mod beside;
mod find;
mod layers;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use imaging::Rgb;
use networks::{Classifier, Doubt, Form, Network, NetworkError, Precision};
use serde_json::{Map, Value, json};
use stage::StageError;
use study::settings::infer as settings;
use study::{Image, Images, Name, Study};

use beside::Beside;

/// Looks at networks and images.
#[derive(Debug, Parser)]
#[command(name = "look", version, after_help = stage::TRUST)]
struct Arguments {
    /// The study.
    #[arg(long, value_name = "FILE", default_value = "pipeline.toml")]
    config: PathBuf,
    /// How many images are shown to the networks: those with a label first, each kind by name.
    #[arg(long, default_value_t = 0)]
    images: usize,
    /// Seconds for which each network's speed is measured; not at all, unless given.
    #[arg(long)]
    seconds: Option<f64>,
    /// Find out what this network's file is, and look at no study.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "images", "seconds"])]
    find: Option<PathBuf>,
    /// List the layers of this network of the study, or of this file, and look at nothing else.
    #[arg(long, value_name = "NETWORK", conflicts_with_all = ["find", "images", "seconds"])]
    layers: Option<PathBuf>,
    /// Height and width of the network's input, in pixels, for --find; unless given, the usual ones are tried.
    #[arg(long, value_name = "PIXELS", requires = "find")]
    size: Option<u32>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let said = match (&arguments.find, &arguments.layers) {
        (Some(path), _) => {
            announce(path);
            find::find(path, arguments.size)
        }
        (_, Some(network)) => layers::layers(network, &arguments.config),
        _ => look(&arguments),
    };
    stage::conclude("look", said.map(|said| println!("{said}")))
}

/// Says which file is loaded next: whoever started this program can then tell which one crashed it.
fn announce(path: &Path) {
    println!("{}", json!({"loading": path}));
}

fn look(arguments: &Arguments) -> Result<Value, StageError> {
    let study = Study::read(&arguments.config)?;
    networks::use_threads(study.compute.threads());
    let shown = if arguments.images > 0 {
        Shown::read(&study, arguments.images)?
    } else {
        Shown::default()
    };
    let mut found = Map::new();
    let names: Vec<_> = study.networks.keys().collect();
    // Networks of one file that differ in their normalisation are loaded once.
    let same_file =
        |one: &&Name, next: &&Name| file(&study.networks[*one]) == file(&study.networks[*next]);
    for group in names.chunk_by(same_file) {
        announce(&study.networks[group[0]].weights);
        let seen = see(&study, group, &shown, arguments.seconds);
        let seen =
            seen.unwrap_or_else(|error| vec![json!({"error": error.to_string()}); group.len()]);
        found.extend(group.iter().map(ToString::to_string).zip(seen));
    }
    Ok(json!({"images": shown.names, "unlabelled": shown.unlabelled, "networks": found}))
}

/// A network without what it wants its inputs to be.
fn file(network: &settings::Network) -> settings::Network {
    settings::Network {
        mean: [0.0; 3],
        std: [1.0; 3],
        reading: statistics::Reading::default(),
        ..network.clone()
    }
}

/// Images that the networks are asked about.
#[derive(Default)]
struct Shown {
    names: Vec<String>,
    crops: Vec<Rgb>,
    labels: Vec<Option<usize>>,
    /// Images without a label, among these and all others.
    unlabelled: usize,
}

impl Shown {
    fn read(study: &Study, count: usize) -> Result<Self, StageError> {
        let images = Images::read(study)?;
        let preparation = study.images.preparation();
        // Only labelled ones tell whether the networks are asked in the way that they were trained.
        let (labelled, others): (Vec<&Image>, Vec<&Image>) = images
            .images
            .iter()
            .partition(|image| image.true_class.is_some());
        let mut shown = Self {
            unlabelled: others.len(),
            ..Self::default()
        };
        for image in labelled.into_iter().chain(others).take(count) {
            let about = |error: &dyn std::fmt::Display| {
                StageError::action(format!("{}: {error}", image.path.display()))
            };
            let bytes = std::fs::read(&image.path).map_err(|error| about(&error))?;
            let decoded = imaging::decode(&bytes).map_err(|error| about(&error))?;
            shown.names.push(image.name.clone());
            shown.crops.push(imaging::prepare(&decoded, &preparation));
            shown.labels.push(image.true_class);
        }
        Ok(shown)
    }
}

/// What there is to say about networks of one file, in their order.
fn see(
    study: &Study,
    names: &[&Name],
    shown: &Shown,
    seconds: Option<f64>,
) -> Result<Vec<Value>, Box<dyn std::error::Error>> {
    let networks: Vec<_> = names.iter().map(|name| &study.networks[*name]).collect();
    let first = networks[0];
    let side = study.images.crop as usize;
    let form = Form {
        device: infer::devices(&study.compute)?[0],
        precision: infer::precision(&study.compute),
    };
    let bytes = std::fs::read(&first.weights)?;
    let (loaded, doubts) = infer::load(first, &bytes, side, form)?;
    if first.architecture == settings::Architecture::Exported
        && let Some(beside) = Beside::read(&first.weights)?
        && beside.side() == Some(study.images.crop)
        && form.precision == Precision::Fp32
        && first.output.is_none()
    {
        beside.compare(&first.weights, &loaded, side)?;
    }
    let warnings = warnings(study, names, &doubts, form);
    let speed = seconds
        .map(|seconds| networks::images_a_second(&loaded, loaded.batch(), side, seconds))
        .transpose()?;
    let answers = networks
        .iter()
        .map(|network| answers(&loaded, network, shown))
        .collect::<Result<Vec<_>, _>>()?;
    let classifier = infer::classifier(loaded, first);
    let gray = Rgb::new(side, side, vec![128; 3 * side * side])?;
    let crop = shown.crops.first().unwrap_or(&gray);
    let gradients = |classifier: &Classifier| classifier.gradients(&[(crop, 0)]);
    let (layer, layer_error) = match gradients(&classifier) {
        Ok(gradients) => (gradients.first().map(|layer| layer.shape), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let refusal = |layer: &str| {
        let at_layer = settings::Network {
            layer: Some(layer.to_owned()),
            ..first.clone()
        };
        match infer::load(&at_layer, &bytes, side, form) {
            Ok((loaded, _)) => gradients(&infer::classifier(loaded, first))
                .err()
                .map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        }
    };
    let layers = names.iter().flat_map(|name| layers_of_methods(study, name));
    let layers: BTreeSet<&str> = layers.map(|(_, layer)| layer).collect();
    let refusals: BTreeMap<&str, Option<String>> = layers
        .into_iter()
        .map(|layer| (layer, refusal(layer)))
        .collect();
    let seen = names.iter().zip(answers).map(|(name, answers)| {
        let methods = layers_of_methods(study, name);
        let refused = methods.filter_map(|(method, layer)| {
            Some(format!(
                "the method `{method}`: {}",
                refusals[layer].as_ref()?
            ))
        });
        json!({
            "classes": classifier.classes(),
            "layer": layer,
            "layer_error": layer_error,
            "method_errors": refused.collect::<Vec<_>>(),
            "warnings": warnings,
            "answers": answers,
            "images_per_second": speed,
        })
    });
    Ok(seen.collect())
}

/// The methods that read another layer of a network than its own, and those layers.
fn layers_of_methods<'a>(
    study: &'a Study,
    name: &'a Name,
) -> impl Iterator<Item = (&'a Name, &'a str)> {
    let own = study.networks[name].layer.as_deref();
    let methods = study.methods.keys();
    methods
        .filter(|method| study.explains(method, name))
        .filter_map(|method| Some((method, study.layer(method, name)?)))
        .filter(move |(_, layer)| own != Some(layer))
}

/// What a network says to the images.
fn answers(
    network: &Network,
    settings: &settings::Network,
    shown: &Shown,
) -> Result<Vec<Value>, NetworkError> {
    let predictions = networks::predict(network, &shown.crops, &infer::normalisation(settings))?;
    let answers = predictions.iter().zip(&shown.labels).map(|((class, probability), label)| {
        json!({"class": class, "probability": probability, "label": label})
    });
    Ok(answers.collect())
}

/// Reasons to doubt the answers of networks of one file, and to ask them in other numbers.
fn warnings(study: &Study, names: &[&Name], doubts: &[Doubt], form: Form) -> Vec<String> {
    use methods::Precision::{Bf16, Mixed};
    let explaining = study.methods.iter().filter(|(method, _)| {
        let mut names = names.iter();
        names.any(|name| study.explains(method, name))
    });
    let mut asking = explaining.filter_map(|(_, method)| method.asking());
    let form = if asking.any(|asking| matches!(study.precision_of(asking), Bf16 | Mixed)) {
        let precision = Precision::Bf16;
        Form { precision, ..form }
    } else {
        form
    };
    let doubts = doubts.iter().map(ToString::to_string);
    let slow = infer::emulated(&study.networks[names[0]], form).map(str::to_owned);
    doubts.chain(slow).collect()
}
