//! What a program is tried on when it is loaded, and what is said about it then.

use std::path::Path;

use tch::{Kind, TchError, Tensor};

use crate::device::Device;
use crate::error::{NetworkError, Operation};
use crate::families::script::{Methods, Script};
use crate::input::CHANNELS;
use crate::loading::pictures::{ramp, waves};
use crate::loading::{Difference, Doubt, LoadError, Takes};
use crate::network::Layers;

/// How far two ways to the same logits may be apart, as a share of the largest: rounding, no more.
const TOLERANCE: f64 = 1e-4;
/// The same on a CUDA GPU, which adds in another order for another batch: an `EfficientNet` was 2e-4 apart.
const CUDA_TOLERANCE: f64 = 1e-3;

/// What else is tried where a program fails: numbers of inputs, channels and sides of pictures.
const BATCHES: [i64; 6] = [1, 2, 4, 8, 16, 32];
const OTHER_CHANNELS: [i64; 2] = [1, 4];
const SIDES: [i64; 16] = [
    224, 256, 299, 384, 336, 448, 512, 192, 160, 128, 96, 64, 48, 32, 28, 16,
];
const KINDS: [(Kind, &str); 4] = [
    (Kind::Half, "float16"),
    (Kind::BFloat16, "bfloat16"),
    (Kind::Double, "float64"),
    (Kind::Uint8, "bytes from 0 to 255"),
];

/// A program that is tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial<'a> {
    pub(super) script: &'a Script,
    pub(super) path: &'a Path,
    pub(super) methods: &'a Methods,
    pub(super) device: Device,
    /// Inputs in a batch.
    pub(super) batch: usize,
}

/// What a program turns out to be.
pub(super) struct Found {
    pub(super) classes: usize,
    pub(super) doubts: Vec<Doubt>,
}

impl Trial<'_> {
    /// Tries every existing method on an input alone, and on a batch with that input first and one of one colour last.
    pub(super) fn probe(&self, size: [i64; 2]) -> Result<Found, LoadError> {
        let pictures = Pictures::new(self.batch as i64, size).during("making an input")?;
        let patterned = |logits: &Tensor| {
            let part = logits.f_narrow(0, 0, pictures.patterned);
            part.during("reading logits")
        };
        let all = self.forward(&pictures.batch)?;
        let classes = self.count_classes(&all)?;
        let logits = patterned(&all)?;
        if !is_finite(&logits)? {
            return Err(LoadError::ProgramNotFinite {
                path: self.path.to_owned(),
            });
        }
        let again = patterned(&self.forward(&pictures.batch)?)?;
        self.compare(&again, &logits, Difference::Repeat)?;
        let first = logits.f_narrow(0, 0, 1).during("reading logits")?;
        self.compare(&self.forward(&pictures.alone)?, &first, Difference::Batch)?;
        match self.halves(&pictures.batch) {
            Err(NetworkError::NoMethod { .. }) => {}
            found => self.compare(&patterned(&found?)?, &logits, Difference::Halves)?,
        }
        let mut doubts = Vec::from_iter(ending(&logits)?);
        if !is_finite(&all)? {
            doubts.push(Doubt::OneColour);
        }
        Ok(Found { classes, doubts })
    }

    fn forward(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        self.script.logits(Script::FORWARD, input)
    }

    fn halves(&self, input: &Tensor) -> Result<Tensor, NetworkError> {
        self.script.head(&self.script.features(input)?)
    }

    /// Classes of logits: one logit tells two apart.
    fn count_classes(&self, logits: &Tensor) -> Result<usize, LoadError> {
        match logits.size()[..] {
            [_, 1] => Ok(2),
            [_, classes] if classes > 1 => Ok(classes as usize),
            _ => {
                let expected = "[batch, classes]".to_owned();
                Err(self.script.output(Script::FORWARD, expected, logits).into())
            }
        }
    }

    /// The error of a program that takes no inputs as they are, with those that it takes, if one of the usual ones is among them.
    pub(super) fn explained(&self, error: LoadError, size: [i64; 2]) -> LoadError {
        use NetworkError::{Method, Output};

        let LoadError::Network(Method { method, .. } | Output { method, .. }) = &error else {
            return error;
        };
        if method != Script::FORWARD || error.memory().is_some() {
            return error;
        }
        match self.takes(size) {
            None => error,
            Some(takes) => LoadError::Takes {
                path: self.path.to_owned(),
                input: vec![self.batch as i64, CHANNELS as i64, size[0], size[1]],
                takes,
            },
        }
    }

    fn takes(&self, [height, width]: [i64; 2]) -> Option<Takes> {
        let channels = CHANNELS as i64;
        let batch = |count| [count, channels, height, width];
        let answers = |shape| self.answers(shape, Kind::Float);
        let only = |&count: &i64| answers(batch(count)) && !answers(batch(2 * count));
        if let Some(count) = BATCHES.into_iter().find(only) {
            return Some(Takes::Batch(count));
        }
        let picture = |takes, shape| (takes, shape, Kind::Float);
        let channelled =
            OTHER_CHANNELS.map(|count| picture(Takes::Channels(count), [1, count, height, width]));
        let last = [picture(Takes::ChannelsLast, [1, height, width, channels])];
        let numbers = KINDS.map(|(kind, name)| (Takes::Numbers(name), batch(1), kind));
        let sides = SIDES.map(|side| picture(Takes::Side(side), [1, channels, side, side]));
        let tries = channelled.into_iter().chain(last).chain(numbers);
        let mut tries = tries.chain(sides);
        tries.find_map(|(takes, shape, kind)| self.answers(shape, kind).then_some(takes))
    }

    /// Whether it gives logits of inputs.
    fn answers(&self, shape: [i64; 4], kind: Kind) -> bool {
        let input = waves(shape).and_then(|waves| waves.f_to_kind(kind));
        let logits = input.ok().and_then(|input| self.forward(&input).ok());
        logits.is_some_and(|logits| self.count_classes(&logits).is_ok())
    }

    /// Two ways to the same logits have to give the same, but for rounding.
    fn compare(
        &self,
        found: &Tensor,
        expected: &Tensor,
        what: Difference,
    ) -> Result<(), LoadError> {
        if found.size() != expected.size() {
            let expected = format!("{:?}, as `forward` gives", expected.size());
            let method = match what {
                Difference::Repeat | Difference::Batch => Script::FORWARD,
                Difference::Halves => &self.methods.head,
            };
            return Err(self.script.output(method, expected, found).into());
        }
        let largest = |values: &Tensor| {
            let largest = values.f_abs().and_then(|values| values.f_max());
            largest.and_then(|largest| f64::try_from(&largest))
        };
        let apart = found.f_sub(expected).during("comparing logits")?;
        let apart = largest(&apart).during("comparing logits")?;
        let scale = largest(expected).during("comparing logits")?;
        // Not a number is neither within the tolerance nor outside it.
        let tolerance = if self.device.is_cuda() {
            CUDA_TOLERANCE
        } else {
            TOLERANCE
        };
        if apart <= tolerance * scale {
            return Ok(());
        }
        Err(LoadError::Unsteady {
            path: self.path.to_owned(),
            difference: apart / scale,
            what,
        })
    }
}

