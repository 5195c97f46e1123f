//! Explains one image as the pipeline does, from pixels to weights, and prints what it took as one JSON object:
//!
//! `explain IMAGE ARCHITECTURE WEIGHTS WIDTH PRECISION SAMPLER SAMPLES RUNS [crop=224] [kernel_size=4] [threads=N]`
//!
//! WEIGHTS is a file, or `random` for seeded random ones with 1000 classes; ARCHITECTURE `torchscript` is a program of any width, whose inputs are from -1
//! to 1. PRECISION is fp32, bf16 or mixed. The network is loaded and asked once
//! before the clock starts. scripts/benchmarks/explanations.py runs it beside the lime package, samplers.py compares its samplers, growth.py its sizes.

use std::path::Path;
use std::time::Instant;

use imaging::{Preparation, Rgb};
use lime::perturbations::{
    Again, Asked, Hidden, Perturbations, Request, Sizes, Undecided, perturbations,
};
use networks::{Classifier, GraphFile, Methods, Normalisation, Precision, RandomParameters, Width};
use removal::Backdrop;
use sampling::{Drawn, Masks, STRATA, Sampler, Seed, samplers};
use serde_json::json;
use statistics::Measured;
use superpixels::{Algorithm, Quickshift};
use surrogate::Settings;

type Failure = Box<dyn std::error::Error>;

/// What many programs want their inputs to be.
const MINUS_ONE_TO_ONE: Normalisation = Normalisation {
    mean: [0.5; 3],
    std: [0.5; 3],
};

/// As many samples as the request says; again as many as the pipeline would ask.
struct Sized {
    sampler: Sampler,
    surrogate: Settings,
}

impl Sizes for Sized {
    fn enough(&mut self, _: &Drawn, _: &[f32]) -> Result<bool, Undecided> {
        Ok(false)
    }

    fn more(
        &self,
        masks: &Masks,
        probabilities: &[f32],
        pilot: &Again,
        step: usize,
    ) -> Result<[usize; STRATA], Undecided> {
        let (sampler, surrogate) = (self.sampler, &self.surrogate);
        Ok(lime::sizes::more(
            masks,
            probabilities,
            &lime::sizes::correction(pilot),
            sampler,
            surrogate,
            step,
        )?)
    }
}

fn load(
    architecture: &str,
    weights: &str,
    width: &str,
    precision: Precision,
    side: u32,
) -> Result<Classifier, Failure> {
    let path = Path::new(weights);
    let width = Width::new(width.parse()?)?;
    let (network, normalisation) = match (architecture, weights) {
        ("torchscript", _) => {
            let (bytes, size) = (std::fs::read(path)?, [side as usize; 2]);
            let (network, _) =
                networks::load_script(path, &bytes, size, &Methods::default(), precision)?;
            (network, MINUS_ONE_TO_ONE)
        }
        (_, "random") => {
            let mut parameters = RandomParameters::new(1, 1000);
            let network = networks::build(&mut parameters, architecture.parse()?, width)?;
            (network.prepared(precision)?, Normalisation::IMAGENET)
        }
        _ => {
            let bytes = std::fs::read(path)?;
            let file = GraphFile::weights(path, &bytes, architecture.parse()?, width);
            let (network, _) = file.load(precision)?;
            (network, Normalisation::IMAGENET)
        }
    };
    Ok(Classifier::new(network, normalisation))
}

