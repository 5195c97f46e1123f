//! From 8-bit pixels to what a network takes: the one place where axes change their order.
//!
//! Pictures are [height, width, channels] here and [batch, channels, height, width] behind this file.

use tch::{Device, Kind, Tensor};

use crate::error::{NetworkError, Operation};

/// Red, green and blue.
pub const CHANNELS: usize = 3;

/// A network's normalisation of values scaled to [0, 1]: (value - mean) / std, for red, green and blue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Normalisation {
    /// Subtracted from each channel.
    pub mean: [f32; CHANNELS],
    /// Then divided by.
    pub std: [f32; CHANNELS],
}

impl Normalisation {
    /// `ImageNet`'s, which the shipped networks use too.
    pub const IMAGENET: Self = Self {
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    };

    /// The value of every 8-bit level in every channel.
    pub fn table(&self) -> [[f32; 256]; CHANNELS] {
        std::array::from_fn(|channel| {
            std::array::from_fn(|level| {
                (level as f32 / 255.0 - self.mean[channel]) / self.std[channel]
            })
        })
    }

    /// Normalises a picture, [height, width, channels] bytes, into planes [channels, height, width].
    ///
    /// # Panics
    /// When the lengths differ.
    pub fn planes(&self, pixels: &[u8], planes: &mut [f32]) {
        assert_eq!(pixels.len(), planes.len(), "a value for each byte");
        let table = self.table();
        let plane = pixels.len() / CHANNELS;
        for (channel, values) in planes.chunks_exact_mut(plane).enumerate() {
            let levels = pixels.iter().skip(channel).step_by(CHANNELS);
            for (value, &level) in values.iter_mut().zip(levels) {
                *value = table[channel][usize::from(level)];
            }
        }
    }
}

/// Planes, [batch, channels, height, width] row-major, as a tensor.
pub fn tensor(planes: &[f32], [height, width]: [usize; 2]) -> Result<Tensor, NetworkError> {
    let size = [-1, CHANNELS as i64, height as i64, width as i64];
    Tensor::f_from_slice(planes)
        .and_then(|flat| flat.f_view(size))
        .during("making an input")
}

/// Room for the inputs of a batch, written in place: no memory is asked for from one batch to the next.
#[derive(Debug)]
pub(crate) struct Batch {
    tensor: Tensor,
    plane: usize,
}

impl Batch {
    /// Room for `count` inputs of [height, width], all 0.
    pub(crate) fn new(count: usize, [height, width]: [usize; 2]) -> Result<Self, NetworkError> {
        let shape = [count, CHANNELS, height, width].map(|length| length as i64);
        let tensor =
            Tensor::f_zeros(shape, (Kind::Float, Device::Cpu)).during("making an input")?;
        let plane = CHANNELS * height * width;
        Ok(Self { tensor, plane })
    }

    /// Whether it has room for so many inputs of [height, width].
    pub(crate) fn has_room(&self, count: usize, [height, width]: [usize; 2]) -> bool {
        let shape = self.tensor.size();
        let one = [CHANNELS, height, width].map(|length| length as i64);
        shape[1..] == one && shape[0] >= count as i64
    }

    /// The first `count` inputs, [count, channels, height, width], in the same memory.
    pub(crate) fn tensor(&self, count: usize) -> Result<Tensor, NetworkError> {
        // libtorch's conversion for oneDNN takes one more copy of a view: 38 MB of AlexNet's batch.
        if self.tensor.size()[0] == count as i64 {
            return Ok(self.tensor.shallow_clone());
        }
        self.tensor
            .f_narrow(0, 0, count as i64)
            .during("making an input")
    }

    /// Values of one input.
    pub(crate) fn plane(&self) -> usize {
        self.plane
    }

    /// The first `count` inputs, [channels, height, width], one after another.
    #[expect(
        unsafe_code,
        reason = "the tensor is contiguous, of f32, on the CPU and this one's own; tch lends no slice of it"
    )]
    pub(crate) fn inputs(&mut self, count: usize) -> &mut [f32] {
        let all = unsafe {
            std::slice::from_raw_parts_mut(self.tensor.data_ptr().cast(), self.tensor.numel())
        };
        &mut all[..count * self.plane]
    }
}

/// The same values with channels innermost in memory, which convolutions on a CPU train faster on.
pub fn channels_last(input: &Tensor) -> Result<Tensor, NetworkError> {
    input
        .f_permute([0, 2, 3, 1])
        .and_then(|tensor| tensor.f_contiguous())
        .and_then(|tensor| tensor.f_permute([0, 3, 1, 2]))
        .during("laying out an input")
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
