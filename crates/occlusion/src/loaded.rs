//! A scene from the inputs of an action.

use imaging::Rgb;
use networks::NetworkError;
use parts::{ActionError, Rows, Superpixels};

use crate::scene::{Noise, Scene};

/// What the inputs of a scene name, in memory.
#[derive(Debug)]
pub struct Loaded<'a> {
    inputs: &'a actions::Scene,
    crop: Rgb,
    superpixels: Superpixels,
}

impl<'a> Loaded<'a> {
    /// Reads the crop and its superpixels.
    pub fn new(inputs: &'a actions::Scene, rows: &Rows<'_>) -> Result<Self, ActionError> {
        Ok(Self {
            inputs,
            crop: rows.load(&inputs.pixels)?,
            superpixels: rows.load(&inputs.labels)?,
        })
    }

    /// How many superpixels there are.
    pub fn superpixels(&self) -> usize {
        self.superpixels.count
    }

    /// The scene, for questions.
    pub fn scene(&self) -> Scene<'_> {
        let noise = self.inputs.noise.as_ref();
        Scene {
            crop: &self.crop,
            labels: &self.superpixels.labels,
            superpixels: self.superpixels.count,
            replacement: self.inputs.replacement,
            mean: self.inputs.network.mean,
            noise: noise.map_or_else(Noise::default, |noise| Noise {
                deviation: noise.deviation,
                seed: noise.seed,
                image_digest: &noise.image_digest,
                partition: &noise.partition,
            }),
            target: self.inputs.target_class.value as usize,
        }
    }
}

/// Why an action has no answer from a network.
pub fn failed(error: NetworkError) -> ActionError {
    match error {
        NetworkError::Interrupted => ActionError::Interrupted,
        error => ActionError::failed(error),
    }
}
