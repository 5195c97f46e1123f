//! SLIC: k-means in colour and position, each centre looking only at its surroundings (Achanta et al., SLIC superpixels
//! compared to state-of-the-art superpixel methods, TPAMI 2012), then connected regions of a least size.
//!
//! The steps and their order are scikit-image's `slic`: levels stretched to the image's own range, Lab, smoothing, ten
//! rounds from centres on a regular grid, ties to the lower centre.

use serde::Serialize;
use std::ops::Range;

use imaging::Rgb;
use rayon::prelude::*;

use crate::{Partition, PartitionError, SettingError, partition::MAXIMUM_COUNT, setting::check};

/// Rounds of k-means.
const ROUNDS: usize = 10;
/// Regions smaller than this part of the mean are joined to a neighbour.
const LEAST_AREA: f64 = 0.5;
/// Regions larger than this multiple of the mean are cut.
const MOST_AREA: f64 = 3.0;
/// A pixel that no region holds yet.
const NONE: usize = usize::MAX;

/// Settings of SLIC, in range.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Slic {
    segments: usize,
    compactness: f64,
    sigma: f64,
}

impl Default for Slic {
    /// 50 superpixels, compactness 10, no smoothing.
    fn default() -> Self {
        Self {
            segments: 50,
            compactness: 10.0,
            sigma: 0.0,
        }
    }
}

impl Slic {
    /// Checks the settings.
    ///
    /// * `segments`: superpixels asked for, 1 to [`MAXIMUM_COUNT`]; what comes out is near it.
    /// * `compactness`: weight of position against colour, 0.001 to 1000; higher means squarer superpixels.
    /// * `sigma`: width of the Gaussian that smooths the Lab image first, in pixels, 0 (none) to 50.
    pub fn new(segments: usize, compactness: f64, sigma: f64) -> Result<Self, SettingError> {
        let usual = Self::default();
        Ok(Self {
            segments: check("segments", segments, &(1..=MAXIMUM_COUNT), &usual.segments)?,
            compactness: check(
                "compactness",
                compactness,
                &(0.001..=1000.0),
                &usual.compactness,
            )?,
            sigma: check("sigma", sigma, &(0.0..=50.0), &usual.sigma)?,
        })
    }

    /// Superpixels asked for.
    pub fn segments(&self) -> usize {
        self.segments
    }

    /// Weight of position against colour.
    pub fn compactness(&self) -> f64 {
        self.compactness
    }

    /// Width of the smoothing Gaussian, in pixels.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Cuts an image; superpixels are numbered by the position of their first pixel, but for those that were joined.
    pub fn partition(&self, image: &Rgb) -> Result<Partition, PartitionError> {
        let (height, width) = (image.height(), image.width());
        let colors = self.colors(image);
        let seeds = Seeds::new(height, width, self.segments);
        let mut centers = seeds.centers(height, width);
        // scikit-image takes the windows' size from the number of centres, not from the number asked for.
        let window = Seeds::new(height, width, centers.len());
        let mut nearest = vec![0; height * width];
        for _ in 0..ROUNDS {
            assign(
                &mut nearest,
                &colors,
                &centers,
                &seeds,
                &window,
                [height, width],
            );
            move_centers(&mut centers, &nearest, &colors, width);
        }
        let mean_area = (height * width) as f64 / centers.len() as f64;
        let sizes = (LEAST_AREA * mean_area) as usize..(MOST_AREA * mean_area) as usize;
        Partition::of_marks(image, &connected(&nearest, height, width, &sizes))
    }

    /// The stretched and smoothed Lab image, divided by the compactness.
    fn colors(&self, image: &Rgb) -> Vec<[f64; 3]> {
        let unit = |level: u8| f64::from(level) / 255.0;
        let lowest = image.pixels().iter().copied().min().map_or(0.0, unit);
        let highest = image.pixels().iter().copied().max().map_or(0.0, unit);
        let span = if highest > lowest {
            highest - lowest
        } else {
            1.0
        };
        let stretched = std::array::from_fn(|level| (unit(level as u8) - lowest) / span);
        let lab = imaging::lab_of_units(image, &stretched).into_flattened();
        let smooth = imaging::gaussian_filter(&lab, image.height(), image.width(), self.sigma);
        smooth
            .as_chunks()
            .0
            .iter()
            .map(|color: &[f64; 3]| color.map(|value| value / self.compactness))
            .collect()
    }
}

/// Regularly spaced points on an image.
struct Seeds {
    first: [usize; 2],
    step: [usize; 2],
}

