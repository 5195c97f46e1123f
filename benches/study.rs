//! What `evaluate` computes again and again, for the published study's 20 images, 10 runs and 49 superpixels.

use criterion::Criterion;
use statistics::{Cell, concordance, kendall, mean_interval, variance_components, wilcoxon};

fn values(count: usize, frequency: f64) -> Vec<f64> {
    (0..count)
        .map(|index| (frequency * index as f64).sin())
        .collect()
}

pub(crate) fn statistics(criterion: &mut Criterion) {
    let of_images = values(20, 1.7);
    criterion.bench_function("mean_interval/20 values, 10000 resamples", |bencher| {
        bencher.iter(|| mean_interval(&of_images, 0.95, 10_000, [7; 32]));
    });
    criterion.bench_function("wilcoxon/20", |bencher| {
        bencher.iter(|| wilcoxon(&of_images));
    });
    let runs: Vec<Vec<f64>> = (0..10)
        .map(|run| values(49, 1.0 + f64::from(run)))
        .collect();
    criterion.bench_function("kendall/49", |bencher| {
        bencher.iter(|| kendall(&runs[0], &runs[1]));
    });
    criterion.bench_function("concordance/10 of 49", |bencher| {
        bencher.iter(|| concordance(&runs));
    });
    let cell = |runs| Cell {
        runs,
        deterministic: false,
    };
    let study: Vec<Vec<Cell<'_>>> = (0..20)
        .map(|image| {
            (0..4)
                .map(|method| cell(&runs[method][image..image + 10]))
                .collect()
        })
        .collect();
    criterion.bench_function("variance_components/20x4x10", |bencher| {
        bencher.iter(|| variance_components(&study));
    });
}
