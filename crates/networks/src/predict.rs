//! A network's answers to images, for people who check whether it is the right network; results do not depend on it.

use std::time::Instant;

use imaging::Rgb;
use tch::{Kind, Tensor};

use crate::error::{NetworkError, Operation};
use crate::input::{self, CHANNELS, Normalisation};
use crate::network::Network;

/// The predicted class of each crop and its softmax probability. A classifier answers each crop in a batch of its own, which is slow; the
/// last bits may differ from its.
pub fn predict(
    network: &Network,
    crops: &[Rgb],
    normalisation: &Normalisation,
) -> Result<Vec<(usize, f32)>, NetworkError> {
    let mut predicted = Vec::new();
    for crops in crops.chunks(network.batch()) {
        let size = [crops[0].height(), crops[0].width()];
        let mut planes = vec![0.0; CHANNELS * size[0] * size[1] * crops.len()];
        for (planes, crop) in planes.chunks_exact_mut(crops[0].pixels().len()).zip(crops) {
            normalisation.planes(crop.pixels(), planes);
        }
        let logits = tch::no_grad(|| network.forward(&input::tensor(&planes, size)?))?;
        predicted.extend(predictions(&logits)?);
    }
    Ok(predicted)
}

/// The logits of inputs [count, 3, height, width] that are normalised already, row-major; a row for each.
pub fn logits(
    network: &Network,
    planes: &[f32],
    size: [usize; 2],
) -> Result<Vec<Vec<f32>>, NetworkError> {
    let logits = tch::no_grad(|| network.forward(&input::tensor(planes, size)?))?;
    Vec::<Vec<f32>>::try_from(&logits).during("reading logits")
}

/// The largest logit's class for each input, and its softmax probability.
pub fn predictions(logits: &Tensor) -> Result<Vec<(usize, f32)>, NetworkError> {
    let read = || -> Result<_, tch::TchError> {
        let (probability, class) = logits.f_softmax(1, Kind::Float)?.f_max_dim(1, false)?;
        Ok((
            Vec::<i64>::try_from(&class)?,
            Vec::<f32>::try_from(&probability)?,
        ))
    };
    let (classes, probabilities) = read().during("reading predictions")?;
    Ok(classes
        .into_iter()
        .map(|class| class as usize)
        .zip(probabilities)
        .collect())
}

/// Pictures [3, side, side] that a network answers in a second, in batches of any size: it answers for some seconds, after a batch that does not
/// count.
pub fn images_a_second(
    network: &Network,
    batch: usize,
    side: usize,
    seconds: f64,
) -> Result<f64, NetworkError> {
    answer_noise(network, batch, side)?;
    let start = Instant::now();
    let mut batches = 0;
    while batches == 0 || start.elapsed().as_secs_f64() < seconds {
        answer_noise(network, batch, side)?;
        batches += 1;
    }
    Ok((batches * batch) as f64 / start.elapsed().as_secs_f64())
}

/// Answers a batch of the same random picture, and forgets the answer.
fn answer_noise(network: &Network, batch: usize, side: usize) -> Result<(), NetworkError> {
    let side = side as i64;
    tch::no_grad(|| {
        let picture = Tensor::f_linspace(-2, 2, 3 * side * side, (Kind::Float, tch::Device::Cpu))
            .and_then(|values| values.f_sin())
            .and_then(|values| values.f_view([1, 3, side, side]))
            .and_then(|picture| picture.f_to_kind(network.input_kind()))
            .and_then(|picture| picture.f_repeat([batch as i64, 1, 1, 1]))
            .during("making an input")?;
        network.forward(&picture).map(drop)
    })
}
