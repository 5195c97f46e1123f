//! The enlargement of a map, for the layer of ResNet-50.

use cam::enlarge;
use criterion::Criterion;

pub(crate) fn maps(criterion: &mut Criterion) {
    let map: Vec<f32> = (0..49_u8).map(|index| f32::from(index).sin()).collect();
    criterion.bench_function("enlarge/7x7 to 224x224", |bencher| {
        bencher.iter(|| enlarge(&map, [7, 7], [224, 224]));
    });
}
