//! The values that the programs in scripts/oracles/ wrote, and the distance of others from them.

use std::path::Path;

use imaging::Rgb;
use safetensors::{Dtype, SafeTensors};

/// A safetensors file in memory.
#[derive(Debug)]
pub(super) struct Numbers {
    bytes: Vec<u8>,
    name: String,
}

impl Numbers {
    /// Reads a file that has to be there.
    pub(super) fn read(path: &Path) -> Self {
        let bytes =
            std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            bytes,
            name: path.display().to_string(),
        }
    }

    fn tensor<T>(&self, name: &str, dtype: Dtype, use_of: impl FnOnce(&[usize], &[u8]) -> T) -> T {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let tensor = file
            .tensor(name)
            .unwrap_or_else(|error| panic!("{}, {name}: {error}", self.name));
        assert_eq!(tensor.dtype(), dtype, "{}, {name}", self.name);
        use_of(tensor.shape(), tensor.data())
    }

    fn values<const BYTES: usize, T>(
        &self,
        name: &str,
        dtype: Dtype,
        read: fn([u8; BYTES]) -> T,
    ) -> Vec<T> {
        self.tensor(name, dtype, |_, data| {
            data.as_chunks().0.iter().copied().map(read).collect()
        })
    }

    /// 32-bit floats.
    pub(super) fn f32s(&self, name: &str) -> Vec<f32> {
        self.values(name, Dtype::F32, f32::from_le_bytes)
    }

    /// 64-bit floats.
    pub(super) fn f64s(&self, name: &str) -> Vec<f64> {
        self.values(name, Dtype::F64, f64::from_le_bytes)
    }

    /// Signed integers.
    pub(super) fn integers(&self, name: &str) -> Vec<usize> {
        self.values(name, Dtype::I32, |bytes| i32::from_le_bytes(bytes) as usize)
    }

    /// Superpixel labels.
    pub(super) fn labels(&self, name: &str) -> Vec<u16> {
        self.values(name, Dtype::U8, |[byte]| byte.into())
    }

    /// The layers of a network whose maps are in the file.
    pub(super) fn layers(&self, network: &str) -> Vec<String> {
        let file = SafeTensors::deserialize(&self.bytes).unwrap();
        let names = file.names().into_iter();
        let layers = names.filter_map(|name| {
            let rest = name.strip_prefix(network)?.strip_prefix('.')?;
            rest.strip_suffix(".map").map(str::to_owned)
        });
        layers.collect()
    }

    /// An image, [height, width, 3].
    pub(super) fn image(&self, name: &str) -> Rgb {
        self.tensor(name, Dtype::U8, |shape, data| {
            let &[height, width, 3] = shape else {
                panic!("{name} has shape {shape:?}")
            };
            Rgb::new(height, width, data.to_vec()).unwrap()
        })
    }

    /// Rows of a matrix of bytes.
    pub(super) fn rows(&self, name: &str) -> Vec<Vec<u8>> {
        self.tensor(name, Dtype::U8, |shape, data| {
            data.chunks_exact(shape[1]).map(<[u8]>::to_vec).collect()
        })
    }
}

/// The largest difference of two lists of numbers.
pub(super) fn difference<A: Copy + Into<f64>, B: Copy + Into<f64>>(
    found: &[A],
    expected: &[B],
) -> f64 {
    assert_eq!(found.len(), expected.len());
    let each = found.iter().zip(expected);
    each.map(|(&found, &expected)| (found.into() - expected.into()).abs())
        .fold(0.0, |worst, next| {
            if worst.is_nan() || next <= worst {
                worst
            } else {
                next
            }
        })
}

/// The largest difference, as a share of the largest expected magnitude.
pub(super) fn relative<A: Copy + Into<f64>, B: Copy + Into<f64>>(
    found: &[A],
    expected: &[B],
) -> f64 {
    let magnitude = |&value: &B| value.into().abs();
    let largest = expected.iter().map(magnitude).fold(0.0, f64::max);
    assert!(largest > 0.0, "nothing to compare with");
    difference(found, expected) / largest
}

/// Agreement of two partitions: 1 where they are equal, about 0 by chance (Hubert and Arabie 1985, eq. 5).
pub(super) fn adjusted_rand_index(one: &[u16], other: &[u16]) -> f64 {
    let [rows, columns] = [one, other].map(|labels| usize::from(*labels.iter().max().unwrap()) + 1);
    let mut table = vec![0_u32; rows * columns];
    for (&row, &column) in one.iter().zip(other) {
        table[usize::from(row) * columns + usize::from(column)] += 1;
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
    let most = f64::midpoint(in_rows, in_columns);
    (together - by_chance) / (most - by_chance)
}

#[test]
fn the_index_is_one_for_equal_partitions_and_hand_counted_for_others() {
    assert!((adjusted_rand_index(&[0, 1, 1, 2], &[2, 0, 0, 1]) - 1.0).abs() < 1e-12);
    // Together 1 pair; 2 pairs in rows, 1 in columns, of 6: (1 - 1/3) / (3/2 - 1/3).
    assert!((adjusted_rand_index(&[0, 0, 1, 1], &[0, 0, 1, 2]) - 4.0 / 7.0).abs() < 1e-12);
}

#[test]
fn not_a_number_is_the_largest_difference() {
    assert!(difference(&[1.0, f64::NAN, 1.0], &[1.0, 1.0, 1.0]).is_nan());
}
