//! `[partitions.NAME]`: ways to cut a crop into superpixels.

use std::path::PathBuf;

use actions::Geometry;
use config::{Declared, Kind, Section, Setting};
use superpixels::SettingError;

use super::images::LARGEST;

/// Most superpixels of a partition: their labels are 16-bit numbers.
const MOST: u32 = 65_535;

config::settings! {
    /// Mode seeking in colour and place (Vedaldi and Soatto 2008).
    #[derive(Clone, Copy)]
    pub struct Quickshift {
        /// Width of the density kernel; higher means fewer superpixels.
        kernel_size: f64 [0.5..=50.0, "pixels"] = 4.0;
        /// Longest link (colours count, times `ratio`); higher means fewer superpixels.
        max_dist: f64 [1e-3..=1e6, "pixels"] = 200.0;
        /// Weight of colour relative to place.
        ratio: f64 [0.0..=1.0] = 0.2;
    }
}

config::settings! {
    /// k-means in colour and place (Achanta et al. 2012).
    #[derive(Clone, Copy)]
    pub struct Slic {
        /// Requested number of superpixels; the result may have a few more or fewer.
        superpixels: u32 [1..=MOST] = 50;
        /// Weight of place relative to colour; higher means squarer superpixels.
        compactness: f64 [1e-3..=1e3] = 10.0;
        /// Standard deviation of the initial smoothing; 0 means none.
        sigma: f64 [0.0..=50.0, "pixels"] = 0.0;
    }
}

config::settings! {
    /// Merging along a minimum spanning tree (Felzenszwalb and Huttenlocher 2004).
    #[derive(Clone, Copy)]
    pub struct Felzenszwalb {
        /// Preference for larger superpixels.
        scale: f64 [1e-3..=1e6] = 100.0;
        /// Standard deviation of the initial smoothing; 0 means none.
        sigma: f64 [0.0..=50.0, "pixels"] = 0.5;
        /// Fewest pixels of a superpixel.
        min_size: u32 [1..=1_000_000] = 50;
    }
}

config::settings! {
    /// Rectangles whose sides differ by at most one pixel; at most as many in each direction as the crop has pixels.
    #[derive(Clone, Copy)]
    pub struct Grid {
        /// Rectangles from top to bottom.
        rows: u32 [1..=LARGEST] = 7;
        /// Rectangles from left to right.
        columns: u32 [1..=LARGEST] = 7;
    }
}

config::settings! {
    /// Squares that are the patches of a vision transformer or blocks of patches, so that no square cuts a patch.
    pub(crate) struct Patches {
        /// Height and width of a patch.
        patch: u32 [1..=LARGEST, "pixels"] = 16;
        /// Patches along each side of a square; the crop must be a whole number of squares high and wide.
        multiple: u32 [1..=LARGEST] = 1;
    }
}

config::settings! {
    /// Label maps that you provide, such as organs or segments from another program. Each image has one under its own path, as `.png` (8 or 16 bits,
    /// one channel) or `.npy` (whole numbers). Equal numbers are one superpixel. A label map of the image is cropped like the image.
    #[derive(Clone)]
    pub struct Files {
        /// The folder with the label maps; folders inside it are read too.
        folder: PathBuf [Kind::Folder];
        /// Whether the label maps have the size of the image or of the crop.
        geometry: Option<Geometry> = None => "whichever has the label map's size";
    }
}

/// What cuts crops, with its settings. Equal partitions of an image serve all methods, networks and runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Partition {
    /// Mode seeking.
    Quickshift(Quickshift),
    /// k-means.
    Slic(Slic),
    /// Merging.
    Felzenszwalb(Felzenszwalb),
    /// Rectangles.
    Grid(Grid),
    /// Label maps.
    Files(Files),
}

#[derive(Clone, Copy, PartialEq)]
enum Algorithm {
    Quickshift,
    Slic,
    Felzenszwalb,
    Grid,
    Patches,
    Files,
}

config::choice!(Algorithm, "algorithm":
    Quickshift => "quickshift", Slic => "slic", Felzenszwalb => "felzenszwalb", Grid => "grid",
    Patches => "patches", Files => "files");

