//! How near a mask is to the untouched image, and what it weighs for that.

use serde::Serialize;
use std::fmt;

use sampling::Masks;

/// Width of the cosine kernel, that of the lime package's image explainer.
const COSINE_WIDTH: f64 = 0.25;
/// Width of the l2 kernel by the root of the number of superpixels, that of the lime package's tabular explainer.
const L2_WIDTH: f64 = 0.75;

/// Distance D of a mask from the row of ones, with the kernel that goes with it. Both depend on the number of kept
/// superpixels only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Distance {
    /// D = 1 - sqrt(k / d) for k of d superpixels kept, weight sqrt(exp(-D^2 / width^2)), width 0.25 unless set: the
    /// lime package's image explainer.
    #[default]
    Cosine,
    /// D^2 = number of superpixels removed, weight exp(-D^2 / width^2), width 0.75 sqrt(d) unless set: the formula of the paper
    /// (Ribeiro et al. 2016, section 3.4).
    L2,
    /// None: every mask weighs 1, whatever the width.
    Uniform,
}

impl Distance {
    /// Every distance, in the order in which they are documented.
    pub const ALL: [Self; 3] = [Self::Cosine, Self::L2, Self::Uniform];

    /// The name in pipeline.toml.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cosine => "cosine",
            Self::L2 => "l2",
            Self::Uniform => "uniform",
        }
    }

    /// The distance of a mask that keeps `kept` of `superpixels` (at least 1) from the row of ones, at least 0.
    pub fn from_ones(self, kept: usize, superpixels: usize) -> f64 {
        match self {
            Self::Cosine => 1.0 - (kept as f64 / superpixels as f64).sqrt(),
            Self::L2 => ((superpixels - kept) as f64).sqrt(),
            Self::Uniform => 0.0,
        }
    }

    /// The kernel's width for images of so many superpixels, where none is set.
    pub fn default_width(self, superpixels: usize) -> f64 {
        match self {
            Self::Cosine => COSINE_WIDTH,
            Self::L2 => L2_WIDTH * (superpixels as f64).sqrt(),
            Self::Uniform => 1.0,
        }
    }

    /// The weight of a mask at a distance: 1 at distance 0 and falling to 0.
    pub fn weight(self, distance: f64, width: f64) -> f64 {
        let similarity = (-distance.powi(2) / width.powi(2)).exp();
        match self {
            Self::Cosine => similarity.sqrt(),
            Self::L2 | Self::Uniform => similarity,
        }
    }

    /// The expected weight of a mask of fair coins, in (0, 1]; `width` None is the default width.
    pub fn expected_weight(self, superpixels: usize, width: Option<f64>) -> f64 {
        let width = width.unwrap_or_else(|| self.default_width(superpixels));
        let count = superpixels as f64;
        // The logarithm of the chance that k are kept, from k = 0 upwards; the chance itself is too small for f64 beyond 1074 superpixels.
        let mut chance = -count * std::f64::consts::LN_2;
        let mut sum = 0.0;
        for kept in 0..=superpixels {
            sum += chance.exp() * self.weight(self.from_ones(kept, superpixels), width);
            let kept = kept as f64;
            chance += (count - kept).ln() - (kept + 1.0).ln();
        }
        sum
    }

    /// The weight of every mask; `width` None is the default width.
    pub fn weights(self, masks: &Masks, width: Option<f64>) -> Vec<f64> {
        let superpixels = masks.superpixels();
        let width = width.unwrap_or_else(|| self.default_width(superpixels));
        let weight =
            |sample| self.weight(self.from_ones(masks.kept_count(sample), superpixels), width);
        (0..masks.samples()).map(weight).collect()
    }
}

impl fmt::Display for Distance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn untouched_image_weighs_one_and_removal_only_lowers_it() {
        for distance in Distance::ALL {
            let width = distance.default_width(37);
            let weight = |kept| distance.weight(distance.from_ones(kept, 37), width);
            assert!((weight(37) - 1.0).abs() < f64::EPSILON);
            let lowers = |kept| match distance {
                Distance::Uniform => (weight(kept) - 1.0).abs() < f64::EPSILON,
                _ => 0.0 < weight(kept) && weight(kept) < weight(kept + 1),
            };
            assert!((0..37).all(lowers));
        }
    }

    #[test]
    fn the_expected_weight_is_the_mean_over_all_masks() {
        for distance in Distance::ALL {
            let all = (0..1 << 10).map(|bits: u32| {
                let kept = bits.count_ones() as usize;
                distance.weight(distance.from_ones(kept, 10), distance.default_width(10))
            });
            let mean = all.sum::<f64>() / 1024.0;
            assert!((distance.expected_weight(10, None) - mean).abs() < 1e-14);
            // Of so many superpixels nearly all masks keep about half.
            let half = distance.from_ones(2500, 5000);
            let weight = distance.weight(half, distance.default_width(5000));
            assert!((distance.expected_weight(5000, None) - weight).abs() < 0.01);
        }
    }
}
