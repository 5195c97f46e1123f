//! Every algorithm on a picture with colours that change slowly, by its size.

use criterion::Criterion;
use imaging::Rgb;
use superpixels::{Algorithm, Felzenszwalb, Quickshift, Slic};

fn picture(side: usize) -> Rgb {
    let value = |index: usize| {
        let (pixel, channel) = (index / 3, index % 3);
        let (row, column) = (pixel / side, pixel % side);
        (((row / 9 * 31 + column / 7 * 17 + channel * 67) % 200) + (row * column) % 40) as u8
    };
    Rgb::new(side, side, (0..side * side * 3).map(value).collect()).expect("the sizes fit")
}

pub(crate) fn partitions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("partition");
    group.sample_size(10);
    for side in [112, 224, 448] {
        let picture = picture(side);
        for (name, algorithm) in [
            ("quickshift", Algorithm::Quickshift(Quickshift::default())),
            ("slic", Algorithm::Slic(Slic::default())),
            (
                "felzenszwalb",
                Algorithm::Felzenszwalb(Felzenszwalb::default()),
            ),
        ] {
            group.bench_function(format!("{name}/{side}"), |bencher| {
                bencher.iter(|| algorithm.partition(&picture));
            });
        }
    }
}
