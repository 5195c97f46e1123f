//! Inputs of `relevances`.

use parts::{File, Labels, Map, Pixels, Read, SurrogateWeights, Told};
use serde::Serialize;

use crate::asked::Asked;
use crate::control::Control;
use crate::names::Explained;
use crate::saliency::Cam;
use crate::weights::Fit;

/// The relevance of each superpixel by a method.
#[derive(Debug, Serialize)]
pub struct Relevances {
    /// Names in the rows.
    pub names: Explained,
    /// What the relevances are made from.
    pub maker: Maker,
}

/// What relevances are made from.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Maker {
    /// The mean of a map over each superpixel.
    Map {
        /// The map.
        map: Read<Map>,
        /// The superpixels.
        labels: Read<Labels>,
    },
    /// A surrogate's weights.
    Weights {
        /// The weights.
        weights: Read<SurrogateWeights>,
    },
    /// The mean over each superpixel of a map of the network with random layers.
    RandomMap {
        /// What the map is made from.
        cam: Cam,
        /// The superpixels.
        labels: Read<Labels>,
        /// Which layers are random.
        random: Random,
    },
    /// The weights of a surrogate of the network with random layers.
    RandomWeights {
        /// The masks that the network evaluates.
        asked: Asked,
        /// The superpixels that get weights.
        labels: Read<Labels>,
        /// How the surrogate is fitted.
        fit: Fit,
        /// Which layers are random.
        random: Random,
    },
    /// The explanations of another tool.
    External {
        /// What reads it.
        method: &'static methods::External,
        /// The explanations; without a digest where there is no such file.
        answers: File,
        /// How many runs there are.
        runs: u32,
        /// The crop that is explained, which the file names by its digest.
        pixels: Read<Pixels>,
        /// The superpixels.
        labels: Read<Labels>,
        /// The explained class, which the file names too.
        target_class: Told<u32>,
    },
    /// A control.
    Control {
        /// The control.
        control: Control,
        /// Of the whole study.
        seed: u64,
        /// Digest of the image's file, which random numbers come from.
        image_digest: String,
    },
}

/// How far down a network's layers are random.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Random {
    /// From 1 to `depths`.
    pub depth: u32,
    /// At which all layers are random.
    pub depths: u32,
    /// Of the whole study.
    pub seed: u64,
}