impl Partition {
    /// The algorithm with its settings; none where label maps are given.
    ///
    /// # Panics
    /// Never: the settings were read within the ranges of the algorithms.
    pub fn algorithm(&self) -> Option<superpixels::Algorithm> {
        use superpixels::Algorithm;
        let algorithm =
            || -> Result<_, SettingError> {
                Ok(Some(match *self {
                    Self::Quickshift(it) => Algorithm::Quickshift(superpixels::Quickshift::new(
                        it.kernel_size,
                        it.max_dist,
                        it.ratio,
                    )?),
                    Self::Slic(it) => Algorithm::Slic(superpixels::Slic::new(
                        it.superpixels as usize,
                        it.compactness,
                        it.sigma,
                    )?),
                    Self::Felzenszwalb(it) => Algorithm::Felzenszwalb(
                        superpixels::Felzenszwalb::new(it.scale, it.sigma, it.min_size as usize)?,
                    ),
                    Self::Grid(it) => Algorithm::Grid(superpixels::Grid::new(
                        it.rows as usize,
                        it.columns as usize,
                    )?),
                    Self::Files(_) => return Ok(None),
                }))
            };
        algorithm().expect("every setting is in range")
    }

    /// How many superpixels every image has, where the settings say it.
    pub fn exact(&self) -> Option<u64> {
        match self {
            Self::Grid(Grid { rows, columns }) => Some(u64::from(*rows) * u64::from(*columns)),
            _ => None,
        }
    }

    /// About how many superpixels an image has, where the settings say it.
    pub fn expected(&self) -> Option<u64> {
        match self {
            Self::Slic(slic) => Some(slic.superpixels.into()),
            _ => self.exact(),
        }
    }

    /// What gives fewer superpixels.
    pub(crate) fn coarser(&self) -> &'static str {
        match self {
            Self::Quickshift(_) => "a larger `kernel_size` or `max_dist`",
            Self::Slic(_) => "fewer `superpixels`",
            Self::Felzenszwalb(_) => "a larger `scale` or `min_size`",
            Self::Grid(_) => "fewer `rows` and `columns`",
            Self::Files(_) => "a `folder` with label maps of fewer regions",
        }
    }

    /// `crop` is the height and width, in pixels, of what is cut.
    pub(crate) fn read(mut section: Section<'_>, crop: u32) -> Option<Self> {
        let Some(algorithm) = section.kind("algorithm") else {
            section.abandon();
            return None;
        };
        let partition = match algorithm {
            Algorithm::Quickshift => Self::Quickshift(Declared::read(&mut section)),
            Algorithm::Slic => Self::Slic(Declared::read(&mut section)),
            Algorithm::Felzenszwalb => Self::Felzenszwalb(Declared::read(&mut section)),
            Algorithm::Grid => Self::Grid(grid(&mut section, crop)),
            Algorithm::Patches => Self::Grid(patches(&mut section, crop)),
            Algorithm::Files => Self::Files(Declared::read(&mut section)),
        };
        section.finish();
        Some(partition)
    }

    /// Each algorithm with what it does and its settings.
    pub(crate) fn described() -> [(&'static str, &'static str, Vec<Setting>); 6] {
        [
            ("quickshift", Quickshift::ABOUT, Quickshift::settings()),
            ("slic", Slic::ABOUT, Slic::settings()),
            (
                "felzenszwalb",
                Felzenszwalb::ABOUT,
                Felzenszwalb::settings(),
            ),
            ("grid", Grid::ABOUT, Grid::settings()),
            ("patches", Patches::ABOUT, Patches::settings()),
            ("files", Files::ABOUT, Files::settings()),
        ]
    }
}

fn grid(section: &mut Section<'_>, crop: u32) -> Grid {
    let grid = Grid::read(section);
    let Grid { rows, columns } = grid;
    for (key, count) in [("rows", rows), ("columns", columns)] {
        if (crop + 1..=LARGEST).contains(&count) {
            let title =
                format!("a grid must have at most {crop} {key}, one for each pixel of the crop");
            section.wrong(key, title, format!("{count} are more"));
        }
    }
    check_count(section, "rows", grid);
    grid
}

/// The grid whose rectangles are blocks of patches.
fn patches(section: &mut Section<'_>, crop: u32) -> Grid {
    let Patches { patch, multiple } = Patches::read(section);
    let side = patch.saturating_mul(multiple);
    if side > crop || !crop.is_multiple_of(side) {
        let title = format!(
            "the study's crop has {crop} x {crop} pixels, which is not a whole number of squares of {side} x {side}"
        );
        let label = "expected `patch` times `multiple` to divide `crop` of [images]";
        section.wrong("patch", title, label);
        return Grid {
            rows: 1,
            columns: 1,
        };
    }
    let grid = Grid {
        rows: crop / side,
        columns: crop / side,
    };
    check_count(section, "patch", grid);
    grid
}

fn check_count(section: &Section<'_>, key: &str, Grid { rows, columns }: Grid) {
    if rows.saturating_mul(columns) > MOST {
        let title = format!("a grid must have at most {MOST} rectangles");
        section.wrong(key, title, format!("{rows} x {columns} are more"));
    }
}
