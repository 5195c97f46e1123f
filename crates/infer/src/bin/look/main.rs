//! Inspects the networks of a study and their answers to its images, and prints the findings as JSON; it changes nothing.
//!
//! `pipeline init`, `check` and `plan --measure` start it: a program of its own, because `pipeline` does not load libtorch.

mod beside;
mod find;
mod layers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use imaging::Rgb;
use infer::Inside;
use methods::{Makes, Reads};
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
    /// The study file.
    #[arg(long, value_name = "FILE", default_value = "pipeline.toml")]
    config: PathBuf,
    /// How many images the networks are shown: labelled ones first, then the others, each sorted by name.
    #[arg(long, default_value_t = 0)]
    images: usize,
    /// Seconds for which each network's speed is measured; by default, it is not measured.
    #[arg(long)]
    seconds: Option<f64>,
    /// Find out what this network's file is; read no study.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "images", "seconds"])]
    find: Option<PathBuf>,
    /// List only the layers of this network of the study, or of this file.
    #[arg(long, value_name = "NETWORK", conflicts_with_all = ["find", "images", "seconds"])]
    layers: Option<PathBuf>,
    /// Height and width of the network's input, in pixels, for --find; by default, the usual sizes are tried.
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

/// Names the file that is loaded next, so that the parent process knows which file crashed this program.
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

/// Images that the networks are shown.
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

/// The findings about the networks of one file, in their order.
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
    let usual = Inside::Layer(first.layer.clone());
    let (loaded, doubts) = infer::load(first, &usual, &bytes, side, form)?;
    if first.is_exported()
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
    let (layer, layer_error) = match classifier.gradients(&[(crop, 0)]) {
        Ok(gradients) => (gradients.first().map(|layer| layer.shape), None),
        Err(error) => (None, Some(error.to_string())),
    };
    let refusal = |(method, inside): (&methods::Map, &Inside)| {
        // Any split of the network has gradients at its input.
        if matches!(method.run, Reads::Inputs(_)) {
            let tried = try_out(method, &classifier, crop);
            return tried.err().map(|error| error.to_string());
        }
        let tried = infer::load(first, inside, &bytes, side, form);
        let tried = tried.map_err(|error| error.to_string());
        let tried = tried.and_then(|(loaded, _)| {
            let classifier = infer::classifier(loaded, first);
            try_out(method, &classifier, crop).map_err(|error| error.to_string())
        });
        tried.err()
    };
    let insides = names
        .iter()
        .flat_map(|name| insides_of_methods(study, name));
    let mut refusals: BTreeMap<(&str, Inside), Option<String>> = BTreeMap::new();
    for (_, method, inside) in insides {
        let known = refusals.entry((method.run.described(), inside.clone()));
        known.or_insert_with(|| refusal((method, &inside)));
    }
    let seen = names.iter().zip(answers).map(|(name, answers)| {
        let methods = insides_of_methods(study, name);
        let refused = methods.filter_map(|(name, method, inside)| {
            let refusal = refusals[&(method.run.described(), inside)].as_ref()?;
            Some(format!("the method `{name}`: {refusal}"))
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

/// The methods that read something else of a network than its own layer, and what.
fn insides_of_methods<'a>(
    study: &'a Study,
    network: &'a Name,
) -> impl Iterator<Item = (&'a Name, &'static methods::Map, Inside)> {
    let own = study.networks[network].layer.as_deref();
    let methods = study.methods.iter();
    methods
        .filter(|(name, _)| study.explains(name, network))
        .filter_map(|(name, method)| match method.makes {
            Makes::Map(plugin, _) => Some((name, method, plugin)),
            _ => None,
        })
        .filter_map(move |(name, method, plugin)| {
            let layer = study.layer(name, network);
            let inside = Inside::of(plugin, layer.filter(|_| method.reads_layers()));
            let is_own = method.reads_layers() && layer == own;
            (!is_own).then_some((name, plugin, inside))
        })
}

/// Reads the parts of a network that a method reads.
fn try_out(method: &methods::Map, classifier: &Classifier, crop: &Rgb) -> Result<(), NetworkError> {
    match method.run {
        Reads::Activations(_) | Reads::Answers(_) => classifier.activations(&[crop]).map(drop),
        Reads::Layer(_) => classifier.gradients(&[(crop, 0)]).map(drop),
        Reads::Attention(attention) => classifier
            .attentions(&[(crop, 0)], attention.gradients)
            .map(drop),
        Reads::Inputs(_) => {
            let size = [crop.height(), crop.width()];
            let input = classifier.input(crop);
            let input = |_| (input.clone(), 0);
            classifier.input_gradients(1, size, &input, &mut |_, _| (), &|| false)
        }
    }
}

/// A network's answers to the images.
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

/// Reasons to doubt the answers of the networks of one file, and to use another precision.
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
