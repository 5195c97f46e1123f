//! Drawing masks, for the published number of samples.

use criterion::Criterion;
use sampling::{Seed, samplers};

pub(crate) fn masks(criterion: &mut Criterion) {
    let seed = Seed::derive(1, &[b"bench"]);
    for sampler in samplers::ALL {
        criterion.bench_function(&format!("masks/{sampler}/1000x50"), |bencher| {
            bencher.iter(|| sampler.masks(seed, 1000, 50));
        });
    }
}
