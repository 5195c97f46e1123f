//! Trains one of the shipped networks; data/README.md says with which arguments.

use std::fs::File;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use networks::{Architecture, GraphFile, Precision, Width};
use scenes::Quality;
use tch::Device;
use train::fit::Recipe;
use train::held_out::HeldOut;
use train::pool::Pool;

/// Trains AlexNet or ResNet-50 on drawn scenes and writes its weights in half precision.
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
struct Arguments {
    /// alexnet or resnet50.
    architecture: Architecture,
    /// The safetensors file to write.
    #[arg(long)]
    weights: PathBuf,
    /// The training log to write, one JSON line for each epoch.
    #[arg(long)]
    log: PathBuf,
    /// Folder of the drawn scenes (172,800 bytes each); those that are missing are drawn.
    #[arg(long, default_value = "target/scenes/pool")]
    pool: PathBuf,
    /// Thousands of scenes to draw and learn from.
    #[arg(long, default_value_t = 16)]
    shards: usize,
    /// Passes over the scenes.
    #[arg(long, default_value_t = 12)]
    epochs: usize,
    /// How many of the passes, the first ones, use pictures of half the side (resnet50 only).
    #[arg(long, default_value_t = 0)]
    small_epochs: usize,
    /// Scenes in a step.
    #[arg(long, default_value_t = 64)]
    batch: usize,
    /// Highest learning rate.
    #[arg(long, default_value_t = 1e-3)]
    learning_rate: f64,
    /// Weight decay of AdamW.
    #[arg(long, default_value_t = 0.02)]
    weight_decay: f64,
    /// Every width as a multiple of the published one.
    #[arg(long, default_value_t = 0.25)]
    width: f64,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Threads of libtorch.
    #[arg(long, default_value_t = 2)]
    threads: u32,
    /// Start from these weights, such as those of an interrupted training.
    #[arg(long)]
    from: Option<PathBuf>,
    /// Held-out scenes after each epoch.
    #[arg(long, default_value_t = 300)]
    held_out: usize,
    /// Do not train: measure the accuracy of --weights on this many held-out scenes of high quality.
    #[arg(long)]
    check: Option<usize>,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn std::error::Error>> {
    networks::use_threads(arguments.threads);
    networks::open_cuda();
    let width = Width::new(arguments.width)?;
    if let Some(count) = arguments.check {
        return check(arguments, width, count);
    }
    let recipe = Recipe {
        architecture: arguments.architecture,
        width,
        epochs: arguments.epochs,
        small_epochs: arguments.small_epochs,
        batch: arguments.batch,
        learning_rate: arguments.learning_rate,
        weight_decay: arguments.weight_decay,
        seed: arguments.seed,
        from: arguments.from.clone(),
        device: Device::cuda_if_available(),
    };
    let pool = Pool::open(&arguments.pool, arguments.shards)?;
    let held_out = HeldOut::draw(arguments.held_out, Quality::DRAFT);
    #[expect(
        clippy::disallowed_methods,
        reason = "training writes to its own folders, never below artifacts/"
    )]
    let mut log = File::create(&arguments.log)?;
    Ok(train::fit::fit(
        &recipe,
        &pool,
        &held_out,
        &arguments.weights,
        &mut log,
    )?)
}

fn check(
    arguments: &Arguments,
    width: Width,
    count: usize,
) -> Result<(), Box<dyn std::error::Error>> {
    let bytes = std::fs::read(&arguments.weights)?;
    let (path, architecture) = (&arguments.weights, arguments.architecture);
    let (network, _) =
        GraphFile::weights(path, &bytes, architecture, width).load(Precision::Fp32)?;
    let accuracy = HeldOut::draw(
        count,
        Quality {
            samples: 8,
            ..Quality::DRAFT
        },
    )
    .accuracy(&network, Device::Cpu)?;
    println!(
        "{}: {:.4} of {count} held-out scenes; by class {:?}",
        arguments.weights.display(),
        accuracy.overall(),
        accuracy.right
    );
    Ok(())
}
