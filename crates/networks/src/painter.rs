//! Masked inputs: where a superpixel is kept the crop, elsewhere the replacement, both normalised once.

use imaging::Rgb;
use sampling::Masks;
use tch::{Device, Kind, TchError, Tensor};

use crate::error::{NetworkError, Operation};
use crate::input::{self, Batch, CHANNELS, Normalisation};

/// Neighbouring pixels of one superpixel, in the order of the pixels.
#[derive(Clone, Copy, Debug)]
struct Run {
    end: usize,
    superpixel: usize,
}

/// Paints the inputs that belong to masks, as bytes of the values that the network takes. It allocates when it is made, not when it paints.
#[derive(Debug)]
pub(crate) struct Painter<'a> {
    crop: Vec<u8>,
    replacement: Vec<u8>,
    value_bytes: usize,
    runs: Vec<Run>,
    masks: &'a Masks,
}

impl<'a> Painter<'a> {
    /// `crop` and `replacement` are of one size, and `labels` has the superpixel of each of their pixels; `kind` is that of the values.
    pub(crate) fn new(
        normalisation: &Normalisation,
        kind: Kind,
        [crop, replacement]: [&Rgb; 2],
        labels: &[u16],
        masks: &'a Masks,
    ) -> Self {
        let value_bytes = kind.elt_size_in_bytes();
        let normalised = |image: &Rgb| {
            let mut planes = vec![0; image.pixels().len() * value_bytes];
            normalisation.encode(image.pixels(), kind, &mut planes);
            planes
        };
        let mut end = 0;
        let runs = labels.chunk_by(|a, b| a == b).map(|run| {
            end += run.len();
            let superpixel = usize::from(run[0]);
            Run { end, superpixel }
        });
        Self {
            runs: runs.collect(),
            crop: normalised(crop),
            replacement: normalised(replacement),
            value_bytes,
            masks,
        }
    }

    /// Writes the input of one mask, [channels, height, width].
    pub(crate) fn paint(&self, sample: usize, planes: &mut [u8]) {
        let length = planes.len() / CHANNELS;
        let kept = |run: &Run| self.masks.kept(sample, run.superpixel);
        for (channel, plane) in planes.chunks_exact_mut(length).enumerate() {
            let offset = channel * length;
            let mut start = 0;
            // Runs that have the same fate are copied at once.
            for same in self.runs.chunk_by(|a, b| kept(a) == kept(b)) {
                let end = same.last().map_or(start, |run| run.end * self.value_bytes);
                let source = if kept(&same[0]) {
                    &self.crop
                } else {
                    &self.replacement
                };
                plane[start..end].copy_from_slice(&source[offset + start..offset + end]);
                start = end;
            }
        }
    }
}

/// Paints the same inputs on a device, to which two pictures, the labels and a byte for each superpixel of each mask go: not the inputs, which
/// are several hundred times as many bytes.
#[derive(Debug)]
pub(crate) struct DevicePainter {
    /// [height, width, channels], as is the replacement.
    crop: Tensor,
    replacement: Tensor,
    /// The superpixel of each pixel.
    labels: Tensor,
    /// Whether a superpixel is kept, [samples, superpixels].
    masks: Tensor,
}

impl DevicePainter {
    /// As [`Painter::new`], on a device.
    pub(crate) fn new(
        normalisation: &Normalisation,
        kind: Kind,
        [crop, replacement]: [&Rgb; 2],
        labels: &[u16],
        masks: &Masks,
        device: Device,
    ) -> Result<Self, NetworkError> {
        let normalised = |image: &Rgb| {
            let mut one = Batch::new(1, [image.height(), image.width()], kind)?;
            normalisation.encode(image.pixels(), kind, one.inputs(1));
            input::channels_innermost(&one.tensor(1)?.f_to_device(device).during(PAINTING)?)
        };
        let labels: Vec<i64> = labels.iter().copied().map(i64::from).collect();
        let samples = 0..masks.samples();
        let kept: Vec<bool> = samples
            .flat_map(|sample| (0..masks.superpixels()).map(move |one| masks.kept(sample, one)))
            .collect();
        let labels = Tensor::f_from_slice(&labels).and_then(|labels| labels.f_to_device(device));
        let shape = [masks.samples() as i64, masks.superpixels() as i64];
        let kept = Tensor::f_from_slice(&kept)
            .and_then(|kept| kept.f_view(shape))
            .and_then(|kept| kept.f_to_device(device));
        Ok(Self {
            crop: normalised(crop)?,
            replacement: normalised(replacement)?,
            labels: labels.during(PAINTING)?,
            masks: kept.during(PAINTING)?,
        })
    }

