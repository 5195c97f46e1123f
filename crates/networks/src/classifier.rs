//! What the pipeline evaluates of a network: the logits of crops, the answers to masks, and the values of its layers.

mod layers;

use std::cell::{Cell, OnceCell, RefCell};

use imaging::Rgb;
use rayon::prelude::*;
use sampling::Masks;
use statistics::{Head, Measured, Reading};
use tch::{Kind, Tensor};

use crate::device::Device;
use crate::error::{NetworkError, Operation};
use crate::input::{Batch, Normalisation};
use crate::network::Network;
use crate::painter::{DevicePainter, Painter};

pub use layers::{Attentions, Gradients, Values};

/// Inputs in a batch of [`Classifier::gradients`]: a constant as the network's own batch is, and smaller, because a study has fewer images than
/// masks.
const GRADIENT_BATCH: usize = 16;
/// Inputs in a batch of what fills no whole one in [`Classifier::ask_few`]: a constant too, and small, because whoever asks about few inputs
/// decides in whole batches how few.
const FEW_BATCH: usize = 32;

/// A network with the normalisation that it was trained with. Batches have a constant size, because the last bits of a
/// logit depend on it; the last one is filled up with zeros.
#[derive(Debug)]
pub struct Classifier {
    network: Network,
    normalisation: Normalisation,
    reading: Reading,
    /// Inputs in a batch, in one of few, and in one of gradients; smaller than the constants where the device had too little memory for these.
    batch: Cell<usize>,
    few_batch: Cell<usize>,
    gradient_batch: Cell<usize>,
    /// Whether the logits of a transformer come from its class token; found when it is first asked for its attention.
    class_token: OnceCell<bool>,
    /// Where the inputs of the last question are: kept for the next one, because another place for it breaks up the memory that freed
    /// activations leave.
    inputs: RefCell<Option<Batch>>,
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
    /// The explained class.
    pub target: usize,
}

/// The target's probability and logit for each mask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Probabilities, in [0, 1].
    pub probabilities: Vec<f32>,
    /// Logits.
    pub logits: Vec<f32>,
    /// Of a softmax: how sure it is of anything, one for each mask. Empty behind a sigmoid, whose classes do not compete.
    pub certainties: Vec<Certainty>,
}

impl Answers {
    /// What is measured of the target, one for each mask.
    pub fn measured(self, measured: Measured) -> Vec<f32> {
        match measured {
            Measured::Probability => self.probabilities,
            Measured::Logit => self.logits,
        }
    }
}

/// How sure a softmax is of anything.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Certainty {
    /// The largest probability of any class, in [0, 1].
    pub largest: f32,
    /// Entropy of the probabilities of all classes, in nats.
    pub entropy: f32,
}

impl Classifier {
    /// A network that is prepared for inference, and what it wants its inputs to be.
    pub fn new(network: Network, normalisation: Normalisation) -> Self {
        Self {
            batch: Cell::new(network.batch()),
            few_batch: Cell::new(FEW_BATCH.min(network.batch())),
            gradient_batch: Cell::new(GRADIENT_BATCH.min(network.batch())),
            class_token: OnceCell::new(),
            network,
            normalisation,
            reading: Reading::default(),
            inputs: RefCell::new(None),
        }
    }

    /// The same with probabilities that are read of the logits in this way; logits and gradients stay as they are.
    #[must_use]
    pub fn with_reading(self, reading: Reading) -> Self {
        Self { reading, ..self }
    }

    /// Inputs in a batch; masks asked in multiples of it leave none unfilled. The network's constant, or after a device had too little
    /// memory what it had memory for.
    pub fn batch(&self) -> usize {
        self.batch.get()
    }

    /// Inputs in the batches of [`Classifier::ask_few`] for what does not fill a complete batch; masks in multiples of this number leave no batch
    /// unfilled.
    pub fn few_batch(&self) -> usize {
        self.few_batch.get()
    }

    /// Inputs in a batch of [`Classifier::gradients`].
    pub fn gradient_batch(&self) -> usize {
        self.gradient_batch.get()
    }

    /// Where the network computes.
    pub fn device(&self) -> Device {
        self.network.device()
    }

    /// The layer whose activations and gradients [`Classifier::gradients`] gives.
    pub fn layer(&self) -> &str {
        self.network.layer()
    }

    /// How many classes the network tells apart.
    pub fn classes(&self) -> usize {
        self.network.classes()
    }

