//! Grad-CAM's arithmetic, for the layer of ResNet-50.

use cam::{Dims, channel_weights, enlarge, map};
use criterion::Criterion;

pub(crate) fn maps(criterion: &mut Criterion) {
    let dims = Dims {
        channels: 2048,
        height: 7,
        width: 7,
    };
    let values: Vec<f32> = (0..dims.channels * 49)
        .map(|index| (index as f32).sin())
        .collect();
    let weights = channel_weights(&values, dims).expect("the sizes fit");
    let found = map(&values, &weights, dims).expect("the sizes fit");
    criterion.bench_function("channel_weights/2048x7x7", |bencher| {
        bencher.iter(|| channel_weights(&values, dims));
    });
    criterion.bench_function("map/2048x7x7", |bencher| {
        bencher.iter(|| map(&values, &weights, dims));
    });
    criterion.bench_function("enlarge/7x7 to 224x224", |bencher| {
        bencher.iter(|| enlarge(&found, [7, 7], [224, 224]));
    });
}
