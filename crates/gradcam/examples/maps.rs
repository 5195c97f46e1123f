//! Times Grad-CAM: `maps IMAGE ARCHITECTURE COUNT` explains an image so many times at full width with seeded random weights, in the batches of the
//! pipeline, and prints the seconds as JSON. scripts/benchmarks/explanations.py runs it beside pytorch-grad-cam.

use std::time::Instant;

use imaging::{Preparation, Rgb};
use methods::kinds::gradcam::METHOD;
use networks::{Classifier, Normalisation, Precision, RandomParameters, Width};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [image, architecture, count] = &arguments[..] else {
        return Err("usage: maps IMAGE ARCHITECTURE COUNT".into());
    };
    networks::use_threads(std::thread::available_parallelism()?.get() as u32);
    let mut parameters = RandomParameters::new(1, 1000);
    let network = networks::build(&mut parameters, architecture.parse()?, Width::new(1.0)?)?;
    let classifier = Classifier::new(network.prepared(Precision::Fp32)?, Normalisation::IMAGENET);
    let image = imaging::decode(&std::fs::read(image)?)?;
    let crop = imaging::prepare(&image, &Preparation::new(256, 224)?);
    let asked: Vec<(&Rgb, usize)> = vec![(&crop, 0); count.parse()?];
    gradcam::saliency::saliency(&METHOD, &classifier, &asked[..1])?;
    let start = Instant::now();
    for map in gradcam::saliency::saliency(&METHOD, &classifier, &asked)? {
        cam::enlarge(
            &map.values,
            [map.height, map.width],
            [crop.height(), crop.width()],
        )?;
    }
    println!(r#"{{"seconds": {:.6}}}"#, start.elapsed().as_secs_f64());
    Ok(())
}
