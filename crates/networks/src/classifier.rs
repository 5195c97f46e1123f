//! What the pipeline asks a network: the logits of crops, the answers to masks, and gradients at the Grad-CAM layer.

use imaging::Rgb;
use rayon::prelude::*;
use sampling::Masks;
use tch::{Kind, Tensor};

use crate::error::{NetworkError, Operation};
use crate::input::{Batch, Normalisation};
use crate::network::Network;
use crate::painter::Painter;

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

    /// Inputs in a batch; masks asked in multiples of it leave none unfilled.
    pub fn batch(&self) -> usize {
        self.network.batch()
    }

    /// How many classes the network tells apart.
    pub fn classes(&self) -> usize {
        self.network.classes()
    }

    /// The logits of one crop, one for each class.
    pub fn logits(&self, crop: &Rgb) -> Result<Vec<f32>, NetworkError> {
        let mut batch = Batch::new(self.network.batch(), size_of(crop))?;
        let plane = batch.plane();
        self.normalisation
            .planes(crop.pixels(), &mut batch.inputs()[..plane]);
        let logits = tch::no_grad(|| self.network.forward(batch.tensor()))?;
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
        let pictures = [question.crop, question.replacement];
        let painter = Painter::new(
            &self.normalisation,
            pictures,
            question.labels,
            question.masks,
        );
        let (samples, size) = (question.masks.samples(), self.network.batch());
        let mut batch = Batch::new(size, size_of(question.crop))?;
        let mut answers = Answers::default();
        for start in (0..samples).step_by(size) {
            if interrupted() {
                return Err(NetworkError::Interrupted);
            }
            let plane = batch.plane();
            let inputs = batch.inputs().par_chunks_exact_mut(plane).enumerate();
            inputs.for_each(|(row, planes)| match start + row {
                sample if sample < samples => painter.paint(sample, planes),
                _ => planes.fill(0.0),
            });
            let logits = tch::no_grad(|| self.network.forward(batch.tensor()))?;
            let count = size.min(samples - start);
            Self::read(&logits, question.target, count, &mut answers)?;
        }
        Ok(answers)
    }

    /// Activations and gradients for one crop: the features without gradient, then forward and backward through the head only.
    pub fn gradients(&self, crop: &Rgb, target: usize) -> Result<Gradients, NetworkError> {
        self.check_target(target)?;
        let mut batch = Batch::new(1, size_of(crop))?;
        self.normalisation.planes(crop.pixels(), batch.inputs());
        let activations = tch::no_grad(|| self.network.features(batch.tensor()))?
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
        Ok(())
    }

    fn check(&self, question: &Question<'_>) -> Result<(), NetworkError> {
        self.check_target(question.target)?;
        let (crop, replacement) = (size_of(question.crop), size_of(question.replacement));
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

fn size_of(image: &Rgb) -> [usize; 2] {
    [image.height(), image.width()]
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
