//! Masked inputs: where a superpixel is kept the crop, elsewhere the replacement, both normalised once.

use imaging::Rgb;
use sampling::Masks;
use tch::Kind;

use crate::input::{CHANNELS, Normalisation};

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
}
