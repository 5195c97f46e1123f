//! Times the algorithms on one image: `time IMAGE REPEATS` prints a line for each, with the seconds of every repeat.
//!
//! scripts/benchmarks/superpixels.py runs it beside scikit-image.

use std::time::Instant;

use superpixels::{Algorithm, Felzenszwalb, Quickshift, Slic};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [path, repeats] = &arguments[..] else {
        return Err("usage: time IMAGE REPEATS".into());
    };
    let image = imaging::decode(&std::fs::read(path)?)?;
    for (name, algorithm) in [
        ("quickshift", Algorithm::Quickshift(Quickshift::default())),
        ("slic", Algorithm::Slic(Slic::default())),
        (
            "felzenszwalb",
            Algorithm::Felzenszwalb(Felzenszwalb::default()),
        ),
    ] {
        print!("{name}");
        for _ in 0..repeats.parse()? {
            let start = Instant::now();
            algorithm.partition(&image)?;
            print!(" {:.6}", start.elapsed().as_secs_f64());
        }
        println!();
    }
    Ok(())
}
