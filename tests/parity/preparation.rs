//! Resizing and cropping beside torchvision's `Resize` and `CenterCrop` on PIL images.

use imaging::{Filter, Preparation, PreparationError, prepare};

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
    let squashed = |_, crop| Preparation::squashed(crop);
    let others: [(&str, &[usize], Prepared, Filter); 3] = [
        ("bicubic", &[1, 4], Preparation::new, Filter::Bicubic),
        ("squashed", &[5], squashed, Filter::Bilinear),
        ("squashed_bicubic", &[0, 5], squashed, Filter::Bicubic),
    ];
    for (way, cases, preparation, filter) in others {
        for case in cases {
            let settings = file.integers(&format!("{case}.settings"));
            let preparation = preparation(settings[0] as u32, settings[1] as u32).unwrap();
            let source = file.image(&format!("{case}.source"));
            let found = prepare(&source, &preparation.with(filter));
            let expected = file.image(&format!("{case}.{way}"));
            note_as(table, OTHERWISE, found.pixels(), expected.pixels());
        }
    }
}

/// A preparation from `resize` and `crop`.
type Prepared = fn(u32, u32) -> Result<Preparation, PreparationError>;

/// What a crop is called that is prepared in another than the usual way.
const OTHERWISE: &str = "crop by the bicubic filter, or squashed";

/// Compares two crops.
pub(super) fn note(table: &mut Table, found: &[u8], expected: &[u8]) {
    note_as(table, "crop", found, expected);
}

fn note_as(table: &mut Table, what: &str, found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len());
    let apart = || found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b));
    let largest = f64::from(apart().max().unwrap());
    let unequal = apart().filter(|&levels| levels > 0).count() as f64 / found.len() as f64;
    let levels = format!("{what}, levels");
    table.note(levels, AGAINST, largest, Tolerance::AtMost(1.0));
    table.note(
        format!("{what}, share of unequal values"),
        AGAINST,
        unequal,
        Tolerance::AtMost(1e-3),
    );
}
