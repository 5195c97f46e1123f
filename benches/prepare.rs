//! From a photograph's pixels to a crop, and the replacement that depends on neighbours.

use criterion::Criterion;
use imaging::{Preparation, Rgb, decode, encode_png, gaussian_blur, lab, prepare};

pub(crate) fn preparation(criterion: &mut Criterion) {
    let [height, width] = [375, 500];
    let values = (0..height * width * 3).map(|index| (index * 7 % 251) as u8);
    let photograph = Rgb::new(height, width, values.collect()).expect("the sizes fit");
    let preparation = Preparation::new(256, 224).expect("the crop fits");
    let crop = prepare(&photograph, &preparation);
    let png = encode_png(&crop);
    criterion.bench_function("prepare/500x375 to 224x224", |bencher| {
        bencher.iter(|| prepare(&photograph, &preparation));
    });
    criterion.bench_function("decode/224x224 PNG", |bencher| {
        bencher.iter(|| decode(&png));
    });
    criterion.bench_function("lab/224x224", |bencher| {
        bencher.iter(|| lab(&crop));
    });
    criterion.bench_function("gaussian_blur/224x224, sigma 10", |bencher| {
        bencher.iter(|| gaussian_blur(&crop, 10.0));
    });
}
