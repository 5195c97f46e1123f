//! Drawing masks, for the published number of samples.

use criterion::{Criterion, criterion_group, criterion_main};
use sampling::{Seed, samplers};

fn masks(criterion: &mut Criterion) {
    let seed = Seed::derive(1, &[b"bench"]);
    for sampler in samplers::ALL {
        criterion.bench_function(&format!("masks/{sampler}/1000x50"), |bencher| {
            bencher.iter(|| sampler.masks(seed, 1000, 50));
        });
    }
}

criterion_group!(benches, masks);
criterion_main!(benches);
