//! `[methods.NAME]` with `kind = "lime"` (Ribeiro et al. 2016).

use std::ops::Bound;

use crate::reader::{Choice, Section};
use crate::settings::Backdrop;

/// Kernel width of the published image explainer, for the cosine distance.
const COSINE_WIDTH: f64 = 0.25;
/// Most superpixels that a selection may keep: their ids are 16-bit numbers.
const MOST_FEATURES: u32 = 65_535;

pub use sampling::Sampler;

impl Choice for Sampler {
    const WHAT: &'static str = "sampler";
    const ALL: &'static [(&'static str, Self)] = &[("coin", Self::Coin)];
}

/// How far a mask with k of d superpixels kept is from the untouched image, and what it weighs then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kernel {
    /// D = 1 - sqrt(k/d), weight sqrt(exp(-D^2 / width^2)): the published image explainer's.
    Cosine {
        /// Above 0, at most 1000.
        width: f64,
    },
    /// D^2 = d - k, weight exp(-D^2 / width^2): the paper's formula.
    L2 {
        /// Above 0, at most 1000; 0.75 sqrt(d) where it is not set.
        width: Option<f64>,
    },
}

#[derive(Clone, Copy, PartialEq)]
enum Distance {
    Cosine,
    L2,
}

impl Choice for Distance {
    const WHAT: &'static str = "distance";
    const ALL: &'static [(&'static str, Self)] = &[("cosine", Self::Cosine), ("l2", Self::L2)];
}

impl Kernel {
    /// The name of the distance: `cosine` or `l2`.
    pub fn distance(&self) -> &'static str {
        match self {
            Self::Cosine { .. } => Distance::Cosine,
            Self::L2 { .. } => Distance::L2,
        }
        .name()
    }

    fn read(section: &mut Section<'_>) -> Self {
        let distance = section.choice("distance", Distance::Cosine);
        let limits = (Bound::Excluded(0.0), Bound::Included(1000.0));
        let written = section.has("kernel_width");
        let width = section.number("kernel_width", Some(COSINE_WIDTH), limits);
        match distance {
            Distance::Cosine => Self::Cosine { width },
            Distance::L2 => Self::L2 {
                width: written.then_some(width),
            },
        }
    }
}

/// How superpixels are chosen for the local model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The largest absolute weights of a ridge fit on all (alpha 0.01).
    HighestWeights,
    /// One after another, whichever adds most to R^2 (ridge, alpha 0).
    ForwardSelection,
}

impl Choice for Selection {
    const WHAT: &'static str = "selection";
    const ALL: &'static [(&'static str, Self)] = &[
        ("highest_weights", Self::HighestWeights),
        ("forward_selection", Self::ForwardSelection),
    ];
}

/// Which superpixels get a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Features {
    /// All of them.
    All,
    /// The best ones; the others get weight 0.
    Best {
        /// How many, at least 1; all of them where the image has fewer.
        count: u32,
        /// Best by what.
        selection: Selection,
    },
}

impl Features {
    /// Either `"all"` or `{ count = 10, selection = "highest_weights" }`.
    fn read(section: &mut Section<'_>) -> Self {
        let Some(mut table) = section.table_at("features") else {
            let expected =
                "`features` must be \"all\" or { count = 10, selection = \"highest_weights\" }";
            section.word("features", "all", expected);
            return Self::All;
        };
        let best = Self::Best {
            count: table.integer("count", None, 1..=MOST_FEATURES),
            selection: table.choice("selection", Selection::HighestWeights),
        };
        table.finish();
        best
    }
}

/// What one LIME of the study does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Masks asked for an explanation, the untouched image among them; 2 to 1,000,000.
    pub samples: u32,
    /// How masks are drawn.
    pub sampler: Sampler,
    /// What a mask weighs.
    pub kernel: Kernel,
    /// Penalty of the ridge regression, at least 0.
    pub alpha: f64,
    /// Which superpixels get a weight.
    pub features: Features,
    /// What removed superpixels are replaced by while LIME asks; apart from the removal's.
    pub replacement: Backdrop,
}

impl Settings {
    pub(crate) fn read(mut section: Section<'_>) -> Self {
        let settings = Self {
            samples: section.integer("samples", Some(1000), 2..=1_000_000),
            sampler: section.choice("sampler", Sampler::Coin),
            kernel: Kernel::read(&mut section),
            alpha: section.number("alpha", Some(1.0), 0.0..=1e9),
            features: Features::read(&mut section),
            replacement: section.choice("replacement", Backdrop::Mean),
        };
        section.finish();
        settings
    }
}
