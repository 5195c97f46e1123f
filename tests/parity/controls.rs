//! What controls and replacements are made from, beside the implementations that made controls.safetensors.

use super::fixture;
use super::numbers::{Numbers, difference};
use super::table::{Table, Tolerance};

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("controls.safetensors"));
    let image = file.image("image");
    let removed: Vec<bool> = file
        .labels("removed")
        .into_iter()
        .map(|gone| gone == 1)
        .collect();
    let found: Vec<f64> = interpolation::interpolate(&image, &removed)
        .into_iter()
        .flat_map(|(_, colour)| colour)
        .collect();
    let expected: Vec<f64> = file.f32s("road").into_iter().map(f64::from).collect();
    // It was rounded to 32 bits, of values up to 255.
    table.note(
        "noisy_linear without noise, levels of 255",
        "ROAD, in pytorch-grad-cam",
        difference(&found, &expected),
        Tolerance::AtMost(1e-4),
    );
    let expected: Vec<f64> = file.f32s("sobel").into_iter().map(f64::from).collect();
    table.note(
        "edges: Sobel magnitude",
        "scikit-image",
        difference(&methods::kinds::edges::edge_strengths(&image), &expected),
        Tolerance::AtMost(1e-7),
    );
}
