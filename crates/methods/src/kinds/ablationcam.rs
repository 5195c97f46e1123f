//! Ablation-CAM (Desai and Ramaswamy 2020).

use cam::Activations;
use config::Declared;
use parts::ActionError;

use crate::maps::{Map, Reads, Rectified};
use crate::plugin::{Plugin, Role};
use crate::probing::Probe;

/// Ablation-CAM. Its layer belongs to the network.
pub static METHOD: Map = Plugin {
    kind: "ablationcam",
    module: module_path!(),
    title: "Ablation-CAM",
    about: "Adds up the channels of a layer, each weighted by the fraction of the logit that is lost without it (Desai and Ramaswamy 2020). A \
            channel is removed as in the paper, by zeros. pytorch-grad-cam does the same where the smallest activation of the layer is 0; \
            elsewhere it uses a number far below all activations. It takes a pass through the head for each channel.",
    role: Role::Explanation,
    deterministic: true,
    measured: true,
    settings: Rectified::settings,
    read: |section| Rectified::read(section).relevance.into(),
    run: Reads::Answers(map),
};

/// The sum over channels of the activations, each by its weight (eq. 4 and 5): [height, width].
pub fn map(activations: &Activations<'_>, probe: &mut dyn Probe) -> Result<Vec<f32>, ActionError> {
    let positions = activations.positions();
    // The last copy keeps all channels.
    let copies = activations.channels().len() + 1;
    let logits = probe.changed(copies, &|channel, values| {
        if let Some(values) = values.chunks_exact_mut(positions).nth(channel) {
            values.fill(0.0);
        }
    })?;
    let Some((&logit, without)) = logits.split_last() else {
        return Ok(vec![0.0; positions]);
    };
    let logit = f64::from(logit);
    let weights = without
        .iter()
        .map(|&without| (logit - f64::from(without)) / logit);
    Ok(activations.weighted(weights))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head whose logit is twice the sum of the first channel and the sum of the second.
    struct Head(Vec<f32>);

    impl Probe for Head {
        fn size(&self) -> [usize; 2] {
            [1, 2]
        }

        fn masked(
            &mut self,
            _: usize,
            _: &(dyn Fn(usize, &mut [f32]) + Sync),
        ) -> Result<Vec<f32>, ActionError> {
            unreachable!("Ablation-CAM changes activations only")
        }

        fn changed(
            &mut self,
            count: usize,
            change: &(dyn Fn(usize, &mut [f32]) + Sync),
        ) -> Result<Vec<f32>, ActionError> {
            let logit = |place| {
                let mut values = self.0.clone();
                change(place, &mut values);
                2.0 * (values[0] + values[1]) + values[2] + values[3]
            };
            Ok((0..count).map(logit).collect())
        }
    }

    #[test]
    fn a_channel_counts_by_the_share_of_the_logit_that_it_carries() {
        let values = [1.0, 2.0, 4.0, 0.0];
        let activations = Activations::new(&values, [2, 1, 2]).unwrap();
        let map = map(&activations, &mut Head(values.to_vec())).unwrap();
        // The logit is 10, of which 6 and 4 are the channels'.
        for (found, expected) in map.into_iter().zip([0.6 + 1.6, 1.2]) {
            assert!((found - expected).abs() < 1e-6, "{found}");
        }
    }
}
