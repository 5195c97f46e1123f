//! Measures the speed of the study's networks on this machine by precision, threads and batch, and recommends settings; it changes nothing.
//!
//! `pipeline tune` starts it: a program of its own, because `pipeline` does not load libtorch.

use std::process::ExitCode;

use clap::Parser;
use infer::Inside;
use networks::{Form, Precision};
use stage::StageError;
use study::settings::infer::Architecture;
use study::{Name, Study};

/// Times each network of a study on random inputs.
#[derive(Debug, Parser)]
#[command(name = "tune", version, after_help = stage::TRUST)]
struct Arguments {
    /// The study file.
    #[arg(long, value_name = "FILE", default_value = "pipeline.toml")]
    config: std::path::PathBuf,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
}

/// A network's images per second with one choice of settings.
#[derive(Debug)]
struct Speed {
    precision: Precision,
    threads: u32,
    batch: usize,
    images: f64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    stage::conclude("tune", tune(&arguments))
}

fn tune(arguments: &Arguments) -> Result<(), StageError> {
    let study = Study::read(&arguments.config)?;
    let device = infer::devices(&study.compute)?[0];
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32);
    println!("network          precision  threads  batch  images/s");
    for (name, settings) in &study.networks {
        let bytes = std::fs::read(&settings.weights).map_err(|error| {
            StageError::shared(format!("{}: {error}", settings.weights.display()))
        })?;
        let precisions: &[Precision] = match settings.architecture {
            Architecture::TorchScript => &[Precision::Fp32],
            Architecture::BuiltIn(_) | Architecture::Exported | Architecture::Onnx => {
                &Precision::ALL
            }
        };
        let side = study.images.crop as usize;
        let mut speeds = Vec::new();
        for &precision in precisions {
            let (network, _) = infer::load(
                settings,
                &Inside::Layer(None),
                &bytes,
                side,
                Form { device, precision },
            )
            .map_err(StageError::shared)?;
            for threads in threads(cores) {
                networks::use_threads(threads);
                for batch in [network.batch() / 2, network.batch(), 2 * network.batch()] {
                    let images =
                        networks::images_a_second(&network, batch, side, arguments.seconds)
                            .map_err(StageError::shared)?;
                    let (name, shown) = (name.as_str(), precision.name());
                    println!("{name:<16} {shown:<10} {threads:>7} {batch:>6} {images:>9.1}");
                    speeds.push(Speed {
                        precision,
                        threads,
                        batch,
                        images,
                    });
                }
            }
            recommend(name, precision, network.batch(), cores, &speeds);
        }
    }
    println!(
        "\nThe batch is a constant of the program, because the last bits of results depend on it. Keys do not depend on `[compute] threads`, but \
         only equal numbers of threads guarantee equal ids."
    );
    Ok(())
}

/// 1, 2, 4 .. and all cores.
fn threads(cores: u32) -> Vec<u32> {
    let doubled = std::iter::successors(Some(1), |threads| Some(2 * threads));
    doubled
        .take_while(|&threads| threads < cores)
        .chain([cores])
        .collect()
}

/// Says which threads are best for the batch that the program uses, what another batch would give, and what bfloat16 does.
fn recommend(name: &Name, precision: Precision, batch: usize, cores: u32, speeds: &[Speed]) {
    let of = |precision: Precision| {
        let used = speeds
            .iter()
            .filter(move |speed| speed.precision == precision && speed.batch == batch);
        used.max_by(|a, b| a.images.total_cmp(&b.images))
    };
    let Some(best) = of(precision) else {
        return;
    };
    let other = speeds
        .iter()
        .filter(|speed| speed.precision == precision && speed.threads == best.threads)
        .max_by(|a, b| a.images.total_cmp(&b.images));
    let shown = precision.name();
    println!(
        "  {name}, {shown}: threads = {} is fastest of {cores} cores",
        best.threads
    );
    if let Some(other) = other.filter(|other| other.images > 1.1 * best.images) {
        let more = 100.0 * (other.images / best.images - 1.0);
        println!(
            "  a batch of {} would be {more:.0} % faster than the program's {batch}: please report it",
            other.batch
        );
    }
    if let (Precision::Bf16, Some(reference)) = (precision, of(Precision::Fp32)) {
        let ratio = best.images / reference.images;
        let advice = if ratio > 1.5 {
            "`precision = \"mixed\"` in LIME saves time here"
        } else {
            "`precision = \"mixed\"` saves nothing here"
        };
        println!("  bf16 is {ratio:.2} times as fast as fp32: {advice}");
    }
}