impl Seeds {
    /// About `points` points, as far from each other along both axes as the image allows (scikit-image's `regular_grid`).
    fn new(height: usize, width: usize, points: usize) -> Self {
        let pixels = (height * width) as f64;
        if pixels <= points as f64 {
            return Self {
                first: [0, 0],
                step: [1, 1],
            };
        }
        let side = (pixels / points as f64).sqrt();
        let (shorter, longer) = (height.min(width) as f64, height.max(width) as f64);
        let (along_shorter, along_longer) = if shorter < side {
            (shorter, longer / points as f64)
        } else {
            (side, side)
        };
        let spacings = if height <= width {
            [along_shorter, along_longer]
        } else {
            [along_longer, along_shorter]
        };
        Self {
            first: spacings.map(|spacing| (spacing / 2.0) as usize),
            step: spacings.map(|spacing| spacing.round_ties_even() as usize),
        }
    }

    fn centers(&self, height: usize, width: usize) -> Vec<Center> {
        let columns = || (self.first[1]..width).step_by(self.step[1]);
        (self.first[0]..height)
            .step_by(self.step[0])
            .flat_map(|y| {
                columns().map(move |x| Center {
                    y: y as f64,
                    x: x as f64,
                    color: [0.0; 3],
                })
            })
            .collect()
    }
}

/// A cluster's mean position and colour. All colours start at 0, so that the first round goes by position alone.
#[derive(Clone, Copy, Default)]
struct Center {
    y: f64,
    x: f64,
    color: [f64; 3],
}

/// Gives each pixel the nearest centre whose window it lies in; without one, it keeps the centre that it has.
fn assign(
    nearest: &mut [usize],
    colors: &[[f64; 3]],
    centers: &[Center],
    seeds: &Seeds,
    window: &Seeds,
    [height, width]: [usize; 2],
) {
    let step = seeds.step[0].max(seeds.step[1]) as f64;
    let plane_weight = 1.0 / (step * step);
    nearest
        .par_chunks_mut(width)
        .zip(colors.par_chunks(width))
        .enumerate()
        .for_each(|(y, (nearest, colors))| {
            let mut distances = vec![f64::INFINITY; width];
            for (index, center) in centers.iter().enumerate() {
                if !reach(center.y, window.step[0], height).contains(&y) {
                    continue;
                }
                let down = (center.y - y as f64).powi(2);
                let columns = reach(center.x, window.step[1], width);
                let row = distances[columns.clone()]
                    .iter_mut()
                    .zip(&mut nearest[columns.clone()])
                    .zip(&colors[columns.clone()])
                    .zip(columns);
                for (((least, nearest), color), x) in row {
                    let right = (center.x - x as f64).powi(2);
                    let [l, a, b] =
                        [0, 1, 2].map(|axis| (color[axis] - center.color[axis]).powi(2));
                    let distance = (down + right) * plane_weight + (l + a + b);
                    // Without branches, which no predictor guesses.
                    let nearer = distance < *least;
                    *least = if nearer { distance } else { *least };
                    *nearest = if nearer { index } else { *nearest };
                }
            }
        });
}

/// The positions that a centre looks at along one axis: two steps to each side. A centre without pixels has none.
fn reach(center: f64, step: usize, length: usize) -> Range<usize> {
    let twice = 2.0 * step as f64;
    // The casts round towards zero, stop at 0 and take not-a-number for 0.
    ((center - twice) as usize)..((center + twice + 1.0).min(length as f64) as usize)
}

fn move_centers(centers: &mut [Center], nearest: &[usize], colors: &[[f64; 3]], width: usize) {
    let mut counts = vec![0_u32; centers.len()];
    centers.fill(Center::default());
    for (pixel, (&index, color)) in nearest.iter().zip(colors).enumerate() {
        let center = &mut centers[index];
        counts[index] += 1;
        center.y += (pixel / width) as f64;
        center.x += (pixel % width) as f64;
        for (sum, value) in center.color.iter_mut().zip(color) {
            *sum += value;
        }
    }
    for (center, &count) in centers.iter_mut().zip(&counts) {
        let count = f64::from(count);
        *center = Center {
            y: center.y / count,
            x: center.x / count,
            color: center.color.map(|sum| sum / count),
        };
    }
}

