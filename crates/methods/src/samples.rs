//! How many masks a network answers to, and in which numbers.

use config::{Choice, Limits, Section, Value};
use serde::Serialize;

/// Most masks of an explanation.
const MOST_SAMPLES: u32 = 1_000_000;
/// Most superpixels of an image: their ids are 16-bit numbers.
pub(crate) const MOST_SUPERPIXELS: u32 = 65_535;

/// In which numbers a network answers to masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// 32-bit floating point: the reference.
    Fp32,
    /// As fp32, but convolutions and products of matrices keep 10 bits of each factor.
    Tf32,
    /// bfloat16.
    Bf16,
    /// All samples in bfloat16 and some of them also in fp32, which makes the weights those of fp32 in the mean.
    Mixed,
}

impl Precision {
    /// The name in pipeline.toml and in the rows.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fp32 => "fp32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
            Self::Mixed => "mixed",
        }
    }
}

impl Choice for Precision {
    const WHAT: &'static str = "precision";
    /// A method has tf32 from the study, whose whole process computes in it.
    const ALL: &'static [Self] = &[Self::Fp32, Self::Bf16, Self::Mixed];

    fn name(self) -> &'static str {
        self.name()
    }
}

/// How many masks are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Samples {
    /// So many.
    Fixed(u32),
    /// So many for each superpixel, and some more.
    ForEach {
        /// For each superpixel.
        superpixel: u32,
        /// And more.
        more: u32,
    },
    /// Block after block, until the weights are settled.
    Until {
        /// But no more than these.
        most: u32,
        /// When they are settled.
        settled: Settled,
    },
}

/// When weights are settled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// When every weight's standard error is at most this, in the unit of the answers: probability or logit.
    StandardError(f64),
    /// When so many superpixels of the highest weights have been the same ones since half of the samples.
    Top(u32),
}

impl Samples {
    /// The largest number that may be drawn of an image with so many superpixels.
    pub fn most(self, superpixels: u64) -> u64 {
        match self {
            Self::Fixed(samples) | Self::Until { most: samples, .. } => samples.into(),
            Self::ForEach { superpixel, more } => {
                let each = superpixels.saturating_mul(superpixel.into());
                each.saturating_add(more.into())
            }
        }
    }

    /// Whether answers decide how many are drawn.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Until { .. })
    }
}

impl Value for Samples {
    type Limits = ();

    fn read(section: &mut Section<'_>, key: &'static str, default: Option<Self>, (): ()) -> Self {
        let Some(mut table) = section.table_at(key) else {
            let Some(of_superpixels @ Self::ForEach { .. }) = default else {
                let default = default.map(|samples| samples.most(0) as u32);
                return Self::Fixed(section.integer(key, default, 2..=MOST_SAMPLES));
            };
            if !section.has(key) {
                return of_superpixels;
            }
            return Self::Fixed(section.integer(key, None, 2..=MOST_SAMPLES));
        };
        let by_top = table.has("top");
        if by_top && table.has("standard_error") {
            table.wrong(
                "top",
                "`top` and `standard_error` are two rules for when weights are settled",
                "remove one of them",
            );
            table.unchecked("standard_error");
        }
        let most = table.integer("most", None, 2..=MOST_SAMPLES);
        let settled = if by_top {
            Settled::Top(table.integer("top", None, 1..=MOST_SUPERPIXELS))
        } else {
            let limits = Limits::above(0.0, 1.0);
            Settled::StandardError(table.number("standard_error", None, limits))
        };
        table.finish();
        Self::Until { most, settled }
    }

    fn takes((): &()) -> String {
        format!(
            "a whole number from 2 to {MOST_SAMPLES}, or `{{ most = 4000, standard_error = 0.01 }}`, or `{{ most = 4000, top = 5 }}`"
        )
    }

    fn written(&self) -> String {
        match self {
            Self::Fixed(samples) | Self::Until { most: samples, .. } => samples.to_string(),
            Self::ForEach { superpixel, more } => format!("{superpixel} x superpixels + {more}"),
        }
    }
}
