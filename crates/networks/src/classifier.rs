//! What the pipeline asks a network: the logits of crops, the answers to masks, and gradients at the Grad-CAM layer.

use imaging::Rgb;
use rayon::prelude::*;
use sampling::Masks;
use tch::{Kind, Tensor};

use crate::error::{NetworkError, Operation};
use crate::input::{CHANNELS, Normalisation, tensor};
use crate::network::Network;

/// A network with the normalisation that it was trained with. Batches have a constant size, because the last bits of a
/// logit depend on it; the last one is filled up with zeros.
#[derive(Debug)]
pub struct Classifier {
    network: Network,
    normalisation: Normalisation,
}

/// Which masks to ask about one crop.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The untouched crop.
    pub crop: &'a Rgb,
    /// What stands where a superpixel is removed; of the crop's size.
    pub replacement: &'a Rgb,
    /// The superpixel of every pixel, row-major.
    pub labels: &'a [u16],
    /// Which superpixels are kept, one row for each input.
    pub masks: &'a Masks,
    /// The class that is asked about.
    pub target: usize,
}

/// The target's probability and logit for each mask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Softmax probabilities, in [0, 1].
    pub probabilities: Vec<f32>,
    /// Logits.
    pub logits: Vec<f32>,
    /// The largest probability of any class, in [0, 1].
    pub largest: Vec<f32>,
    /// Entropy of the probabilities of all classes, in nats.
    pub entropies: Vec<f32>,
}

/// Activations of the Grad-CAM layer, and the gradient of a class's logit with respect to them; both
/// [channels, height, width], row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// The layer's output.
    pub activations: Vec<f32>,
    /// dy^c / dA.
    pub gradients: Vec<f32>,
    /// Channels, height and width.
    pub shape: [usize; 3],
}

impl Classifier {
    /// A network that is prepared for inference, and what it wants its inputs to be.
    pub fn new(network: Network, normalisation: Normalisation) -> Self {
        Self {
            network,
            normalisation,
        }
    }

    /// How many classes the network tells apart.
    pub fn classes(&self) -> usize {
        self.network.classes()
    }

    /// The logits of one crop, one for each class.
    pub fn logits(&self, crop: &Rgb) -> Result<Vec<f32>, NetworkError> {
        let plane = plane(crop);
        let mut batch = vec![0.0; self.network.batch() * plane];
        self.normalisation
            .planes(crop.pixels(), &mut batch[..plane]);
        let logits = self.forward(&batch, crop)?;
        let logits = logits
            .f_select(0, 0)
            .and_then(|row| Vec::<f32>::try_from(&row))
            .during("reading logits")?;
        check_finite(&logits, 0, 1)?;
        Ok(logits)
    }

    /// Asks about every mask, in order. `interrupted` is looked at before each batch.
    pub fn ask(
        &self,
        question: &Question<'_>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        self.check(question)?;
        let painter = Painter::new(question, &self.normalisation);
        let size = [question.crop.height(), question.crop.width()];
        let paint = |sample: usize, planes: &mut [f32]| painter.paint(sample, planes);
        self.answer(
            question.masks.samples(),
            size,
            &paint,
            question.target,
            interrupted,
        )
    }

    /// Asks about `count` pictures of one size, at least one, in order; each is made when its batch is. `interrupted` is looked at before each
    /// batch.
    pub fn ask_pictures(
        &self,
        count: usize,
        picture: &(dyn Fn(usize) -> Rgb + Sync),
        target: usize,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        self.check_target(target)?;
        if count == 0 {
            return Ok(Answers::default());
        }
        let first = picture(0);
        let size = [first.height(), first.width()];
        let normalisation = self.normalisation;
        let paint = |place: usize, planes: &mut [f32]| {
            normalisation.planes(picture(place).pixels(), planes);
        };
        self.answer(count, size, &paint, target, interrupted)
    }

