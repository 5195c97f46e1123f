//! Images and measures for the tests of this crate.

use std::{fs, path::Path};

use imaging::Rgb;
use proptest::prelude::*;
use safetensors::SafeTensors;

use crate::{Algorithm, Partition};

/// Reference photographs and values, where the checkout has them beside it.
const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference");

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

/// Checks an algorithm against the labels that scikit-image gave the reference crops.
pub(crate) fn check_against_scikit_image(algorithm: Algorithm, tensor: &str) {
    if !Path::new(REFERENCE).exists() {
        println!("skipped: {REFERENCE} is not there");
        return;
    }
    for name in ["tabby", "labrador", "tiger"] {
        let file = fs::read(format!("{REFERENCE}/{name}.safetensors")).unwrap();
        let tensors = SafeTensors::deserialize(&file).unwrap();
        let crop = tensors.tensor("crop_rgb_u8").unwrap();
        let image = Rgb::new(crop.shape()[0], crop.shape()[1], crop.data().to_vec()).unwrap();
        let expected: Vec<usize> = tensors
            .tensor(tensor)
            .unwrap()
            .data()
            .as_chunks()
            .0
            .iter()
            .map(|&bytes| i32::from_le_bytes(bytes) as usize)
            .collect();
        let partition = algorithm.partition(&image).unwrap();
        let found: Vec<usize> = partition
            .labels()
            .iter()
            .map(|&label| label.into())
            .collect();
        let index = adjusted_rand_index(&found, &expected);
        assert!(index >= 0.99, "{name}: adjusted Rand index {index}");
    }
}

/// Agreement of two partitions: 1 where they are equal, about 0 by chance (Hubert and Arabie 1985, eq. 5).
pub(crate) fn adjusted_rand_index(one: &[usize], other: &[usize]) -> f64 {
    let [rows, columns] = [one, other].map(|labels| labels.iter().max().unwrap() + 1);
    let mut table = vec![0_u32; rows * columns];
    for (&row, &column) in one.iter().zip(other) {
        table[row * columns + column] += 1;
    }
    let pairs = |count: u32| f64::from(count) * (f64::from(count) - 1.0) / 2.0;
    let together: f64 = table.iter().copied().map(pairs).sum();
    let in_rows: f64 = table
        .chunks(columns)
        .map(|row| pairs(row.iter().sum()))
        .sum();
    let in_columns: f64 = (0..columns)
        .map(|column| pairs(table[column..].iter().step_by(columns).sum()))
        .sum();
    let by_chance = in_rows * in_columns / pairs(one.len() as u32);
    (together - by_chance) / (f64::midpoint(in_rows, in_columns) - by_chance)
}

#[test]
fn the_index_is_one_for_equal_partitions_and_hand_counted_for_others() {
    assert!((adjusted_rand_index(&[0, 1, 1, 2], &[2, 0, 0, 1]) - 1.0).abs() < 1e-12);
    // Together 1 pair; 2 pairs in rows, 2 in columns, of 6: (1 - 2/3) / (2 - 2/3).
    assert!((adjusted_rand_index(&[0, 0, 1, 1], &[0, 0, 1, 2]) - 4.0 / 7.0).abs() < 1e-12);
}
