//! Images and measures for the tests of this crate.

use imaging::Rgb;
use proptest::prelude::*;

use crate::Partition;

/// Images of random bytes.
pub(crate) fn noise() -> impl Strategy<Value = Rgb> {
    (1_usize..24, 1_usize..24).prop_flat_map(|(height, width)| {
        proptest::collection::vec(any::<u8>(), height * width * 3)
            .prop_map(move |pixels| Rgb::new(height, width, pixels).unwrap())
    })
}

/// An image with one colour left of `edge` and another from it on.
pub(crate) fn halves(height: usize, width: usize, edge: usize, colors: [[u8; 3]; 2]) -> Rgb {
    let pixels = (0..height * width).flat_map(|index| colors[usize::from(index % width >= edge)]);
    Rgb::new(height, width, pixels.collect()).unwrap()
}

/// Whether no superpixel has pixels on both sides of `edge`.
pub(crate) fn keeps_apart(partition: &Partition, edge: usize) -> bool {
    let mut sides = vec![[false; 2]; partition.count()];
    for (index, &label) in partition.labels().iter().enumerate() {
        sides[usize::from(label)][usize::from(index % partition.width() >= edge)] = true;
    }
    sides.iter().all(|sides| sides[0] != sides[1])
}