    /// Asks about `count` inputs of a height and width, which `paint` writes.
    fn answer(
        &self,
        count: usize,
        [height, width]: [usize; 2],
        paint: &(dyn Fn(usize, &mut [f32]) + Sync),
        target: usize,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        let (size, plane) = (self.network.batch(), CHANNELS * height * width);
        let mut batch = vec![0.0; size * plane];
        let mut answers = Answers::default();
        for start in (0..count).step_by(size) {
            if interrupted() {
                return Err(NetworkError::Interrupted);
            }
            let filled = size.min(count - start);
            let (inputs, padding) = batch.split_at_mut(filled * plane);
            inputs
                .par_chunks_exact_mut(plane)
                .enumerate()
                .for_each(|(row, planes)| paint(start + row, planes));
            padding.fill(0.0);
            let input = tensor(&batch, [height, width])?;
            let logits = tch::no_grad(|| self.network.forward(&input))?;
            Self::read(&logits, target, filled, &mut answers)?;
        }
        Ok(answers)
    }

    /// Activations and gradients for one crop: the features without gradient, then forward and backward through the head only.
    pub fn gradients(&self, crop: &Rgb, target: usize) -> Result<Gradients, NetworkError> {
        self.check_target(target)?;
        let mut planes = vec![0.0; plane(crop)];
        self.normalisation.planes(crop.pixels(), &mut planes);
        let input = tensor(&planes, [crop.height(), crop.width()])?;
        let activations = tch::no_grad(|| self.network.features(&input))?
            .f_set_requires_grad(true)
            .during("the backward pass")?;
        let logit = self.network.head(&activations)?;
        let logit = logit
            .f_select(1, target as i64)
            .and_then(|logit| logit.f_sum(Kind::Float))
            .during("reading a logit")?;
        let gradients = Tensor::f_run_backward(&[logit], &[&activations], false, false)
            .during("the backward pass")?;
        let shape = activations.size();
        Ok(Gradients {
            activations: values(&activations.detach())?,
            gradients: values(&gradients[0])?,
            shape: [shape[1] as usize, shape[2] as usize, shape[3] as usize],
        })
    }

    fn forward(&self, batch: &[f32], crop: &Rgb) -> Result<Tensor, NetworkError> {
        let input = tensor(batch, [crop.height(), crop.width()])?;
        tch::no_grad(|| self.network.forward(&input))
    }

    /// Appends the first `count` answers of a batch.
    fn read(
        logits: &Tensor,
        target: usize,
        count: usize,
        answers: &mut Answers,
    ) -> Result<(), NetworkError> {
        let column = |tensor: &Tensor| {
            tensor
                .f_select(1, target as i64)
                .and_then(|column| Vec::<f32>::try_from(&column))
        };
        let chosen = column(logits).during("reading logits")?;
        let probabilities = logits
            .f_softmax(1, Kind::Float)
            .and_then(|softmax| column(&softmax))
            .during("a softmax")?;
        for (row, probability) in probabilities[..count].iter().enumerate() {
            // One logit that is not finite makes the softmax of the whole row so.
            check_finite(&[*probability, chosen[row]], row, count)?;
        }
        answers.probabilities.extend(&probabilities[..count]);
        answers.logits.extend(&chosen[..count]);
        let all = values(logits)?;
        let classes = all.len() / probabilities.len();
        for row in all.chunks_exact(classes).take(count) {
            let (largest, entropy) = certainty(row);
            answers.largest.push(largest);
            answers.entropies.push(entropy);
        }
        Ok(())
    }

    fn check(&self, question: &Question<'_>) -> Result<(), NetworkError> {
        self.check_target(question.target)?;
        let size = |image: &Rgb| [image.height(), image.width()];
        let (crop, replacement) = (size(question.crop), size(question.replacement));
        if crop != replacement {
            return Err(unfit(
                "the replacement image's height and width",
                format!("{crop:?}"),
                format!("{replacement:?}"),
            ));
        }
        if question.labels.len() != crop[0] * crop[1] {
            let expected = format!("{} labels, one for each pixel", crop[0] * crop[1]);
            return Err(unfit(
                "the partition",
                expected,
                question.labels.len().to_string(),
            ));
        }
        let largest = question.labels.iter().copied().max().map_or(0, usize::from);
        if largest >= question.masks.superpixels() {
            let expected = format!("labels below {}", question.masks.superpixels());
            return Err(unfit("the partition", expected, largest.to_string()));
        }
        Ok(())
    }

