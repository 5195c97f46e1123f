//! Times the graph executor beside `networks::Network`, in turns: `executor NETWORK PRECISION WIDTH ROUNDS [THREADS]` prints one JSON object.
//!
//! Both get the same seeded random weights and the same batch of the network's real size, on one thread pool as programs use it. The object has images
//! a second of both (from the median of the rounds), the ratio (above 1 where the executor is faster) of medians and of the fastest rounds, and the largest difference between their logits.

use std::time::Instant;

use executor::{Executor, Form};
use graph::Role;
use networks::{Architecture, Parameters, Precision, RandomParameters, Width};
use tch::{Device, Kind, Tensor};

const CLASSES: i64 = 1000;
const SIDE: i64 = 224;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let usage = "usage: executor NETWORK fp32|bf16 WIDTH ROUNDS [THREADS]";
    let [name, precision, width, rounds, threads @ ..] = &arguments[..] else {
        return Err(usage.into());
    };
    let architecture: Architecture = name.parse()?;
    let (precision, kind) = match precision.as_str() {
        "fp32" => (Precision::Fp32, Kind::Float),
        "bf16" => (Precision::Bf16, Kind::BFloat16),
        _ => return Err(usage.into()),
    };
    let (width, rounds): (f64, usize) = (width.parse()?, rounds.parse()?);
    let threads = match threads {
        [] => std::thread::available_parallelism()?.get(),
        [threads, ..] => threads.parse()?,
    };
    networks::use_threads(threads as u32);

    let mut parameters = RandomParameters::new(1, CLASSES);
    let by_hand =
        networks::build(&mut parameters, architecture, Width::new(width)?)?.prepared(precision)?;
    let graph = graph::builders::build(architecture, width, CLASSES);
    let tensors = graph.parameters.iter().map(|parameter| {
        let role = match parameter.role {
            Role::OutputWeight => networks::Role::OutputWeight,
            Role::Zeros | Role::Mean => networks::Role::Zeros,
            Role::Ones | Role::Variance => networks::Role::Ones,
            Role::Weight | Role::Constant => networks::Role::Weight,
        };
        parameters.take(&parameter.name, &parameter.shape, role)
    });
    let tensors = tensors.collect::<Result<Vec<Tensor>, _>>()?;
    let watched = graph
        .values
        .iter()
        .position(|value| value == architecture.layers()[0]);
    let watched = graph::Id(watched.ok_or("the layer is no value")?);
    let (input, logits) = (graph.input, graph.outputs[0].1);
    let device = Device::Cpu;
    let executor = Executor::new(graph, tensors)?.prepared(Form { device, kind }, &[watched])?;

    let batch = architecture.batch();
    let images = Tensor::f_rand([batch as i64, 3, SIDE, SIDE], (kind, device))?;
    let _guard = tch::no_grad_guard();
    let first = || Ok::<_, Box<dyn std::error::Error>>(by_hand.forward(&images)?);
    let second = || {
        Ok::<_, Box<dyn std::error::Error>>(
            executor
                .run(&[(input, images.shallow_clone())], &[logits])?
                .remove(0),
        )
    };
    let (expected, found) = (first()?, second()?);
    let difference = (&expected - &found).abs().max().double_value(&[]);
    let mut seconds = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        // Whoever comes second finds warm caches as often as the other.
        for turn in [round % 2, 1 - round % 2] {
            let start = Instant::now();
            drop(if turn == 0 { first()? } else { second()? });
            seconds[turn].push(start.elapsed().as_secs_f64());
        }
    }
    let fastest = seconds
        .each_ref()
        .map(|seconds| seconds.iter().copied().fold(f64::INFINITY, f64::min));
    let [by_hand, by_graph] = seconds.map(median);
    println!(
        "{{\"network\": \"{name}\", \"precision\": \"{}\", \"batch\": {batch}, \"threads\": {threads}, \"network_images_a_second\": {:.2}, \
         \"executor_images_a_second\": {:.2}, \"ratio\": {:.4}, \"ratio_of_fastest\": {:.4}, \"largest_difference\": {difference:e}}}",
        precision.name(),
        batch as f64 / by_hand,
        batch as f64 / by_graph,
        by_hand / by_graph,
        fastest[0] / fastest[1],
    );
    Ok(())
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds.get(seconds.len() / 2).copied().unwrap_or(f64::NAN)
}
