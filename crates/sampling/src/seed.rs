//! Seeds: which random numbers an action draws.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// Key of a counter-based generator (`ChaCha8`): equal seeds give equal numbers on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seed(pub [u8; 32]);

impl Seed {
    /// The seed of one piece of work in a study.
    ///
    /// For the masks of LIME the parts are the image's digest, the partition, the method and the run, and not the network:
    /// two networks are then asked the same masks. It is the BLAKE3 of `study_seed` (8 bytes, little-endian)
    /// followed, for each part, by its length (8 bytes, little-endian) and its bytes, so that no two lists of parts
    /// share a preimage. Stored masks depend on this encoding: a test pins it.
    pub fn derive(study_seed: u64, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&study_seed.to_le_bytes());
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The seed of a run of a method: the study's, the image's file, the partition, the method and the run, but not the network, so that all
    /// networks evaluate the same masks, and an image, a run or a network more changes no other result.
    pub fn of_run(
        study_seed: u64,
        image_digest: &str,
        partition: &str,
        method: &str,
        run: u32,
    ) -> Self {
        let names = [image_digest, partition, method].map(str::as_bytes);
        Self::derive(
            study_seed,
            &[names[0], names[1], names[2], &run.to_le_bytes()],
        )
    }

    /// One of the 2^64 independent generators of this seed, at its start.
    pub(crate) fn stream(self, index: u64) -> ChaCha8Rng {
        let mut generator = ChaCha8Rng::from_seed(self.0);
        generator.set_stream(index);
        generator
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let seeds = [
            Seed::derive(7, &[b"ab", b"c"]),
            Seed::derive(7, &[b"a", b"bc"]),
            Seed::derive(7, &[b"abc"]),
            Seed::derive(7, &[b"ab", b"c", b""]),
            Seed::derive(8, &[b"ab", b"c"]),
        ];
        for (index, seed) in seeds.iter().enumerate() {
            assert!(!seeds[..index].contains(seed));
        }
    }

    #[test]
    fn encoding_is_length_prefixed_little_endian() {
        let preimage = b"\x07\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0ab\x01\0\0\0\0\0\0\0c";
        assert_eq!(
            Seed::derive(7, &[b"ab", b"c"]),
            Seed(*blake3::hash(preimage).as_bytes())
        );
    }
}
