//! A crop from which superpixels are removed, and the network that evaluates it.

use imaging::Rgb;
use networks::{Answers, Classifier, NetworkError, Question};
use removal::Replacement;
use sampling::{Masks, Seed};

/// A crop from which superpixels can be removed, and the class that is watched.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The untouched crop.
    pub crop: &'a Rgb,
    /// The superpixel of every pixel.
    pub labels: &'a [u16],
    /// How many superpixels there are.
    pub superpixels: usize,
    /// Their replacement.
    pub replacement: Replacement,
    /// The network's mean colour, in [0, 1].
    pub mean: [f64; 3],
    /// Of a replacement that has any.
    pub noise: Noise<'a>,
    /// The class that is watched.
    pub target: usize,
}

/// The noise of `noisy_linear`. Each mask has its own, which depends on nothing that could keep explanations from sharing the mask.
#[derive(Clone, Copy, Debug, Default)]
pub struct Noise<'a> {
    /// Standard deviation, of values in [0, 1].
    pub deviation: f64,
    /// The study's seed.
    pub seed: u64,
    /// Digest of the image's file.
    pub image_digest: &'a str,
    /// Name of the partition.
    pub partition: &'a str,
}

impl Noise<'_> {
    fn of(&self, mask: &[u8]) -> Seed {
        let name = Replacement::NoisyLinear.name();
        let parts = [self.image_digest, self.partition, name].map(str::as_bytes);
        Seed::derive(self.seed, &[parts[0], parts[1], parts[2], mask])
    }
}

impl Scene<'_> {
    /// Asks about every mask, in order. `interrupted` is looked at before each batch.
    pub fn ask(
        &self,
        classifier: &Classifier,
        masks: &Masks,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Answers, NetworkError> {
        if let Some(backdrop) = self.replacement.backdrop() {
            let replacement = removal::backdrop(
                backdrop,
                self.crop,
                self.labels,
                self.superpixels,
                self.mean,
            );
            let question = Question {
                crop: self.crop,
                replacement: &replacement,
                labels: self.labels,
                masks,
                target: self.target,
            };
            return classifier.ask(&question, interrupted);
        }
        let picture = |sample| self.interpolated(masks, sample);
        let size = [self.crop.height(), self.crop.width()];
        classifier.ask_pictures(masks.samples(), size, &picture, self.target, interrupted)
    }

    fn interpolated(&self, masks: &Masks, sample: usize) -> Rgb {
        let gone: Vec<bool> = (0..masks.superpixels())
            .map(|superpixel| !masks.kept(sample, superpixel))
            .collect();
        let removed: Vec<bool> = self
            .labels
            .iter()
            .map(|&label| gone[usize::from(label)])
            .collect();
        let seed = self.noise.of(masks.row(sample));
        interpolation::noisy_linear(self.crop, &removed, self.noise.deviation, seed)
    }
}
