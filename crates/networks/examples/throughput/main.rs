//! Times the evaluator: `throughput NETWORK PRECISION WIDTH BATCHES [DEVICE]` answers so many batches of masks and prints one JSON object.
//!
//! NETWORK is a built-in architecture, with seeded random weights, or a `TorchScript` file (`.pt`), whose width is not used. DEVICE is `cpu` (the
//! default) or `cuda`. The object has images a second of the network alone and with painting and reading; and on the processor, of the network by
//! batch, and at width 1 the processor's limit and its share.

mod probe;

use std::path::Path;
use std::time::Instant;

use imaging::Rgb;
use networks::{
    Architecture, Classifier, Form, Machine, Methods, Network, NetworkError, Normalisation,
    Precision, Question, RandomParameters, Wanted, Width,
};
use sampling::{Seed, samplers};
use tch::{Device, Kind, Tensor};

const SIDE: usize = 224;
const CELLS: usize = 7;
const BATCHES_A_QUESTION: usize = 8;
/// For which each other batch is measured.
const SECONDS: f64 = 2.0;

/// Multiplications for an input of 224x224, as counted from the layers' shapes, where somebody has.
fn multiplications(network: &str) -> Option<f64> {
    match network {
        "alexnet" => Some(714.2e6),
        "resnet50" => Some(4.089e9),
        _ => None,
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: throughput NETWORK PRECISION WIDTH BATCHES [cpu|cuda]";
    let [name, precision, width, batches, device @ ..] = &arguments[..] else {
        return Err(usage.into());
    };
    let wanted = match device {
        [] => Wanted::Cpu,
        [device] if device == "cpu" => Wanted::Cpu,
        [device] if device == "cuda" => Wanted::CudaNumber(0),
        _ => return Err(usage.into()),
    };
    let width: f64 = width.parse()?;
    let precision = [Precision::Fp32, Precision::Tf32, Precision::Bf16]
        .into_iter()
        .find(|known| known.name() == precision)
        .ok_or("the precisions are fp32, tf32 and bf16")?;
    let batches: usize = batches.parse()?;
    let threads = std::thread::available_parallelism()?.get();
    networks::use_threads(threads as u32);
    let device = Machine::here().devices(wanted)?[0];

    let network = load(name, Width::new(width)?, Form { device, precision })?;
    let size = network.batch();
    let on = if device.is_cpu() {
        Device::Cpu
    } else {
        Device::Cuda(0)
    };
    // In the numbers that the evaluator paints.
    let kind = match precision {
        Precision::Bf16 if !is_program(name) => Kind::BFloat16,
        _ => Kind::Float,
    };
    let input = Tensor::rand([size as i64, 3, SIDE as i64, SIDE as i64], (kind, on));
    // A GPU is done when its answer has been read.
    let forward = || -> Result<(), NetworkError> {
        let logits = tch::no_grad(|| network.forward(&input))?;
        drop(logits.to_device(Device::Cpu));
        Ok(())
    };
    forward()?;
    let alone = seconds(batches, forward)?;
    let mut by_batch = Vec::new();
    if device.is_cpu() {
        for batch in [size / 2, size, 2 * size] {
            let images = networks::images_a_second(&network, batch, SIDE, SECONDS)?;
            by_batch.push(format!("\"{batch}\": {images:.2}"));
        }
    }

    let picture = |factor: usize| {
        let pixels = (0..SIDE * SIDE * 3).map(|index| (index * factor % 251) as u8);
        Rgb::new(SIDE, SIDE, pixels.collect())
    };
    let (crop, replacement) = (picture(37)?, picture(1)?);
    let cell = |pixel: usize| pixel / SIDE * CELLS / SIDE * CELLS + pixel % SIDE * CELLS / SIDE;
    let labels: Vec<u16> = (0..SIDE * SIDE).map(|pixel| cell(pixel) as u16).collect();
    // Several batches a question, as a study asks: what is between two of them counts too.
    let asked = size * BATCHES_A_QUESTION;
    let masks = samplers::COIN.masks(Seed::derive(1, &[b"throughput"]), asked, CELLS * CELLS);
    let question = Question {
        crop: &crop,
        replacement: &replacement,
        labels: &labels,
        masks: &masks,
        target: 0,
    };
    let classifier = Classifier::new(network, Normalisation::IMAGENET);
    classifier.ask(&question, &|| false)?;
    let whole = seconds(batches, || classifier.ask(&question, &|| false).map(drop))?;

    let operations = match precision {
        _ if !device.is_cpu() => None,
        Precision::Fp32 => Some(probe::fp32(threads)),
        Precision::Bf16 => probe::bf16(threads),
        Precision::Tf32 => None,
    };
    let limit = operations
        .filter(|_| (width - 1.0).abs() < f64::EPSILON)
        .and_then(|operations| Some(operations / 2.0 / multiplications(name)?));
    let rate = |seconds: f64| size as f64 / seconds;
    let evaluator = rate(whole / BATCHES_A_QUESTION as f64);
    let number =
        |value: Option<f64>| value.map_or("null".to_owned(), |value| format!("{value:.3}"));
    println!(
        r#"{{"network_name": "{name}", "device": "{device}", "precision": "{}", "batch": {size}, "batch_left": {}, "threads": {threads}, "network": {:.2}, "evaluator": {:.2}, "by_batch": {{{}}}, "limit": {}, "share": {}}}"#,
        precision.name(),
        classifier.batch(),
        rate(alone),
        evaluator,
        by_batch.join(", "),
        number(limit),
        number(limit.map(|limit| evaluator / limit)),
    );
    Ok(())
}

fn is_program(name: &str) -> bool {
    Path::new(name).extension().is_some()
}

fn load(name: &str, width: Width, form: Form) -> Result<Network, Box<dyn std::error::Error>> {
    if is_program(name) {
        let (path, methods) = (Path::new(name), Methods::default());
        let bytes = std::fs::read(path)?;
        return Ok(networks::load_script(path, &bytes, [SIDE; 2], &methods, form)?.0);
    }
    let architecture: Architecture = name.parse()?;
    let mut parameters = RandomParameters::new(1, 1000);
    Ok(networks::build(&mut parameters, architecture, width)?.prepared(form)?)
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
