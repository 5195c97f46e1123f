//! The control `edges`: where the image has edges, whatever the network makes of them.

use imaging::Rgb;
use sampling::Seed;

use crate::orders::{Ranking, Seen, priorities};
use crate::plugin::{Plugin, Role};

/// Where the image has edges.
pub static METHOD: Seen = Plugin {
    kind: "edges",
    module: module_path!(),
    title: "Edges",
    about: "Orders superpixels by the edges of the image (Sobel magnitude), independent of the network.",
    role: Role::Control,
    deterministic: true,
    measured: true,
    settings: Vec::new,
    read: |_| (),
    run: edges,
};

/// Luminance of linear red, green and blue (ITU-R BT.709), as scikit-image's `rgb2gray` weighs them.
const LUMINANCE: [f64; 3] = [0.2125, 0.7154, 0.0721];
/// Weights of a Sobel kernel across the direction of the difference; they sum to 1.
const SMOOTHING: [f64; 3] = [0.25, 0.5, 0.25];

/// By the mean Sobel magnitude of each superpixel's pixels, strongest first, ties by the seed.
///
/// `labels` are those of `superpixels` superpixels, one for each pixel of the crop.
///
/// # Panics
/// If a label is not below `superpixels`, or there is not one for each pixel.
pub fn edges(crop: &Rgb, labels: &[u16], superpixels: usize, seed: Seed) -> Ranking {
    let strengths = edge_strengths(crop);
    assert_eq!(
        labels.len(),
        strengths.len(),
        "expected one label for each pixel"
    );
    let mut sums = vec![0.0; superpixels];
    let mut areas = vec![0_u64; superpixels];
    for (&label, strength) in labels.iter().zip(strengths) {
        sums[usize::from(label)] += strength;
        areas[usize::from(label)] += 1;
    }
    let relevance: Vec<f64> = sums
        .iter()
        .zip(&areas)
        .map(|(sum, &area)| sum / area.max(1) as f64)
        .collect();
    let priorities = priorities(seed, superpixels);
    let mut order: Vec<u16> = (0..=u16::MAX).take(superpixels).collect();
    order.sort_by(|&a, &b| {
        let [a, b] = [a, b].map(usize::from);
        relevance[b]
            .total_cmp(&relevance[a])
            .then_with(|| priorities[a].cmp(&priorities[b]))
    });
    Ranking { order, relevance }
}

/// The Sobel magnitude of the luminance (0 to 1) at every pixel, row-major, as `skimage.filters.sobel` has it:
/// sqrt((`d_y`^2 + `d_x`^2) / 2), each difference divided by 2 pixels' worth of smoothing, reflected at the border.
pub fn edge_strengths(crop: &Rgb) -> Vec<f64> {
    let (height, width) = (crop.height(), crop.width());
    let luminance: Vec<f64> = crop
        .pixels()
        .as_chunks::<3>()
        .0
        .iter()
        .map(|pixel| {
            let weighted = pixel.iter().zip(LUMINANCE);
            weighted
                .map(|(&level, weight)| f64::from(level) / 255.0 * weight)
                .sum()
        })
        .collect();
    let at = |y: usize, x: usize| luminance[y * width + x];
    let around =
        |place: usize, length: usize| [place.saturating_sub(1), place, (place + 1).min(length - 1)];
    let mut strengths = Vec::with_capacity(luminance.len());
    for y in 0..height {
        let rows = around(y, height);
        for x in 0..width {
            let columns = around(x, width);
            let mut difference = [0.0; 2];
            for ((row, column), weight) in rows.into_iter().zip(columns).zip(SMOOTHING) {
                difference[0] += weight * (at(rows[2], column) - at(rows[0], column));
                difference[1] += weight * (at(row, columns[2]) - at(row, columns[0]));
            }
            let [down, across] = difference;
            strengths.push(f64::midpoint(down * down, across * across).sqrt());
        }
    }
    strengths
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A crop whose left half is dark and right half is light.
    fn halves(height: usize, width: usize) -> Rgb {
        let level = |x: usize| if x < width / 2 { 10 } else { 200 };
        let pixels = (0..height * width)
            .flat_map(|place| [level(place % width); 3])
            .collect();
        Rgb::new(height, width, pixels).unwrap()
    }

    #[test]
    fn an_edge_is_found_where_it_is() {
        let strengths = edge_strengths(&halves(4, 6));
        for (place, strength) in strengths.iter().enumerate() {
            let expected = if [2, 3].contains(&(place % 6)) {
                190.0 / 255.0 / 2_f64.sqrt()
            } else {
                0.0
            };
            assert!((strength - expected).abs() < 1e-12, "{place}: {strength}");
        }
    }

    #[test]
    fn superpixels_on_the_edge_go_first_and_flat_ones_by_the_seed() {
        // Columns of one pixel each: the edge lies between 2 and 3.
        let labels: Vec<u16> = (0..24).map(|place| place % 6).collect();
        let order = |seed| edges(&halves(4, 6), &labels, 6, Seed::derive(seed, &[])).order;
        let mut orders = std::collections::BTreeSet::new();
        for seed in 0..20 {
            let found = order(seed);
            let mut first = found[..2].to_vec();
            first.sort_unstable();
            assert_eq!(first, [2, 3]);
            assert_eq!(found, order(seed));
            orders.insert(found);
        }
        assert!(orders.len() > 10, "ties do not depend on the seed");
    }

    proptest! {
        #[test]
        fn a_brighter_image_has_the_same_edges(shift in 0_u8..50) {
            let image = halves(3, 8);
            let brighter = Rgb::new(3, 8, image.pixels().iter().map(|level| level + shift).collect()).unwrap();
            for (one, other) in edge_strengths(&image).iter().zip(edge_strengths(&brighter)) {
                prop_assert!((one - other).abs() < 1e-12);
            }
        }
    }
}
