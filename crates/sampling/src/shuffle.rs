//! What samplers draw: a list in a random order, a random number.

use rand_chacha::rand_core::Rng;

/// Fisher and Yates; each place is drawn from 64 random bits, whose bias is below 2^-40 for any list that fits into memory here.
pub(crate) fn shuffle(list: &mut [usize], generator: &mut impl Rng) {
    for last in (1..list.len()).rev() {
        let place = (u128::from(generator.next_u64()) * (last as u128 + 1)) >> 64;
        list.swap(last, place as usize);
    }
}

/// A number in [0, 1) of 53 random bits.
pub(crate) fn fraction(generator: &mut impl Rng) -> f64 {
    (generator.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
}
