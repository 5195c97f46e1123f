//! The surrogate's fit, for the published number of samples.

use criterion::{Criterion, criterion_group, criterion_main};
use sampling::{Sampler, Seed};
use surrogate::{Features, Settings, fit};

fn fits(criterion: &mut Criterion) {
    for superpixels in [25, 50, 100] {
        let masks = Sampler::Coin.masks(Seed::derive(1, &[b"bench"]), 1000, superpixels);
        let answer = |sample: usize| masks.kept_count(sample) as f32 / superpixels as f32;
        let answers: Vec<f32> = (0..1000).map(answer).collect();
        criterion.bench_function(&format!("fit/1000x{superpixels}"), |bencher| {
            bencher.iter(|| fit(&masks, &answers, &Settings::default()));
        });
        let settings = Settings {
            features: Features::ForwardSelection(6),
            ..Settings::default()
        };
        criterion.bench_function(
            &format!("forward_selection/1000x{superpixels}"),
            |bencher| {
                bencher.iter(|| fit(&masks, &answers, &settings));
            },
        );
    }
}

criterion_group!(benches, fits);
criterion_main!(benches);
