//! Packed binary masks, one row for each sample.

use thiserror::Error;

/// Binary masks over the superpixels of one image: 1 = kept, 0 = replaced.
///
/// A row has ceil(superpixels / 8) bytes; superpixel j is bit j % 8, counted from the lowest, of byte j / 8. The bits
/// after the last superpixel are 0, so that equal masks have equal bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Masks {
    samples: usize,
    superpixels: usize,
    bytes: Vec<u8>,
}

/// Bytes or rows that are no set of masks.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MasksError {
    /// The number of bytes does not fit the shape.
    #[error(
        "{samples} masks over {superpixels} superpixels take {samples} x {row_bytes} bytes, found {found}: \
         pass the shape that the masks were packed with"
    )]
    Length {
        /// Rows that were announced.
        samples: usize,
        /// Superpixels that were announced.
        superpixels: usize,
        /// Bytes that such a row takes.
        row_bytes: usize,
        /// Bytes that were passed.
        found: usize,
    },
    /// A bit after the last superpixel is set.
    #[error(
        "mask {sample} has a bit set after its last superpixel ({superpixels}): expected zeros there; \
         the masks were packed for another number of superpixels, or are damaged"
    )]
    Padding {
        /// Row with the stray bit.
        sample: usize,
        /// Superpixels in a row.
        superpixels: usize,
    },
    /// A row has the wrong number of superpixels.
    #[error(
        "expected a mask over {expected} superpixels, found one over {found}: all masks of a set share a partition"
    )]
    Width {
        /// Superpixels of the set.
        expected: usize,
        /// Superpixels of the row.
        found: usize,
    },
}

impl Masks {
    /// A set without samples, to be filled with [`Masks::push`].
    pub fn empty(superpixels: usize) -> Self {
        Self {
            samples: 0,
            superpixels,
            bytes: Vec::new(),
        }
    }

    /// Takes packed rows, as stored in the table `perturbations`.
    pub fn from_bytes(
        samples: usize,
        superpixels: usize,
        bytes: Vec<u8>,
    ) -> Result<Self, MasksError> {
        let row_bytes = superpixels.div_ceil(8);
        if samples.checked_mul(row_bytes) != Some(bytes.len()) {
            return Err(MasksError::Length {
                samples,
                superpixels,
                row_bytes,
                found: bytes.len(),
            });
        }
        let masks = Self {
            samples,
            superpixels,
            bytes,
        };
        let stray = |row: &[u8]| {
            row.last()
                .is_some_and(|last| last & !last_byte_bits(superpixels) != 0)
        };
        match (0..samples).find(|&sample| stray(masks.row(sample))) {
            Some(sample) => Err(MasksError::Padding {
                sample,
                superpixels,
            }),
            None => Ok(masks),
        }
    }

    /// Packs rows of `superpixels` booleans each (true = kept).
    pub fn from_rows<R: AsRef<[bool]>>(
        superpixels: usize,
        rows: impl IntoIterator<Item = R>,
    ) -> Result<Self, MasksError> {
        let mut masks = Self::empty(superpixels);
        rows.into_iter()
            .try_for_each(|row| masks.push(row.as_ref()))?;
        Ok(masks)
    }

    /// Appends one mask (true = kept), of as many superpixels as the set.
    pub fn push(&mut self, kept: &[bool]) -> Result<(), MasksError> {
        if kept.len() != self.superpixels {
            return Err(MasksError::Width {
                expected: self.superpixels,
                found: kept.len(),
            });
        }
        let pack = |bits: &[bool]| {
            bits.iter()
                .rev()
                .fold(0, |byte, &bit| byte << 1 | u8::from(bit))
        };
        self.bytes.extend(kept.chunks(8).map(pack));
        self.samples += 1;
        Ok(())
    }

    /// The masks of some rows, in that order.
    ///
    /// # Panics
    ///
    /// Like a slice, where a row is not below [`Masks::samples`].
    #[must_use]
    pub fn select(&self, rows: impl IntoIterator<Item = usize>) -> Self {
        let mut selected = Self::empty(self.superpixels);
        for row in rows {
            selected.push_packed(self.row(row));
        }
        selected
    }

    /// Number of masks.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// Number of superpixels that each mask covers.
    pub fn superpixels(&self) -> usize {
        self.superpixels
    }

    /// Bytes of one row: ceil(superpixels / 8).
    pub fn row_bytes(&self) -> usize {
        self.superpixels.div_ceil(8)
    }

    /// All rows, one after another: the column `masks` of the table `perturbations`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of [`Masks::bytes`], without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The packed row of a sample.
    ///
    /// # Panics
    ///
    /// Like a slice, where `sample` is not below [`Masks::samples`].
    pub fn row(&self, sample: usize) -> &[u8] {
        assert!(
            sample < self.samples,
            "sample {sample} of {} masks",
            self.samples
        );
        &self.bytes[sample * self.row_bytes()..][..self.row_bytes()]
    }

