//! Looks at the networks of a study and at what they say to its images, and prints it as JSON; it changes nothing.
//!
//! `pipeline init`, `check` and `plan --measure` start it: a program of its own, because `pipeline` does not load libtorch.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use imaging::Rgb;
use infer::logits::logits;
use networks::{Form, Network, Precision};
use serde_json::{Map, Value, json};
use stage::StageError;
use study::settings::infer as settings;
use study::settings::lime;
use study::{Image, Images, Method, Study};

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
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    stage::conclude("look", look(&arguments))
}

fn look(arguments: &Arguments) -> Result<(), StageError> {
    let study = Study::read(&arguments.config)?;
    networks::use_threads(study.compute.threads);
    let shown = if arguments.images > 0 {
        Shown::read(&study, arguments.images)?
    } else {
        Shown::default()
    };
    let mut found = Map::new();
    for (name, network) in &study.networks {
        let seen = see(&study, network, &shown, arguments.seconds);
        let seen = seen.unwrap_or_else(|error| json!({"error": error.to_string()}));
        found.insert(name.to_string(), seen);
    }
    println!(
        "{}",
        json!({"images": shown.names, "unlabelled": shown.unlabelled, "networks": found})
    );
    Ok(())
}

/// Images that the networks are asked about.
#[derive(Default)]
struct Shown {
    names: Vec<String>,
    crops: Vec<Rgb>,
    classes: Vec<Option<usize>>,
    /// Images without a label, among these and all others.
    unlabelled: usize,
}

impl Shown {
    fn read(study: &Study, count: usize) -> Result<Self, StageError> {
        let images = Images::read(study)?;
        let preparation = segment::preparation(&study.images).map_err(StageError::action)?;
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
            shown.classes.push(image.true_class);
        }
        Ok(shown)
    }
}

/// What there is to say about a network.
fn see(
    study: &Study,
    network: &settings::Network,
    shown: &Shown,
    seconds: Option<f64>,
) -> Result<Value, Box<dyn std::error::Error>> {
    let side = study.images.crop as usize;
    let form = Form {
        device: infer::devices(&study.compute)?[0],
        precision: infer::precision(&study.compute),
    };
    let bytes = std::fs::read(&network.weights)?;
    let loaded = infer::load(network, &bytes, side, form)?;
    let warnings = warnings(study, network, &loaded, form);
    let speed = seconds
        .map(|seconds| loaded.images_a_second(loaded.batch(), side, seconds))
        .transpose()?;
    let classifier = infer::classifier(loaded, network);
    let mut answers = Vec::new();
    for (crop, class) in shown.crops.iter().zip(&shown.classes) {
        let answer = logits(&classifier, crop)?;
        let predicted = answer.predicted_class;
        answers.push(json!({
            "class": predicted,
            "probability": answer.probabilities[predicted],
            "right": class.map(|class| class == predicted),
        }));
    }
    let gray = Rgb::new(side, side, vec![128; 3 * side * side])?;
    let crop = shown.crops.first().unwrap_or(&gray);
    let (layer, layer_error) = match classifier.gradients(&[(crop, 0)]) {
        Ok(gradients) => (gradients.first().map(|layer| layer.shape), None),
        Err(error) => (None, Some(error.to_string())),
    };
    Ok(json!({
        "classes": classifier.classes(),
        "layer": layer,
        "layer_error": layer_error,
        "warnings": warnings,
        "answers": answers,
        "images_per_second": speed,
    }))
}

/// Reasons to doubt a network's answers, and to ask it in other numbers.
fn warnings(
    study: &Study,
    settings: &settings::Network,
    network: &Network,
    form: Form,
) -> Vec<String> {
    let in_bf16 = |method: &Method| match method {
        Method::Lime(lime) => {
            use lime::Precision::{Bf16, Mixed};
            matches!(study.precision_of(lime), Bf16 | Mixed)
        }
        _ => false,
    };
    let form = if study.methods.values().any(in_bf16) {
        let precision = Precision::Bf16;
        Form { precision, ..form }
    } else {
        form
    };
    let doubts = network.doubts().iter().map(ToString::to_string);
    let slow = infer::emulated(settings, form).map(str::to_owned);
    doubts.chain(slow).collect()
}