fn largest(logits: &[f32]) -> usize {
    let places = 0..logits.len();
    places
        .max_by(|&a, &b| logits[a].total_cmp(&logits[b]))
        .unwrap_or(0)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [
        image,
        architecture,
        weights,
        width,
        precision,
        sampler,
        samples,
        runs,
        options @ ..,
    ] = &arguments[..]
    else {
        return Err(
            "usage: explain IMAGE ARCHITECTURE WEIGHTS WIDTH PRECISION SAMPLER SAMPLES RUNS [crop=224] [kernel_size=4] [threads=N]".into(),
        );
    };
    let option = |name: &str| {
        let mut options = options.iter().filter_map(|option| option.split_once('='));
        options
            .find(|option| option.0 == name)
            .map(|option| option.1)
    };
    let cores = std::thread::available_parallelism()?.get();
    networks::use_threads(option("threads").map_or(Ok(cores as u32), str::parse)?);
    let side = option("crop").map_or(Ok(224), str::parse::<u32>)?;
    let kernel_size = option("kernel_size").map_or(Ok(4.0), str::parse)?;
    let quickshift = Quickshift::new(kernel_size, 200.0, 0.2)?;
    let kinds: &[Precision] = match precision.as_str() {
        "fp32" => &[Precision::Fp32],
        "bf16" => &[Precision::Bf16],
        "mixed" => &[Precision::Bf16, Precision::Fp32],
        _ => return Err("the precisions are fp32, bf16 and mixed".into()),
    };
    let classifiers: Vec<Classifier> = kinds
        .iter()
        .map(|&kind| load(architecture, weights, width, kind, side))
        .collect::<Result<_, _>>()?;
    let asked = match &classifiers[..] {
        [fast, reference] => Asked::Mixed { fast, reference },
        one => Asked::One(&one[0]),
    };
    let bytes = std::fs::read(image)?;
    let crop = imaging::prepare(
        &imaging::decode(&bytes)?,
        &Preparation::new(side * 8 / 7, side)?,
    );
    let mut target = 0;
    for classifier in &classifiers {
        target = largest(&classifier.logits(&crop)?);
    }

    let named = |known: &Sampler| known.name() == sampler;
    let sampler = samplers::ALL.into_iter().find(named);
    let sampler = sampler.ok_or("the sampler is coin, paired or hadamard")?;
    let surrogate = Settings {
        growing: sampler != samplers::COIN,
        ..Settings::default()
    };
    let mut sizes = Sized { sampler, surrogate };
    let mut explanations = Vec::new();
    for run in 0..runs.parse()? {
        let start = Instant::now();
        let (explanation, found) = explain(
            &crop,
            quickshift,
            asked,
            target,
            samples.parse()?,
            run,
            &mut sizes,
        )?;
        let seconds = start.elapsed().as_secs_f64();
        let again = found.again.samples.len();
        let passes = found.probabilities.len() + again;
        explanations.push(
            json!({"seconds": seconds, "again": again, "passes": passes, "weights": explanation.weights,
            "standard_errors": explanation.standard_errors, "probabilities": found.probabilities}),
        );
    }
    println!(
        "{}",
        json!({"batch": classifiers[0].batch(), "runs": explanations})
    );
    Ok(())
}

/// The explanation, and the answers that it was fitted to.
fn explain(
    crop: &Rgb,
    quickshift: Quickshift,
    asked: Asked<'_>,
    target: usize,
    samples: usize,
    run: u32,
    sizes: &mut Sized,
) -> Result<(methods::Weighted, Perturbations), Failure> {
    let partition = Algorithm::Quickshift(quickshift).partition(crop)?;
    let sampler = sizes.sampler;
    let request = Request {
        crop,
        hidden: Hidden::Superpixels {
            labels: partition.labels(),
            count: partition.count(),
            replacement: Backdrop::Mean,
        },
        target,
        measured: Measured::Probability,
        mean: Normalisation::IMAGENET.mean.map(f64::from),
        sampler,
        samples,
    };
    let seed = Seed::of_run(1, "benchmark", "quickshift", "lime", run);
    let found = perturbations(asked, &request, seed, sizes, &|| false)?;
    let correction = lime::sizes::correction(&found.again);
    let correction = (!found.again.samples.is_empty()).then_some(&correction);
    let answered = methods::Answered {
        drawn: &found.drawn,
        probabilities: &found.probabilities,
        correction,
        sampler,
        fitting: methods::Fitting::Surrogate(sizes.surrogate),
        partition: None,
    };
    let explanation = methods::fitting::explanation(&answered)?;
    Ok((explanation, found))
}
