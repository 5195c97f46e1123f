//! Answers masks that another program draws: `answers IMAGE ARCHITECTURE WEIGHTS WIDTH`.
//!
//! Prints the number of quickshift's superpixels on the first line. Then reads one mask on each line, a 1 for each superpixel that is kept and a
//! 0 for each that shows its mean colour, and prints the predicted class's probability under each as one JSON list. scripts/benchmarks/designs.py
//! tries with it how masks may be drawn.

use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;

use imaging::Preparation;
use networks::{Classifier, GraphFile, Normalisation, Precision, Question, Width};
use removal::Backdrop;
use sampling::Masks;
use superpixels::{Algorithm, Quickshift};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [image, architecture, weights, width] = &arguments[..] else {
        return Err("usage: answers IMAGE ARCHITECTURE WEIGHTS WIDTH < masks".into());
    };
    networks::use_threads(std::thread::available_parallelism()?.get() as u32);
    let bytes = std::fs::read(weights)?;
    let width = Width::new(width.parse()?)?;
    let file = GraphFile::weights(Path::new(weights), &bytes, architecture.parse()?, width);
    let (network, _) = file.load(Precision::Fp32)?;
    let classifier = Classifier::new(network, Normalisation::IMAGENET);
    let crop = imaging::prepare(
        &imaging::decode(&std::fs::read(image)?)?,
        &Preparation::new(256, 224)?,
    );
    let logits = classifier.logits(&crop)?;
    let target = (0..logits.len())
        .max_by(|&a, &b| logits[a].total_cmp(&logits[b]))
        .unwrap_or(0);
    let partition = Algorithm::Quickshift(Quickshift::new(4.0, 200.0, 0.2)?).partition(&crop)?;
    writeln!(stdout(), "{}", partition.count())?;

    let mut masks = Masks::empty(partition.count());
    for line in stdin().lock().lines() {
        let kept: Vec<bool> = line?.bytes().map(|byte| byte == b'1').collect();
        masks.push(&kept)?;
    }
    let replacement = removal::backdrop(
        Backdrop::Mean,
        &crop,
        partition.labels(),
        partition.count(),
        Normalisation::IMAGENET.mean.map(f64::from),
    );
    let question = Question {
        crop: &crop,
        replacement: &replacement,
        labels: partition.labels(),
        masks: &masks,
        target,
    };
    let answers = classifier.ask(&question, &|| false)?;
    println!("{}", serde_json::to_string(&answers.probabilities)?);
    Ok(())
}
