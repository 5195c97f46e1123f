//! How long the methods take on one processor; `cargo bench -p benches -- NAME` runs those whose name contains NAME.

mod curve;
mod fill;
mod fit;
mod map;
mod masks;
mod partition;
mod prepare;
mod rankings;
mod study;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    benches,
    curve::curves,
    fill::fills,
    fit::fits,
    map::maps,
    masks::masks,
    partition::partitions,
    prepare::preparation,
    rankings::gradcam_map,
    rankings::rankings,
    study::statistics,
);
criterion_main!(benches);
