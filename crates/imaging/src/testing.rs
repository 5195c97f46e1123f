//! Images for the tests of this crate.

use std::ops::Range;

use proptest::prelude::*;

use crate::Rgb;

/// Images of random bytes with sides from the given ranges.
pub(crate) fn rgb(heights: Range<usize>, widths: Range<usize>) -> impl Strategy<Value = Rgb> {
    (heights, widths).prop_flat_map(|(height, width)| {
        proptest::collection::vec(any::<u8>(), height * width * 3)
            .prop_map(move |pixels| Rgb::new(height, width, pixels).unwrap())
    })
}

/// A smooth image in which every pixel differs from its neighbours.
pub(crate) fn gradient(height: usize, width: usize) -> Rgb {
    let pixels = (0..height * width)
        .flat_map(|index| {
            let (y, x) = (index / width, index % width);
            [
                (y * 255 / height) as u8,
                (x * 255 / width) as u8,
                ((x + y) * 255 / (height + width)) as u8,
            ]
        })
        .collect();
    Rgb::new(height, width, pixels).unwrap()
}
