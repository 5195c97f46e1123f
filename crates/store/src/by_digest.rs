//! Values by digest: a million of them, found by a look at a few.

/// A digest's bytes.
type Digest = [u8; 32];

/// Values by digest.
#[derive(Clone, Debug)]
pub(crate) struct ByDigest<V> {
    sorted: Vec<(Digest, V)>,
    /// Where the digests with each value of their first bits begin, and the end. Digests lie evenly: about one with each value.
    starts: Vec<usize>,
}

impl<V> Default for ByDigest<V> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl<V> ByDigest<V> {
    /// The values, in any order.
    pub(crate) fn new(mut sorted: Vec<(Digest, V)>) -> Self {
        sorted.sort_unstable_by_key(|&(digest, _)| digest);
        let values = sorted.len().next_power_of_two();
        let mut starts = Vec::with_capacity(values + 1);
        for (place, (digest, _)) in sorted.iter().enumerate() {
            starts.resize(starts.len().max(first_bits(digest, values) + 1), place);
        }
        starts.resize(values + 1, sorted.len());
        Self { sorted, starts }
    }

    /// The value of a digest.
    pub(crate) fn find(&self, digest: &Digest) -> Option<&V> {
        let value = first_bits(digest, self.starts.len() - 1);
        let near = &self.sorted[self.starts[value]..self.starts[value + 1]];
        let place = near
            .binary_search_by_key(digest, |&(digest, _)| digest)
            .ok()?;
        Some(&near[place].1)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// All of them, sorted by digest.
    pub(crate) fn into_sorted(self) -> Vec<(Digest, V)> {
        self.sorted
    }
}

/// As many first bits of a digest as tell so many values apart.
fn first_bits(digest: &Digest, values: usize) -> usize {
    let first = u64::from_be_bytes(std::array::from_fn(|byte| digest[byte]));
    ((u128::from(first) * values as u128) >> u64::BITS) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_value_is_found_however_unevenly_its_digest_lies(
            numbers in prop::collection::btree_set(any::<u64>(), 0..50),
            shift in 0..u64::BITS,
        ) {
            let digest = |number: u64| {
                let mut bytes = [0; 32];
                bytes[..8].copy_from_slice(&(number >> shift).to_be_bytes());
                bytes[8..16].copy_from_slice(&number.to_be_bytes());
                bytes
            };
            let all = numbers.iter().rev().map(|&number| (digest(number), number));
            let values = ByDigest::new(all.collect());
            for number in numbers.iter().copied().chain([0, 1, 7 << 60, u64::MAX]) {
                let expected = numbers.contains(&number).then_some(number);
                prop_assert_eq!(values.find(&digest(number)).copied(), expected);
            }
        }
    }
}
