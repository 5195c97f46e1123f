//! The controls' own work, with a network that answers at once.

use std::convert::Infallible;

use controls::{MOST_SUPERPIXELS, edges, greedy, oracle};
use criterion::Criterion;
use imaging::Rgb;
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
    let answer = |masks: &Masks| Ok::<_, Infallible>(answers(masks));
    let tile = |pixel: usize| (pixel / SIDE / 32 * 7 + pixel % SIDE / 32) as u16;
    let labels: Vec<u16> = (0..SIDE * SIDE).map(tile).collect();
    criterion.bench_function("edges/224", |bencher| {
        bencher.iter(|| edges(&crop, &labels, 49, seed));
    });
    criterion.bench_function("greedy/49", |bencher| {
        bencher.iter(|| greedy(49, seed, answer));
    });
    criterion.bench_function(&format!("oracle/{MOST_SUPERPIXELS}"), |bencher| {
        bencher.iter(|| oracle(MOST_SUPERPIXELS, seed, answer));
    });
}
