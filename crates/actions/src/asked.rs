//! Masks that a network evaluates.

use parts::{Labels, Pixels, Read, Told};
use removal::Backdrop;
use sampling::Sampler;
use serde::Serialize;

use crate::network::Network;

/// The masks of an explanation, and the network that evaluates them.
#[derive(Debug, Serialize)]
pub struct Asked {
    /// The crop.
    pub pixels: Read<Pixels>,
    /// Its superpixels.
    pub labels: Read<Labels>,
    /// The explained class.
    pub target_class: Told<u32>,
    /// The network.
    pub network: Network,
    /// Probabilities are the softmax of the logits divided by this.
    pub temperature: f64,
    /// Of the whole study.
    pub seed: u64,
    /// Digest of the image's file, which random numbers come from.
    pub image_digest: String,
    /// How many masks are drawn.
    pub samples: Samples,
    /// How they are drawn.
    pub sampler: Sampler,
    /// What a removed superpixel shows.
    pub replacement: Backdrop,
    /// In which numbers the network answers.
    pub precision: Precision,
}

impl Asked {
    /// Whether a fit decides how many masks are evaluated.
    pub fn decided_by_fits(&self) -> bool {
        matches!(self.samples, Samples::Until { .. }) || self.precision == Precision::Mixed
    }
}

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

/// How many masks are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Samples {
    /// So many.
    Fixed(u32),
    /// Block after block, until the weights are settled.
    Until {
        /// But no more than these.
        most: u32,
        /// When they are settled.
        settled: Settled,
    },
}

impl Samples {
    /// The largest number that may be drawn.
    pub fn most(self) -> u32 {
        match self {
            Self::Fixed(samples) => samples,
            Self::Until { most, .. } => most,
        }
    }
}

/// When weights are settled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// When every weight's standard error is at most this, in probability.
    StandardError(f64),
    /// When so many superpixels of the highest weights have been the same ones since half of the samples.
    Top(u32),
}