/// Marks of connected regions of at least `sizes.start` and at most `sizes.end` pixels: smaller ones join the region that
/// was met last at their border, larger ones are cut.
fn connected(nearest: &[usize], height: usize, width: usize, sizes: &Range<usize>) -> Vec<usize> {
    let mut marks = vec![NONE; nearest.len()];
    let mut next = 0;
    for pixel in 0..nearest.len() {
        if marks[pixel] != NONE {
            continue;
        }
        let (region, adjacent) =
            flood(&mut marks, nearest, pixel, next, sizes.end, [height, width]);
        if region.len() < sizes.start {
            for &member in &region {
                marks[member] = adjacent;
            }
        } else {
            next += 1;
        }
    }
    marks
}

/// Marks the pixels of one cluster that hang together with a pixel, breadth first, up to `most`; returns them, and the
/// mark of the last other region that was met.
fn flood(
    marks: &mut [usize],
    nearest: &[usize],
    start: usize,
    mark: usize,
    most: usize,
    sides: [usize; 2],
) -> (Vec<usize>, usize) {
    let mut region = vec![start];
    let mut adjacent = mark;
    let mut visited = 0;
    marks[start] = mark;
    while visited < region.len() && region.len() < most {
        for other in neighbours(region[visited], sides) {
            if nearest[other] == nearest[start] && marks[other] == NONE {
                marks[other] = mark;
                region.push(other);
                if region.len() >= most {
                    break;
                }
            } else if marks[other] != NONE && marks[other] != mark {
                adjacent = marks[other];
            }
        }
        visited += 1;
    }
    (region, adjacent)
}

/// Right, left, below, above: the order decides which region a small one joins.
fn neighbours(pixel: usize, [height, width]: [usize; 2]) -> impl Iterator<Item = usize> {
    let (y, x) = (pixel / width, pixel % width);
    [
        (x + 1 < width).then_some(pixel + 1),
        (x > 0).then(|| pixel - 1),
        (y + 1 < height).then_some(pixel + width),
        (y > 0).then(|| pixel - width),
    ]
    .into_iter()
    .flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{halves, keeps_apart, noise};

    #[test]
    fn seeds_are_scikit_images_regular_grid() {
        // skimage.util.regular_grid((1, height, width), points)[1:].
        let expected = [
            ((20, 40), 8, [5, 5], [10, 10]),
            ((20, 40), 32, [2, 2], [5, 5]),
            ((224, 224), 50, [15, 15], [32, 32]),
            ((4, 90), 5, [2, 9], [4, 18]),
            ((90, 4), 5, [9, 2], [18, 4]),
            ((3, 2), 6, [0, 0], [1, 1]),
        ];
        for ((height, width), points, first, step) in expected {
            let seeds = Seeds::new(height, width, points);
            assert_eq!(
                (seeds.first, seeds.step),
                (first, step),
                "{height}x{width}, {points}"
            );
        }
    }

    #[test]
    fn a_flat_image_keeps_the_grid_of_its_seeds() {
        let partition = Slic::new(8, 10.0, 0.0)
            .unwrap()
            .partition(&imaging::solid([7, 8, 9], 20, 40))
            .unwrap();
        assert_eq!(partition.count(), 8);
        assert!(
            partition
                .areas()
                .iter()
                .all(|area| (81..=121).contains(area))
        );
    }

    #[test]
    fn unlike_halves_are_never_joined() {
        let image = halves(50, 80, 37, [[200, 30, 40], [20, 60, 220]]);
        let partition = Slic::new(12, 10.0, 0.0).unwrap().partition(&image).unwrap();
        assert!(keeps_apart(&partition, 37));
    }

    proptest! {
        #[test]
        fn at_most_one_superpixel_is_smaller_than_half_the_mean(
            image in noise(), segments in 1_usize..40, compactness in 0.1..100.0, sigma in 0.0..3.0,
        ) {
            let partition = Slic::new(segments, compactness, sigma).unwrap().partition(&image).unwrap();
            let centers = Seeds::new(image.height(), image.width(), segments)
                .centers(image.height(), image.width())
                .len();
            let least = (image.height() * image.width() / 2 / centers) as u32;
            // The first region may be small and have no neighbour yet to join.
            prop_assert!(partition.areas().iter().filter(|&&area| area < least).count() <= 1);
        }
    }

    #[test]
    fn settings_out_of_range_are_refused_and_named() {
        let error = Slic::new(0, 10.0, 0.0).unwrap_err().to_string();
        assert_eq!(
            error,
            "expected segments between 1 and 65535, found 0: 50 is usual"
        );
        assert!(Slic::new(50, 0.0, 0.0).is_err() && Slic::new(50, 10.0, -1.0).is_err());
    }
}
