//! The methods' own work, with a network that answers at once.

use cam::Layer;
use criterion::Criterion;
use imaging::Rgb;
use methods::kinds::edges::edges;
use methods::kinds::gradcam;
use methods::kinds::greedy::greedy;
use methods::kinds::oracle::{MOST_SUPERPIXELS, oracle};
use sampling::{Masks, Seed};

const SIDE: usize = 224;

fn answers(masks: &Masks) -> Vec<f32> {
    let count = |sample| masks.kept_count(sample) as f32;
    (0..masks.samples()).map(count).collect()
}

pub(crate) fn rankings(criterion: &mut Criterion) {
    let seed = Seed::derive(1, &[b"bench"]);
    let pixels = (0..SIDE * SIDE * 3).map(|index| (index * index % 251) as u8);
    let crop = Rgb::new(SIDE, SIDE, pixels.collect()).expect("the sizes fit");
    let tile = |pixel: usize| (pixel / SIDE / 32 * 7 + pixel % SIDE / 32) as u16;
    let labels: Vec<u16> = (0..SIDE * SIDE).map(tile).collect();
    criterion.bench_function("edges/224", |bencher| {
        bencher.iter(|| edges(&crop, &labels, 49, seed));
    });
    criterion.bench_function("greedy/49", |bencher| {
        bencher.iter(|| greedy(49, seed, &mut |masks| Ok(answers(masks))));
    });
    criterion.bench_function(&format!("oracle/{MOST_SUPERPIXELS}"), |bencher| {
        bencher.iter(|| oracle(MOST_SUPERPIXELS, seed, &mut |masks| Ok(answers(masks))));
    });
}

/// The layer of ResNet-50.
pub(crate) fn gradcam_map(criterion: &mut Criterion) {
    let values: Vec<f32> = (0..2048 * 49).map(|index| (index as f32).sin()).collect();
    let layer = Layer::new(&values, &values, [2048, 7, 7]).expect("the sizes fit");
    criterion.bench_function("gradcam/2048x7x7", |bencher| {
        bencher.iter(|| gradcam::map(&layer));
    });
}
