//! Accuracy on held-out scenes, prepared as the pipeline prepares an image.

use imaging::{Preparation, Rgb};
use networks::{Network, NetworkError, Normalisation};
use rayon::prelude::*;
use scenes::{Class, Quality, Size};
use tch::Device;

/// Held-out scenes take their seeds from here up.
const FIRST_SEED: u64 = 1 << 50;
/// The size of the shipped images.
const SIZE: Size = Size {
    height: 300,
    width: 360,
};
/// Scenes asked at once.
const BATCH: usize = 50;

/// Crops of scenes that no network was trained on.
#[derive(Debug)]
pub struct HeldOut {
    crops: Vec<(Rgb, usize)>,
}

impl HeldOut {
    /// Draws `count` scenes of all classes in turn with the given rays for each pixel.
    pub fn draw(count: usize, quality: Quality) -> Self {
        let preparation = Preparation::default();
        let crop = |index: usize| {
            let class = index % Class::ALL.len();
            let drawing = scenes::draw(Class::ALL[class], FIRST_SEED + index as u64, SIZE, quality);
            let rgb = Rgb::new(drawing.height as usize, drawing.width as usize, drawing.rgb)
                .unwrap_or_else(|error| {
                    unreachable!("a drawing has three bytes for each pixel: {error}")
                });
            (imaging::prepare(&rgb, &preparation), class)
        };
        Self {
            crops: (0..count).into_par_iter().map(crop).collect(),
        }
    }

    /// The share of the scenes whose class `network` names, for each class.
    pub fn accuracy(&self, network: &Network, device: Device) -> Result<Accuracy, NetworkError> {
        let _guard = tch::no_grad_guard();
        let mut accuracy = Accuracy {
            right: vec![0; Class::ALL.len()],
            asked: vec![0; Class::ALL.len()],
        };
        for crops in self.crops.chunks(BATCH) {
            let logits = network.forward(&input(crops)?.to_device(device))?;
            for ((predicted, _), &(_, class)) in
                networks::predictions(&logits)?.into_iter().zip(crops)
            {
                accuracy.asked[class] += 1;
                accuracy.right[class] += usize::from(predicted == class);
            }
        }
        Ok(accuracy)
    }
}

fn input(crops: &[(Rgb, usize)]) -> Result<tch::Tensor, NetworkError> {
    let (height, width) = crops
        .first()
        .map_or((1, 1), |(crop, _)| (crop.height(), crop.width()));
    let plane = networks::CHANNELS * height * width;
    let mut planes = vec![0.0; crops.len() * plane];
    for (planes, (crop, _)) in planes.chunks_exact_mut(plane).zip(crops) {
        Normalisation::IMAGENET.planes(crop.pixels(), planes);
    }
    networks::tensor(&planes, [height, width])
}

/// Right answers among those asked, by class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accuracy {
    /// Right answers.
    pub right: Vec<usize>,
    /// Scenes asked.
    pub asked: Vec<usize>,
}

impl Accuracy {
    /// Over all classes, in [0, 1]; 0 when nothing was asked.
    pub fn overall(&self) -> f64 {
        let asked: usize = self.asked.iter().sum();
        let right: usize = self.right.iter().sum();
        if asked == 0 {
            0.0
        } else {
            right as f64 / asked as f64
        }
    }
}