    fn check_target(&self, target: usize) -> Result<(), NetworkError> {
        if target < self.classes() {
            return Ok(());
        }
        Err(unfit(
            "the target class",
            format!("a class below {}", self.classes()),
            target.to_string(),
        ))
    }
}

/// Puts masked inputs together: every value is the crop's or the replacement's, both normalised once.
struct Painter<'a> {
    crop: Vec<f32>,
    replacement: Vec<f32>,
    labels: &'a [u16],
    masks: &'a Masks,
}

impl<'a> Painter<'a> {
    fn new(question: &Question<'a>, normalisation: &Normalisation) -> Self {
        let normalised = |image: &Rgb| {
            let mut planes = vec![0.0; plane(image)];
            normalisation.planes(image.pixels(), &mut planes);
            planes
        };
        Self {
            crop: normalised(question.crop),
            replacement: normalised(question.replacement),
            labels: question.labels,
            masks: question.masks,
        }
    }

    /// Writes the input of one mask, [channels, height, width].
    fn paint(&self, sample: usize, planes: &mut [f32]) {
        let kept: Vec<bool> = (0..self.masks.superpixels())
            .map(|superpixel| self.masks.kept(sample, superpixel))
            .collect();
        let pixels = self.labels.len();
        for (channel, plane) in planes.chunks_exact_mut(pixels).enumerate() {
            let offset = channel * pixels;
            let sources = self.crop[offset..].iter().zip(&self.replacement[offset..]);
            for ((value, &label), (&crop, &replacement)) in
                plane.iter_mut().zip(self.labels).zip(sources)
            {
                *value = if kept[usize::from(label)] {
                    crop
                } else {
                    replacement
                };
            }
        }
    }
}

/// The largest probability of a softmax, and its entropy in nats: ln Z - sum of p (y - max), with Z the sum of exp(y - max).
fn certainty(logits: &[f32]) -> (f32, f32) {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut moment) = (0.0, 0.0);
    for &logit in logits {
        let shifted = f64::from(logit) - f64::from(largest);
        let power = shifted.exp();
        sum += power;
        moment += power * shifted;
    }
    // Rounding must not make it negative.
    let entropy = (sum.ln() - moment / sum).max(0.0);
    ((1.0 / sum) as f32, entropy as f32)
}

fn plane(image: &Rgb) -> usize {
    CHANNELS * image.height() * image.width()
}

fn values(tensor: &Tensor) -> Result<Vec<f32>, NetworkError> {
    tensor
        .f_reshape([-1])
        .and_then(|flat| Vec::<f32>::try_from(&flat))
        .during("reading values")
}

fn check_finite(values: &[f32], input: usize, inputs: usize) -> Result<(), NetworkError> {
    if values.iter().all(|value| value.is_finite()) {
        Ok(())
    } else {
        Err(NetworkError::LogitNotFinite { input, inputs })
    }
}

fn unfit(what: &'static str, expected: String, found: String) -> NetworkError {
    NetworkError::Question {
        what,
        expected,
        found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certainty_is_the_largest_probability_and_the_entropy_of_all() {
        let (largest, entropy) = certainty(&[1000.0, 1000.0, 1000.0, 1000.0]);
        assert!((largest - 0.25).abs() < 1e-7 && (entropy - 4_f32.ln()).abs() < 1e-6);
        let (largest, entropy) = certainty(&[0.0, 3_f32.ln()]);
        let expected = -(0.25 * 0.25_f32.ln() + 0.75 * 0.75_f32.ln());
        assert!((largest - 0.75).abs() < 1e-6 && (entropy - expected).abs() < 1e-6);
        assert_eq!(certainty(&[-80.0, 900.0]), (1.0, 0.0));
    }
}
