//! Resizing and cropping beside torchvision's `Resize` and `CenterCrop` on PIL images.

use imaging::{Preparation, prepare};

use super::fixture;
use super::numbers::Numbers;
use super::table::{Table, Tolerance};

const CASES: usize = 6;
const AGAINST: &str = "torchvision on PIL images";

pub(super) fn compare(table: &mut Table) {
    let file = Numbers::read(&fixture("preparation.safetensors"));
    for case in 0..CASES {
        let settings = file.integers(&format!("{case}.settings"));
        let preparation = Preparation::new(settings[0] as u32, settings[1] as u32).unwrap();
        let found = prepare(&file.image(&format!("{case}.source")), &preparation);
        let expected = file.image(&format!("{case}.crop"));
        note(table, found.pixels(), expected.pixels());
    }
}

/// Compares two crops.
pub(super) fn note(table: &mut Table, found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len());
    let apart = || found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
    let largest = f64::from(apart().max().unwrap());
    let unequal = apart().filter(|&levels| levels > 0).count() as f64 / found.len() as f64;
    table.note("crop, levels", AGAINST, largest, Tolerance::AtMost(1.0));
    table.note(
        "crop, share of unequal values",
        AGAINST,
        unequal,
        Tolerance::AtMost(1e-3),
    );
}
