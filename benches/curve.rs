//! What a curve takes beside its passes: the backdrop, the order, the masks and the areas, for a crop of 224 x 224 and 49 superpixels.

use criterion::Criterion;
use imaging::Rgb;
use removal::{Backdrop, areas, backdrop, order, step_masks};

const SIDE: usize = 224;
const SUPERPIXELS: usize = 49;

pub(crate) fn curves(criterion: &mut Criterion) {
    let pixels = (0..SIDE * SIDE * 3).map(|index| (index * index % 251) as u8);
    let crop = Rgb::new(SIDE, SIDE, pixels.collect()).expect("the sizes fit");
    let tile = |pixel: usize| (pixel / SIDE / 32 * 7 + pixel % SIDE / 32) as u16;
    let labels: Vec<u16> = (0..SIDE * SIDE).map(tile).collect();
    for (name, kind) in [("mean", Backdrop::Mean), ("blur", Backdrop::Blur)] {
        criterion.bench_function(&format!("backdrop/{name}"), |bencher| {
            bencher.iter(|| backdrop(kind, &crop, &labels, SUPERPIXELS, [0.5; 3]));
        });
    }
    let relevance: Vec<f64> = (0..SUPERPIXELS).map(|index| (index as f64).sin()).collect();
    criterion.bench_function("order and masks/49", |bencher| {
        bencher.iter(|| {
            let order = order(&relevance).expect("all are finite");
            step_masks(&order)
        });
    });
    let share = |step: usize| step as f64 / SUPERPIXELS as f64;
    let removed: Vec<f64> = (0..=SUPERPIXELS).map(share).collect();
    let probabilities: Vec<f32> = removed.iter().map(|share| 1.0 - *share as f32).collect();
    criterion.bench_function("areas/49", |bencher| {
        bencher.iter(|| areas(&probabilities, &removed));
    });
}
