//! From 8-bit pixels to what a network takes: the one place where axes change their order.
//!
//! Pictures are [height, width, channels] here and [batch, channels, height, width] behind this file.

use half::bf16;
use imaging::Rgb;
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
        self.write(pixels, planes, |value| value);
    }

    /// The normalised input of a picture: [channels, height, width].
    pub fn input(&self, picture: &Rgb) -> Vec<f32> {
        let mut planes = vec![0.0; picture.pixels().len()];
        self.planes(picture.pixels(), &mut planes);
        planes
    }

    /// The same as [`Normalisation::planes`], as the bytes of values of a kind that a [`Batch`] may have; those of bfloat16 are rounded to the nearest, ties to even, as
    /// libtorch rounds.
    pub(crate) fn encode(&self, pixels: &[u8], kind: Kind, planes: &mut [u8]) {
        match kind {
            Kind::BFloat16 => {
                let round = |value| bf16::from_f32(value).to_ne_bytes();
                self.write(pixels, planes.as_chunks_mut().0, round);
            }
            Kind::Float => self.write(pixels, planes.as_chunks_mut().0, f32::to_ne_bytes),
            kind => unreachable!("no first layer takes {kind:?}"),
        }
    }

    fn write<T: Copy>(&self, pixels: &[u8], planes: &mut [T], convert: impl Fn(f32) -> T) {
        assert_eq!(pixels.len(), planes.len(), "a value for each byte");
        let table = self.table().map(|levels| levels.map(&convert));
        let plane = pixels.len() / CHANNELS;
        for (channel, values) in planes.chunks_exact_mut(plane).enumerate() {
            let levels = pixels.iter().skip(channel).step_by(CHANNELS);
            for (value, &level) in values.iter_mut().zip(levels) {
                *value = table[channel][usize::from(level)];
            }
        }
    }
}

/// Values as the bytes of a kind that a [`Batch`] may have; bfloat16 is rounded to the nearest, ties to even.
pub(crate) fn encode(values: impl Iterator<Item = f32>, kind: Kind, bytes: &mut [u8]) {
    match kind {
        Kind::BFloat16 => {
            for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                *bytes = bf16::from_f32(value).to_ne_bytes();
            }
        }
        Kind::Float => {
            for (bytes, value) in bytes.as_chunks_mut().0.iter_mut().zip(values) {
                *bytes = value.to_ne_bytes();
            }
        }
        kind => unreachable!("no first layer takes {kind:?}"),
    }
}

/// Planes, [batch, channels, height, width] row-major, as a tensor.
pub fn tensor(planes: &[f32], [height, width]: [usize; 2]) -> Result<Tensor, NetworkError> {
    let size = [-1, CHANNELS as i64, height as i64, width as i64];
    Tensor::f_from_slice(planes)
        .and_then(|flat| flat.f_view(size))
        .during("making an input")
}

/// Room for the inputs of a batch, written in place as bytes of the values that the first layer takes: no memory is asked for from one batch to
/// the next, and nothing is converted afterwards.
#[derive(Debug)]
pub(crate) struct Batch {
    tensor: Tensor,
    input_bytes: usize,
}

impl Batch {
    /// Room for `count` inputs of [height, width], all 0, of f32 or bfloat16.
    pub(crate) fn new(
        count: usize,
        [height, width]: [usize; 2],
        kind: Kind,
    ) -> Result<Self, NetworkError> {
        let shape = [count, CHANNELS, height, width].map(|length| length as i64);
        let tensor = Tensor::f_zeros(shape, (kind, Device::Cpu)).during("making an input")?;
        let input_bytes = CHANNELS * height * width * kind.elt_size_in_bytes();
        Ok(Self {
            tensor,
            input_bytes,
        })
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

    /// Bytes of one input.
    pub(crate) fn input_bytes(&self) -> usize {
        self.input_bytes
    }

    /// The bytes of the first `count` inputs, [channels, height, width], one after another. Bytes of 0 are values of 0.
    #[expect(unsafe_code, reason = "tch lends no slice of a tensor's values")]
    pub(crate) fn inputs(&mut self, count: usize) -> &mut [u8] {
        let length = self.tensor.size()[0] as usize * self.input_bytes;
        if length == 0 {
            return &mut [];
        }
        // SAFETY: `new` made the tensor of `length` bytes, contiguous and on the CPU, and any bytes are values of its kinds. Nothing changes its
        // shape or moves it: programs, which could, are given copies (`Script::call`). Views of it, from `tensor`, are read by libtorch only
        // within calls, which end before this one begins, and nothing else writes here while the borrow of `self` lasts.
        let all = unsafe { std::slice::from_raw_parts_mut(self.tensor.data_ptr().cast(), length) };
        &mut all[..count * self.input_bytes]
    }
}

/// [batch, channels, height, width] as [batch, height, width, channels], contiguous.
pub(crate) fn channels_innermost(input: &Tensor) -> Result<Tensor, NetworkError> {
    input
        .f_permute([0, 2, 3, 1])
        .and_then(|tensor| tensor.f_contiguous())
        .during("laying out an input")
}

/// A view of [batch, height, width, channels] as [batch, channels, height, width].
pub(crate) fn channels_first(input: &Tensor) -> Result<Tensor, NetworkError> {
    input.f_permute([0, 3, 1, 2]).during("laying out an input")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_is_rounded_to_bfloat16_as_libtorch_rounds() {
        let pixels: Vec<u8> = (0..=255).flat_map(|level| [level; CHANNELS]).collect();
        let mut planes = vec![0.0; pixels.len()];
        Normalisation::IMAGENET.planes(&pixels, &mut planes);
        let mut batch = Batch::new(1, [16, 16], Kind::BFloat16).unwrap();
        Normalisation::IMAGENET.encode(&pixels, Kind::BFloat16, batch.inputs(1));
        let expected = tensor(&planes, [16, 16]).unwrap().to_kind(Kind::BFloat16);
        assert_eq!(batch.tensor(1).unwrap(), expected);
        assert_ne!(
            expected.to_kind(Kind::Float),
            tensor(&planes, [16, 16]).unwrap()
        );
    }
}
