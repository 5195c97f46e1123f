//! Times removal curves, for `scripts/benchmarks/removal.py`: `removal_curve NETWORK`, then a number of curves on each line of standard input.
//!
//! Prints the seconds of each round. The network has seeded random parameters of full width, and every superpixel of a 7x7 grid goes in
//! one step. Of several curves each second one is the reverse of the one before, as the two orders of an explanation are.

use std::io::{BufRead, Write};
use std::time::Instant;

use deletion::curves::curves;
use networks::{Architecture, Classifier, Normalisation, Precision, RandomParameters, Width};
use occlusion::{Noise, Scene};
use removal::Replacement;
use sampling::Seed;

const SIDE: usize = 224;
const CELLS: usize = 7;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let architecture: Architecture = name.parse()?;
    networks::use_threads(std::thread::available_parallelism()?.get() as u32);
    let mut parameters = RandomParameters::new(7, 1000);
    let network = networks::build(&mut parameters, architecture, Width::new(1.0)?)?
        .prepared(Precision::Fp32)?;
    let classifier = Classifier::new(network, Normalisation::IMAGENET);
    let pixels = (0..SIDE * SIDE * 3).map(|place| (place * 31 % 251) as u8);
    let crop = imaging::Rgb::new(SIDE, SIDE, pixels.collect())?;
    let labels: Vec<u16> = (0..SIDE * SIDE)
        .map(|place| {
            let cell = |place: usize| place * CELLS / SIDE;
            (cell(place / SIDE) * CELLS + cell(place % SIDE)) as u16
        })
        .collect();
    let scene = Scene {
        crop: &crop,
        labels: &labels,
        superpixels: CELLS * CELLS,
        replacement: Replacement::Black,
        mean: [0.5; 3],
        noise: Noise::default(),
        target: 0,
    };
    for line in std::io::stdin().lock().lines() {
        let count: u64 = line?.trim().parse()?;
        let orders: Vec<Vec<u16>> = (0..count)
            .map(|curve| {
                let seed = Seed::derive(curve / 2, &[]);
                let mut order = methods::kinds::random::random(scene.superpixels, seed).order;
                if curve % 2 == 1 {
                    order.reverse();
                }
                order
            })
            .collect();
        let start = Instant::now();
        let made = curves(&classifier, &scene, &orders, &|| false)?;
        assert_eq!(made.len(), orders.len());
        println!("{}", start.elapsed().as_secs_f64());
        std::io::stdout().flush()?;
    }
    Ok(())
}
