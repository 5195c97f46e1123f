//! Attention rollout (Abnar and Zuidema 2020).

use config::Declared;

use crate::attention::{Attention, Blocks, product, unit};
use crate::maps::{Map, Reads, Signed};
use crate::plugin::{Plugin, Role};

/// Attention rollout. It is the same for every class.
pub static METHOD: Map = Plugin {
    kind: "rollout",
    module: module_path!(),
    title: "Attention rollout",
    about: "Multiplies the attention of all blocks of a transformer, each the mean of its heads with the residual connection (Abnar and Zuidema \
            2020). It is the same for every class, so it is a control. Built like Chefer's `compute_rollout_attention`.",
    role: Role::Control,
    deterministic: true,
    measured: true,
    settings: Signed::settings,
    read: |section| Signed::read(section).relevance.into(),
    run: Reads::Attention(Attention {
        gradients: false,
        map,
    }),
};

/// The influence of each patch on what the logits come from, the class token or the patches: a value for each patch, at least 0.
pub fn map(blocks: &Blocks<'_>) -> Vec<f32> {
    let tokens = blocks.tokens;
    let mut rollout = unit(tokens);
    for block in &blocks.blocks {
        let heads = block.maps.len() / (tokens * tokens);
        let mut mean = unit(tokens);
        for head in block.maps.chunks_exact(tokens * tokens) {
            for (sum, &value) in mean.iter_mut().zip(head) {
                *sum += f64::from(value) / heads as f64;
            }
        }
        for row in mean.chunks_exact_mut(tokens) {
            let sum: f64 = row.iter().sum();
            for value in row {
                *value /= sum;
            }
        }
        rollout = product(&mean, &rollout, tokens);
    }
    blocks.patches(&rollout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attention::Block;
    use proptest::prelude::*;

    #[test]
    fn blocks_are_multiplied_the_later_on_the_left() {
        // Two tokens, the class token and a patch; two blocks of one head.
        let maps = [[0.0, 1.0, 0.0, 1.0], [0.5, 0.5, 0.0, 1.0]];
        let blocks = maps.each_ref().map(|maps| Block {
            maps,
            gradients: &[],
        });
        let blocks = Blocks {
            tokens: 2,
            prefix: 1,
            class_token: true,
            blocks: blocks.to_vec(),
        };
        // (A + I) / 2 of both: [[0.5, 0.5], [0, 1]] and [[0.75, 0.25], [0, 1]].
        assert_eq!(map(&blocks), [0.75 * 0.5 + 0.25]);
    }

    proptest! {
        #[test]
        fn patches_without_prefix_share_what_all_rows_give(values in prop::collection::vec(0.01_f32..1.0, 2 * 9 * 3)) {
            let normalised: Vec<f32> = values
                .chunks_exact(3)
                .flat_map(|row| row.iter().map(|value| value / row.iter().sum::<f32>()).collect::<Vec<_>>())
                .collect();
            let blocks = normalised.chunks_exact(18).map(|maps| Block { maps, gradients: &[] });
            let blocks = Blocks { tokens: 3, prefix: 0, class_token: false, blocks: blocks.collect() };
            let sum: f32 = map(&blocks).iter().sum();
            prop_assert!((sum - 1.0).abs() < 1e-5);
        }
    }
}