    /// Whether a sample keeps a superpixel.
    ///
    /// # Panics
    ///
    /// Like a slice, where either index is out of range.
    pub fn kept(&self, sample: usize, superpixel: usize) -> bool {
        assert!(
            superpixel < self.superpixels,
            "superpixel {superpixel} of {}",
            self.superpixels
        );
        self.row(sample)[superpixel / 8] >> (superpixel % 8) & 1 == 1
    }

    /// A sample as numbers: 1 where a superpixel is kept, 0 elsewhere.
    ///
    /// # Panics
    ///
    /// Like a slice, where `sample` is not below [`Masks::samples`].
    pub fn values(&self, sample: usize) -> Vec<f32> {
        let superpixels = 0..self.superpixels;
        let value = |superpixel| f32::from(u8::from(self.kept(sample, superpixel)));
        superpixels.map(value).collect()
    }

    /// Number of superpixels that a sample keeps, 0 to [`Masks::superpixels`].
    ///
    /// # Panics
    ///
    /// Like a slice, where `sample` is not below [`Masks::samples`].
    pub fn kept_count(&self, sample: usize) -> usize {
        self.row(sample)
            .iter()
            .map(|byte| byte.count_ones() as usize)
            .sum()
    }

    /// Appends a packed row after clearing the bits behind its last superpixel; `row` has [`Masks::row_bytes`] bytes.
    pub(crate) fn push_packed(&mut self, row: &[u8]) {
        debug_assert_eq!(row.len(), self.row_bytes());
        self.bytes.extend_from_slice(row);
        if let (Some(last), false) = (self.bytes.last_mut(), row.is_empty()) {
            *last &= last_byte_bits(self.superpixels);
        }
        self.samples += 1;
    }
}

/// The bits of a row's last byte that stand for superpixels.
fn last_byte_bits(superpixels: usize) -> u8 {
    match superpixels % 8 {
        0 => u8::MAX,
        used => (1 << used) - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rows() -> impl Strategy<Value = (usize, Vec<Vec<bool>>)> {
        (0usize..40).prop_flat_map(|width| {
            let row = prop::collection::vec(any::<bool>(), width);
            (Just(width), prop::collection::vec(row, 0..9))
        })
    }

    proptest! {
        #[test]
        fn packing_keeps_every_bit((width, rows) in rows()) {
            let masks = Masks::from_rows(width, &rows).unwrap();
            prop_assert_eq!(masks.samples(), rows.len());
            for (sample, row) in rows.iter().enumerate() {
                let unpacked: Vec<bool> = (0..width).map(|superpixel| masks.kept(sample, superpixel)).collect();
                prop_assert_eq!(&unpacked, row);
                prop_assert_eq!(masks.kept_count(sample), row.iter().filter(|&&kept| kept).count());
            }
        }

        #[test]
        fn bytes_give_the_same_masks_back((width, rows) in rows()) {
            let masks = Masks::from_rows(width, &rows).unwrap();
            let again = Masks::from_bytes(masks.samples(), width, masks.bytes().to_vec());
            prop_assert_eq!(again, Ok(masks));
        }
    }

    #[test]
    fn selected_rows_are_those_of_the_set() {
        let masks = Masks::from_rows(2, [[true, false], [false, true], [true, true]]).unwrap();
        let selected = masks.select([2, 0]);
        assert_eq!(
            (selected.samples(), selected.bytes()),
            (2, &[0b11, 0b01][..])
        );
    }

    #[test]
    fn lowest_bit_is_the_first_superpixel() {
        let mut row = [false; 10];
        row[1] = true;
        row[8] = true;
        assert_eq!(
            Masks::from_rows(10, [row]).unwrap().bytes(),
            [0b0000_0010, 0b0000_0001]
        );
    }

    #[test]
    fn stray_padding_is_refused() {
        let found = Masks::from_bytes(2, 10, vec![0xFF, 0b11, 0xFF, 0b100]);
        assert_eq!(
            found,
            Err(MasksError::Padding {
                sample: 1,
                superpixels: 10
            })
        );
    }

    #[test]
    fn wrong_lengths_are_refused() {
        let short = Masks::from_bytes(3, 9, vec![0; 5]);
        assert_eq!(
            short,
            Err(MasksError::Length {
                samples: 3,
                superpixels: 9,
                row_bytes: 2,
                found: 5
            })
        );
        assert!(Masks::from_bytes(usize::MAX, 9, vec![0; 5]).is_err());
        assert_eq!(
            Masks::empty(3).push(&[true]),
            Err(MasksError::Width {
                expected: 3,
                found: 1
            })
        );
    }
}
