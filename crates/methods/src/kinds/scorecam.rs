//! Score-CAM (Wang et al. 2020).

use cam::{Activations, corners_aligned};
use config::Declared;
use parts::ActionError;

use crate::maps::{Map, Reads, Rectified};
use crate::plugin::{Plugin, Role};
use crate::probing::Probe;

/// Score-CAM. Its layer belongs to the network.
pub static METHOD: Map = Plugin {
    kind: "scorecam",
    module: module_path!(),
    title: "Score-CAM",
    about: "Masks the input with each channel of a layer, and adds up the channels weighted by the resulting logits (Wang et al. 2020). Built as \
            in pytorch-grad-cam: weights are a softmax of the logits, not of their increase over a baseline. It takes a forward pass for each \
            channel.",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Rectified::settings,
    read: |section| Rectified::read(section).relevance.into(),
    run: Reads::Answers(map),
};

/// Keeps a channel without any difference finite, as in pytorch-grad-cam.
const EPSILON: f64 = 1e-8;

/// The sum over channels of the activations, each by its weight (eq. 3): [height, width].
pub fn map(activations: &Activations<'_>, probe: &mut dyn Probe) -> Result<Vec<f32>, ActionError> {
    let size = probe.size();
    let channels: Vec<&[f32]> = activations.channels().collect();
    let mask = |channel: usize, mask: &mut [f32]| {
        corners_aligned(channels[channel], activations.size(), size, mask);
        let largest = mask.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let smallest = mask.iter().copied().fold(f32::INFINITY, f32::min);
        let range = f64::from(largest) - f64::from(smallest) + EPSILON;
        for value in mask {
            *value = ((f64::from(*value) - f64::from(smallest)) / range) as f32;
        }
    };
    let logits = probe.masked(channels.len(), &mask)?;
    Ok(activations.weighted(softmax(&logits)))
}

fn softmax(logits: &[f32]) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let powers = logits
        .iter()
        .map(|&logit| (f64::from(logit) - f64::from(largest)).exp());
    let sum: f64 = powers.clone().sum();
    powers.map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network whose logit is the sum of what a mask shows.
    struct Sum;

    impl Probe for Sum {
        fn size(&self) -> [usize; 2] {
            [2, 4]
        }

        fn masked(
            &mut self,
            count: usize,
            mask: &(dyn Fn(usize, &mut [f32]) + Sync),
        ) -> Result<Vec<f32>, ActionError> {
            let sum = |place| {
                let mut shown = [f32::NAN; 8];
                mask(place, &mut shown);
                assert!(
                    shown.iter().all(|value| (0.0..=1.0).contains(value)),
                    "{shown:?}"
                );
                shown.iter().sum()
            };
            Ok((0..count).map(sum).collect())
        }

        fn changed(
            &mut self,
            _: usize,
            _: &(dyn Fn(usize, &mut [f32]) + Sync),
        ) -> Result<Vec<f32>, ActionError> {
            unreachable!("Score-CAM changes inputs only")
        }
    }

    #[test]
    fn channels_count_by_what_the_network_says_of_their_masks() {
        // Enlarged to 2 x 4 with aligned corners, the first mask has columns 0, 1/3, 2/3 and 1, and the second nothing.
        let values = [0.0, 3.0, 0.0, 3.0, 5.0, 5.0, 5.0, 5.0];
        let activations = Activations::new(&values, [2, 2, 2]).unwrap();
        let map = map(&activations, &mut Sum).unwrap();
        let first = 4.0_f64.exp() / (4.0_f64.exp() + 1.0);
        let expected = [0.0, 3.0, 0.0, 3.0].map(|value| first * value + 5.0 * (1.0 - first));
        for (found, expected) in map.into_iter().zip(expected) {
            assert!(
                (f64::from(found) - expected).abs() < 1e-5,
                "{found}, {expected}"
            );
        }
    }
}
