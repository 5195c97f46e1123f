//! `[methods.NAME]` with `kind = "lime"` (Ribeiro et al. 2016).

use std::ops::Bound;

pub use actions::{Precision, Samples, Settled};

use crate::reader::{Choice, Section};
use crate::settings::Backdrop;
use crate::settings::compute::{PROGRAM, WHOLE_TF32};

/// Kernel width of the published image explainer, for the cosine distance.
const COSINE_WIDTH: f64 = 0.25;
/// Most masks of an explanation.
const MOST_SAMPLES: u32 = 1_000_000;
/// Most superpixels that a selection may keep: their ids are 16-bit numbers.
const MOST_FEATURES: u32 = 65_535;

use sampling::{Sampler, samplers};

impl Choice for Sampler {
    const WHAT: &'static str = "sampler";
    const ALL: &'static [(&'static str, Self)] = &[
        ("coin", samplers::COIN),
        ("paired", samplers::PAIRED),
        ("hadamard", samplers::HADAMARD),
    ];
}

impl Choice for Precision {
    const WHAT: &'static str = "precision";
    const ALL: &'static [(&'static str, Self)] = &[
        ("fp32", Self::Fp32),
        ("bf16", Self::Bf16),
        ("mixed", Self::Mixed),
    ];
}

/// Either a number, or `{ most = 4000, standard_error = 0.01 }`, or `{ most = 4000, top = 5 }`.
fn read_samples(section: &mut Section<'_>) -> Samples {
    let Some(mut table) = section.table_at("samples") else {
        return Samples::Fixed(section.integer("samples", Some(1000), 2..=MOST_SAMPLES));
    };
    let limits = (Bound::Excluded(0.0), Bound::Included(1.0));
    let by_top = table.has("top");
    if by_top && table.has("standard_error") {
        table.wrong(
            "top",
            "`top` and `standard_error` are two ways to tell that weights are settled",
            "remove one of them",
        );
    }
    let most = table.integer("most", None, 2..=MOST_SAMPLES);
    let settled = if by_top {
        Settled::Top(table.integer("top", None, 1..=MOST_FEATURES))
    } else {
        Settled::StandardError(table.number("standard_error", None, limits))
    };
    // Asked for above where both are written.
    if by_top && table.has("standard_error") {
        table.unchecked("standard_error");
    }
    table.finish();
    Samples::Until { most, settled }
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
    pub samples: Samples,
    /// How masks are drawn.
    pub sampler: Sampler,
    /// In which numbers the networks answer; as all else in the study where it is not set.
    pub precision: Option<Precision>,
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
    /// `programs`: whether a network of the study is a `TorchScript` program; `tf32`: whether the study computes in that.
    pub(crate) fn read(mut section: Section<'_>, programs: bool, tf32: bool) -> Self {
        let precision = section
            .has("precision")
            .then(|| section.choice("precision", Precision::Fp32));
        if programs && precision.is_some_and(|precision| precision != Precision::Fp32) {
            section.wrong(
                "precision",
                PROGRAM,
                "a network of this study is a TorchScript program",
            );
        }
        if tf32 && precision.is_some() {
            let label = "one process multiplies in tf32 or does not";
            section.wrong("precision", WHOLE_TF32, label);
        }
        let settings = Self {
            samples: read_samples(&mut section),
            sampler: section.choice("sampler", samplers::COIN),
            precision,
            kernel: Kernel::read(&mut section),
            alpha: section.number("alpha", Some(1.0), 0.0..=1e9),
            features: Features::read(&mut section),
            replacement: section.choice("replacement", Backdrop::Mean),
        };
        section.finish();
        settings
    }

    /// Whether answers decide how many samples are asked.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.samples, Samples::Until { .. })
    }

    /// The settings of the surrogate that is fitted to the answers.
    pub fn surrogate(&self) -> surrogate::Settings {
        let (distance, kernel_width) = match self.kernel {
            Kernel::Cosine { width } => (surrogate::Distance::Cosine, Some(width)),
            Kernel::L2 { width } => (surrogate::Distance::L2, width),
        };
        let features = match self.features {
            Features::All => surrogate::Features::All,
            Features::Best {
                count,
                selection: Selection::HighestWeights,
            } => surrogate::Features::HighestWeights(count as usize),
            Features::Best {
                count,
                selection: Selection::ForwardSelection,
            } => surrogate::Features::ForwardSelection(count as usize),
        };
        surrogate::Settings {
            distance,
            kernel_width,
            alpha: self.alpha,
            // Ridge shrinks weights the less the more samples there are. Alpha is constant for the published explainer's sampler alone, and
            // only where the number is fixed: else weights would depend on where it stops.
            growing: self.sampler != samplers::COIN || self.is_open(),
            features,
        }
    }
}
