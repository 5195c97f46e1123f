//! From an order to places in it.

/// The place of each superpixel in an order, from 0.
pub fn ranks(order: &[u16]) -> Vec<u32> {
    let mut ranks = vec![0; order.len()];
    for (rank, &superpixel) in (0..).zip(order) {
        ranks[usize::from(superpixel)] = rank;
    }
    ranks
}