/// Inputs that a program is tried on.
struct Pictures {
    /// The first one, [1, channels, height, width].
    alone: Tensor,
    batch: Tensor,
    /// How many of the batch are not of one colour: all but the last, but for a batch of one.
    patterned: i64,
}

impl Pictures {
    fn new(count: i64, [height, width]: [i64; 2]) -> Result<Self, TchError> {
        let shape = |count| [count, CHANNELS as i64, height, width];
        let patterned = count.max(2) - 1;
        let alone = ramp(shape(1))?;
        let others = waves(shape(patterned - 1))?;
        let plain = Tensor::f_zeros(shape(count - patterned), (Kind::Float, tch::Device::Cpu))?;
        Ok(Self {
            batch: Tensor::f_cat(&[&alone, &others, &plain], 0)?,
            alone,
            patterned,
        })
    }
}

fn is_finite(logits: &Tensor) -> Result<bool, NetworkError> {
    let finite = logits.f_isfinite().and_then(|finite| finite.f_all());
    let finite = finite.and_then(|finite| bool::try_from(&finite));
    finite.during("checking logits")
}

/// How far a sum may be from 1, and a value from 0 and 1: the rounding of 16 bits.
const ROUNDING: f64 = 0.01;

/// Which function a network seems to end in, of logits [batch, classes] of several inputs.
fn ending(logits: &Tensor) -> Result<Option<Doubt>, NetworkError> {
    let read = || -> Result<_, TchError> {
        let logits = logits.f_to_kind(Kind::Double)?;
        // The largest distance of an input's sum from 1.
        let apart = |values: &Tensor| -> Result<f64, TchError> {
            let sums = values.f_sum_dim_intlist(1, false, Kind::Double)?;
            f64::try_from(&sums.f_sub_scalar(1)?.f_abs()?.f_max()?)
        };
        let range = [&logits.f_min()?, &logits.f_max()?].map(f64::try_from);
        let [least, most] = range;
        Ok(([least?, most?], apart(&logits)?, apart(&logits.f_exp()?)?))
    };
    let ([least, most], sum, sum_of_exponentials) = read().during("checking logits")?;
    let from_0_to_1 = least >= -ROUNDING && most <= 1.0 + ROUNDING;
    Ok(match (from_0_to_1, sum <= ROUNDING) {
        (true, true) => Some(Doubt::Softmax),
        (true, false) => Some(Doubt::Sigmoids),
        _ if sum_of_exponentials <= ROUNDING => Some(Doubt::LogSoftmax),
        _ => None,
    })
}
