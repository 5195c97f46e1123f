//! Eigen-CAM (Muhammad and Yeasin 2020).

use cam::Activations;
use config::Declared;
use faer::Mat;

use crate::maps::{Map, Reads, Rectified};
use crate::plugin::{Plugin, Role};

/// Eigen-CAM. It is the same for every class.
pub static METHOD: Map = Plugin {
    kind: "eigencam",
    module: module_path!(),
    title: "Eigen-CAM",
    about: "Projects the activations of a layer, minus each channel's mean, onto their first principal component (Muhammad and Yeasin 2020). It is \
            the same for every class, so it is a control. The sign of the component is arbitrary; the one that correlates with the mean activation \
            is used.",
    role: Role::Control,
    deterministic: true,
    measured: true,
    settings: Rectified::settings,
    read: |section| Rectified::read(section).relevance.into(),
    run: Reads::Activations(map),
};

/// The projection of each position on the first right singular vector of the activations, [positions, channels], whose columns have mean 0: [height,
/// width].
///
/// pytorch-grad-cam's Eigen-CAM centres columns too and leaves the sign to its singular value decomposition. All 0 where every channel is constant.
pub fn map(activations: &Activations<'_>) -> Vec<f32> {
    let positions = activations.positions();
    let centred = |channel: &[f32]| {
        let mean = channel.iter().copied().map(f64::from).sum::<f64>() / positions as f64;
        channel
            .iter()
            .map(|&value| f64::from(value) - mean)
            .collect()
    };
    let channels: Vec<Vec<f64>> = activations.channels().map(centred).collect();
    let matrix = Mat::from_fn(positions, channels.len(), |position, channel| {
        channels[channel][position]
    });
    let Ok(parts) = matrix.thin_svd() else {
        // Activations that are not finite: whoever checks the rows says so.
        return vec![f32::NAN; positions];
    };
    let (vectors, singular) = (parts.U(), parts.S().column_vector()[0]);
    let total = |position: usize| {
        channels
            .iter()
            .map(|channel| channel[position])
            .sum::<f64>()
    };
    let correlation: f64 = (0..positions)
        .map(|position| vectors[(position, 0)] * total(position))
        .sum();
    let singular = singular.copysign(correlation);
    (0..positions)
        .map(|position| (singular * vectors[(position, 0)]) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn channels_that_are_multiples_of_one_pattern_give_that_pattern() {
        let pattern = [3.0_f32, -1.0, -4.0, 2.0, 0.0, 0.0];
        let values: Vec<f32> = [2.0, -0.5, 1.0]
            .iter()
            .flat_map(|factor| pattern.map(|value| factor * value + 7.0))
            .collect();
        let found = map(&Activations::new(&values, [3, 2, 3]).unwrap());
        // The singular value is the length of the factors times that of the pattern.
        let length = (4.0_f32 + 0.25 + 1.0).sqrt();
        for (found, value) in found.into_iter().zip(pattern) {
            assert!((found - length * value).abs() < 1e-5, "{found}");
        }
        assert_eq!(
            map(&Activations::new(&[5.0; 12], [2, 2, 3]).unwrap()),
            [0.0; 6]
        );
    }

    proptest! {
        /// No other direction has a longer projection: the law that defines the first singular vector.
        #[test]
        fn no_other_direction_has_a_longer_projection(
            values in prop::collection::vec(-4.0_f32..4.0, 5 * 12), direction in prop::collection::vec(-1.0_f64..1.0, 5),
        ) {
            let activations = Activations::new(&values, [5, 3, 4]).unwrap();
            let length = |values: &[f64]| values.iter().map(|value| value * value).sum::<f64>().sqrt();
            let found: Vec<f64> = map(&activations).into_iter().map(f64::from).collect();
            let norm = length(&direction);
            prop_assume!(norm > 0.1);
            let mut other = vec![0.0; 12];
            for (channel, &part) in activations.channels().zip(&direction) {
                let mean = channel.iter().copied().map(f64::from).sum::<f64>() / 12.0;
                for (sum, &value) in other.iter_mut().zip(channel) {
                    *sum += (f64::from(value) - mean) * part / norm;
                }
            }
            prop_assert!(length(&found) >= length(&other) * (1.0 - 1e-6));
        }
    }
}
