//! Times methods that make maps: `maps IMAGE ARCHITECTURE COUNT [METHOD]` explains an image so many times at full width with seeded random weights, in
//! the batches of the pipeline, and prints the seconds as JSON. METHOD is gradcam or `integrated_gradients`. scripts/benchmarks/explanations.py runs it beside
//! pytorch-grad-cam and captum.

use std::time::Instant;

use gradcam::saliency::{Asked, saliency};
use imaging::Preparation;
use methods::kinds::{gradcam::METHOD as GRADCAM, integrated_gradients::METHOD as INTEGRATED};
use methods::{Baseline, Mapping, Sign};
use networks::{Classifier, Normalisation, Precision, RandomParameters, Width};
use sampling::Seed;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ([image, architecture, count] | [image, architecture, count, _]) = &arguments[..] else {
        return Err("usage: maps IMAGE ARCHITECTURE COUNT [METHOD]".into());
    };
    let integrated = Mapping {
        points: Some(50),
        baseline: Some(Baseline::Zero),
        ..Sign::Signed.into()
    };
    let (method, mapping) = match arguments.get(3).map(String::as_str) {
        None | Some("gradcam") => (&GRADCAM, Sign::Positive.into()),
        Some("integrated_gradients") => (&INTEGRATED, integrated),
        Some(other) => return Err(format!("{other}: no method that this program times").into()),
    };
    networks::use_threads(std::thread::available_parallelism()?.get() as u32);
    let mut parameters = RandomParameters::new(1, 1000);
    let network = networks::build(&mut parameters, architecture.parse()?, Width::new(1.0)?)?;
    let classifier = Classifier::new(network.prepared(Precision::Fp32)?, Normalisation::IMAGENET);
    let image = imaging::decode(&std::fs::read(image)?)?;
    let crop = imaging::prepare(&image, &Preparation::new(256, 224)?);
    let to = [crop.height(), crop.width()];
    let asked = Asked {
        crop,
        target: 0,
        seed: Seed([0; 32]),
    };
    let asked = vec![asked; count.parse()?];
    let warm = Sign::Positive.into();
    saliency((&GRADCAM, &warm), &classifier, &asked[..1], &|| false)?;
    let start = Instant::now();
    for made in saliency((method, &mapping), &classifier, &asked, &|| false)? {
        let map = made.map;
        cam::enlarge(&map.values, [map.height, map.width], to)?;
    }
    println!(r#"{{"seconds": {:.6}}}"#, start.elapsed().as_secs_f64());
    Ok(())
}
