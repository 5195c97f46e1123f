//! The surrogate's fit: for the published number of samples, and for thousands of superpixels.

use criterion::Criterion;
use sampling::{Seed, samplers};
use surrogate::{Features, Settings, fit};

const SHAPES: [[usize; 2]; 7] = [
    [1000, 25],
    [1000, 50],
    [1000, 100],
    [32, 1118],
    [1000, 1118],
    [32, 4096],
    [1000, 4096],
];

pub(crate) fn fits(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("surrogate");
    group.sample_size(10);
    for [samples, superpixels] in SHAPES {
        let masks = samplers::COIN.masks(Seed::derive(1, &[b"bench"]), samples, superpixels);
        let answer = |sample: usize| masks.kept_count(sample) as f32 / superpixels as f32;
        let answers: Vec<f32> = (0..samples).map(answer).collect();
        for (name, features) in [
            ("fit", Features::All),
            ("highest_weights", Features::HighestWeights(6)),
            ("forward_selection", Features::ForwardSelection(6)),
        ] {
            let settings = Settings {
                features,
                ..Settings::default()
            };
            group.bench_function(format!("{name}/{samples}x{superpixels}"), |bencher| {
                bencher.iter(|| fit(&masks, &answers, &settings));
            });
        }
    }
    group.finish();
}