    /// The logits of one crop, one for each class.
    pub fn logits(&self, crop: &Rgb) -> Result<Vec<f32>, NetworkError> {
        loop {
            let logits = with_memory(&self.batch, |size| {
                let mut batch = self.inputs(size, size_of(crop))?;
                let one = batch.input_bytes();
                let (input, padding) = batch.inputs(size).split_at_mut(one);
                self.normalisation
                    .encode(crop.pixels(), self.network.input_kind(), input);
                padding.fill(0);
                let logits = tch::no_grad(|| self.network.forward(&batch.tensor(size)?))?;
                self.inputs.replace(Some(batch));
                let row = logits.f_select(0, 0).during("reading logits")?;
                values(&row)
            })?;
            if let Some(logits) = logits {
                check_finite(&logits, 0, 1)?;
                return Ok(logits);
            }
        }
    }

    /// Asks about every mask, in order. `interrupted` is looked at before each batch.
    pub fn ask(
        &self,
        question: &Question<'_>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        self.ask_by(&self.batch, question, interrupted)
    }

    /// The same, but an incomplete batch is split into smaller ones, so that less is filled up. Its answers may differ from those of
    /// [`Classifier::ask`] in their last bits.
    pub fn ask_few(
        &self,
        question: &Question<'_>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        self.ask_by(&self.few_batch, question, interrupted)
    }

    fn ask_by(
        &self,
        rest: &Cell<usize>,
        question: &Question<'_>,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        self.check(question)?;
        let (count, size) = (question.masks.samples(), size_of(question.crop));
        let pictures = [question.crop, question.replacement];
        let (normalisation, kind) = (&self.normalisation, self.network.input_kind());
        let (labels, masks, target) = (question.labels, question.masks, question.target);
        if self.device().is_cuda() {
            let on = self.device().tch();
            let painter = DevicePainter::new(normalisation, kind, pictures, labels, masks, on)?;
            let inputs = |start, size| painter.paint(start, size);
            return self.answer(rest, count, &inputs, target, interrupted);
        }
        let painter = Painter::new(normalisation, kind, pictures, labels, masks);
        let paint = |sample: usize, planes: &mut [u8]| painter.paint(sample, planes);
        self.answer_painted(rest, count, size, &paint, target, interrupted)
    }

    /// Asks about `count` pictures of a height and width, in order; each is made when its batch is. `interrupted` is looked at before each
    /// batch.
    pub fn ask_pictures(
        &self,
        count: usize,
        size: [usize; 2],
        picture: &(dyn Fn(usize) -> Rgb + Sync),
        target: usize,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        self.check_target(target)?;
        let (normalisation, kind) = (self.normalisation, self.network.input_kind());
        let paint = |place: usize, planes: &mut [u8]| {
            normalisation.encode(picture(place).pixels(), kind, planes);
        };
        self.answer_painted(&self.batch, count, size, &paint, target, interrupted)
    }

    /// Asks about `count` inputs of a height and width, which `paint` writes on the processor, all cores together.
    fn answer_painted(
        &self,
        rest: &Cell<usize>,
        count: usize,
        size: [usize; 2],
        paint: &(dyn Fn(usize, &mut [u8]) + Sync),
        target: usize,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        let batch = RefCell::new(self.inputs(self.batch().max(rest.get()), size)?);
        let inputs = |start: usize, size: usize| {
            let mut batch = batch.borrow_mut();
            let one = batch.input_bytes();
            let rows = batch.inputs(size).par_chunks_exact_mut(one).enumerate();
            rows.for_each(|(row, planes)| match start + row {
                input if input < count => paint(input, planes),
                _ => planes.fill(0),
            });
            batch.tensor(size)
        };
        let answers = self.answer(rest, count, &inputs, target, interrupted)?;
        self.inputs.replace(Some(batch.into_inner()));
        Ok(answers)
    }

    /// Asks about `count` inputs: in whole batches, and in batches of `rest` what fills none. `inputs` gives those from a place on, so many.
    ///
    /// A batch is read when the next one is on its way, because a GPU computes meanwhile.
    fn answer(
        &self,
        rest: &Cell<usize>,
        count: usize,
        inputs: &dyn Fn(usize, usize) -> Result<Tensor, NetworkError>,
        target: usize,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        let mut answers = Answers::default();
        let mut read = |(logits, filled): (Tensor, usize)| {
            self.read(&on_cpu(&logits)?, target, [filled, count], &mut answers)
        };
        let mut on_its_way = None;
        let mut start = 0;
        while start < count {
            if interrupted() {
                return Err(NetworkError::Interrupted);
            }
            let fills_one = count - start >= self.batch();
            let size = if fills_one { &self.batch } else { rest };
            let logits = with_memory(size, |size| {
                let logits = tch::no_grad(|| self.network.forward(&inputs(start, size)?))?;
                Ok((logits, size.min(count - start)))
            })?;
            // A batch that was halved begins with the same inputs.
            let Some((logits, filled)) = logits else {
                continue;
            };
            start += filled;
            if let Some(before) = on_its_way.replace((logits, filled)) {
                read(before)?;
            }
        }
        on_its_way.map_or(Ok(()), read)?;
        Ok(answers)
    }

