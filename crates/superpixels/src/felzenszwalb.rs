//! Merging along a minimum spanning tree: two regions become one where the edge between them is no steeper than the
//! edges inside them (Felzenszwalb and Huttenlocher, Efficient graph-based image segmentation, IJCV 2004).
//!
//! The steps are scikit-image's `felzenszwalb` on RGB: smoothing, differences to the eight neighbours, merging, then the
//! joining of regions that are too small. Edges of equal weight keep their order.

use imaging::Rgb;
use serde::Serialize;

use crate::{Partition, PartitionError, SettingError, setting::check};

/// Settings of Felzenszwalb's algorithm, in range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Felzenszwalb {
    scale: f64,
    sigma: f64,
    min_size: usize,
}

impl Default for Felzenszwalb {
    /// Scale 100, sigma 0.5, at least 50 pixels.
    fn default() -> Self {
        Self {
            scale: 100.0,
            sigma: 0.5,
            min_size: 50,
        }
    }
}

impl Felzenszwalb {
    /// Checks the settings.
    ///
    /// * `scale`: how large a region must be before small differences stop its growth, 0.001 to 1e6; higher means fewer
    ///   superpixels.
    /// * `sigma`: width of the Gaussian that smooths the image first, in pixels, 0 (none) to 50.
    /// * `min_size`: fewest pixels of a superpixel, 1 to 1,000,000.
    pub fn new(scale: f64, sigma: f64, min_size: usize) -> Result<Self, SettingError> {
        let usual = Self::default();
        Ok(Self {
            scale: check("scale", scale, &(0.001..=1e6), &usual.scale)?,
            sigma: check("sigma", sigma, &(0.0..=50.0), &usual.sigma)?,
            min_size: check("min_size", min_size, &(1..=1_000_000), &usual.min_size)?,
        })
    }

    /// How large a region must be before small differences stop its growth.
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// Width of the smoothing Gaussian, in pixels.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Fewest pixels of a superpixel.
    pub fn min_size(&self) -> usize {
        self.min_size
    }

    /// Cuts an image; superpixels are numbered by the position of their first pixel.
    pub fn partition(&self, image: &Rgb) -> Result<Partition, PartitionError> {
        let (height, width) = (image.height(), image.width());
        let levels: Vec<f64> = image
            .pixels()
            .iter()
            .map(|&level| f64::from(level) / 255.0)
            .collect();
        let smooth = imaging::gaussian_filter(&levels, height, width, self.sigma);
        let mut edges = edges(smooth.as_chunks().0, height, width);
        edges.sort_by(|one, other| one.cost.total_cmp(&other.cost));
        let mut forest = Forest::new(height * width);
        self.merge_alike(&mut forest, &edges);
        self.merge_small(&mut forest, &edges);
        let marks: Vec<usize> = (0..height * width)
            .map(|pixel| forest.root(pixel))
            .collect();
        Partition::of_marks(image, &marks)
    }

    /// Joins regions whose edge costs less than the inner cost plus scale / size of both (eq. 3 and 4).
    fn merge_alike(&self, forest: &mut Forest, edges: &[Edge]) {
        let scale = self.scale / 255.0;
        for edge in edges {
            let (one, other) = (forest.root(edge.one), forest.root(edge.other));
            if one == other {
                continue;
            }
            // scikit-image holds the bounds in single precision.
            let bound =
                |root: usize| (forest.inner_cost[root] + scale / forest.size[root] as f64) as f32;
            if edge.cost < f64::from(bound(one).min(bound(other))) {
                let root = forest.join(one, other);
                forest.inner_cost[root] = edge.cost;
            }
        }
    }

    fn merge_small(&self, forest: &mut Forest, edges: &[Edge]) {
        for edge in edges {
            let (one, other) = (forest.root(edge.one), forest.root(edge.other));
            if one != other && forest.size[one].min(forest.size[other]) < self.min_size {
                forest.join(one, other);
            }
        }
    }
}

/// Two neighbouring pixels and the distance of their colours.
struct Edge {
    cost: f64,
    one: usize,
    other: usize,
}

/// Every pair of neighbours once: to the right, down, down right, up right.
fn edges(colors: &[[f64; 3]], height: usize, width: usize) -> Vec<Edge> {
    let mut edges = Vec::with_capacity(4 * height * width);
    let mut connect = |rows: usize, columns: usize, one: usize, other: usize| {
        for y in 0..rows {
            for x in 0..columns {
                let (one, other) = (y * width + x + one, y * width + x + other);
                edges.push(Edge {
                    cost: distance(colors[one], colors[other]),
                    one,
                    other,
                });
            }
        }
    };
    connect(height, width - 1, 1, 0);
    connect(height - 1, width, width, 0);
    connect(height - 1, width - 1, width + 1, 0);
    connect(height - 1, width - 1, 1, width);
    edges
}

fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
    one.iter()
        .zip(other)
        .map(|(value, other)| (value - other) * (value - other))
        .sum::<f64>()
        .sqrt()
}

/// Disjoint sets of pixels; a set's root is its first pixel, and `size` and `inner_cost` hold for roots.
struct Forest {
    parent: Vec<usize>,
    size: Vec<usize>,
    inner_cost: Vec<f64>,
}

impl Forest {
    fn new(pixels: usize) -> Self {
        Self {
            parent: (0..pixels).collect(),
            size: vec![1; pixels],
            inner_cost: vec![0.0; pixels],
        }
    }

    fn root(&mut self, mut pixel: usize) -> usize {
        while self.parent[pixel] != pixel {
            self.parent[pixel] = self.parent[self.parent[pixel]];
            pixel = self.parent[pixel];
        }
        pixel
    }

    /// Joins the sets of two roots and returns the new root.
    fn join(&mut self, one: usize, other: usize) -> usize {
        let (root, child) = (one.min(other), one.max(other));
        self.parent[child] = root;
        self.size[root] += self.size[child];
        root
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{halves, keeps_apart, noise};

    #[test]
    fn flat_halves_are_two_superpixels() {
        let image = halves(50, 80, 37, [[200, 30, 40], [20, 60, 220]]);
        let partition = Felzenszwalb::new(100.0, 0.0, 20)
            .unwrap()
            .partition(&image)
            .unwrap();
        assert_eq!(partition.areas(), [50 * 37, 50 * 43]);
        assert!(keeps_apart(&partition, 37));
    }

    proptest! {
        #[test]
        fn no_superpixel_is_smaller_than_the_least_size(
            image in noise(), scale in 1.0..500.0, sigma in 0.0..2.0, min_size in 1_usize..60,
        ) {
            let partition = Felzenszwalb::new(scale, sigma, min_size).unwrap().partition(&image).unwrap();
            let least = min_size.min(image.height() * image.width());
            prop_assert!(partition.areas().iter().all(|&area| area as usize >= least));
        }

        #[test]
        fn a_higher_scale_on_a_flat_image_changes_nothing(scale in 0.01..500.0, height in 1_usize..9) {
            let image = imaging::solid([5, 6, 7], height, 13);
            let partition = Felzenszwalb::new(scale, 0.5, 1).unwrap().partition(&image).unwrap();
            prop_assert_eq!(partition.count(), 1);
        }
    }

    #[test]
    fn settings_out_of_range_are_refused_and_named() {
        let error = Felzenszwalb::new(100.0, 0.5, 0).unwrap_err().to_string();
        assert_eq!(
            error,
            "expected min_size between 1 and 1000000, found 0: 50 is usual"
        );
        assert!(
            Felzenszwalb::new(0.0, 0.5, 50).is_err() && Felzenszwalb::new(100.0, 60.0, 50).is_err()
        );
    }
}