    /// The inputs of so many masks from `start` on, [size, channels, height, width] with channels innermost in memory; 0 behind the last mask.
    pub(crate) fn paint(&self, start: usize, size: usize) -> Result<Tensor, NetworkError> {
        let shape = self.crop.size();
        let (start, size) = (start as i64, size as i64);
        let count = size.min(self.masks.size()[0] - start);
        let paint = || -> Result<Tensor, TchError> {
            let masks = self.masks.f_narrow(0, start, count)?;
            let kept = masks.f_index_select(1, &self.labels)?;
            let kept = kept.f_view([count, shape[1], shape[2], 1])?;
            let painted = self.crop.f_where_self(&kept, &self.replacement)?;
            if count == size {
                return Ok(painted);
            }
            painted.f_constant_pad_nd([0, 0, 0, 0, 0, 0, 0, size - count])
        };
        input::channels_first(&paint().during(PAINTING)?)
    }
}

const PAINTING: &str = "painting inputs";

#[cfg(test)]
mod tests {
    use half::bf16;

    use super::*;

    #[test]
    fn every_pixel_is_the_crops_or_the_replacements() {
        let (height, width) = (2, 3);
        let picture = |start: u8| Rgb::new(height, width, (start..start + 18).collect()).unwrap();
        let (crop, replacement) = (picture(0), picture(100));
        let labels = [0, 0, 1, 2, 1, 0];
        let masks = Masks::from_rows(3, [[true, false, true], [false, false, true]]).unwrap();
        let identity = Normalisation {
            mean: [0.0; 3],
            std: [1.0 / 255.0; 3],
        };
        for kind in [Kind::Float, Kind::BFloat16] {
            let painter = Painter::new(&identity, kind, [&crop, &replacement], &labels, &masks);
            for sample in 0..2 {
                let mut planes = vec![0xff; 18 * kind.elt_size_in_bytes()];
                painter.paint(sample, &mut planes);
                let values: Vec<f32> = match kind {
                    Kind::Float => planes
                        .as_chunks()
                        .0
                        .iter()
                        .map(|&value| f32::from_ne_bytes(value))
                        .collect(),
                    _ => planes
                        .as_chunks()
                        .0
                        .iter()
                        .map(|&value| bf16::from_ne_bytes(value).to_f32())
                        .collect(),
                };
                for (index, value) in values.into_iter().enumerate() {
                    let (channel, pixel) = (index / 6, index % 6);
                    let source = if masks.kept(sample, usize::from(labels[pixel])) {
                        &crop
                    } else {
                        &replacement
                    };
                    // Whole numbers below 128 have at most 7 bits, which both kinds keep.
                    let expected = source.pixels()[pixel * 3 + channel];
                    assert!(
                        (value - f32::from(expected)).abs() < 1e-3,
                        "{kind:?}, {index}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_device_paints_what_the_processor_paints() {
        let (height, width) = (16, 20);
        let picture = |factor: usize| {
            let pixels = (0..height * width * 3).map(|index| (index * factor % 256) as u8);
            Rgb::new(height, width, pixels.collect()).unwrap()
        };
        let (crop, replacement) = (picture(37), picture(11));
        let labels: Vec<u16> = (0..height * width)
            .map(|pixel| (pixel / 7 % 5) as u16)
            .collect();
        let rows = [[true, false, true, false, true], [false; 5], [true; 5]];
        let masks = Masks::from_rows(5, rows).unwrap();
        let (normalisation, pictures) = (Normalisation::IMAGENET, [&crop, &replacement]);
        for kind in [Kind::Float, Kind::BFloat16] {
            let painter = Painter::new(&normalisation, kind, pictures, &labels, &masks);
            let on_device =
                DevicePainter::new(&normalisation, kind, pictures, &labels, &masks, Device::Cpu)
                    .unwrap();
            // From the second mask on, and two inputs behind the last.
            let mut expected = Batch::new(4, [height, width], kind).unwrap();
            let one = expected.input_bytes();
            let inputs = expected.inputs(4).chunks_exact_mut(one);
            for (sample, planes) in (1..3).zip(inputs) {
                painter.paint(sample, planes);
            }
            let painted = on_device.paint(1, 4).unwrap();
            assert_eq!(
                painted.contiguous(),
                expected.tensor(4).unwrap(),
                "{kind:?}"
            );
        }
    }
}