    /// Room for `count` inputs of a height and width, with anything in it.
    fn inputs(&self, count: usize, size: [usize; 2]) -> Result<Batch, NetworkError> {
        match self.inputs.take() {
            Some(batch) if batch.has_room(count, size) => Ok(batch),
            _ => Batch::new(count, size, self.network.input_kind()),
        }
    }

    /// Appends the first `filled` answers of a batch to those to a question of `count` inputs.
    fn read(
        &self,
        logits: &Tensor,
        target: usize,
        [filled, count]: [usize; 2],
        answers: &mut Answers,
    ) -> Result<(), NetworkError> {
        let column = |tensor: &Tensor| {
            tensor
                .f_select(1, target as i64)
                .and_then(|column| Vec::<f32>::try_from(&column))
        };
        let chosen = column(logits).during("reading logits")?;
        let divided = logits.f_div_scalar(self.reading.temperature);
        let divided = divided.during("reading probabilities")?;
        let all = match self.reading.head {
            Head::Softmax => divided.f_softmax(1, Kind::Float),
            Head::Sigmoid => divided.f_sigmoid(),
        };
        let all = all.during("reading probabilities")?;
        let probabilities = column(&all).during("reading probabilities")?;
        // Of the same softmax, so that no class has more than the largest.
        let largest = all
            .f_amax(1, false)
            .and_then(|largest| Vec::<f32>::try_from(&largest))
            .during("reading probabilities")?;
        let divided = values(&divided)?;
        let classes = divided.len() / probabilities.len();
        for (place, row) in divided.chunks_exact(classes).take(filled).enumerate() {
            check_finite(row, answers.logits.len() + place, count)?;
            if self.reading.head == Head::Softmax {
                answers.certainties.push(Certainty {
                    largest: largest[place],
                    entropy: entropy(row),
                });
            }
        }
        answers.probabilities.extend(&probabilities[..filled]);
        answers.logits.extend(&chosen[..filled]);
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

/// The entropy of a softmax in nats: ln Z - sum of p (y - max), with Z the sum of exp(y - max).
fn entropy(logits: &[f32]) -> f32 {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let (mut sum, mut moment) = (0.0, 0.0);
    for &logit in logits {
        let shifted = f64::from(logit) - f64::from(largest);
        let power = shifted.exp();
        sum += power;
        moment += power * shifted;
    }
    // Rounding must not make it negative.
    (sum.ln() - moment / sum).max(0.0) as f32
}

/// Answers a batch of a size that is halved, for good, where the device has too little memory for it; none then.
fn with_memory<T>(
    size: &Cell<usize>,
    answer: impl FnOnce(usize) -> Result<T, NetworkError>,
) -> Result<Option<T>, NetworkError> {
    let inputs = size.get();
    match answer(inputs) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) => match error.memory() {
            None => Err(error),
            Some(reason) if inputs == 1 => Err(NetworkError::Memory { inputs, reason }),
            Some(_) => {
                size.set(inputs / 2);
                Ok(None)
            }
        },
    }
}

fn on_cpu(tensor: &Tensor) -> Result<Tensor, NetworkError> {
    tensor
        .f_to_device(tch::Device::Cpu)
        .and_then(|tensor| tensor.f_to_kind(Kind::Float))
        .during("reading values")
}

fn values(tensor: &Tensor) -> Result<Vec<f32>, NetworkError> {
    on_cpu(tensor)?
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
    fn the_entropy_is_that_of_all_classes() {
        assert!((entropy(&[1000.0; 4]) - 4_f32.ln()).abs() < 1e-6);
        let expected = -(0.25 * 0.25_f32.ln() + 0.75 * 0.75_f32.ln());
        assert!((entropy(&[0.0, 3_f32.ln()]) - expected).abs() < 1e-6);
        assert!(entropy(&[-80.0, 900.0]).abs() < 1e-6);
    }
}
