//! Filling removed pixels from those that are left, by how many are left.

use criterion::Criterion;
use imaging::Rgb;
use interpolation::interpolate;

const SIDE: usize = 224;

pub(crate) fn fills(criterion: &mut Criterion) {
    let pixels = (0..SIDE * SIDE * 3).map(|index| (index * index % 251) as u8);
    let crop = Rgb::new(SIDE, SIDE, pixels.collect()).expect("the sizes fit");
    let tile = |pixel: usize| pixel / SIDE / 32 * 7 + pixel % SIDE / 32;
    let mut group = criterion.benchmark_group("interpolate/224");
    group.sample_size(10);
    for removed in [5, 25, 45] {
        // A step of 20 meets each of the 49 tiles once.
        let gone = |pixel: usize| tile(pixel) * 20 % 49 < removed;
        let gone: Vec<bool> = (0..SIDE * SIDE).map(gone).collect();
        group.bench_function(format!("{removed} of 49 tiles"), |bencher| {
            bencher.iter(|| interpolate(&crop, &gone));
        });
    }
    group.finish();
}
