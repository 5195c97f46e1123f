//! `[partitions.NAME]`: ways to cut a crop into superpixels.

use superpixels::{Felzenszwalb, Grid, Quickshift, SettingError, Slic};

use crate::reader::{Choice, Section};

/// Most superpixels of a partition: their labels are 16-bit numbers.
const MOST: u32 = 65_535;

/// An algorithm with its settings. Equal partitions of an image serve all methods, networks and runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Partition {
    /// Mode seeking in colour and place (Vedaldi and Soatto 2008).
    Quickshift {
        /// Width of the density kernel in pixels, 0.5 to 50; higher means fewer superpixels.
        kernel_size: f64,
        /// Longest link in pixels (colours count, times `ratio`), 0.001 to 1e6; higher means fewer superpixels.
        max_dist: f64,
        /// Weight of colour against place, 0 to 1.
        ratio: f64,
    },
    /// k-means in colour and place (Achanta et al. 2012).
    Slic {
        /// Superpixels asked for; the result may have a few more or less.
        superpixels: u32,
        /// Weight of place against colour, 0.001 to 1000; higher means squarer superpixels.
        compactness: f64,
        /// Standard deviation, in pixels, of the smoothing before, 0 (none) to 50.
        sigma: f64,
    },
    /// Merging along a minimum spanning tree (Felzenszwalb and Huttenlocher 2004).
    Felzenszwalb {
        /// Preference for larger superpixels, 0.001 to 1e6.
        scale: f64,
        /// Standard deviation, in pixels, of the smoothing before, 0 (none) to 50.
        sigma: f64,
        /// Fewest pixels of a superpixel, 1 to 1,000,000.
        min_size: u32,
    },
    /// Rectangles of equal size, to a pixel.
    Grid {
        /// Rectangles from top to bottom, at most the crop's pixels.
        rows: u32,
        /// Rectangles from left to right, at most the crop's pixels.
        columns: u32,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum Algorithm {
    Quickshift,
    Slic,
    Felzenszwalb,
    Grid,
}

impl Choice for Algorithm {
    const WHAT: &'static str = "algorithm";
    const ALL: &'static [(&'static str, Self)] = &[
        ("quickshift", Self::Quickshift),
        ("slic", Self::Slic),
        ("felzenszwalb", Self::Felzenszwalb),
        ("grid", Self::Grid),
    ];
}

impl Partition {
    /// The algorithm's name, as in the column `algorithm` of `segments`.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Quickshift { .. } => Algorithm::Quickshift,
            Self::Slic { .. } => Algorithm::Slic,
            Self::Felzenszwalb { .. } => Algorithm::Felzenszwalb,
            Self::Grid { .. } => Algorithm::Grid,
        }
        .name()
    }

    /// The algorithm with its settings.
    ///
    /// # Panics
    /// Never: the settings were read within the ranges of the algorithms.
    pub fn with_settings(&self) -> superpixels::Algorithm {
        use superpixels::Algorithm;
        let algorithm = || -> Result<_, SettingError> {
            Ok(match *self {
                Self::Quickshift {
                    kernel_size,
                    max_dist,
                    ratio,
                } => Algorithm::Quickshift(Quickshift::new(kernel_size, max_dist, ratio)?),
                Self::Slic {
                    superpixels,
                    compactness,
                    sigma,
                } => Algorithm::Slic(Slic::new(superpixels as usize, compactness, sigma)?),
                Self::Felzenszwalb {
                    scale,
                    sigma,
                    min_size,
                } => Algorithm::Felzenszwalb(Felzenszwalb::new(scale, sigma, min_size as usize)?),
                Self::Grid { rows, columns } => {
                    Algorithm::Grid(Grid::new(rows as usize, columns as usize)?)
                }
            })
        };
        algorithm().expect("every setting is in range")
    }

    /// `crop` is the height and width, in pixels, of what is cut.
    pub(crate) fn read(mut section: Section<'_>, crop: u32) -> Option<Self> {
        let Some(algorithm) = section.kind("algorithm") else {
            section.abandon();
            return None;
        };
        let partition = match algorithm {
            Algorithm::Quickshift => Self::quickshift(&mut section),
            Algorithm::Slic => Self::slic(&mut section),
            Algorithm::Felzenszwalb => Self::felzenszwalb(&mut section),
            Algorithm::Grid => Self::grid(&mut section, crop),
        };
        section.finish();
        Some(partition)
    }

    fn quickshift(section: &mut Section<'_>) -> Self {
        Self::Quickshift {
            kernel_size: section.number("kernel_size", Some(4.0), 0.5..=50.0),
            max_dist: section.number("max_dist", Some(200.0), 1e-3..=1e6),
            ratio: section.number("ratio", Some(0.2), 0.0..=1.0),
        }
    }

    fn slic(section: &mut Section<'_>) -> Self {
        Self::Slic {
            superpixels: section.integer("superpixels", Some(50), 1..=MOST),
            compactness: section.number("compactness", Some(10.0), 1e-3..=1e3),
            sigma: section.number("sigma", Some(0.0), 0.0..=50.0),
        }
    }

    fn felzenszwalb(section: &mut Section<'_>) -> Self {
        Self::Felzenszwalb {
            scale: section.number("scale", Some(100.0), 1e-3..=1e6),
            sigma: section.number("sigma", Some(0.5), 0.0..=50.0),
            min_size: section.integer("min_size", Some(50), 1..=1_000_000),
        }
    }

    fn grid(section: &mut Section<'_>, crop: u32) -> Self {
        let (rows, columns) = (
            section.integer("rows", Some(7), 1..=crop),
            section.integer("columns", Some(7), 1..=crop),
        );
        if rows.saturating_mul(columns) > MOST {
            let title = format!("a grid must have at most {MOST} rectangles");
            section.wrong("rows", title, format!("{rows} x {columns} are more"));
        }
        Self::Grid { rows, columns }
    }
}
