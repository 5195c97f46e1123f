//! Masks that are evaluated once, however many explanations need them.

use std::collections::BTreeMap;

use sampling::Masks;

/// The different masks among many, in the order in which they came first.
#[derive(Clone, Debug)]
pub struct Distinct {
    superpixels: usize,
    bytes: Vec<u8>,
    places: BTreeMap<Vec<u8>, usize>,
}

impl Distinct {
    /// No mask yet.
    pub fn new(superpixels: usize) -> Self {
        Self {
            superpixels,
            bytes: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// The places among the different masks of those in `masks`, and how many of them had none before.
    ///
    /// # Panics
    /// If they are of another number of superpixels.
    pub fn add(&mut self, masks: &Masks) -> (Vec<usize>, usize) {
        assert_eq!(
            masks.superpixels(),
            self.superpixels,
            "all masks are of one partition"
        );
        let before = self.places.len();
        let place_of = |sample| {
            let row = masks.row(sample);
            if let Some(&place) = self.places.get(row) {
                return place;
            }
            let place = self.places.len();
            self.places.insert(row.to_vec(), place);
            self.bytes.extend_from_slice(row);
            place
        };
        let places = (0..masks.samples()).map(place_of).collect();
        (places, self.places.len() - before)
    }

    /// The different masks.
    ///
    /// # Panics
    /// Never: the rows are those of masks.
    pub fn masks(self) -> Masks {
        Masks::from_bytes(self.places.len(), self.superpixels, self.bytes)
            .expect("every row is that of a mask of as many superpixels")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_mask_is_found_again_and_none_is_asked_twice(sets in prop::collection::vec(prop::collection::vec(prop::collection::vec(any::<bool>(), 3), 0..9), 0..5)) {
            let mut distinct = Distinct::new(3);
            let sets: Vec<Masks> = sets.iter().map(|rows| Masks::from_rows(3, rows).unwrap()).collect();
            let added: Vec<_> = sets.iter().map(|masks| distinct.add(masks)).collect();
            let all = distinct.masks();
            for (masks, (places, _)) in sets.iter().zip(&added) {
                for (sample, &place) in places.iter().enumerate() {
                    prop_assert_eq!(masks.row(sample), all.row(place));
                }
            }
            let rows: std::collections::BTreeSet<&[u8]> = (0..all.samples()).map(|sample| all.row(sample)).collect();
            prop_assert_eq!(rows.len(), all.samples());
            prop_assert_eq!(added.iter().map(|(_, new)| new).sum::<usize>(), all.samples());
        }
    }
}
