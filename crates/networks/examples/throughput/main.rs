//! Times the evaluator: `throughput ARCHITECTURE PRECISION WIDTH BATCHES` answers so many batches of masks with seeded random weights,
//! and prints one JSON object: images a second of the network alone and with painting and reading, of the network by batch, and at width 1 the processor's
//! limit, and its share.

mod probe;

use std::time::Instant;

use imaging::Rgb;
use networks::{
    Architecture, Classifier, Normalisation, Precision, Question, RandomParameters, Width,
};
use sampling::{Seed, samplers};
use tch::{Device, Kind, Tensor};

const SIDE: usize = 224;
const CELLS: usize = 7;
/// For which each other batch is measured.
const SECONDS: f64 = 2.0;

/// Multiplications for an input of 224x224, as counted from the layers' shapes, where somebody has.
fn multiplications(architecture: Architecture) -> Option<f64> {
    match architecture.name() {
        "alexnet" => Some(714.2e6),
        "resnet50" => Some(4.089e9),
        _ => None,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [architecture, precision, width, batches] = &arguments[..] else {
        return Err("usage: throughput ARCHITECTURE PRECISION WIDTH BATCHES".into());
    };
    let width: f64 = width.parse()?;
    let architecture: Architecture = architecture.parse()?;
    let precision = Precision::ALL
        .into_iter()
        .find(|known| known.name() == precision)
        .ok_or("the precisions are fp32 and bf16")?;
    let batches: usize = batches.parse()?;
    let threads = std::thread::available_parallelism()?.get();
    networks::use_threads(threads as u32);

    let mut parameters = RandomParameters::new(1, 1000);
    let network = networks::build(&mut parameters, architecture, Width::new(width)?)?;
    let network = network.prepared(precision)?;
    let size = network.batch();
    let input = Tensor::rand(
        [size as i64, 3, SIDE as i64, SIDE as i64],
        (Kind::Float, Device::Cpu),
    );
    // In the numbers that the evaluator paints.
    let input = match precision {
        Precision::Bf16 => input.to_kind(Kind::BFloat16),
        _ => input,
    };
    let forward = || tch::no_grad(|| network.forward(&input));
    drop(forward()?);
    let alone = seconds(batches, || forward().map(drop))?;
    let mut by_batch = Vec::new();
    for batch in [size / 2, size, 2 * size] {
        let images = networks::images_a_second(&network, batch, SIDE, SECONDS)?;
        by_batch.push(format!("\"{batch}\": {images:.2}"));
    }

    let picture = |factor: usize| {
        let pixels = (0..SIDE * SIDE * 3).map(|index| (index * factor % 251) as u8);
        Rgb::new(SIDE, SIDE, pixels.collect())
    };
    let (crop, replacement) = (picture(37)?, picture(1)?);
    let cell = |pixel: usize| pixel / SIDE * CELLS / SIDE * CELLS + pixel % SIDE * CELLS / SIDE;
    let labels: Vec<u16> = (0..SIDE * SIDE).map(|pixel| cell(pixel) as u16).collect();
    let masks = samplers::COIN.masks(Seed::derive(1, &[b"throughput"]), size, CELLS * CELLS);
    let question = Question {
        crop: &crop,
        replacement: &replacement,
        labels: &labels,
        masks: &masks,
        target: 0,
    };
    let classifier = Classifier::new(network, Normalisation::IMAGENET);
    let whole = seconds(batches, || classifier.ask(&question, &|| false).map(drop))?;

    let operations = match precision {
        Precision::Fp32 => Some(probe::fp32(threads)),
        Precision::Bf16 => probe::bf16(threads),
        Precision::Tf32 => None,
    };
    let limit = operations
        .filter(|_| (width - 1.0).abs() < f64::EPSILON)
        .and_then(|operations| Some(operations / 2.0 / multiplications(architecture)?));
    let rate = |seconds: f64| size as f64 / seconds;
    let number =
        |value: Option<f64>| value.map_or("null".to_owned(), |value| format!("{value:.3}"));
    println!(
        r#"{{"architecture": "{}", "precision": "{}", "batch": {size}, "threads": {threads}, "network": {:.2}, "evaluator": {:.2}, "by_batch": {{{}}}, "limit": {}, "share": {}}}"#,
        architecture.name(),
        precision.name(),
        rate(alone),
        rate(whole),
        by_batch.join(", "),
        number(limit),
        number(limit.map(|limit| rate(whole) / limit)),
    );
    Ok(())
}

/// Median seconds of a call.
fn seconds<E>(times: usize, mut call: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut measured = Vec::new();
    for _ in 0..times.max(1) {
        let start = Instant::now();
        call()?;
        measured.push(start.elapsed().as_secs_f64());
    }
    measured.sort_by(f64::total_cmp);
    Ok(measured[measured.len() / 2])
}
