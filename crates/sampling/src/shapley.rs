//! The kernel of Shapley values. Here, because who draws masks and who weighs them have to agree, and the key of who draws must not depend on who weighs.

/// The weight of each size from 1 to half of the superpixels, with that of its complements; together 1.
pub fn size_weights(superpixels: usize) -> Vec<f64> {
    let weight = |size: usize| {
        let kernel = (superpixels - 1) as f64 / (size * (superpixels - size)) as f64;
        kernel
            * if is_paired(size, superpixels) {
                2.0
            } else {
                1.0
            }
    };
    let weights: Vec<f64> = (1..=superpixels / 2).map(weight).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Whether the complements of masks of a size are of another size.
pub(crate) fn is_paired(size: usize, superpixels: usize) -> bool {
    2 * size != superpixels
}
